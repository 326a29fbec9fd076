#!/usr/bin/env bash
# kizil pick as a user meets it: candidates are shown, one is taken whole or by region, what was
# decided is recorded and can be verified; what is wrong is named and leaves nothing behind.
. "$(dirname "$0")/lib.sh"
fixture=$2 verify=$3
mkdir "$work/scene" && cd "$work/scene" || exit 1
"$fixture" . || { echo 'Bail out! no fixture'; exit 1; }
export KIZIL_MODEL=model.safetensors
candidates() {
  "$kizil" restore a.png --mask mask.png -o "$@" --steps 2 --thin 0 >"$work/made" 2>&1
}
candidates wall.png --candidates 3 --most-doubt 0 &&
  candidates styled.png --candidates 2 --most-doubt 0 --style lowered && candidates one.png &&
  candidates few.png --candidates 2 --most-doubt 0 --least-known 0.4 ||
  { cat "$work/made"; echo 'Bail out! no candidates'; exit 1; }
fresh() {
  rm -rf "$work/copy" && cp -r "$work/scene" "$work/copy" && cd "$work/copy" || exit 1
}
# A command that fails leaves the folder as it was.
refuses() {
  local status=$1 words=$2 before
  shift 2
  before=$(ls -A)
  run "$status" pick "$@"
  complains "$words"
  is "$(ls -A)" "$before"
}

begin 'what there is: candidates and regions'
fresh
before=$(ls -A)
run 0 pick wall-1.png.json --list
says 'candidate 2, wall-2.png, seed 1, rank '
says 'region 1, unclassified, 5 x 5 px at 0, 0, '
says 'disagreement '
says ': filled, candidate 1'
run 0 pick wall-3.png
says 'region 4, '
is "$(printf '%s\n' "$out" | grep -c '^region')" 4
is "$(printf '%s\n' "$out" | grep -c '^candidate')" 3
run 0 pick one.png
says 'no candidates: this is one restoration'
is "$(ls -A)" "$before"

begin 'a candidate is taken whole'
fresh
run 0 pick wall-2.png -o mine.png --reviewer 'M. Chen' --decision 'accepted'
says 'candidate 2, wall-2.png, seed 1, '
says ': mine.png'
holds grep -q '"reviewer": "M. Chen"' mine.png.json
holds grep -q '"decision": "accepted"' mine.png.json
holds "$fixture" --same a.png mine.png mask.png
holds test ! -e mine.png.filled.png
run 0 verify mine.png
says 'pixels   proved'
run 0 pick wall-1.png.json -o best.png
says '(the best ranked)'
best=$("$kizil" pick wall-1.png | sed -n 's/^candidate \([0-9]*\), .*rank 1,.*/\1/p')
says "candidate $best (the best ranked), wall-$best.png"
run 0 pick wall-1.png.json -o third.png --take 3
says 'candidate 3, wall-3.png'

begin 'regions of several candidates, and one left'
fresh
run 0 pick wall-2.png -o mine.tif --region 1=1 --region=3=3 --leave 2
says 'candidate 2, '
says '; region 1 of candidate 1; region 3 of candidate 3; region 2 left as it was: mine.tif'
holds test -e mine.tif.filled.png
run 0 verify mine.tif
says 'filled   proved'
run 0 pick mine.tif --list
says 'left as it is; filled in the candidates, left as it was by choice'
says 'region 4, '
if python3 -c 'import numpy, PIL' 2>/dev/null; then
  holds python3 - <<'END'
