#!/usr/bin/env bash
# kizil verify as a user meets it: a restoration is proved; a changed pixel, mask, drawing, model or
# record is caught and named; what the record says makes the same bytes again.
. "$(dirname "$0")/lib.sh"
fixture=$2 verify=$3
mkdir "$work/scene" && cd "$work/scene" || exit 1
"$fixture" . || { echo 'Bail out! no fixture'; exit 1; }
export KIZIL_MODEL=guided.safetensors
"$kizil" restore a.png --mask mask.png -o out.png --steps 2 --thin 0 --lines lines.png >restored 2>&1 &&
  "$verify" --record a.png mask.png out.png guided.safetensors out.png.json lines.png ||
  { echo 'Bail out! no restoration'; exit 1; }
# A fresh copy of the scene, in which to break something.
fresh() {
  rm -rf "$work/copy" && cp -r "$work/scene" "$work/copy" && cd "$work/copy" || exit 1
}
lines() { is "$(printf '%s\n' "$out" | grep -c "$1")" "$2"; }

begin 'a restoration is proved'
fresh
run 0 verify out.png
says 'record   proved   out.png.json'
says 'source   proved   a.png'
says 'mask     proved   mask.png'
says 'lines    proved   lines.png'
says 'model    proved   guided.safetensors'
says 'result   proved   out.png'
says 'out.png is a.png wherever the mask is not set'
is "$(printf '%s\n' "$out" | tail -n 1)" proved

begin 'from another folder, with a record that has another name'
mkdir elsewhere && cp out.png elsewhere/copy.png && cd elsewhere || exit 1
run 0 verify copy.png --record ../out.png.json
says 'result   proved   copy.png'
says 'source   proved   ../a.png'

begin 'the record makes the same bytes again'
fresh
run 0 replay out.png.json -o again.png
holds cmp -s out.png again.png

begin 'a changed pixel outside the mask is named, hash and all'
fresh
"$verify" --flip out.png 17 2
run 1 verify out.png
says 'result   WRONG    out.png is not the file of the record'
says 'pixels   WRONG    out.png differs from a.png outside the mask, first at x 17, y 2'
lines WRONG 2
is "$(printf '%s\n' "$out" | tail -n 1)" 'not proved: 2 findings'

begin 'so it is where a new record covers the new file'
"$verify" --flip out.png 95 63
"$verify" --record a.png mask.png out.png guided.safetensors out.png.json lines.png
run 1 verify out.png
says 'result   proved'
says 'first at x 17, y 2'
says '2 pixels differ outside the mask'
lines WRONG 1

begin 'a changed pixel inside the mask breaks the hash alone'
fresh
"$verify" --flip out.png 40 0
run 1 verify out.png
says 'result   WRONG'
says 'pixels   proved'
lines WRONG 1

begin 'a changed mask, drawing, source, model: each is named'
fresh
"$verify" --flip mask.png 50 20
run 1 verify out.png
says 'mask     WRONG    mask.png is not the file of the record'
fresh
"$verify" --flip lines.png 50 20
run 1 verify out.png
says 'lines    WRONG    lines.png is not'
lines WRONG 1
fresh
printf x >>guided.safetensors
run 1 verify out.png
says 'model    WRONG    guided.safetensors is not'
lines WRONG 1
fresh
"$verify" --flip a.png 17 2
run 1 verify out.png
says 'source   WRONG'
says 'pixels   WRONG'

begin 'a changed record: a value, a space'
fresh
sed -i 's/"seed": 0/"seed": 1/' out.png.json
run 1 verify out.png
says 'record   WRONG    out.png.json was changed after it was written'
lines WRONG 1
fresh
printf ' ' >>out.png.json
run 1 verify out.png
says 'record   WRONG'
fresh
sed -i '/"seed"/d' out.png.json
run 1 verify out.png
says 'record   WRONG'

begin 'what was moved is missing until it is named'
fresh
mv guided.safetensors moved.safetensors
run 1 verify out.png
says 'model    unknown  guided.safetensors is not there'
run 0 verify out.png --model moved.safetensors
fresh
rm a.png
run 1 verify out.png
says 'source   unknown'
says 'pixels   unknown'
run 1 verify out.png --source c.png
says 'source   WRONG    c.png'
says 'pixels   WRONG'

begin 'a format that changes every pixel cannot be proved by pixels'
fresh
"$kizil" restore a.png --mask mask.png -o out.jpg --steps 1 >restored 2>&1
"$verify" --record a.png mask.png out.jpg guided.safetensors out.jpg.json ''
run 1 verify out.jpg
says 'result   proved'
says 'pixels   unknown  out.jpg: this format changes pixels everywhere'

begin 'records that are none'
fresh
rm out.png.json
run 1 verify out.png
complains 'there is no record out.png.json; name it with --record'
run 1 verify out.png --record gone.json
complains 'gone.json'
printf '{' >bad.json
run 1 verify out.png --record bad.json
complains 'bad.json: line 1'
printf '{"kizil-record": 1}' >bad.json
run 1 verify out.png --record bad.json
complains 'bad.json: kizil is missing'
run 1 verify out.png --record a.png
complains 'a.png'
is "$out" ''

begin 'the schema, and wrong use'
run 0 verify --schema
says '"https://json-schema.org/draft/2020-12/schema"'
run 2 verify
complains 'give a RESULT'
run 2 verify out.png --schema
complains 'leave RESULT out'

begin 'the schema accepts a record, by another reader'
cd "$work/scene" || exit 1
if python3 -c 'import jsonschema' 2>/dev/null; then
  "$kizil" verify --schema >"$work/schema.json"
  holds python3 - "$work/schema.json" out.png.json <<'END'
import json, sys, jsonschema
schema, record = (json.load(open(p)) for p in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
check = jsonschema.Draft202012Validator(schema)
assert check.is_valid(record)
assert not check.is_valid({**record, "more": 1})
assert not check.is_valid({**record, "width": 0})
assert not check.is_valid({**record, "time": "yesterday"})
END
else
  skip 'no jsonschema for python3'
fi

finish
