#!/usr/bin/env bash
# kizil restore --batch as a user meets it: lists, folders, several at once, interruption, a kill,
# --dry-run, --json. The model is a tiny one with random weights.
. "$(dirname "$0")/lib.sh"
fixture=$2
cd "$work" || exit 1
"$fixture" . || { echo 'Bail out! no fixture'; exit 1; }
export KIZIL_MODEL=model.safetensors
tree() { find "$@" -type f ! -name '.*' | sort | tr '\n' ' '; }
lines() { printf '%s\n' "$out" | grep -c "$1"; }
json() { printf '%s\n' "$out" | python3 -c "
import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert $1, rows" 2>&1 || note "JSON: not $1"; }
mkdir photos masks results
cp a.png b.png c.png photos
cp mask.png masks/a.png
cp mask_b.png masks/b.png
cp mask.png masks/c.png

begin 'a folder with a folder of masks: results under the same names, with records'
run 0 restore --batch photos --masks masks -o results
says '3 restored, 0 skipped (output exists), 0 failed, '
says 'pictures a minute'
is "$(tree results)" 'results/a.png results/a.png.json results/b.png results/b.png.json '"$(
  )results/c.png results/c.png.json "
for one in a b c; do
  holds "$fixture" --same photos/$one.png results/$one.png masks/$one.png
  run 0 verify results/$one.png
done

begin 'what is there is skipped, and replaced if asked'
run 0 restore --batch photos --masks masks -o results
says '0 restored, 3 skipped (output exists), 0 failed'
cp results/a.png kept.png
run 0 restore --batch photos --masks masks -o results --overwrite
says '3 restored, 0 skipped'
holds cmp -s results/a.png kept.png
rm kept.png

begin 'one at a time or three, the files are the same, and those of single runs'
mkdir one three
run 0 restore --batch photos --masks masks -o one --jobs 1 --threads 1
run 0 restore --batch photos --masks masks -o three --jobs 3 --threads 3
for each in a b c; do holds cmp -s one/$each.png three/$each.png; done
run 0 restore photos/b.png --mask masks/b.png -o three/b.png --threads 1 --overwrite
holds cmp -s one/b.png three/b.png
rm -r one three

begin 'a picture without a mask is listed, counted and no fault'
cp a.png photos/unmasked.png
echo nothing >photos/notes.txt
run 0 restore --batch photos --masks masks -o results
complains 'photos/unmasked.png: no mask of that name in masks; skipped'
says '0 restored, 3 skipped (output exists), 0 failed, 1 without a mask, '
rm photos/unmasked.png photos/notes.txt

