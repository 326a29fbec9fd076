#!/usr/bin/env bash
# kizil page as a user meets it: a page from the record of a restoration, as HTML that another reader
# accepts, in a browser; wrong use.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
fixture=$2 verify=$3
mkdir "$work/scene" && cd "$work/scene" || exit 1
"$fixture" . || { echo 'Bail out! no fixture'; exit 1; }
export KIZIL_MODEL=guided.safetensors
"$kizil" restore a.png --mask mask.png -o out.png --steps 2 --thin 0 --lines lines.png >restored 2>&1
"$verify" --record a.png mask.png out.png guided.safetensors out.png.json lines.png ||
  { echo 'Bail out! no record'; exit 1; }

begin 'a page from a record'
run 0 page out.png.json -o page.html
is "$out" ''
is "$errors" ''
holds grep -q '<title>a.png · virtual restoration</title>' page.html
holds grep -q "alt='Before: a.png' src='data:image/jpeg;base64," page.html
holds grep -q "alt='After: out.png' src='data:image/jpeg;base64," page.html
holds grep -q 'whose seal fits' page.html

begin 'the same record, the same bytes'
run 0 page out.png.json -o again.html
holds cmp -s page.html again.html

begin 'from another folder'
mkdir elsewhere && cd elsewhere || exit 1
run 0 page ../out.png.json -o page.html
holds grep -q "alt='After: out.png'" page.html
cd ..

begin 'a title, fewer and smaller pictures'
run 0 page out.png.json -o small.html --title 'Cave 17 <b>' --zooms 0 --no-check
holds grep -q '<title>Cave 17 &lt;b&gt; · virtual restoration</title>' small.html
is "$(grep -c 'A closer look' small.html)" 0
holds grep -q 'The files were not compared' small.html

begin 'nothing is written over unless asked, and never what was read'
run 1 page out.png.json -o page.html
complains 'page.html: is there already'
run 0 page out.png.json -o page.html --overwrite
cp out.png before.png
run 1 page out.png.json -o out.png --overwrite
complains 'names this file; write the page elsewhere'
holds cmp -s out.png before.png
run 1 page out.png.json -o nowhere/page.html
complains 'nowhere'

begin 'wrong use'
run 2 page -o page2.html
complains 'give a RECORD'
run 2 page out.png.json
complains 'output'
run 1 page a.png -o page2.html
complains 'a.png'
run 1 page out.png.json gone.json -o page2.html
complains 'gone.json'
run 2 page out.png.json -o page2.html --megabytes 0
complains 'megabytes'
holds test ! -e page2.html
is "$(find . -name '.*' -type f | wc -l)" 0

begin 'it is HTML: elements close, ids are single, pictures have words, the policy fits'
cat >check.py <<'END'
import base64, hashlib, html.parser, re, sys
VOID = {"meta", "img", "input", "br", "wbr", "link", "rect", "path"}
class Check(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.wrong = [], set(), [], []
        self.policy, self.text = "", {"style": "", "script": ""}
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if len(a) != len(attrs): self.wrong.append(f"{tag}: an attribute twice")
        if tag == "meta" and a.get("http-equiv"): self.policy = a["content"]
        if tag == "img" and not a.get("alt"): self.wrong.append("img without words")
        if tag == "img" and not a["src"].startswith("data:image/"): self.wrong.append(a["src"][:60])
        if "style" in a or any(k.startswith("on") for k in a): self.wrong.append(f"{tag}: {a}")
        if a.get("id") in self.ids: self.wrong.append(f"id {a['id']} twice")
        if a.get("id"): self.ids.add(a["id"])
        if a.get("href"): self.links.append(a["href"])
        if tag == "input" and "label" not in self.open: self.wrong.append("input without a label")
        if tag not in VOID: self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID: self.open.pop()
    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag: self.wrong.append(f"/{tag} closes nothing")
    def handle_data(self, data):
        if self.open and self.open[-1] in self.text: self.text[self.open[-1]] += data
c = Check()
page = open(sys.argv[1], encoding="utf-8").read()
c.feed(page)
if c.open: c.wrong.append(f"left open: {c.open}")
for link in c.links:
    if link[0] != "#" or link[1:] not in c.ids: c.wrong.append(f"link to {link}")
for kind, text in c.text.items():
    wanted = "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
    if f"{kind}-src {wanted}" not in c.policy: c.wrong.append(f"{kind} is not that of the policy")
if "default-src 'none'" not in c.policy: c.wrong.append(c.policy)
if re.search(r"https?:|@import|url\(", page): c.wrong.append("an address")
print("\n".join(c.wrong))
sys.exit(bool(c.wrong))
END
if python3 -c '' 2>/dev/null; then
  for page in page.html small.html; do holds python3 check.py "$page"; done
else
  skip 'no python3'
fi

begin 'in a browser: slider, layers, print, dark, narrow, without script, without network'
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -n "$chromium" ] && command -v node >/dev/null; then
  holds node "$here/page_browser.js" "$chromium" page.html
else
  skip 'no chromium with node'
fi

finish
