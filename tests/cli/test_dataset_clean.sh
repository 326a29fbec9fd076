#!/usr/bin/env bash
# kizil dataset clean: what is found around pictures, thresholds, a person's word, previews.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

# Noise in frames of known width, in p: a black one, a white one, none.
python3 - <<'END'
import os, random, struct, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(path, seed, w, h, edge, colour):
    r = random.Random(seed)
    rows = []
    for y in range(h):
        row = bytearray(bytes(40 + r.randrange(160) for _ in range(3 * w)))
        if edge:
            row[:3 * edge] = row[-3 * edge:] = bytes([colour]) * (3 * edge)
        if y < edge or y >= h - edge:
            row = bytearray([colour]) * (3 * w)
        rows.append(b'\0' + bytes(row))
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0))
                + chunk(b'IDAT', zlib.compress(b''.join(rows))) + chunk(b'IEND', b''))
os.makedirs('p')
png('p/black.png', 1, 240, 180, 15, 0)
png('p/white.png', 2, 240, 180, 9, 255)
png('p/whole.png', 3, 240, 180, 0, 0)
END
ask() { python3 -c "import sqlite3, sys; print(*sqlite3.connect('c.db').execute(sys.argv[1]).fetchone())" "$1"; }

begin 'clean: frames are found and applied'
run 0 dataset init c.db
run 0 dataset add c.db p
sums=$(sha256sum p/*)
run 0 dataset clean c.db
says 'keeps 210 x 150 px at 15, 15; cuts top bottom left right'
says 'keeps 222 x 162 px at 9, 9'
is "$(ask "SELECT count(*), sum(applied) FROM cleaning WHERE kind = 'crop'")" '2 2'

begin 'clean: thresholds'
run 0 dataset clean c.db crop=2
is "$(ask "SELECT sum(applied) FROM cleaning WHERE kind = 'crop'")" 0
run 0 dataset clean c.db crop=default cast=0.1
is "$(ask "SELECT sum(applied) FROM cleaning WHERE kind = 'crop'")" 2
run 1 dataset clean c.db frame=1
complains 'crop, card, cast, orientation, profile'
run 1 dataset clean c.db crop=x
complains "a number or 'default'"

begin 'clean: a person decides'
run 0 dataset clean c.db --image p/black.png --crop 20,30,100,90 --who Li --reason 'the figure'
run 0 dataset clean c.db --image p/white.png --crop none --cast 1,1.1,0.9 --who Li --reason 'whole'
run 0 dataset clean c.db
says 'keeps 100 x 90 px at 20, 30; said by Li: the figure'
says 'refused by Li: whole'
run 0 dataset screen c.db --again
run 0 dataset clean c.db
says 'keeps 100 x 90 px at 20, 30'
run 0 dataset clean c.db --image p/black.png --crop default --who Li --reason 'after all'
run 0 dataset clean c.db
says 'keeps 210 x 150 px at 15, 15; cuts top bottom left right  ['
is "$(ask 'SELECT count(*) FROM clean_review')" 4

begin 'clean: previews'
run 0 dataset clean c.db --preview look
says '2 pictures in look'
is "$(find look -name '*.jpg' | wc -l)" 2
is "$(find look -type f | wc -l)" 2
touch file
run 1 dataset clean c.db --preview file
rm p/black.png
run 0 dataset clean c.db --preview look
says '1 pictures in look'
complains 'black.png'

begin 'clean: no picture is written'
is "$(sha256sum p/white.png p/whole.png)" "$(grep -v black <<<"$sums")"

begin 'clean: wrong use'
run 2 dataset clean c.db --crop none
complains '--image'
run 2 dataset clean c.db --image 1 --who x --reason y
complains '--crop'
run 2 dataset clean c.db --image 1 --crop none --who x
complains '--reason'
run 2 dataset clean c.db --image 1 --crop none --who x --reason y crop=1
run 1 dataset clean c.db --image p/whole.png --crop 1,2,3 --who x --reason y
complains 'X,Y,WIDTH,HEIGHT'
run 1 dataset clean c.db --image p/whole.png --crop 200,0,100,100 --who x --reason y
complains 'leaves the picture of 240 x 180 px'
run 1 dataset clean c.db --image p/whole.png --crop found --who x --reason y
complains 'no crop was found'
run 1 dataset clean c.db --image p/whole.png --orientation 9 --who x --reason y
complains '1 to 8'
run 1 dataset clean none.db
complains 'kizil dataset init'
run 0 dataset clean --help
says 'crop=0.9'
finish
