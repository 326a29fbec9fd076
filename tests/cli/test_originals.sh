#!/usr/bin/env bash
# Originals by way of the program, looked at by a reader that is not libvips: OpenCV, if it is here.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
python=
for candidate in /usr/bin/python3 python3; do
  "$candidate" -c 'import cv2, numpy' 2>/dev/null && python=$candidate && break
done

# make FILE BITS CHANNELS: noise; floats beyond 0 to 1 too
make() {
  "$python" - "$@" <<'PY'
import sys, cv2, numpy as np
name, bits, channels = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(bits + channels)
shape = (120, 150) if channels == 1 else (120, 150, channels)
if bits == 32:
    a = rng.uniform(-1, 3, shape).astype(np.float32)
else:
    a = rng.integers(0, 1 << bits, shape).astype({8: np.uint8, 16: np.uint16}[bits])
# Left alone, OpenCV writes floats as LogLuv, which is not exact.
plain = [cv2.IMWRITE_TIFF_COMPRESSION, 1] if name.endswith("tif") else []
sys.exit(not cv2.imwrite(name, a, plain))
PY
}

# untouched BEFORE AFTER MASK: the same bits outside the mask, others inside it
untouched() {
  "$python" - "$@" <<'PY'
import sys, cv2, numpy as np
a, b = (cv2.imread(p, cv2.IMREAD_UNCHANGED) for p in sys.argv[1:3])
mask = cv2.imread(sys.argv[3], cv2.IMREAD_GRAYSCALE) > 127
assert a.shape == b.shape and a.dtype == b.dtype, (a.shape, b.shape, a.dtype, b.dtype)
bits = {1: np.uint8, 2: np.uint16, 4: np.uint32}[a.itemsize]
differs = (a.view(bits) != b.view(bits)).reshape(*mask.shape, -1).any(axis=2)
assert mask.any() and not differs[~mask].any(), f"{differs[~mask].sum()} pixels differ outside"
assert differs[mask].mean() > 0.9, "nothing was laid inside"
PY
}

for kind in '8 1 png' '8 3 png' '8 4 png' '16 1 png' '16 3 png' '16 4 png' '8 3 tif' '16 1 tif' \
  '16 3 tif' '16 4 tif' '32 1 tif' '32 3 tif'; do
  read -r bits channels suffix <<<"$kind"
  begin "$suffix, $bits bits, $channels channels: outside the mask nothing changes"
  if [ -z "$python" ]; then
    skip 'no Python with OpenCV'
    continue
  fi
  holds make "a.$suffix" "$bits" "$channels"
  run 0 damage m.png --apply "a.$suffix" --damaged "d.$suffix" --seed 3 --cover 0.1,0.3
  holds untouched "a.$suffix" "d.$suffix" m.png
  rm -f a.* d.* m.png
done

finish
