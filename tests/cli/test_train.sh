#!/usr/bin/env bash
# kizil train: a run of a few small steps, what it leaves behind, resuming, interrupting.
. "$(dirname "$0")/lib.sh"

pictures=$work/pictures out_dir=$work/run
mkdir "$pictures"
for seed in 1 2 3; do
  "$kizil" sample "$pictures/mural$seed.png" --size 320x256 --seed $seed >/dev/null 2>&1
done
echo 'not a picture' >"$pictures/broken.jpg"

# A network as small as it gets.
small=(--width-1 16 --width-2 16 --width-3 16 --width-4 16 --crop-small 32 --crop-large 32
  --batch-small 1 --batch-large 1 --minutes 0 --threads 1 --held-out 0 --preview-minutes 0
  --checkpoint-minutes 0 --cache 16)

steps_in() { sed -n '2,$s/,.*//p' "$out_dir/metrics.csv" | tr '\n' ' '; }

begin 'what is missing or wrong is said before anything is done'
run 2 train --images "$pictures"
complains '--out DIR is missing'
run 2 train --out "$out_dir"
complains '--images is missing'
run 2 train --images "$pictures" --out "$out_dir" --resume --config x.json
complains '--config does not go with it'
run 2 train --images "$pictures" --out "$out_dir" --steps -1
complains '--steps is -1'
run 1 train --images "$work/nowhere" --out "$out_dir" "${small[@]}" --steps 2
complains "image folder '$work/nowhere': No such file or directory"
mkdir "$work/empty"
run 1 train --images "$work/empty" --out "$out_dir" "${small[@]}" --steps 2
complains "no images in '$work/empty'"
run 1 train --out "$out_dir" --resume
complains "there is no run to resume in '$out_dir'"
run 1 train --images "$pictures" --out "$out_dir" "${small[@]}" --steps 2 --init "$work/none"
complains "$work/none: cannot open"
run 1 train --images "$pictures" --out "$out_dir" "${small[@]}" --steps 2 --init "$pictures/broken.jpg"
complains 'broken.jpg'
holds test ! -e "$out_dir"

begin 'a configuration file is checked'
echo '{"steps": 3, "widht-1": 16}' >"$work/wrong.json"
run 1 train --images "$pictures" --out "$out_dir" --config "$work/wrong.json"
complains "wrong.json: no parameter 'widht-1'; did you mean 'width-1'?"
run 1 train --images "$pictures" --out "$out_dir" --config "$work/none.json"
complains 'none.json'
holds test ! -e "$out_dir"

begin 'a run leaves weights, settings and metrics'
run 0 train --images "$pictures" --out "$out_dir" "${small[@]}" --steps 21
complains 'skipped broken.jpg: '
complains '3 images to train on, 0 held out'
complains 'trained 21 steps'
for file in last.safetensors model.safetensors config.json data.json metrics.csv; do
  holds test -s "$out_dir/$file"
done
is "$(head -1 "$out_dir/metrics.csv")" \
  'step,seconds,loss,rate,gradient_norm,pixels_per_second,waited,crop,batch,hole_psnr,perceptual'
is "$(steps_in)" '20 21 '
holds grep -q '"steps": 21' "$out_dir/config.json"
holds grep -q "\"images\": \"$(realpath "$pictures")\"" "$out_dir/data.json"

begin 'a second run does not go into the same folder'
run 1 train --images "$pictures" --out "$out_dir" "${small[@]}" --steps 2
is "$(steps_in)" '20 21 '

begin 'resuming takes the settings of the run, and cuts rows of steps to be done again'
echo '40,1.0,0.5,' >>"$out_dir/metrics.csv"
printf '60,1' >>"$out_dir/metrics.csv"
run 0 train --out "$out_dir" --resume --steps 23
is "$(steps_in)" '20 21 23 '
complains 'trained 23 steps'
holds grep -q '"width-1": 16' "$out_dir/config.json"

begin 'a run from before the last column of metrics.csv goes on, with that column'
sed -i 's/,[^,]*$//' "$out_dir/metrics.csv"
run 0 train --out "$out_dir" --resume --steps 24
is "$(steps_in)" '20 21 23 24 '
holds test "$(sed 's/[^,]//g' "$out_dir/metrics.csv" | sort -u)" = ',,,,,,,,,,'

