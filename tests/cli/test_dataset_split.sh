#!/usr/bin/env bash
# kizil dataset split and caption: parts that do not leak, and what leaks; captions made and written.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

sql() { python3 - "$@" <<'END'
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
for row in c.execute(sys.argv[2]):
    print('|'.join(map(str, row)))
c.commit()
END
}

# 40 small paintings in caves of 1 to 4, in two folders; reviewed in, whatever the verdicts.
mkdir p
for i in $(seq 10 49); do "$kizil" sample p/$i.png --size 96x80 --seed $i >/dev/null 2>&1; done
{
  echo 'file,site,cave,period,subject,split'
  for i in $(seq 10 49); do
    if [ $i -lt 39 ]; then part=train; else part=val; fi
    echo "$i.png,Mogao,0$((i / 3)),$([ $((i % 2)) = 0 ] && echo Sui || echo Tang),deer $i,$part"
  done
} >list.csv
run 0 dataset init a.db
run 0 dataset add a.db p --meta list.csv
sql a.db "INSERT INTO review(image, verdict, reason, who, at)
          SELECT id, 'in', 'a test', 'Li', '' FROM image" >/dev/null

begin 'split: sizes, and caves that never part'
run 0 dataset split a.db --train 80 --val 10 --test 10 --seed 3
says '40 images in 14 groups'
says 'megapixels'
says 'period'
is "$(sql a.db "SELECT count(*), count(DISTINCT part) FROM split")" '40|3'
is "$(sql a.db "SELECT count(*) FROM (SELECT 1 FROM split JOIN fact USING(image)
                WHERE key = 'cave' GROUP BY value HAVING count(DISTINCT part) > 1)")" 0
run 0 dataset split a.db --check
says 'no part shows anything of another'
first=$(sql a.db 'SELECT sha256, part FROM split JOIN image ON id = image ORDER BY 1')

run 0 dataset split a.db --by site --anew --seed 3
says '40 images in 1 groups'
complains 'test has no images'
run 0 dataset split a.db --by cave --anew --seed 3
is "$(sql a.db 'SELECT sha256, part FROM split JOIN image ON id = image ORDER BY 1')" "$first"

begin 'split: the same for the same images in another order'
run 0 dataset init b.db
for i in $(seq 49 -1 10); do echo p/$i.png; done >names
run 0 dataset add b.db $(head -20 names) --meta list.csv
run 0 dataset add b.db $(cat names) --meta list.csv
sql b.db "INSERT INTO review(image, verdict, reason, who, at)
          SELECT id, 'in', 'a test', 'Li', '' FROM image" >/dev/null
run 0 dataset split b.db --seed 3
is "$(sql b.db 'SELECT sha256, part FROM split JOIN image ON id = image ORDER BY 1')" "$first"
run 0 dataset split b.db --seed 4 --anew
[ "$(sql b.db 'SELECT sha256, part FROM split JOIN image ON id = image ORDER BY 1')" != "$first" ] ||
  note 'another seed, the same split'

begin 'split: images that come later'
for i in 50 51 52; do "$kizil" sample p/$i.png --size 96x80 --seed $i >/dev/null 2>&1; done
run 0 dataset add a.db p
sql a.db "INSERT INTO review(image, verdict, reason, who, at)
          SELECT id, 'in', 'a test', 'Li', '' FROM image" >/dev/null
run 0 dataset split a.db --check
says 'none'
complains '3 images have no part'
run 0 dataset split a.db
says '40 keep the part they had'
is "$(sql a.db "SELECT count(*) FROM split")" 43
is "$(sql a.db "SELECT value LIKE '%\"seed\": 3%' FROM setting WHERE key = 'split'")" 1

begin 'split: leaks are told, and mended'
image=$(sql a.db "SELECT min(image) FROM split JOIN fact USING(image) WHERE part = 'train'
                  AND key = 'cave' GROUP BY value HAVING count(*) = 3")
sql a.db "UPDATE split SET part = 'test' WHERE image = ${image%%$'\n'*}" >/dev/null
run 1 dataset split a.db --check
complains 'the split leaks: 0 pairs, 0 groups and 1 place'
complains "both are of cave '"
says "' of site 'mogao'"
run 0 dataset split a.db
says '1 had another part'
run 0 dataset split a.db --check
mkdir q
python3 - <<'END'
import random, struct, zlib
r = random.Random(7)
W, H = 400, 300
rows = [bytearray(bytes((190, 160, 120)) * W) for _ in range(H)]
for _ in range(150):
    x, y, colour = r.randrange(W), r.randrange(H), bytes(r.choices(range(256), k=3))
    size = 3 + int(r.random() ** 2 * 40)
    for j in range(max(0, y - size), min(H, y + size)):
        half = int((size * size - (j - y) ** 2) ** .5)
        a, b = max(0, x - half), min(W, x + half)
        rows[j][3 * a:3 * b] = colour * max(0, b - a)
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(path, a, b):
    data = zlib.compress(b''.join(b'\0' + bytes(row[3 * a:3 * b]) for row in rows))
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n'
                + chunk(b'IHDR', struct.pack('>IIBBBBB', b - a, H, 8, 2, 0, 0, 0))
                + chunk(b'IDAT', data) + chunk(b'IEND', b''))
