#!/usr/bin/env bash
# Paint, damage, restore, compare; or restore IMAGE with MASK (environment). Results in out/demo.
#   tools/demo.sh KIZIL
# DEMO_SEED paints and damages another wall; KIZIL_MODEL names another model.
set -euo pipefail
kizil=$1 image=${IMAGE:-} mask=${MASK:-} seed=${DEMO_SEED:-3} out=out/demo

fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

case ${image:+i}${mask:+m} in
  i) fail "IMAGE needs a MASK: make demo IMAGE=$image MASK=mask.png (white is damage)" ;;
  m) fail "MASK needs an IMAGE: make demo IMAGE=photo.jpg MASK=$mask" ;;
esac
for file in "$image" "$mask"; do
  [ -z "$file" ] || [ -f "$file" ] || fail "there is no file $file"
done

mkdir -p "$out"
rm -f "$out"/{original,damaged,mask,restored,sheet}.*

if [ -n "$image" ]; then
  suffix=${image##*.}
  case $suffix in
    [jJ][pP][gG] | [jJ][pP][eE][gG]) result=png ;; # keeps what is outside the mask as it is
    *) result=$suffix ;;
  esac
  original=$out/original.$suffix damaged=$out/original.$suffix restored=$out/restored.$result
  painted_mask=$out/mask.${mask##*.}
  cp -- "$image" "$original"
  cp -- "$mask" "$painted_mask"
else
  original=$out/original.png damaged=$out/damaged.png restored=$out/restored.png
  painted_mask=$out/mask.png
  echo "painting a mural"
  "$kizil" sample "$original" --seed "$seed"
  echo "damaging it"
  "$kizil" damage "$painted_mask" --apply "$original" --damaged "$damaged" --seed "$seed" \
    --cover 0.1,0.15 --weight-stroke 0 # what walls suffer, no test strokes
fi

echo "restoring it"
started=$(date +%s.%N)
"$kizil" restore "$original" --mask "$painted_mask" -o "$restored"
ended=$(date +%s.%N)

echo
if [ -n "$image" ]; then
  "$kizil" sheet "$out/sheet.png" --mask "$painted_mask" --restored "$restored" --damaged "$damaged"
else
  "$kizil" sheet "$out/sheet.png" --original "$original" --mask "$painted_mask" \
    --restored "$restored" --damaged "$damaged"
fi
awk -v a="$started" -v b="$ended" 'BEGIN { printf "time to restore: %.1f s\n", b - a }'
echo "look at $PWD/$out/sheet.png; original, damaged, mask and restored are beside it"
