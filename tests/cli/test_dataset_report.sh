#!/usr/bin/env bash
# kizil dataset report: a page that is well-formed, loads nothing, tells the catalogue's figures, and
# is there whole or not at all.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

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
os.makedirs('p')
for i in range(40):
    png('p/%03d.png' % i, i, 200, 170)
png('p/tiny.png', 1000, 20, 20)
png(b'p/<b>&"\'\n\xff.png', 1001, 30, 20)
END
printf 'text' >p/broken.jpg
printf 'file,site,licence\n001.png,Mogao,CC BY\n000.png,"Kizil, <north>",none stated\n' >list.csv
run 0 dataset init murals.db
run 0 dataset add murals.db p --meta list.csv

begin 'report: written, and as the catalogue says'
run 0 dataset report murals.db -o page.html --date 'a day'
is "$out" ''
cat >check.py <<'END'
import base64, html.parser, re, sqlite3, sys
page, catalogue = sys.argv[1:]
text = open(page, encoding='utf-8', newline='').read()
void = {'meta', 'img', 'wbr'}
shapes = {'rect', 'line', 'path', 'circle'}
class Check(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.images, self.text = [], set(), [], 0, []
    def attributes(self, tag, attrs):
        assert len({k for k, _ in attrs}) == len(attrs), (tag, attrs)
        a = dict(attrs)
        assert not any(k.startswith('on') for k in a), a
        for name in ('src', 'srcset', 'data', 'action', 'poster', 'background'):
            value = a.get(name, 'data:')
            assert value.startswith('data:image/jpeg;base64,') or value == 'data:', value[:50]
        if 'id' in a:
            assert a['id'] not in self.ids, a['id']
            self.ids.add(a['id'])
        if 'href' in a:
            assert tag == 'a' and a['href'][0] == '#' or a['href'].startswith('file:///'), a
            self.links.append(a['href'])
        if tag == 'img':
            assert a['alt'] and int(a['width']) and int(a['height'])
            jpeg = base64.b64decode(a['src'].split(',', 1)[1], validate=True)
            assert jpeg[:3] == b'\xff\xd8\xff' and jpeg[-2:] == b'\xff\xd9'
            self.images += 1
        if tag == 'svg':
            assert a.get('aria-label') or a.get('aria-hidden') == 'true'
        if tag == 'th':
            assert a.get('scope') in ('row', 'col'), a
        assert tag not in ('script', 'link', 'iframe', 'object', 'embed', 'base', 'form'), tag
    def handle_starttag(self, tag, attrs):
        self.attributes(tag, attrs)
        if tag not in void:
            self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        assert tag in shapes, tag
        self.attributes(tag, attrs)
    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.open, self.getpos())
    def handle_data(self, data):
        self.text.append(data)
c = Check()
c.feed(text)
c.close()
assert not c.open, c.open
for link in c.links:
    assert link[0] != '#' or link[1:] in c.ids, link
assert not re.search(r'url\(|@import|http-equiv', text)
words = ' '.join(' '.join(c.text).split())
db = sqlite3.connect(catalogue)
one = lambda q: db.execute(q).fetchone()[0]
for figure in ('%d of %d images offered are in the data set' % (one('SELECT count(*) FROM chosen'),
                                                              one('SELECT count(*) FROM image')),
               '%d cannot be decoded' % one('SELECT count(*) FROM image WHERE error IS NOT NULL')):
    assert figure in words, figure
for measure, count in db.execute('SELECT measure, count(*) FROM verdict GROUP BY 1'):
    assert re.search(r'\b%s\s*%d\b' % (measure, count), words), (measure, count)
print(c.images, 'pictures;', 'script' if '<script' in text else 'no script')
END
out=$(python3 check.py page.html murals.db 2>&1) || note "$out"
says 'no script'
holds grep -qF '&lt;b&gt;&amp;&quot;&#39;\x0a\xff.png' page.html
holds grep -qF 'Kizil, &lt;north&gt;' page.html
holds grep -q ' · a day · ' page.html

begin 'report: the same again; the date of a reproducible build'
run 0 dataset report murals.db -o again.html --date 'a day' --threads 1
holds cmp page.html again.html
SOURCE_DATE_EPOCH=86400 run 0 dataset report murals.db -o epoch.html
holds grep -q ' · 1970-01-02 · ' epoch.html
SOURCE_DATE_EPOCH=86400 run 0 dataset report murals.db -o epoch.html --date today --title '<x>'
holds grep -q ' · today · ' epoch.html
holds grep -q '<h1>&lt;x&gt;</h1>' epoch.html

begin 'report: fewer pictures'
run 0 dataset report murals.db -o few.html --thumbs 3
is "$(grep -o '<img ' few.html | wc -l)" 3
out=$(python3 check.py few.html murals.db 2>&1) || note "$out"
says '3 pictures'

begin 'report: files that are gone'
mv p gone
run 0 dataset report murals.db -o gone.html
is "$(grep -o '<img ' gone.html | wc -l)" 0
holds grep -q '>the file is gone</span>' gone.html
mv gone p

begin 'report: an empty catalogue'
run 0 dataset init empty.db
run 0 dataset report empty.db -o empty.html
out=$(python3 check.py empty.html empty.db 2>&1) || note "$out"

begin 'report: wrong use'
run 2 dataset report murals.db
complains '--output'
run 1 dataset report murals.db -o murals.db
complains 'must end in .html'
run 1 dataset report none.db -o x.html
complains 'kizil dataset init'
run 1 dataset report murals.db -o no/x.html
complains 'no/x.html'
run 2 dataset report murals.db -o x.html --thumbs -1
complains 'thumbs'
run 0 dataset report --help
says 'SOURCE_DATE_EPOCH'
is "$(ls -A | grep -c '^\.')" 0

begin 'report: interrupted'
echo earlier >page.html
for pause in 0.01 0.03 0.06; do
  "$kizil" dataset report murals.db -o page.html >/dev/null 2>stderr &
  child=$!
  sleep $pause
  kill -INT $child 2>/dev/null
  wait $child
  status=$?
  # Before the handler is there the signal ends it; a fast machine may have been done.
  case $status in 0 | 130) ;; *) note "exit status $status" ;; esac
  [ "$(cat page.html)" = earlier ] || python3 check.py page.html murals.db >/dev/null || note 'half a page'
done
is "$(ls -A | grep -c '^\.')" 0

begin 'report: the disk fills up'
mkdir disk
if ! mount -t tmpfs -o size=64k none disk 2>/dev/null; then
  skip 'no small disk can be mounted'
else
  echo earlier >disk/page.html
  run 1 dataset report murals.db -o disk/page.html
  complains 'disk/page.html'
  is "$(cat disk/page.html)" earlier
  is "$(ls -A disk)" page.html
  umount disk
fi
finish
