#!/usr/bin/env bash
# kizil dataset export and import: every format read by other programs; what is missing, refused,
# full, interrupted; a list there and back.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

# 40 pictures of noise with names that are hard to write down, and one that is too small.
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
os.makedirs(b'p/q')
odd = [b'new\nline', b'comma, "quoted"', b'bad\xff\xfe', b' space', '壁画'.encode(), b"it's", b'a\\b']
for i in range(40):
    name = odd[i] if i < len(odd) else b'%03d' % i
    png(b'p/' + (b'q/' if i % 2 else b'') + name + b'.png', i, 300, 280)
png(b'p/tiny.png', 1000, 20, 20)
with open('facts.csv', 'w') as f:
    f.write('file,site,licence,caption\n"new\nline.png","Mogao, west",CC BY,"He said ""a\nb"""\n'
            '010.png,Kizil,CC0,a caption\n011.png,,,\xe9\xa3\x9e\n')
END

# Noise is no painting: what the measures say of it is set aside.
run 0 dataset init a.db
run 0 dataset add a.db p --meta facts.csv
python3 - <<'END'
import sqlite3
c = sqlite3.connect('a.db')
for id, w in c.execute('SELECT id, width FROM image').fetchall():
    if w > 100:
        c.execute("DELETE FROM verdict WHERE image = ?", (id,))
c.commit()
assert c.execute('SELECT count(*) FROM chosen').fetchone() == (40,)
END

begin 'dataset export: help, refusals'
run 0 dataset export --help
says 'webdataset    tar shards'
run 2 dataset export a.db --as webdatset -o x
complains "did you mean 'webdataset'"
run 2 dataset export a.db --as list
run 1 dataset export a.db --as list -o a.db --overwrite
complains 'the catalogue itself'
run 1 dataset export a.db --as webdataset -o -
complains 'stream'
run 1 dataset export a.db --as list -o x.csv --part val
complains "no image is in part 'val'"
holds [ ! -e x.csv ]

begin 'dataset export: tables, read by another program'
for format in list csv jsonl; do run 0 dataset export a.db --as $format -o "t.$format"; done
says '40 images in 1 file'
python3 - <<'END' || note 'tables differ'
import base64, csv, hashlib, json, os
def read(name):
    with open(name, newline='', encoding='utf-8', errors='surrogateescape') as f:
        return list(csv.DictReader(f))
table, short = read('t.csv'), read('t.list')
lines = [json.loads(l) for l in open('t.jsonl', encoding='utf-8')]
assert len(table) == len(short) == len(lines) == 40
for t, s, j in zip(table, short, lines):
    path = base64.b64decode(t['file-base64']) if t['file-base64'] else t['file'].encode()
    assert path == s['file'].encode('utf-8', 'surrogateescape')
    assert hashlib.sha256(open(path, 'rb').read()).hexdigest() == t['sha256'] == s['sha256']
    assert not path.startswith(b'/')
    for k in t:
        v = j.get(k, '')
        if isinstance(v, bool): v = 'yes' if v else ''
        if isinstance(v, list): v = ' '.join('%.9g' % x for x in v)
        if isinstance(v, float): assert abs(v - float(t[k])) <= 1e-6 * abs(v), k
        else: assert str(v) == t[k], (k, v, t[k])
    assert set(j) <= set(t)
named = {t['site']: t for t in table}
assert named['Mogao, west']['caption'] == 'He said "a\nb"'
assert [t['sha256'] for t in table] == sorted(t['sha256'] for t in table)
END
run 0 dataset export a.db --as jsonl -o -
is "$(python3 -c 'import json,sys; print(sum(json.loads(l)["file"][0] == "/" for l in sys.stdin))' \
  <"$work/stdout")" 40
complains '40 images'
run 1 dataset export a.db --as csv -o t.csv
complains '--overwrite'
"$kizil" dataset export a.db --as csv -o - >/dev/full 2>errors && note 'a full device: no failure'
holds grep -q 'No space left' errors

begin 'dataset export: COCO'
run 0 dataset export a.db --as coco -o coco.json
python3 - <<'END' || note 'COCO is wrong'
import json, os
c = json.load(open('coco.json'))
assert set(c) == {'info', 'images', 'licenses', 'annotations'}
ids = [i['id'] for i in c['images']]
assert len(set(ids)) == 40
licences = {l['id']: l['name'] for l in c['licenses']}
assert sorted(licences.values()) == ['CC BY', 'CC0', 'none stated']
for i in c['images']:
    assert (i['width'], i['height']) == (300, 280) and i['license'] in licences
    assert 'file_name_base64' in i or os.path.exists(i['file_name'])
notes = {a['image_id']: a['caption'] for a in c['annotations']}
assert len(notes) == 3 and set(notes) <= set(ids)
assert len({a['id'] for a in c['annotations']}) == 3
assert 'He said "a\nb"' in notes.values()
END

