#!/usr/bin/env bash
# kizil study: a study made, answered and analysed; what is refused; nothing half-written.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

for k in 1 2 3 4 5 6; do
  "$kizil" sample o$k.png --size 96x64 --seed $k >/dev/null
  "$kizil" damage m$k.png --apply o$k.png --damaged worse$k.png --seed $k --cover 0.1,0.3 >/dev/null
done
{ echo 'original,mask,group,better,worse'
  for k in 1 2 3 4 5 6; do echo "o$k.png,m$k.png,g$((k % 2)),o$k.png,worse$k.png"; done; } >list.csv

# answer FOLDER CODE COUNT: a rater who sees that "better" is better, and answers COUNT trials
answer() {
  python3 - "$@" <<'END' >"$1-$2.json" || note 'cannot make answers'
import json, sys
key = json.load(open(sys.argv[1] + '/key.json'))
answers = [{'trial': t['trial'], 'choice': 'left' if t['left'] == 'better' else 'right',
            'seconds': 2.5} for t in key['trials'][:int(sys.argv[3])]]
print(json.dumps({'study': key['study'], 'rater': sys.argv[2], 'answers': answers}))
END
}

begin 'study: a page and a key'
run 0 study --list list.csv -o study --title 'Cave 17' --repeat 0.34
says '6 pictures, 2 methods: 8 trials, 2 of them repeats'
says 'for the raters: study/page'
says 'study/key.json (tells which result is whose)'
is "$(ls -A study | tr '\n' ' ')" 'key.json page '
is "$(ls -A study/page | wc -l)" 19
holds grep -q '<title>Cave 17</title>' study/page/index.html
grep -rqE 'better[^?]|worse|list\.csv' study/page/index.html && note 'the page names a method'
holds grep -q '"better"' study/key.json

begin 'study: same seed, same bytes'
run 0 study --list list.csv -o again --title 'Cave 17' --repeat 0.34
holds diff -r study again
run 0 study --list list.csv -o other --title 'Cave 17' --repeat 0.34 --seed 1
cmp -s study/page/index.html other/page/index.html && note 'another seed, the same order'

begin 'study: in Chinese, with the original'
run 0 study --list list.csv -o zh --lang zh --show-original
holds grep -q 'lang="zh-Hans"' zh/page/index.html
is "$(ls zh/page/*.png | wc -l)" 24

begin 'study: answers'
answer study anna 8
answer study bert 5
run 0 study --key study/key.json study-anna.json study-bert.json -o outcome.json
says '2 raters, 13 answers'
says '1 rater did not answer all trials'
says 'A preferred'
says '5 of 8'
says '2 of 2'
holds grep -q '"preferred": "better"' outcome.json
run 0 study --key study/key.json -- study-anna.json
says '1 rater, 8 answers'

begin 'study: answers that are refused'
run 1 study --key study/key.json study-anna.json study-anna.json -o x.json
complains 'both by rater "anna"'
answer other carl 8
run 1 study --key study/key.json study-anna.json other-carl.json -o x.json
complains 'other-carl.json: answers study'
head -c 100 study-anna.json >cut.json
run 1 study --key study/key.json cut.json -o x.json
complains 'cut.json: line 1, column'
run 1 study --key outcome.json study-anna.json -o x.json
complains 'outcome.json: is no key of a study'
run 1 study --key study/key.json none.json -o x.json
complains 'none.json'
holds test ! -e x.json
run 1 study --key study/key.json study-anna.json -o study/key.json
complains 'would write over'
holds cmp -s study/key.json again/key.json

begin 'study: lists that are refused'
sed '3s/worse2/none/' list.csv >bad.csv
run 1 study --list bad.csv -o x
complains 'bad.csv: line 3, column "worse"'
"$kizil" sample wide.png --size 97x64 >/dev/null
sed '4s/m3/wide/' list.csv >bad.csv
run 1 study --list bad.csv -o x
complains 'line 4, column "mask": wide.png is 97 x 64 px, the original o3.png 96 x 64'
cut -d, -f1-4 list.csv >bad.csv
run 1 study --list bad.csv -o x
complains 'only one method'
run 1 study --list list.csv -o study
complains 'a study is there already'
run 1 study --list list.csv -o o1.png
holds test ! -e x

begin 'study: wrong use'
run 2 study
complains 'either --list LIST.csv or --key'
run 2 study --list list.csv --key study/key.json -o x
run 2 study --list list.csv
complains '-o FOLDER is missing'
run 2 study --list list.csv -o x more.json
complains "one argument too many: 'more.json'"
run 2 study --key study/key.json
complains 'needs files of answers'
run 2 study --list list.csv -o x --repeat 0.6
run 2 study --list list.csv -o x --lang de
run 0 study --help
says '[ANSWERS.json...]'

begin 'study: interrupted, nothing is left'
{ head -1 list.csv
  for i in $(seq 1500); do
    ln -s m1.png l$i.png
    echo "o1.png,l$i.png,,o1.png,worse1.png"
  done; } >long.csv
"$kizil" study --list long.csv -o long >stdout 2>stderr &
child=$!
sleep 1
kill -INT $child
wait $child
is $? 130
holds test ! -e long
holds grep -q 'nothing is kept' stderr
finish
