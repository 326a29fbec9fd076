#!/usr/bin/env bash
# kizil replay and kizil verify --again as a user meets them: what was recorded is made again, byte
# for byte; where it is not, what differs is said; what was changed since is refused.
. "$(dirname "$0")/lib.sh"
fixture=$2 verify=$3
mkdir "$work/scene" "$work/tmp" && cd "$work/scene" || exit 1
"$fixture" . || { echo 'Bail out! no fixture'; exit 1; }
export KIZIL_MODEL=guided.safetensors TMPDIR=$work/tmp
restore() { "$kizil" restore a.png --mask mask.png -o "$@" --steps 2 >"$work/made" 2>&1; }
restore one.tif --lines lines.png --text 'a white horse' &&
  restore wall.png --candidates 2 --most-doubt 0 --thin 0 --style tratteggio &&
  restore plain.png --candidates 2 --most-doubt 0 --thin 0 --seed 9 --threads 1 &&
  "$kizil" pick plain-1.png -o mine.png --region 2=2 --leave 3 >>"$work/made" 2>&1 ||
  { cat "$work/made"; echo 'Bail out! no restoration'; exit 1; }
fresh() {
  rm -rf "$work/copy" && cp -r "$work/scene" "$work/copy" && cd "$work/copy" || exit 1
}
refuses() {
  local status=$1 words=$2 before
  shift 2
  before=$(ls -A)
  run "$status" "$@"
  complains "$words"
  is "$(ls -A)" "$before"
}
# Give a record that was changed on purpose a new seal.
seal() {
  local zeros digest
  zeros=$(printf '0%.0s' {1..64})
  sed -i "s/\"seal\": \"[0-9a-f]*\"/\"seal\": \"$zeros\"/" "$1"
  digest=$(sha256sum <"$1")
  sed -i "s/\"seal\": \"$zeros\"/\"seal\": \"${digest%% *}\"/" "$1"
}

begin 'one restoration, a styled candidate, a choice: the same bytes'
fresh
run 0 replay one.tif.json -o again.tif
says 'the same, byte for byte: again.tif'
holds cmp one.tif again.tif
run 0 replay wall-2.png -o again.png
holds cmp wall-2.png again.png
run 0 replay mine.png.json -o again-mine.png
holds cmp mine.png again-mine.png
is "$(ls -A | grep -c again)" 3
run 1 replay mine.png.json -o again-mine.png
complains 'again-mine.png: is there already'
run 0 replay mine.png.json -o again-mine.png --overwrite

begin 'verify --again'
fresh
before=$(ls -A)
run 0 verify mine.png --again
says 'again    proved   mine.png was made again, byte for byte'
says 'proved'
run 0 verify wall-1.png --again
run 0 verify one.tif --again --model guided.safetensors
is "$(ls -A)" "$before"
is "$(ls -A "$TMPDIR")" ''
"$verify" --flip mine.png 3 0
run 1 verify mine.png --again
says 'result   WRONG'
says 'again    unknown  not tried'
says 'not proved'
TMPDIR=$work/none run 1 verify wall-1.png --again
complains "$work/none/kizil-again"

begin 'another folder, files that were moved'
fresh
mkdir results archive
run 0 replay one.tif.json -o results/again.tif
holds cmp one.tif results/again.tif
mv a.png mask.png lines.png guided.safetensors archive
refuses 1 'guided.safetensors is not there' replay one.tif.json -o again.tif
refuses 1 'a.png is not there' replay one.tif.json -o again.tif --model archive/guided.safetensors
run 0 replay one.tif.json -o again.tif --model archive/guided.safetensors --source archive/a.png \
  --mask archive/mask.png --lines archive/lines.png
holds cmp one.tif again.tif
run 0 verify one.tif --again --model archive/guided.safetensors --source archive/a.png \
  --mask archive/mask.png --lines archive/lines.png

begin 'what was changed since is refused'
for file in a.png mask.png lines.png; do
  fresh
  "$verify" --flip "$file" 3 0
  refuses 1 "$file is not the file of the record" replay one.tif.json -o again.tif
done
fresh
cp model.safetensors guided.safetensors
refuses 1 'guided.safetensors is not the file of the record' replay one.tif.json -o again.tif
fresh
sed -i 's/"steps": 2/"steps": 1/' one.tif.json
refuses 1 'was changed after it was written' replay one.tif.json -o again.tif

begin 'a record of something else: what differs is said'
fresh
sed -i 's/"seed": 0/"seed": 3/; s/"thin": 6/"thin": 0/' one.tif.json
seal one.tif.json
run 1 replay one.tif.json -o again.tif
says 'not the same: '
says 'of again.tif differ from the recorded result'
says 'program, processor and libraries are the recorded ones'
holds test -e again.tif
run 1 verify one.tif --again
fresh
cp mine.png.json renamed.json
run 1 replay renamed.json -o again.png
says 'all pixels are the recorded ones, but not the bytes around them'
fresh
sed -i 's/"processor": ".*"/"processor": "an abacus"/; s/"seed": 9/"seed": 3/' plain-1.png.json
seal plain-1.png.json
run 1 replay plain-1.png.json -o again.png
says 'processor was an abacus, is '

begin 'wrong use'
fresh
refuses 2 'RECORD is missing' replay
refuses 2 '--output FILE is missing' replay one.tif.json
refuses 1 'there is no record gone.json' replay gone.json -o x.png
refuses 1 'there is no record a.png.json' replay a.png -o x.png
refuses 1 'no/x.tif: the folder is missing' replay one.tif.json -o no/x.tif
refuses 1 'the recorded result is a TIFF' replay one.tif.json -o x.png
refuses 1 'x.xyz' replay one.tif.json -o x.xyz
refuses 1 'would overwrite the recorded result' replay one.tif.json -o one.tif --overwrite
refuses 1 'would overwrite the photograph' replay wall-1.png -o a.png --overwrite
refuses 1 'would overwrite a candidate' replay wall-1.png -o wall-2.png --overwrite
printf '{}' >broken.json
refuses 1 'broken.json' replay broken.json -o x.png

finish