begin 'dataset export: WebDataset, read by tar and by Python'
run 0 dataset export a.db --as webdataset -o w/mur --shard-count 15
says '40 images in 3 files'
is "$(for t in w/mur-*.tar; do tar tf "$t"; done | wc -l)" 120
python3 - <<'END' || note 'shards are wrong'
import glob, hashlib, json, os, tarfile
index = json.load(open('w/mur.json'))
assert [s['url'] for s in index['shardlist']] == sorted(os.listdir('w'))[:3]
assert [s['nsamples'] for s in index['shardlist']] == [15, 15, 10]
seen = []
for s in index['shardlist']:
    assert os.path.getsize('w/' + s['url']) == s['filesize']
    samples = {}
    for m in tarfile.open('w/' + s['url']):
        assert m.mtime == m.uid == m.gid == 0 and m.isreg()
        key, suffix = m.name.split('.', 1)
        samples.setdefault(key, {})[suffix] = tarfile.open('w/' + s['url']).extractfile(m).read()
    for key, one in samples.items():
        assert sorted(one) == ['json', 'png', 'txt']
        record = json.loads(one['json'])
        assert hashlib.sha256(one['png']).hexdigest() == record['sha256'] and \
            record['sha256'].startswith(key)
        assert one['txt'].decode() == record.get('caption', '')
        seen.append(key)
assert len(set(seen)) == 40 and seen == sorted(seen)
END
run 0 dataset export a.db --as webdataset -o v/mur --shard-size 1
holds [ "$(stat -c %s v/*.tar | sort -n | tail -1)" -le 1000000 ]
holds [ "$(find v -name '*.tar' | wc -l)" -gt 8 ]
run 0 dataset export a.db --as webdataset -o px/mur --pixels --short-side 64
python3 - <<'END' || note 'pictures are wrong'
import json, tarfile
t = tarfile.open('px/mur-000000.tar')
names = t.getnames()
assert len(names) == 120 and sum(n.endswith('.jpg') for n in names) == 40
assert all(json.load(t.extractfile(n))['height'] == 64 for n in names if n.endswith('.json'))
END

begin 'dataset export: a folder'
run 0 dataset export a.db --as folder -o f
is "$(find f -type f | wc -l)" 41
(cd f && sha256sum -- *.png | awk '$1 ".png" != $2' | grep -q .) && note 'content is not by name'
run 1 dataset export a.db --as folder -o f
complains 'not empty'

begin 'dataset export: a disk that is full, then room'
status=0
(trap '' XFSZ; ulimit -f 3000; exec "$kizil" dataset export a.db --as webdataset -o full/mur \
  --shard-count 13) >/dev/null 2>errors || status=$?
is $status 1
holds grep -q 'about .* MB are needed' errors
is "$(find full -type f | wc -l)" 0
status=0
(trap '' XFSZ; ulimit -f 8000; exec "$kizil" dataset export a.db --as webdataset -o full/mur \
  --shard-size 7) >/dev/null 2>errors || status=$?
is $status 0
run 0 dataset export a.db --as webdataset -o room/mur --shard-size 7
holds diff -r full room

begin 'dataset export: interrupted, gone on with'
"$kizil" dataset export a.db --as webdataset -o cut/mur --pixels --encoding png --shard-count 1 \
  >/dev/null 2>&1 &
running=$!
for _ in $(seq 200); do [ -e cut/mur-000001.tar ] && break; sleep 0.05; done
kill -INT $running 2>/dev/null
status=0
wait $running || status=$?
case $status in 0 | 130) ;; *) note "exit status $status" ;; esac
is "$(find cut -name '.*' -type f | wc -l)" 0
run 0 dataset export a.db --as webdataset -o cut/mur --pixels --encoding png --shard-count 1 --resume
is "$(find cut -name '*.tar' | wc -l)" 40

begin 'dataset export: files gone and changed'
mv p/010.png aside.png
printf 'x' | dd of=p/012.png bs=1 seek=5000 conv=notrunc 2>/dev/null
run 1 dataset export a.db --as webdataset -o lost/mur
says '38 images'
complains '010.png: left out: is not there any more'
complains '012.png: left out: has changed since it was added'
complains '2 of 40 images were left out'
run 1 dataset export a.db --as list -o lost.csv
complains '1 of 40'
run 0 dataset export a.db --as csv -o all.csv
mv aside.png p/010.png

begin 'dataset import: a list there and back'
run 0 dataset init b.db
run 0 dataset import b.db t.csv
says '39 images'
says '1 lines whose image is not there, or is another'
complains 'has other content than the list says'
run 0 dataset init c.db
mkdir lists
cp t.jsonl lists
run 0 dataset import c.db lists/t.jsonl --root .
says '39 images'
python3 - <<'END' || note 'catalogues differ'
import sqlite3
def told(name):
    c = sqlite3.connect(name)
    return c.execute("SELECT sha256, key, value FROM fact JOIN image ON id = image ORDER BY 1, 2"
                     ).fetchall()
assert told('a.db') == told('b.db') == told('c.db') and len(told('a.db')) >= 6
END
run 0 dataset import b.db t.csv
case $out in *'new images'*) note 'images came twice' ;; esac

begin 'dataset import: a manifest with parts'
printf 'file,split\np/020.png,train\np/022.png,test\np/none.png,val\n' >manifest.csv
run 0 dataset init d.db
run 0 dataset import d.db manifest.csv
says '2 new images'
complains "line 4: 'p/none.png' is not there"
complains 'p/024.png: is not in the list'
run 1 dataset import d.db manifest.csv --root none
complains 'none: no such folder'

finish