png('q/left.png', 0, 280)
png('q/right.png', 120, 400)
END
run 0 dataset init c.db
run 0 dataset add c.db q
sql c.db "INSERT INTO review(image, verdict, reason, who, at)
          SELECT id, 'in', 'a test', 'Li', '' FROM image" >/dev/null
sql c.db "INSERT INTO split SELECT image, CASE WHEN CAST(path AS TEXT) LIKE '%/left.png'
          THEN 'train' ELSE 'test' END FROM file" >/dev/null
run 0 dataset split c.db --check
run 0 dataset screen c.db
run 1 dataset split c.db --check
complains 'the split leaks: 1 pair'
complains 'they show the same ('
run 0 dataset split c.db
run 0 dataset split c.db --check

begin 'split: as a list says, unless that leaks'
run 0 dataset split b.db --from-facts --anew
says '40 images'
is "$(sql b.db "SELECT count(*) FROM split JOIN fact USING(image) WHERE key = 'split'
                AND value = part")" 40
sed 's/^\(38.*\)train/\1val/' list.csv >other.csv
mv other.csv list.csv
run 0 dataset add b.db --meta list.csv
before=$(sql b.db 'SELECT image, part FROM split')
run 1 dataset split b.db --from-facts
complains 'the split leaks'
complains '38.png'
is "$(sql b.db 'SELECT image, part FROM split')" "$before"

begin 'split: wrong use'
run 1 dataset split a.db --train 80 --val 80 --test 10
complains 'add up to 170'
run 1 dataset split a.db --by cavern
complains "a fact 'cavern'"
run 2 dataset split a.db --seed x
run 2 dataset split
run 1 dataset split none.db
run 0 dataset split --help
says '--from-facts'
run 0 dataset init e.db
run 1 dataset split e.db
complains 'no image is in'
run 1 dataset split e.db --check
complains 'no image has a part'

begin 'caption: made, and what is made before is kept'
run 0 dataset caption b.db
says '80 captions made'
run 0 caption p/10.png --subject 'deer 10' --period Sui --site Mogao
plain=$out
run 0 dataset caption b.db --show --image p/10.png
says "$plain  (made)"
run 0 dataset caption b.db
says ' 0 captions made'
says '80 captions as they were'
run 0 dataset caption b.db --lang en --template '[{subject}; ]{era}'
says '40 captions made'
run 0 dataset caption b.db --show --image p/10.png
says 'en  deer 10; Sui dynasty  (made)'
run 0 dataset caption b.db --lang en --template default
run 0 dataset caption b.db --show --image p/10.png
says "$plain  (made)"

begin 'caption: by hand'
run 0 dataset caption b.db --image p/10.png --lang zh --text 两只鹿 --who Li
run 0 dataset caption b.db --anew
run 0 dataset caption b.db --show --image p/10.png
says 'zh  两只鹿  (hand Li)'

begin 'caption: interrupted, then again'
"$kizil" dataset caption b.db --anew >stdout 2>stderr &
child=$!
sleep 0.05
kill -INT $child
wait $child
status=$?
[ $status = 130 ] || [ $status = 0 ] || note "exit status $status"
run 0 dataset caption b.db
is "$(sql b.db "SELECT count(*) FROM caption WHERE source = 'made'")" 80
is "$(sql b.db 'PRAGMA integrity_check')" ok

begin 'caption: wrong use'
run 1 dataset caption b.db --lang en --template 'a {colour}'
complains "character 3, '{colour}': no image has such a fact"
run 2 dataset caption b.db --template '{subject}'
complains '--lang en or --lang zh'
run 2 dataset caption b.db --image p/10.png
run 2 dataset caption b.db --text x --lang en
run 2 dataset caption b.db --lang fr
run 1 dataset caption b.db --show --image nothing.png
run 1 dataset caption b.db --lang en --template nothing.txt
complains 'nothing.txt'

finish