begin 'resuming refuses what would make it another run'
run 2 train --out "$out_dir" --resume --steps 25 --perceptual "$pictures/broken.jpg"
complains '--perceptual: a run that is resumed keeps its losses'
run 2 train --out "$out_dir" --resume --steps 25 --width-1 32
complains '--width-1 cannot be changed when a run is resumed'
run 2 train --out "$out_dir" --resume --steps 25 --short-side 300
complains '--short-side cannot be changed'
echo 'other,columns' >"$out_dir/metrics.csv"
run 1 train --out "$out_dir" --resume --steps 25
complains 'does not begin with the header of a training run'

begin 'validation, previews and a configuration file under the command line'
out_dir=$work/judged
echo '{"steps": 99, "held-out": 0.7, "width-1": 16, "seed": 5}' >"$work/run.json"
run 0 train --images "$pictures" --out "$out_dir" "${small[@]}" --config "$work/run.json" \
  --steps 2 --held-out 0.2 --preview-minutes 1
complains '2 images to train on, 1 held out' # by the names' hashes
holds grep -q '"seed": 5' "$out_dir/config.json"
holds grep -q '"steps": 2' "$out_dir/config.json"
holds test -s "$out_dir/preview-2.png"
holds grep -Eq '^2,[0-9.]+,,,,,,,,[0-9.]+,$' "$out_dir/metrics.csv"

begin 'a perceptual loss needs its weights before anything else'
out_dir=$work/perceptual
run 1 train --images "$pictures" --out "$out_dir" "${small[@]}" --steps 2 --perceptual "$work/none"
complains "perceptual: $work/none: cannot open"
run 1 train --images "$pictures" --out "$out_dir" "${small[@]}" --steps 2 \
  --perceptual "$work/run/model.safetensors"
complains "tensor 'features.0.weight' is missing"
holds test ! -e "$out_dir"

begin 'a perceptual loss is reported, and its file named in full'
shared=${KIZIL_SHARED:-${KIZIL_SOURCE:-.}/../shared}
weights=$shared/models/lpips_squeeze_v0.1.safetensors
if [ -e "$weights" ]; then
  ln -s "$(realpath "$weights")" "$work/lpips.safetensors"
  cd "$work"
  run 0 train --images "$pictures" --out "$out_dir" "${small[@]}" --steps 2 \
    --perceptual lpips.safetensors
  complains ', perceptual 0.'
  cd - >/dev/null
  holds grep -q "\"perceptual\": \"$(realpath "$weights")\"" "$out_dir/config.json"
  holds grep -Eq '^2,.*,,0\.[0-9]+$' "$out_dir/metrics.csv"
  run 0 train --out "$out_dir" --resume --steps 3
  run 0 train --out "$out_dir" --resume --steps 4 --perceptual "$work/lpips.safetensors"
else
  skip 'the trained weights are not here'
fi

begin 'a run begins from the model of another'
out_dir=$work/begun
run 0 train --images "$pictures" --out "$out_dir" "${small[@]}" --steps 1 \
  --init "$work/run/model.safetensors"
run 0 train --out "$out_dir" --resume --steps 2
complains 'trained 2 steps'
run 1 train --images "$pictures" --out "$work/wider" "${small[@]}" --steps 1 --width-4 32 \
  --init "$work/run/model.safetensors"
complains 'width-4: the file has 16, asked for is 32'

begin 'an interrupt leaves a checkpoint to resume from'
out_dir=$work/stopped
"$kizil" train --images "$pictures" --out "$out_dir" "${small[@]}" --steps 0 \
  2>"$work/stderr" </dev/null &
process=$!
for _ in $(seq 1200); do
  [ -s "$out_dir/metrics.csv" ] && break
  sleep 0.1
done
sleep 0.5
kill -TERM $process
status=0
wait $process || status=$?
errors=$(cat "$work/stderr")
is "$status" 130
complains 'stopped, checkpoint written; go on with: kizil train --resume --out'
holds test -s "$out_dir/last.safetensors"
done_steps=$(tail -1 "$out_dir/metrics.csv" | cut -d, -f1)
run 0 train --out "$out_dir" --resume --steps $((done_steps + 1))
complains "trained $((done_steps + 1)) steps"

finish
