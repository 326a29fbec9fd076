#!/usr/bin/env bash
# kizil sample, damage, sheet: what they write, what they refuse, nothing left after a refusal.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

begin 'sample: same seed, same bytes'
run 0 sample a.png --size 150x100 --seed 4
says '150 x 100'
run 0 sample b.png --size 150x100 --seed 4
run 0 sample c.png --size 150x100 --seed 5
holds cmp -s a.png b.png
cmp -s a.png c.png && note 'another seed painted the same'

begin 'sample: sizes are checked'
run 1 sample x.png --size 20x100
complains '64 to 8192'
run 2 sample x.png --size 150
complains 'WIDTHxHEIGHT'
run 2 sample x.png --size 150x100x3
run 2 sample x.png --size 99999x100
run 2 sample
holds test ! -e x.png

begin 'damage: a mask and a damaged picture'
run 0 damage m.png --apply a.png --damaged d.png --seed 3 --cover 0.1,0.2
says '150 x 100'
run 0 damage m2.png --like a.png --seed 3 --cover 0.1,0.2
holds cmp -s m.png m2.png
run 0 sheet s.png --original a.png --mask m.png --restored d.png
says 'largest change outside the mask 0'
says 'hole PSNR'
run 0 sheet s.png --original a.png --mask m.png --restored a.png
says 'hole PSNR inf dB'

begin 'damage: many masks are numbered'
mkdir many.d
run 1 damage many.d/mask --size 64x48 --count 2 --kind crack
complains 'many.d/mask-000: the name must end in .png'
run 0 damage many.d/mask.png --size 64x48 --count 3 --kind crack
for i in 0 1 2; do holds test -s many.d/mask-00$i.png; done
cmp -s many.d/mask-000.png many.d/mask-001.png && note 'two masks are the same'

begin 'damage: wrong use'
rm -f x.png
run 2 damage x.png
complains 'one of --size'
run 2 damage x.png --size 64x64 --like a.png
run 2 damage x.png --apply a.png
complains 'go together'
run 2 damage x.png --apply a.png --damaged x.png
complains 'two names'
run 2 damage x.png --size 64x64 --kind rot
complains "no kind 'rot'; there are crack, flaking, loss, scratch, band, stroke"
run 2 damage x.png --size 64x64 --cover 0.2
complains 'MIN,MAX'
run 2 damage x.png --size 64x64 --cover 0.5,2
run 2 damage x.png --size 64x64 --cover 0.5,0.2
complains 'above the largest'
run 1 damage x.png --like none.png
complains 'none.png'
run 1 damage x.png --apply a.png --damaged no-such-folder/d.png
holds test ! -e x.png

begin 'nothing writes over its source'
cp a.png kept.png
run 1 damage a.png --like a.png
complains 'would write over'
run 1 damage x.png --apply a.png --damaged a.png
run 1 sheet a.png --original a.png --mask m.png --restored d.png
run 1 sheet m.png --original a.png --mask m.png --restored d.png
holds cmp -s a.png kept.png
holds cmp -s m.png m2.png
holds test ! -e x.png

begin 'sheet: sizes must agree'
run 1 sheet s2.png --mask many.d/mask-000.png --restored a.png
complains '64 x 48'
run 1 sheet s2.png --original c.png --mask m.png --restored none.png
run 2 sheet s2.png --restored a.png
complains '--mask'
holds test ! -e s2.png

finish
