#!/usr/bin/env bash
# kizil features: three files or none, the same whatever the hole holds, and what it refuses.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
run 0 sample a.png --size 180x140 --seed 4
run 0 damage m.png --apply a.png --damaged d.png --seed 3 --cover 0.1,0.2
run 0 sample small.png --size 64x64

begin 'features: three files, and a word on them'
run 0 features a.png -o plain
says '180 x 140, 0.00 % damaged, 13 features'
says 'palette: '
for f in plain.tif plain.png plain-sheet.png; do holds test -s $f; done
is "$(ls -A | grep -c plain)" 3
holds grep -q '"direction-cos"' plain.tif

begin 'features: what the hole holds changes nothing'
run 0 features a.png --mask m.png --lines a.png -o one.tif
run 0 features d.png --mask m.png --lines a.png -o two.png
for f in .tif .png -sheet.png; do holds cmp -s one$f two$f; done
cmp -s one.tif plain.tif && note 'the mask made no difference'

begin 'features: a drawing to go on with'
run 0 features a.png --mask m.png -o five --drawing drawn.png
run 0 features d.png --mask m.png -o six --drawing drawn-too.png
holds cmp -s drawn.png drawn-too.png
run 0 features a.png --mask m.png -o six --drawing painted.png --outline 0 --overwrite
cmp -s drawn.png painted.png && note 'outlines made no difference'
run 0 features a.png --mask m.png --lines drawn.png -o seven
run 1 features a.png -o eight --drawing eight.jpg
complains 'eight.jpg: a drawing is written as .png'

begin 'features: threads and seeds'
run 0 features a.png --mask m.png --lines a.png -o three --threads 1
for f in .tif .png -sheet.png; do holds cmp -s one$f three$f; done
run 0 features a.png --colours 2 -o few
says ' %'
is "$(grep -o ' %' <<<"$out" | wc -l)" 3

begin 'features: nothing is replaced unasked'
cp one.tif kept.tif
run 1 features a.png -o one
complains 'one.tif: is there already; --overwrite replaces it'
holds cmp -s one.tif kept.tif
run 0 features a.png -o one --overwrite
holds cmp -s one.tif plain.tif
cp a.png b.png
run 1 features b.png -o b.png --overwrite
complains 'b.png: is an input'
run 1 features a.png --mask m.png -o m --overwrite
complains 'm.png: would overwrite an input'
run 1 features b.png -o b --overwrite
complains 'b.png: would overwrite its own source'
holds cmp -s a.png b.png

begin 'features: what cannot be done leaves nothing'
run 1 features none.png -o x
complains 'none.png'
run 1 features a.png --mask none.png -o x
complains 'none.png'
run 1 features a.png --mask small.png -o x
complains 'a.png is 180 x 140 but the mask small.png is 64 x 64'
run 1 features a.png --lines small.png -o x
complains 'a.png is 180 x 140 but the drawing small.png is 64 x 64'
run 1 features a.png -o no-such-folder/x
complains 'no-such-folder'
run 1 features a.png -o ./
complains 'no name for files'
run 2 features a.png
complains '--output OUT is missing'
run 2 features -o x
run 2 features a.png -o x --colours 9
complains '1 to 8'
head -c 3000 a.png >cut.png
run 1 features cut.png -o x
complains 'cut.png'
is "$(ls -A | grep -c '^\.\?x')" 0
is "$(ls -A | grep -c '^\.')" 0

finish
