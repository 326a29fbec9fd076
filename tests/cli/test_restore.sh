#!/usr/bin/env bash
# kizil restore as a user meets it: one photograph, lists, refusals, interruption. The model is a
# tiny one with random weights.
. "$(dirname "$0")/lib.sh"
fixture=$2
cd "$work" || exit 1
"$fixture" . || { echo 'Bail out! no fixture'; exit 1; }
export KIZIL_MODEL=model.safetensors
files() { find . -type f ! -name stdout ! -name stderr | sort | tr '\n' ' '; }
start_files=$(files)

begin 'one photograph: one line, only the hole changes'
run 0 restore --no-record a.png --mask mask.png -o out.png --steps 2 --thin 0
says '96 x 64, '
says '% damaged, 1 tile, 2 calls, '
says ': out.png'
is "$(printf '%s\n' "$out" | wc -l)" 1
holds "$fixture" --same a.png out.png mask.png

begin 'same seed, same bytes; another seed, other bytes; threads and model by option'
run 0 restore --no-record a.png --mask mask.png -o again.png --steps 2 --thin 0 --model model.safetensors
holds cmp -s out.png again.png
run 0 restore --no-record a.png --mask mask.png -o seed.png --steps 2 --thin 0 --seed 1 --threads 1
holds test -n "$(cmp out.png seed.png)"
holds "$fixture" --same a.png seed.png mask.png

begin 'thin damage gets one call in two views, and then the seed does not show'
run 0 restore --no-record a.png --mask mask.png -o thin.png --steps 5
says ' 1 tile, 2 calls, '
run 0 restore --no-record a.png --mask mask.png -o thin2.png --seed 1
holds cmp -s thin.png thin2.png
run 0 restore --no-record a.png --mask mask.png -o mean.png --thin 0 --steps 1
holds cmp -s thin.png mean.png
rm thin.png thin2.png mean.png

begin 'more than one tile'
run 0 restore --no-record b.png --mask mask_b.png -o wide.tif --steps 2 --sampler dpm++2m --tile 256
says '700 x 90, '
says ' 4 tiles, '
holds "$fixture" --same b.png wide.tif mask_b.png

begin 'a format that loses is said to lose'
run 0 restore --no-record a.png --mask mask.png -o out.jpg --steps 1
complains 'PNG and TIFF keep'

rm -f out.png again.png seed.png wide.tif out.jpg

begin 'lines and words guide a model that has learnt to follow them'
run 0 restore a.png --mask mask.png -o alone.png --thin 0 --model guided.safetensors --record r.json
holds grep -q '"caption-by": "kizil"' r.json
holds test -z "$(grep '"lines": {' r.json)"
run 0 restore --no-record a.png --mask mask.png -o lines.png.png --thin 0 \
  --model guided.safetensors --lines lines.png
holds "$fixture" --same alone.png lines.png.png mask.png
run 0 restore a.png --mask mask.png -o words.png --thin 0 --model guided.safetensors \
  --text '飞天' --record w.json
holds "$fixture" --same alone.png words.png mask.png
holds grep -q '"caption-by": "user"' w.json
holds grep -q '"caption": "飞天"' w.json
run 1 restore a.png --mask mask.png -o o.png --model guided.safetensors --record r.json
complains 'r.json: is there already'
printf 'image,mask,output,lines,text,record\na.png,mask.png,l.png,lines.png,,\n' >list.csv
printf 'a.png,mask.png,words2.png,,飞天,w.json\n' >>list.csv
mv words.png old.png
rm w.json
run 0 restore --batch list.csv --thin 0 --model guided.safetensors
says '2 restored'
holds test -s l.png.json -a -s w.json
holds grep -q '"lines": {' l.png.json
holds grep -q '"caption": "飞天"' w.json
rm -f alone.png lines.png.png words2.png old.png l.png r.json w.json l.png.json list.csv

begin 'a model without guides refuses them'
run 1 restore a.png --mask mask.png -o o.png --lines lines.png
complains 'does not follow line drawings'
run 1 restore a.png --mask mask.png -o o.png --text apsara
complains 'does not read text'
run 1 restore b.png --mask mask_b.png -o o.png --lines lines.png --model guided.safetensors
complains 'the drawing lines.png is 96 x 64'
is "$(files)" "$start_files"

begin 'candidates: files by number and seed, maps, records; what each seed gives'
run 0 restore --no-record a.png --mask mask.png -o t.png --thin 0 --candidates 3 --seed 4 \
  --doubt doubt.png --heat heat.png --most-doubt 0
