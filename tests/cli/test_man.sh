#!/usr/bin/env bash
# Manual pages and completion, both made from the tables behind --help.
. "$(dirname "$0")/lib.sh"

commands=$("$kizil" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -v '^help$')
subcommands=$("$kizil" dataset --help |
  sed -n '/^subcommands:/,/^$/s/^  \([a-z]*\) .*/dataset \1/p')
everything=$(printf '%s\n' '' $commands && printf '%s\n' "$subcommands")

# Text of the page on standard input, in lines of 200 columns.
typeset_page() { groff -man -ww -Tascii -P-cbou -rLL=200n 2>"$work/warnings"; }

begin 'every command has a page that groff takes without a warning'
if ! command -v groff >/dev/null || ! groff -man -Tascii /dev/null >/dev/null 2>&1; then
  skip 'no groff'
else
  holds test "$(printf '%s\n' "$everything" | wc -l)" -ge 20
  while IFS= read -r command; do
    # shellcheck disable=SC2086 # a subcommand is two words
    run 0 $command --help=roff
    is "$errors" ''
    printf '%s\n' "$out" | typeset_page >"$work/page"
    is "$(cat "$work/warnings")" ''
    holds grep -q '^NAME' "$work/page"
    holds grep -q "^SYNOPSIS" "$work/page"
    holds grep -q "^ *kizil $command" "$work/page"
  done <<<"$everything"
fi

begin 'structure: title, name, no line that roff would take for a request'
while IFS= read -r command; do
  # shellcheck disable=SC2086
  run 0 $command --help=roff
  title=$(printf 'kizil %s' "$command" | sed 's/ $//; s/ /-/g')
  is "$(printf '%s\n' "$out" | sed -n '1s/^\.TH "\([^"]*\)" 1 .*/\1/p')" \
    "$(printf '%s' "$title" | tr a-z A-Z)"
  is "$(printf '%s\n' "$out" | sed -n 3p | sed 's/ \\- .*//; s/\\-/-/g')" "$title"
  strange=$(printf '%s\n' "$out" | grep "^[.']" | grep -Ev '^\.(TH|SH|PP|TP|nf|fi)( |$)')
  is "$strange" ''
  is "$(printf '%s\n' "$out" | grep -c '^\.nf$')" "$(printf '%s\n' "$out" | grep -c '^\.fi$')"
done <<<"$everything"

begin 'a page holds every option of --help, with its words'
while IFS= read -r command; do
  case $command in '' | dataset) continue ;; esac
  # shellcheck disable=SC2086
  run 0 $command --help
  options=$(printf '%s\n' "$out" | sed -n '/^options:/,/^$/s/^  \(-.*[^ ]\)  *[^ ].*/\1/p' |
    grep -o -- '--[a-z0-9[][][a-z0-9-]*')
  holds test -n "$options"
  # shellcheck disable=SC2086
  run 0 $command --help=roff
  plain=$(printf '%s\n' "$out" | sed 's/\\-/-/g; s/\\f[BIR]//g')
  for option in $options; do
    case $plain in *"$option"*) ;; *) note "$command: the page lacks $option" ;; esac
  done
done <<<"$everything"
run 0 restore --help=roff
says '\fB\-o\fR, \fB\-\-output\fR \fIOUT\fR
where to write'
says '\fB\-\-steps\fR \fIN\fR'
says 'kizil restore mural.jpg \-\-mask mask.png \-o restored.png'

begin 'help takes no other form'
run 2 restore --help=html
complains '--help takes no value'
run 2 --help=html
complains '--help takes no value'

offers() { printf '%s\n' "$out" | cut -f1 | tr '\n' ' '; }

begin 'completion: commands, subcommands'
run 0 --help=complete re
is "$(offers)" 'replay restore '
says 'restore	restore the damaged part of a photograph'
run 0 --help=complete ''
for command in $commands; do says "$command	"; done
run 0 --help=complete dataset s
is "$(offers)" 'screen split '
run 0 --help=complete qqq
is "$out" ''
run 0 --help=complete qqq x
is "$out" ''

begin 'completion: options, values that have names, files'
run 0 --help=complete restore --ma
is "$(offers)" '--mask --masks --mask-format '
run 0 --help=complete restore a.png --no-ov
is "$(offers)" '--no-overwrite '
run 0 --help=complete restore a.png --n
is "$(offers)" '--no-record --no-dilate --no-fill-holes --no-drop-specks '
run 0 --help=complete restore a.png --over
says '--overlap	'
run 0 --help=complete restore a.png --sampler ''
holds test "$(printf '%s\n' "$out" | wc -l)" -ge 2
for sampler in $(offers); do case $sampler in -*) note "$sampler is no sampler" ;; esac; done
for before in '--mask' '-o' '--steps' '--'; do
  run 0 --help=complete restore a.png "$before" --ma
  is "$out" ''
done
run 0 --help=complete restore ''
is "$out" ''
run 0 --help=complete dataset add x.db --meta
says '--meta	'

begin 'bash asks the program'
script=$(dirname "$0")/../../completion/kizil.bash
ask() { # WORD...: what bash would offer
  bash -c '. "$0"; COMP_WORDS=(kizil "${@:2}"); COMP_CWORD=$(($# - 1))
    _kizil "$1"; printf "%s " "${COMPREPLY[@]}"' "$script" "$kizil" "$@"
}
is "$(ask rest)" 'restore '
is "$(ask restore x.png --mas)" '--mask --masks --mask-format '
is "$(ask dataset spl)" 'split '
is "$(bash -c '. "$0"; complete -p kizil' "$script")" 'complete -o default -F _kizil kizil'
finish
