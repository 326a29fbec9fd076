#!/usr/bin/env bash
# kizil caption: facts and colours in both languages, lists of pictures, refusals.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
"$kizil" sample a.png --size 200x150 --seed 4 >/dev/null 2>&1
"$kizil" sample b.png --size 150x150 --seed 5 >/dev/null 2>&1

begin 'caption: colours, and the same every time'
run 0 caption a.png
says ' ground'
first=$out
run 0 caption a.png
is "$out" "$first"
run 0 caption a.png --language zh
says '地'

begin 'caption: facts come first'
run 0 caption a.png --subject 'flying apsara' --kind mural --period Sui --site Mogao
is "$out" "flying apsara, Sui dynasty mural, Mogao; $first"
run 0 caption a.png --subject 'flying apsara' --kind mural --period Sui --language zh
says '飞天，隋代壁画；'

begin 'caption: what the hole holds is not looked at'
run 0 damage m.png --apply a.png --damaged d.png --seed 3 --cover 0.3,0.4
run 0 caption a.png --mask m.png
of_known=$out
run 0 caption d.png --mask m.png
is "$out" "$of_known"

begin 'caption: facts from a list'
printf 'file,subject,period\r\nelsewhere/a.png,"deer, lotus",Sui\r\n' >list.csv
run 0 caption a.png --manifest list.csv
is "$out" "deer, lotus, Sui dynasty; $first"
run 0 caption a.png --manifest list.csv --subject 'flying apsara'
is "$out" "flying apsara, Sui dynasty; $first"
printf 'file,period,caption\na.png,Sui,two deer\n' >hand.csv
run 0 caption a.png --manifest hand.csv
is "$out" "two deer; $first"
run 0 caption a.png --manifest hand.csv --subject lotus
is "$out" "lotus, Sui dynasty; $first"
run 1 caption b.png --manifest list.csv
complains 'list.csv: does not list b.png'
printf 'name\na.png\n' >wrong.csv
run 1 caption a.png --manifest wrong.csv
complains "no column 'file'"

begin 'caption: wrong use'
run 2 caption
run 2 caption a.png --language fr
complains 'en'
run 1 caption none.png
complains 'none.png'
run 1 caption a.png --mask none.png
run 1 caption b.png --mask m.png
complains '200 x 150'

finish
