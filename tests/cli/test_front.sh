#!/usr/bin/env bash
# kizil itself: help, version, wrong commands; and the parser as every command shows it.
. "$(dirname "$0")/lib.sh"

begin 'help on standard output'
run 0 --help
says 'usage: kizil COMMAND'
says 'restore'
is "$errors" ''
help=$out
run 0 -h
is "$out" "$help"
run 0 help
is "$out" "$help"

begin 'version'
run 0 --version
case $out in 'kizil '[0-9]*.[0-9]*.[0-9]*) ;; *) note "version: $out" ;; esac

begin 'no command'
run 2
complains 'no command given'
complains "Try 'kizil --help'"
is "$out" ''

begin 'unknown command names the nearest'
run 2 restroe
complains "no command 'restroe'; did you mean 'restore'?"
run 2 qqqqqqqqqqqq
complains "no command 'qqqqqqqqqqqq'"
case $errors in *'did you mean'*) note "guesses: $errors" ;; esac
run 2 --wrong
complains "no option '--wrong' before a command"

begin 'every command in the list has help that shows its usage'
commands=$(printf '%s\n' "$help" | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -v '^help$')
holds test -n "$commands"
for command in $commands; do
  run 0 "$command" --help
  says "usage: kizil $command"
  says '-h, --help'
  is "$errors" ''
  text=$out
  run 0 help "$command"
  is "$out" "$text"
done

begin 'unknown option'
run 2 restore --msk m.png
complains "kizil restore: no option '--msk'; did you mean '--mask'?"
complains "Try 'kizil restore --help'"
run 2 restore -z
complains "no option '-z'"

begin 'missing argument and missing value'
run 2 restore
holds test -n "$errors"
run 2 restore a.png --mask
complains '--mask needs a value'
run 2 restore a.png --mask --overwrite
complains '--mask needs a value'
run 2 restore a.png --steps
complains '--steps needs a value'

begin 'too many arguments'
run 2 restore a.png b.png --mask m.png -o o.png
complains "'b.png' is one argument too many"

begin 'values are checked before anything is read'
run 2 restore none.png --mask none.png -o o.png --steps 0
complains '--steps is 0; it must be 1 to'
run 2 restore none.png --mask none.png -o o.png --steps=many
complains "--steps is 'many'; it must be a whole number"
run 2 restore none.png --mask none.png -o o.png --sampler euler
complains "--sampler is 'euler'; it must be one of"
run 2 restore none.png --mask none.png -o o.png --no-steps
complains '--no-steps: only a flag can be negated'

begin 'KIZIL_THREADS is checked'
KIZIL_THREADS=lots
export KIZIL_THREADS
run 2 restore none.png --mask none.png -o o.png
complains "KIZIL_THREADS: threads is 'lots'"
unset KIZIL_THREADS

begin 'output that cannot be written is a failure'
status=0
"$kizil" restore --help >/dev/full 2>"$work/stderr" || status=$?
is "$status" 1
errors=$(cat "$work/stderr")
complains 'cannot write to standard output'

finish