begin 'masks by any name: another suffix, annotations, a folder of classes'
rm -r results/*
run 0 restore a.png --mask mask.png -o masks/a.tif --no-record
cp mask.png masks/a.tif.png
rm masks/a.png masks/a.tif.png masks/a.tif
cat >masks/a.json <<'JSON'
{"imageWidth": 96, "imageHeight": 64,
 "shapes": [{"label": "paint loss", "shape_type": "polygon", "points": [[9, 9], [30, 9], [30, 30]]}]}
JSON
mkdir masks/b
mv masks/b.png masks/b/crack.png
run 0 restore --batch photos --masks masks -o results --asked restore
says '3 restored'
holds test -s results/a.png -a -s results/b.png
cp mask.png masks/a.png
run 1 restore --batch photos --masks masks -o results
complains 'photos/a.png: two masks in masks, a.json and a.png; keep one'
says '0 restored, 2 skipped (output exists), 1 failed'
rm -r masks/a.json masks/b results/*
cp mask_b.png masks/b.png

begin 'formats that lose samples become PNG; the second of two with one result is a fault'
run 0 restore c.png --mask mask.png -o photos/d.jpg --no-record
cp mask.png masks/d.png
run 0 restore --batch photos --masks masks -o results
complains '1 picture is in a format that changes pixels'
holds test -s results/d.png
rm -r results/*
cp c.png photos/d.png
run 1 restore --batch photos --masks masks -o results
complains 'photos/d.png: photos/d.jpg has the same output, results/d.png'
says '4 restored, 0 skipped (output exists), 1 failed'
rm -r photos/d.* masks/d.png results/*

begin 'a truncated picture among good ones'
head -c 700 b.png >photos/b.png
run 1 restore --batch photos --masks masks -o results
complains 'photos/b.png'
says '2 restored, 0 skipped (output exists), 1 failed'
says '  failed                 photos/b.png'
is "$(tree results)" 'results/a.png results/a.png.json results/c.png results/c.png.json '
cp b.png photos
run 0 restore --batch photos --masks masks -o results
says '1 restored, 2 skipped'

begin 'a result without its record is not taken for done, nor made again unasked'
rm results/c.png.json
run 0 restore --batch photos --masks masks -o results
complains 'results/c.png: is there without its record'
says '0 restored, 3 skipped (output exists), 0 failed'
says '  without their record   1 of those skipped'
run 0 restore --batch photos --masks masks -o results --no-record
says '0 restored, 3 skipped (output exists), 0 failed'
run 0 restore --batch photos --masks masks -o results --overwrite
holds test -s results/c.png.json
rm -r results/*

begin 'a list: policy, who and why by row'
cat >policy.json <<'JSON'
{"kizil-policy": 1, "classes": {"unclassified": {"decision": "leave"}}}
JSON
cat >list.csv <<'CSV'
image,mask,output,policy,who,why
a.png,mask.png,results/a.png,,A. Li,a trial
b.png,mask_b.png,results/b.png,policy.json,,
c.png,mask.png,results/c.png,,,
CSV
run 1 restore --batch list.csv --who 'B. Wu'
says '2 restored, 0 skipped (output exists), 1 failed'
complains 'list.csv: line 3: '
holds grep -q '"who": "A. Li"' results/a.png.json
holds grep -q '"why": "a trial"' results/a.png.json
holds grep -q '"who": "B. Wu"' results/c.png.json
rm -r results/* policy.json list.csv

begin 'candidates of each picture'
run 0 restore --batch photos --masks masks -o results --candidates 2 --thin 0
says '3 restored'
holds test -s results/a-1.png -a -s results/a-2.png.json -a ! -e results/a.png
run 0 restore --batch photos --masks masks -o results --candidates 2 --thin 0
says '0 restored, 3 skipped'
rm -r results/*

begin 'a dry run says what would be done and writes nothing'
run 0 restore --batch photos --masks masks -o results --dry-run
says '96 x 64, '
says ' damaged in 4 regions, 1 tile, '
says ': would write results/a.png'
says '3 would be restored, 0 skipped (output exists), 0 failed, about '
says ' a second (measured now)'
is "$(tree results)" ''
run 0 restore photos/a.png --mask masks/a.png -o results/a.png
run 0 restore --batch photos --masks masks -o results --dry-run
says '2 would be restored, 1 skipped'
run 0 restore --batch photos --masks masks -o results --dry-run --overwrite
says 'would write results/a.png, replacing what is there'
run 0 restore b.png --mask mask_b.png -o results/b.png --dry-run
says ': would write results/b.png'
is "$(lines .)" 1
run 1 restore a.png --mask mask.png -o results/a.png --dry-run
complains ': is there already'
run 1 restore a.png --mask mask_b.png -o results/x.png --dry-run
complains '700 x 90'
is "$(tree results)" 'results/a.png results/a.png.json '

begin 'JSON: an object a line for each picture and one for all'
cp empty.png masks/c.png
cp a.png photos/'odd "name" '$'\xff''.png'
run 1 restore --batch photos --masks masks -o results --json
if command -v python3 >/dev/null; then
  json 'len(rows) == 5'
  json 'sorted(r["status"] for r in rows) == ["failed", "restored", "skipped", "skipped", "summary"]'
  json '[r["reason"] for r in rows if r["status"] == "skipped"] == ["output-exists", "no-mask"]'
  json '"empty" in [r for r in rows if r["status"] == "failed"][0]["message"]'
  json '[(r["width"], r["tiles"], r["record"]) for r in rows if r["status"] == "restored"] == '"$(
    )"'[(700, 1, "results/b.png.json")]'
  json 'rows[-1]["restored"] == 1 and rows[-1]["skipped"] == 2 and rows[-1]["failed"] == 1'
  run 1 restore --batch photos --masks masks -o results --json --dry-run --overwrite
  json '[r["replaces"] for r in rows if r["status"] == "planned"] == [True, True]'
else
  holds test "$(lines '"status":')" = 5
fi
rm -r photos/odd* results/*
cp mask.png masks/c.png
run 0 restore a.png --mask mask.png -o results/a.png --json
holds test "$(lines '"status":"restored"')" = 1
rm results/*

begin 'wrong use and folders that are none leave nothing behind'
before=$(tree .)
run 2 restore --batch photos --masks masks
complains '-o FOLDER'
run 2 restore --batch photos -o results
complains 'needs --masks FOLDER'
run 2 restore a.png --mask mask.png -o o.png --masks masks
complains '--masks goes with --batch'
run 2 restore a.png --mask mask.png -o o.png --jobs 2
complains '--jobs goes with --batch'
for jobs in 0 -1 1.5 many 1000; do
  run 2 restore --batch photos --masks masks -o results --jobs $jobs
  complains 'jobs'
done
run 2 restore --batch photos --masks masks -o results --layers l.ora
complains 'leave them out with --batch'
run 2 restore --batch photos --masks masks -o results --record r.json
complains 'leave IMAGE'
run 2 restore --batch list.csv -o results
complains '--output and --record out'
run 1 restore --batch nowhere --masks masks -o results
complains 'nowhere: is no folder that can be read'
run 1 restore --batch photos --masks nowhere -o results
complains 'nowhere: is no folder that can be read'
run 1 restore --batch photos --masks masks -o nowhere
complains 'nowhere: there is no such folder; make it first'
run 1 restore --batch photos --masks masks -o a.png
complains 'a.png: is a file'
run 1 restore --batch photos --masks masks -o photos
complains 'photos: is the folder of the originals'
run 1 restore --batch photos --masks masks -o ./masks
complains 'masks: is the folder of the masks'
run 1 restore --batch results --masks masks -o photos
complains 'results: there is no picture in this folder'
run 1 restore --batch photos --masks results -o photos/..
complains 'results: none of the 3 pictures of photos has a mask here'
is "$(tree .)" "$before"
if [ "$(id -u)" != 0 ]; then
  mkdir locked
  chmod 555 locked
  run 1 restore --batch photos --masks masks -o locked
  complains 'locked: this folder cannot be written into'
  rmdir locked
fi

# Wait until there is a result in folder $1, or the process $2 is gone.
first_result() {
  for _ in $(seq 1200); do
    [ -n "$(tree "$1")" ] && return
    kill -0 "$2" 2>/dev/null || return
    sleep 0.05
  done
  note "no result in $1"
}
for i in 1 2 3 4; do
  cp b.png photos/p$i.png
  cp mask_b.png masks/p$i.png
done
slow=(--batch photos --masks masks --steps 200 --thin 0 --jobs 2 --threads 2)
mkdir whole
run 0 restore "${slow[@]}" -o whole

for how in INT KILL; do
  begin "signal $how in the middle; the same command makes the files of an unbroken run"
  rm -rf results
  mkdir results
  "$kizil" restore "${slow[@]}" -o results >stdout 2>stderr </dev/null &
  child=$!
  first_result results $child
  kill -$how $child
  status=0
  wait $child 2>/dev/null || status=$?
  is "$status" $([ $how = INT ] && echo 130 || echo 137)
  [ $how = KILL ] || holds grep -q 'interrupted, the same command goes on' stdout
  [ $how = KILL ] || is "$(find results -name '.*' -type f | wc -l)" 0
  holds test "$(tree results | wc -w)" -lt 14
  for result in results/*.png; do # the kill may have come between the two
    [ -e "$result.json" ] || rm "$result"
  done
  run 0 restore "${slow[@]}" -o results
  is "$(cd results && tree . )" "$(cd whole && tree .)"
  for result in whole/*.png; do holds cmp -s "$result" "results/${result#*/}"; done
done

finish