says '96 x 64, '
says '1. t-'
says '3. t-'
holds "$fixture" --same a.png t-1.png mask.png
run 0 restore --no-record a.png --mask mask.png -o one.png --thin 0 --seed 5
holds cmp -s t-2.png one.png
holds test -n "$(cmp t-2.png t-3.png)"
holds test -s doubt.png -a -s heat.png
rm -f t-?.png one.png doubt.png heat.png
run 0 restore a.png --mask mask.png -o t.png --thin 0 --candidates 2 --seed 5 --most-doubt 0
holds grep -q '"seed": 6' t-2.png.json
run 0 verify t-2.png
run 1 restore a.png --mask mask.png -o t.png --candidates 2
complains 't-1.png'
complains 'is there already'
rm -f t-?.png*
run 1 restore a.png --mask mask.png -o t.png --heat heat.tif --candidates 2
complains 'heat.tif: maps are written as .png'
run 2 restore a.png --mask mask.png -o t.png --candidates 1
complains 'give 2 or more'
run 2 restore a.png --mask mask.png -o t.png --heat heat.png
complains '--candidates K; add it'
run 2 restore a.png --mask mask.png -o t.png --candidates 2 --record r.json
complains 'a record of its own'
is "$(files)" "$start_files"

begin 'conjecture: refused where it is all, left where it is a part, allowed'
run 1 restore a.png --mask mask.png -o t.png --most-distance 1e-9
complains 'nothing is filled'
complains '--allow-conjecture'
run 0 restore a.png --mask mask.png -o t.png --most-distance 1e-9 --allow-conjecture
says 'filled by conjecture: far from known pixels'
holds grep -q '"outcome": "allowed"' t.png.json
run 0 verify t.png
says 'proved'
rm -f t.png*
is "$(files)" "$start_files"

begin 'a policy, classes by file name, a style, layers'
mkdir classes
cp mask.png classes/graffiti.png
run 1 restore a.png --mask classes -o t.png
complains '--asked restore'
run 0 restore a.png --mask classes -o t.png --asked restore --style tratteggio --layers t.ora
holds test -s t.ora -a -s t.png.filled.png
run 0 verify t.png
rm -f t.png* t.ora
printf '{"kizil-policy": 1, "classes": {"graffiti": {"decision": "leave"}}}' >policy.json
run 1 restore a.png --mask classes --policy policy.json -o t.png
complains 'the policy leaves all'
printf '{"kizil-policy": 1, "clases": {}}' >policy.json
run 1 restore a.png --mask classes --policy policy.json -o t.png
complains 'clases'
run 1 restore a.png --mask classes --mask-format coco -o t.png
run 1 restore a.png --mask mask.png -o t.jpg --layers t.ora
complains 'stored exactly'
run 1 restore a.png --mask mask.png -o t.png --layers t.psd
complains '.ora or .tif'
run 2 restore a.png --mask mask.png -o t.png --style dots
complains 'tratteggio'
run 2 restore a.png --mask mask.png -o t.png --no-record --report t.html
complains '--report needs one'
rm -r classes policy.json
is "$(files)" "$start_files"

begin 'who and why are in the record'
KIZIL_WHO='A. Li' run 0 restore a.png --mask mask.png -o t.png --steps 1 --why 'survey of 2026' \
  --organisation 'Cave office'
holds grep -q '"who": "A. Li"' t.png.json
holds grep -q '"organisation": "Cave office"' t.png.json
holds grep -q '"why": "survey of 2026"' t.png.json
rm t.png t.png.json
is "$(files)" "$start_files"

begin 'wrong use'
run 2 restore
complains 'give an IMAGE'
run 2 restore a.png -o o.png
complains '--mask MASK'
run 2 restore a.png --mask mask.png
complains '-o OUT'
run 2 restore a.png --mask mask.png -o o.png --tile 100
complains 'multiple of 32'
run 2 restore a.png --mask mask.png -o o.png --tile 128 --overlap 100
complains 'more than half'
run 2 restore a.png --mask mask.png -o o.png --overlap 200
complains 'more than half'
run 2 restore a.png --batch list.csv
complains 'leave IMAGE'
is "$(files)" "$start_files"

begin 'refusals name what is wrong and leave nothing behind'
run 1 restore a.png --mask mask_b.png -o o.png
complains '96 x 64'
complains '700 x 90'
run 1 restore a.png --mask empty.png -o o.png
complains 'the mask is empty'
run 1 restore a.png --mask full.png -o o.png
complains 'the mask is full'
run 1 restore missing.png --mask mask.png -o o.png
complains 'missing.png'
run 1 restore model.safetensors --mask mask.png -o o.png
complains 'model.safetensors'
run 1 restore a.png --mask mask.png -o a.png --overwrite
complains 'a.png'
run 1 restore a.png --mask mask.png -o c.png
complains 'is there already'
run 1 restore a.png --mask mask.png -o o.bmp
complains 'o.bmp'
run 1 restore a.png --mask mask.png -o no/o.png
is "$(files)" "$start_files"

