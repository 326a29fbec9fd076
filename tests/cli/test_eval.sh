#!/usr/bin/env bash
# kizil eval: scores of a list, agreement with a peer where there is one, two runs compared, what is
# refused, nothing half-written.
. "$(dirname "$0")/lib.sh"
source_root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${KIZIL_SHARED:-$source_root/../shared}
cd "$work" || exit 1

# Pictures a and b, a mask for each, results r (painted out) and p (the original again).
for k in a b; do
  "$kizil" sample $k.png --size 96x80 --seed $((${#k} + $(printf %d "'$k"))) >/dev/null
  "$kizil" damage m$k.png --apply $k.png --damaged r$k.png --seed 5 --cover 0.1,0.3 >/dev/null
done
cat >list.csv <<END
original,mask,result,group
a.png,ma.png,ra.png,one
b.png,mb.png,rb.png,two
END

begin 'eval: scores, tables and a page'
run 0 eval --pairs list.csv -o out/one
for f in scores.csv scores.json index.html; do holds test -s out/one/$f; done
is "$(wc -l <out/one/scores.csv)" 3
is "$(ls -A out/one | wc -l)" 3
says 'hole-psnr'
says 'outside-max'
case $out in *lpips*) note 'LPIPS without weights' ;; esac
holds grep -q '^a.png,ma.png,ra.png,one,' out/one/scores.csv

begin 'eval: equal pictures are infinitely good, and capped in means'
printf 'original,mask,result\na.png,ma.png,a.png\nb.png,mb.png,rb.png\n' >same.csv
run 0 eval --pairs same.csv -o out/same
holds grep -q '^a.png,ma.png,a.png,,inf,inf,1.00000000,0.0' out/same/scores.csv
says 'counts as 100 dB'

begin 'eval: an empty mask leaves cells empty'
python3 - <<'END' || note 'could not empty the mask'
import re, struct, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
rows = b''.join(b'\0' + b'\0' * 96 for _ in range(80))
open('none.png', 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 96, 80, 8,
    0, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))
END
printf 'original,mask,result\na.png,none.png,ra.png\n' >empty.csv
run 0 eval --pairs empty.csv -o out/empty
holds grep -Eq '^a.png,none.png,ra.png,,[0-9.]+,,0[0-9.]+,,,,[0-9.]+$' out/empty/scores.csv

begin 'eval: a bad pair costs itself'
printf 'original,mask,result\na.png,ma.png,nowhere.png\nb.png,mb.png,rb.png\nb.png,ma.png\n' >bad.csv
"$kizil" sample big.png --size 97x80 >/dev/null
printf 'big.png,ma.png,ra.png\n' >>bad.csv
run 1 eval --pairs bad.csv -o out/bad
complains 'bad.csv: line 2: '
complains 'nowhere.png'
complains 'bad.csv: line 4: fewer fields'
complains 'line 5: ma.png is 96 x 80 px, the original big.png 97 x 80'
complains '3 of 4 pairs could not be measured'
is "$(wc -l <out/bad/scores.csv)" 2
printf 'original,mask,result\na.png,ma.png,nowhere.png\n' >worse.csv
run 1 eval --pairs worse.csv -o out/worse
complains 'no pair could be measured'
holds test ! -e out/worse

begin 'eval: wrong lists and wrong use'
run 2 eval
complains 'either --pairs LIST.csv or --compare'
run 2 eval --pairs list.csv
complains '-o FOLDER is missing'
run 2 eval --pairs list.csv --compare list.csv -o x
run 2 eval --compare list.csv
complains 'two files'
run 2 eval --pairs list.csv extra.csv -o x
run 2 eval --pairs list.csv -o x --resamples 5
run 1 eval --pairs none.csv -o x
complains 'none.csv'
printf 'original,result\na.png,ra.png\n' >columns.csv
run 1 eval --pairs columns.csv -o x
complains 'no column "mask"'
run 1 eval --pairs list.csv -o a.png
complains 'no folder'
run 1 eval --pairs list.csv -o x --lpips a.png
complains 'a.png'
holds test ! -e x

begin 'eval: does not write over what it reads'
mkdir over
cp list.csv over/scores.csv
run 1 eval --pairs over/scores.csv -o over
complains 'would write over a file of the list'
holds cmp -s list.csv over/scores.csv

begin 'eval: compare'
sed 's/,r\(.\).png/,\1.png/' list.csv >perfect.csv
run 0 eval --pairs perfect.csv -o out/perfect
run 0 eval --compare out/one/scores.csv out/perfect/scores.csv -o out/c.json
says '2 pairs in both'
says 'B better'
holds grep -q '"better": "b"' out/c.json
run 0 eval --compare out/perfect/scores.csv out/one/scores.csv
says 'A better'
run 1 eval --compare out/one/scores.csv list.csv
complains 'no column of scores in common'
run 1 eval --compare out/one/scores.csv out/bad/scores.csv -o out/one/scores.csv
complains 'would write over'

begin 'eval: same seed, same bytes'
run 0 eval --pairs list.csv -o out/again --threads 1
holds cmp -s out/one/scores.json out/again/scores.json
holds cmp -s out/one/index.html out/again/index.html

begin 'eval: interrupted, nothing is written'
{ echo 'original,mask,result'; for i in $(seq 4000); do echo 'a.png,ma.png,ra.png'; done; } >long.csv
"$kizil" eval --pairs long.csv -o out/long >stdout 2>stderr &
child=$!
sleep 1
kill -INT $child
wait $child
is $? 130
holds test ! -e out/long
holds grep -q 'nothing is written' stderr

begin 'eval: agrees with another implementation'
if [ ! -r "$shared/eval/score.py" ] || [ ! -r "$shared/models/lpips_alex_v0.1.safetensors" ]; then
  skip 'the shared pictures are not here'
elif ! /usr/bin/python3 -c 'import cv2, torch' 2>/dev/null; then
  skip 'python3-opencv and python3-torch are not installed'
else
  { echo 'original,mask,result,group'
    for k in 000_cracks 003_irr10 010_irr40; do
      # the result: another crop of the set, in the hole and outside
      echo "$shared/eval/val/${k%_*}.png,$shared/eval/val/$k.png,$shared/eval/val/020.png,$k"
    done; } >peer.csv
  run 0 eval --pairs peer.csv -o out/peer --lpips "$shared/models/lpips_alex_v0.1.safetensors"
  /usr/bin/python3 - "$shared/eval/score.py" <<'END' >agreement 2>&1 || note "$(cat agreement)"
import csv, sys
path = sys.argv[1]
peer = {'__file__': path, '__name__': 'score'}
exec(open(path).read().rsplit('main()', 1)[0], peer)
cv2, np, torch = peer['cv2'], peer['np'], __import__('torch')
torch.set_num_threads(1)
for row in csv.DictReader(open('out/peer/scores.csv')):
    a, b = cv2.imread(row['original']), cv2.imread(row['result'])
    hole = cv2.imread(row['mask'], 0) > 127
    want = {'psnr': peer['psnr'](b, a), 'hole-psnr': peer['psnr'](b, a, hole),
            'ssim': peer['ssim'](b, a), 'lpips': peer['lpips'](b, a),
            'outside-max': abs(b.astype(int) - a)[~hole].max()}
    for name, value in want.items():
        assert abs(float(row[name]) - value) < 1e-3, (row['mask'], name, row[name], value)
END
fi
finish