import json, numpy as np
from PIL import Image
load = lambda p: np.asarray(Image.open(p).convert("RGB")).astype(int)
source, mine, mask = load("a.png"), load("mine.tif"), load("mask.png")[..., 0] > 127
filled = load("mine.tif.filled.png")[..., 0] > 127
from_ = {k: load(f"wall-{k}.png") for k in (1, 2, 3)}
label, regions = np.zeros(mask.shape, int), json.load(open("mine.tif.json"))["regions"]
for y, x in zip(*np.nonzero(mask)):  # flood from the first pixel of each, in reading order
    if label[y, x]: continue
    todo, n = [(y, x)], label.max() + 1
    while todo:
        v, u = todo.pop()
        if not (0 <= v < mask.shape[0] and 0 <= u < mask.shape[1]) or not mask[v, u] or label[v, u]:
            continue
        label[v, u] = n
        todo += [(v + a, u + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
assert label.max() == len(regions) == 4
taken = {1: from_[1], 2: source, 3: from_[3], 4: from_[2]}
for n, picture in taken.items():
    assert (mine[label == n] == picture[label == n]).all(), n
assert (mine[~mask] == source[~mask]).all()
assert (filled == (mask & (label != 2))).all()
END
fi

begin 'the picture points to its own record'
fresh
run 0 pick wall-2.png -o 'my wall.png'
if command -v exiftool >/dev/null; then
  is "$(exiftool -s3 -XMP-dc:Relation 'my wall.png')" 'my%20wall.png.json'
  holds test -n "$(exiftool -s3 -XMP-iptcExt:DigitalSourceType 'my wall.png')"
else
  holds grep -qa 'my%20wall.png.json' 'my wall.png'
fi

begin 'another folder: the record finds its files from there'
fresh
mkdir results
run 0 pick wall-2.png -o results/mine.png
holds grep -q '"path": "../a.png"' results/mine.png.json
run 0 verify results/mine.png

begin 'wrong use'
fresh
refuses 2 'RECORD is missing'
refuses 2 '-o FILE is missing' wall-1.png --take 2
refuses 2 '-o FILE is missing' wall-1.png --leave 2
refuses 2 '--list writes nothing' wall-1.png --list -o x.png
for bad in 3 3= =3 3=0 0=1 3=-1 a=b 3=1x 3=1=2 99999999999=1; do
  refuses 2 'give a region and a candidate' wall-1.png -o x.png --region "$bad"
done
refuses 2 'give a region, from 1' wall-1.png -o x.png --leave 0
refuses 2 'give a region, from 1' wall-1.png -o x.png --leave 2.5
refuses 2 'give a candidate, from 1' wall-1.png -o x.png --take best
refuses 2 "no option '--regoin'; did you mean '--region'?" wall-1.png -o x.png --regoin 1=1

begin 'what there is not'
fresh
refuses 1 'there is no record gone.json' gone.json -o x.png
refuses 1 'there is no record a.png.json beside a.png' a.png -o x.png
refuses 1 'has no candidates to choose from' one.png -o x.png
refuses 1 'there is no candidate 4; there are 1 to 3' wall-1.png -o x.png --take 4
refuses 1 'region 2: there is no candidate 4' wall-1.png -o x.png --region 2=4
refuses 1 'there is no region 5; there are 1 to 4' wall-1.png -o x.png --region 5=1
refuses 1 'there is no region 9' wall-1.png -o x.png --leave 9
refuses 1 'region 2 is named twice' wall-1.png -o x.png --region 2=1 --leave 2
refuses 1 'every region is left' wall-1.png -o x.png --leave 1 --leave 2 --leave 3 --leave 4
refuses 1 'region 1 was left as it was in all candidates' few-1.png -o x.png --region 1=2
refuses 1 'the candidates are styled' styled-1.png -o x.png --region 1=2
refuses 1 'the candidates are styled' styled-1.png -o x.png --leave 1
run 0 pick styled-1.png -o x.png
run 0 verify x.png
refuses 1 'of a choice that was made already' x.png -o y.png
printf '{}' >broken.json
refuses 1 'broken.json' broken.json -o y.png

begin 'outputs that stand in the way'
fresh
refuses 1 'would overwrite the photograph' wall-1.png -o a.png --overwrite
refuses 1 'would overwrite the mask' wall-1.png -o mask.png --overwrite
refuses 1 'would overwrite a candidate' wall-1.png -o wall-2.png --overwrite
refuses 1 'would overwrite a candidate' wall-1.png -o ./wall-1.png --overwrite
refuses 1 'no/x.png: the folder is missing' wall-1.png -o no/x.png
refuses 1 'x.xyz' wall-1.png -o x.xyz
for there in x.png x.png.json x.png.filled.png; do
  echo mine >"$there"
  refuses 1 "$there: is there already" wall-1.png -o x.png --leave 2
  is "$(cat "$there")" mine
  rm "$there"
done
run 0 pick wall-1.png -o x.png
run 0 pick wall-2.png -o x.png --overwrite
run 0 verify x.png

begin 'what was changed since is not taken'
for file in a.png mask.png wall-2.png; do
  fresh
  "$verify" --flip "$file" 3 0
  refuses 1 "$file is not the file of the record" wall-1.png -o x.png --take 2
  rm "$file"
  refuses 1 "$file is not there" wall-1.png.json -o x.png --take 2
done
fresh
sed -i 's/"seed": 0/"seed": 5/' wall-1.png.json
refuses 1 'was changed after it was written' wall-1.png -o x.png

finish
