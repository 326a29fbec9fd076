#!/usr/bin/env bash
# kizil dataset screen: of views that overlap, which stay, and the threshold of it.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

# Four views along one wall, each sharing 60 % with the next, the second the tallest; and another
# picture.
python3 - <<'END'
import math, os, random, struct, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def wall(seed, w, h):
    r, rows = random.Random(seed), [bytearray(b'\x90\x80\x70' * w) for _ in range(h)]
    for _ in range(w * h // 1200):
        x, y, size = r.randrange(w), r.randrange(h), 4 + 40 * r.random() ** 2
        colour = bytes(r.randrange(256) for _ in range(3))
        for j in range(max(0, int(y - size)), min(h, int(y + size))):
            half = math.sqrt(max(0, size * size - (j - y) ** 2))
            a, b = max(0, int(x - half)), min(w, int(x + half))
            if a < b:
                rows[j][3 * a:3 * b] = colour * (b - a)
    return rows
def save(path, rows, x, w, h):
    data = b''.join(b'\0' + bytes(row[3 * x:3 * (x + w)]) for row in rows[:h])
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0))
                + chunk(b'IDAT', zlib.compress(data, 1)) + chunk(b'IEND', b''))
os.mkdir('p')
long = wall(1, 1100, 400)
for i in range(4):
    save('p/view%d.png' % i, long, 200 * i, 500, 400 if i == 1 else 380)
save('p/other.png', wall(2, 500, 400), 0, 500, 400)
END

# The views that are out as duplicates; the groups.
out_of() {
  python3 - <<'END'
import os, sqlite3
c = sqlite3.connect('a.db')
print(*sorted(os.path.basename(p).decode() for (p,) in c.execute(
    "SELECT path FROM file JOIN verdict USING(image) WHERE measure = 'duplicate'")),
      c.execute('SELECT count(DISTINCT grp) FROM grp').fetchone()[0])
END
}

begin 'overlap: of a chain not one alone stays'
run 0 dataset init a.db
run 0 dataset add a.db p
run 0 dataset screen a.db
is "$(out_of)" 'view0.png view2.png 1'
run 0 dataset info a.db p/view2.png
says '(overlap 60 %)'

begin 'overlap: the threshold'
run 0 dataset screen a.db overlap=70
is "$(out_of)" '1'
run 0 dataset info a.db
says 'overlap                70  set here'
run 0 dataset screen a.db overlap=default
is "$(out_of)" 'view0.png view2.png 1'
run 0 dataset info a.db
says 'overlap                50'

begin 'overlap: what is no percentage'
run 1 dataset screen a.db overlap=101
complains '0 to 100'
run 1 dataset screen a.db overlapping=3
complains "no measure 'overlapping'; there are"
finish