begin 'models that are missing or are none'
run 1 restore a.png --mask mask.png -o o.png --model nothing.safetensors
complains 'there is no model nothing.safetensors'
KIZIL_MODEL=gone.safetensors
run 1 restore a.png --mask mask.png -o o.png
complains 'gone.safetensors (from KIZIL_MODEL)'
KIZIL_MODEL=model.safetensors
run 1 restore a.png --mask mask.png -o o.png --model a.png
complains 'a.png'
is "$(files)" "$start_files"

begin 'a list: columns in any order, quotes, an extra column, CRLF, byte order mark'
printf '\357\273\277output,"image",note,mask\r\n"out, 1.png",a.png,"two\r\nlines ""here""",mask.png\r\n\r\nout2.png,b.png,,mask_b.png' >list.csv
run 0 restore --no-record --batch list.csv --steps 2
says '2 restored, 0 skipped (output exists), 0 failed'
holds "$fixture" --same a.png 'out, 1.png' mask.png
holds "$fixture" --same b.png out2.png mask_b.png
run 0 restore --no-record --batch list.csv --steps 2
says '0 restored, 2 skipped'
cp out2.png kept.png
run 0 restore --no-record --batch list.csv --steps 2 --overwrite
says '2 restored, 0 skipped'
holds cmp -s out2.png kept.png

begin 'a list gives what single runs give'
run 0 restore --no-record b.png --mask mask_b.png -o single.png --steps 2
holds cmp -s out2.png single.png
rm -f 'out, 1.png' out2.png kept.png single.png

begin 'a bad row is reported with its line and the rest goes on'
cat >list.csv <<'EOF'
image,mask,output
a.png,mask.png,o1.png
missing.png,mask.png,o2.png
a.png,empty.png,o3.png
a.png,mask.png
a.png,mask.png,o4.png,more
a.png,,o5.png
c.png,mask.png,o1.png
a.png,mask.png,"o6.png" x
c.png,mask.png,o7.png
EOF
run 1 restore --no-record --batch list.csv --steps 1
says '2 restored, 0 skipped (output exists), 7 failed'
complains 'list.csv: line 3: '
complains 'line 4: empty.png: the mask is empty'
complains 'line 5: fewer fields'
complains 'line 6: more fields'
complains 'line 7: image, mask or output is empty'
complains 'line 8: an earlier row has the same output'
complains 'line 9: text after a closing quote'
is "$(ls o*.png | tr '\n' ' ')" 'o1.png o7.png '
holds "$fixture" --same a.png o1.png mask.png
rm -f o1.png o7.png

begin 'lists that are none'
run 1 restore --batch nothing.csv
complains 'nothing.csv'
: >list.csv
run 1 restore --batch list.csv
complains 'the list is empty'
printf 'image,mask\na.png,mask.png\n' >list.csv
run 1 restore --batch list.csv
complains 'line 1: no column "output"'
printf 'image,mask,output,mask\n' >list.csv
run 1 restore --batch list.csv
complains 'two columns "mask"'
printf 'image,mask,output\na.png,"mask.png,o.png\n' >list.csv
run 1 restore --batch list.csv
complains 'line 2: a quote is not closed'
printf 'image,mask,output\na.png,mask.png,o.png\0\n' >list.csv
run 1 restore --batch list.csv
complains 'zero byte'
run 2 restore --batch .
rm -f list.csv
is "$(files)" "$start_files"

begin 'a list without a model stops at once'
printf 'image,mask,output\na.png,mask.png,o.png\nc.png,mask.png,o2.png\n' >list.csv
run 1 restore --batch list.csv --model nothing.safetensors
complains 'there is no model nothing.safetensors'
is "$(printf '%s\n' "$errors" | wc -l)" 1
rm -f list.csv

# Wait until process $1 catches SIGINT (bit 1 of the mask): before that a signal proves nothing.
catches() {
  for _ in $(seq 600); do
    mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null)
    [ -n "$mask" ] && [ $((0x${mask: -4} & 2)) != 0 ] && return
    sleep 0.05
  done
  note 'the signal is never caught'
}

begin 'an interruption ends a run cleanly'
"$kizil" restore --no-record b.png --mask mask_b.png -o o.png --steps 1000 --thin 0 >stdout 2>stderr </dev/null &
child=$!
catches $child
sleep 0.1
kill -INT $child
status=0
wait $child || status=$?
is "$status" 130
is "$(files)" "$start_files"

begin 'an interrupted list is finished by the same command'
printf 'image,mask,output\na.png,mask.png,o1.png\nb.png,mask_b.png,o2.png\n' >list.csv
"$kizil" restore --no-record --batch list.csv --steps 1000 --thin 0 >stdout 2>stderr </dev/null &
child=$!
catches $child
sleep 0.1
kill -TERM $child
status=0
wait $child || status=$?
is "$status" 130
holds grep -q 'interrupted' stdout
run 0 restore --no-record --batch list.csv --steps 1
says '0 failed'
holds test -s o1.png -a -s o2.png
is "$(find . -name '.*' -type f | wc -l)" 0

finish
