#!/usr/bin/env bash
# kizil train on a catalogue and on a list that was exported from it: its parts, the same crops, a run
# that is interrupted and resumed, a catalogue that is not split, and one that has changed since.
. "$(dirname "$0")/lib.sh"

db=$work/murals.db
mkdir "$work/pictures"
for seed in 1 2 3 4 5 6; do
  "$kizil" sample "$work/pictures/mural$seed.png" --size $((300 + 8 * seed))x280 --seed $seed \
    >/dev/null 2>&1
done
echo 'file,cave,subject,site
mural1.png,1,deer,Mogao
mural2.png,2,bird,Mogao
mural3.png,3,deer,Mogao
mural4.png,4,deer,Yulin
mural5.png,5,deer,Yulin
mural6.png,6,deer,Yulin' >"$work/facts.csv"
small=(--width-1 16 --width-2 16 --width-3 16 --width-4 16 --crop-small 32 --crop-large 32
  --batch-small 2 --batch-large 2 --minutes 0 --threads 1 --preview-minutes 0
  --checkpoint-minutes 0 --cache 16)

# The weights of a run, without what is told of it.
weights() {
  python3 -c '
import hashlib, struct, sys
data = open(sys.argv[1], "rb").read()
print(hashlib.sha256(data[8 + struct.unpack("<Q", data[:8])[0]:]).hexdigest())' "$1/model.safetensors"
}

begin 'a catalogue that is not split is refused, with what to do'
run 0 dataset init "$db"
run 0 dataset add "$db" "$work/pictures" --meta "$work/facts.csv"
for image in 1 2 3 4 5 6; do
  run 0 dataset review "$db" --image "$image" --in --reason 'of the test' --who tester
done
run 1 train --images "$db" --out "$work/run" "${small[@]}" --steps 2
complains 'are not split yet'
complains "kizil dataset split '$db'"
holds test ! -e "$work/run"

begin 'its parts train and judge, and are told'
run 0 dataset split "$db" --train 50 --val 33 --test 17 --by cave
run 0 train --images "$db" --out "$work/run" "${small[@]}" --steps 40
complains "$db: part train, 3 of 6 images that are in"
complains "$db: part val, 2 of 6 images that are in"
complains '3 images to train on, 2 held out'
complains 'trained 40 steps'
holds grep -q "\"images\": \"$(realpath "$db")\"" "$work/run/data.json"
holds grep -Eq '^3 pictures, [0-9a-f]{64}$' "$work/run/pictures.txt"

begin 'a run that was stopped and resumed is the unbroken run'
"$kizil" train --images "$db" --out "$work/stopped" "${small[@]}" --steps 40 \
  2>"$work/stderr" </dev/null &
process=$!
for _ in $(seq 600); do
  [ -s "$work/stopped/metrics.csv" ] && break
  sleep 0.05
done
kill -TERM $process 2>/dev/null
status=0
wait $process || status=$?
if [ "$status" = 130 ]; then
  run 0 train --out "$work/stopped" --resume
  case $errors in *'are not those the run has had'*) note "a warning without cause: $errors" ;; esac
fi
is "$(weights "$work/stopped")" "$(weights "$work/run")"

# Which crops are sound a list does not know.
begin 'a list that was exported gives the run of its catalogue, damage aside'
cp "$db" "$work/sound.db"
python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("DELETE FROM damage")
db.commit()' "$work/sound.db"
run 0 train --images "$work/sound.db" --out "$work/sound" "${small[@]}" --steps 40
run 0 dataset export "$db" --as list -o "$work/list.csv"
run 0 train --images "$work/list.csv" --out "$work/listed" "${small[@]}" --steps 40
complains "$work/list.csv: part train, 3 of 6 pictures"
complains '3 images to train on, 2 held out'
is "$(weights "$work/listed")" "$(weights "$work/sound")"

begin 'a catalogue that has changed since is told when the run goes on'
run 0 train --out "$work/run" --resume --steps 41
case $errors in *'are not those the run has had'*) note "a warning without cause: $errors" ;; esac
run 0 dataset split "$db" --train 100 --val 0 --test 0 --by cave --anew
run 0 train --out "$work/run" --resume --steps 42
complains 'the pictures are not those the run has had so far (3 then, 6 now'
complains 'no validation: none of the 6 images'
run 0 train --out "$work/run" --resume --steps 43
case $errors in *'are not those the run has had'*) note "told twice: $errors" ;; esac

begin 'what is neither folder, catalogue nor list is refused'
run 1 train --images "$work/pictures/mural1.png" --out "$work/none" "${small[@]}" --steps 2
complains 'is not a folder, not a catalogue, and not a list of pictures'
run 1 train --images "$work/facts.csv" --out "$work/none" "${small[@]}" --steps 2
complains 'mural1.png: No such file'
holds test ! -e "$work/none"

finish
