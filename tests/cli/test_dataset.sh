#!/usr/bin/env bash
# kizil dataset: a catalogue made, filled, killed, told of, overruled; what is refused.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

# 120 pictures of noise in p and p/q, told apart by their seeds.
python3 - <<'END'
import os, random, struct, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(path, seed, w, h):
    r = random.Random(seed)
    rows = b''.join(b'\0' + r.randbytes(3 * w) for _ in range(h))
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0))
                + chunk(b'IDAT', zlib.compress(rows, 1)) + chunk(b'IEND', b''))
os.makedirs('p/q')
for i in range(120):
    png('p/%s%03d.png' % ('q/' if i % 2 else '', i), i, 200, 150)
png('p/tiny.png', 1000, 20, 20)
END
printf 'text' >p/broken.jpg
printf 'file,site,licence\nq/001.png,Mogao,CC BY\n000.png,"Kizil, north",\nnone.png,x,y\n' >list.csv

# All but numbers and times.
dump() {
  python3 - "$1" <<'END'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
assert c.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
for q in ('SELECT sha256, bytes, format, width, height, error FROM image',
          'SELECT path, sha256, f.size, mtime_ns, gone FROM file f JOIN image i ON i.id = image',
          'SELECT sha256, measure, value FROM score JOIN image i ON i.id = image',
          'SELECT sha256, map FROM damage JOIN image i ON i.id = image',
          'SELECT sha256, version, print FROM print JOIN image i ON i.id = image',
          'SELECT sha256, kind, params, confidence, applied FROM clean JOIN image i ON i.id = image',
          'SELECT sha256, measure, reason FROM verdict JOIN image i ON i.id = image'):
    for row in sorted(c.execute(q), key=repr):
        print(row)
END
}

begin 'dataset: init, add, again'
run 0 dataset init a.db
run 0 dataset add a.db p
says '122 new images'
says '1 of them cannot be decoded'
complains 'broken.jpg: not a JPEG, PNG'
dump a.db >whole
run 0 dataset add a.db p/
says '0 new images'
says '122 files unchanged'
dump a.db >again
holds cmp whole again

begin 'dataset: a moved file'
mv p/002.png p/q/renamed.png
run 0 dataset add a.db p
says '1 files moved'
says '0 new images'
mv p/q/renamed.png p/002.png
run 0 dataset add a.db p

begin 'dataset: facts from a list'
run 0 dataset add a.db --meta list.csv
says '3 lines: 3 facts on 2 images, 1 name no image'
complains "list.csv: line 4: 'none.png' names no picture"
run 0 dataset info a.db p/000.png
says 'site = Kizil, north'
printf 'file,site\n"open\n' >bad.csv
run 1 dataset add a.db --meta bad.csv
complains 'bad.csv: line 2'

begin 'dataset: thresholds, reviews'
run 0 dataset info a.db p/tiny.png
says ': out'
says 'short-side'
run 0 dataset screen a.db short-side=10
run 0 dataset info a.db p/tiny.png
case $out in *'less than'*'short'* | *'too small'*) note "still too small: $out" ;; esac
run 0 dataset screen a.db short-side=default
dump a.db >before
run 0 dataset screen a.db --again
says 'images measured again'
dump a.db >again
holds cmp before again
run 1 dataset screen a.db shortside=1
complains 'short-side'
run 1 dataset screen a.db short-side=x
complains 'a number'
run 0 dataset review a.db --image p/tiny.png --in --reason 'a seal' --who Li
run 0 dataset info a.db p/tiny.png
says ': in'
says 'in by Li: a seal'
run 0 dataset review a.db
says 'a seal'
run 1 dataset review a.db --image p/broken.jpg --in --reason x --who Li
complains 'cannot be taken in: not a JPEG'
run 0 dataset info a.db
says '1 of them overruled'

begin 'dataset: wrong use'
run 2 dataset
run 2 dataset ad
complains "did you mean 'add'"
run 2 dataset add a.db
complains 'folders'
run 2 dataset review a.db --image 1 --in --out --reason x --who y
run 2 dataset review a.db --in
run 1 dataset init a.db
complains 'is there already'
run 1 dataset add none.db p
complains 'kizil dataset init'
run 1 dataset add a.db nowhere
complains 'nowhere'
run 1 dataset info list.csv
complains 'list.csv: not a catalogue'
run 1 dataset info a.db 999999
run 0 dataset --help
says 'subcommands'
run 0 dataset add --help
says '--meta'

begin 'dataset: a newer schema is refused and left alone'
cp a.db newer.db
python3 -c "import sqlite3; c = sqlite3.connect('newer.db'); c.execute('PRAGMA user_version = 99')"
sum=$(sha256sum <newer.db)
run 1 dataset add newer.db p
complains 'newer.db: its schema is version 99'
is "$(sha256sum <newer.db)" "$sum"

begin 'dataset: killed at any moment, then again'
run 0 dataset init k.db
for pause in 0.02 0.05 0.08 0.12 0.2 0.3 0.4; do
  "$kizil" dataset add k.db p >/dev/null 2>&1 &
  child=$!
  sleep $pause
  kill -9 $child 2>/dev/null
  wait $child 2>/dev/null
done
run 0 dataset add k.db p
dump k.db >mended
holds cmp whole mended

begin 'dataset: interrupted, then again'
run 0 dataset init i.db
"$kizil" dataset add i.db p p/q >stdout 2>stderr &
child=$!
sleep 0.1
kill -INT $child
wait $child
status=$?
# A fast machine may have been done.
[ $status = 130 ] || [ $status = 0 ] || note "exit status $status"
[ $status = 0 ] || holds grep -q 'the next run goes on' stderr
run 0 dataset add i.db p
dump i.db >mended
holds cmp whole mended

begin 'dataset: two at once'
run 0 dataset init t.db
"$kizil" dataset add t.db p >/dev/null 2>&1 &
child=$!
run 0 dataset add t.db p
wait $child
is $? 0
dump t.db >both
holds cmp whole both

begin 'dataset: the disk fills up'
mkdir disk
if ! mount -t tmpfs -o size=256k none disk 2>/dev/null; then
  skip 'no small disk can be mounted'
else
  run 0 dataset init disk/f.db
  run 1 dataset add disk/f.db p
  complains 'disk/f.db: cannot'
  cp disk/f.db disk/f.db-wal . 2>/dev/null
  umount disk
  run 0 dataset add f.db p
  dump f.db >mended
  holds cmp whole mended
fi

begin 'dataset: copies'
run 0 dataset init c.db
run 0 dataset add c.db p --copy copies
is "$(find copies -type f | wc -l)" 121
for f in copies/*/*; do
  [ "$(sha256sum <"$f" | cut -c1-64)" = "$(basename "$f" .png)" ] || note "$f is not what it says"
done
finish
