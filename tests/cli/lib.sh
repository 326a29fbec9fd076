# Sourced by tests/cli/test_*.sh: runs the program, checks status, output and files, prints TAP.
#   begin NAME            start a case
#   run STATUS ARG...     run kizil; its exit status must be STATUS. Output in $out and $errors
#   says WORDS            $out holds WORDS      complains WORDS   $errors holds WORDS
#   is TEXT TEXT          equal                 holds COMMAND...  COMMAND succeeds
#   skip REASON           the case cannot be run here
#   finish                print the plan, exit
# Programs among the arguments get absolute paths, as a test may change its folder.
set -u
arguments=()
for argument; do
  [ -e "$argument" ] && argument=$(realpath "$argument")
  arguments+=("$argument")
done
set -- "${arguments[@]}"
kizil=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/kizil-cli-XXXXXX")
trap 'rm -rf "$work"' EXIT
unset KIZIL_MODEL KIZIL_THREADS
cases=0 broken=0 name='' wrong='' skipped='' out='' errors=''

settle() {
  [ -n "$name" ] || return 0
  cases=$((cases + 1))
  if [ -n "$skipped" ]; then
    echo "ok $cases - $name # SKIP $skipped"
  elif [ -n "$wrong" ]; then
    broken=$((broken + 1))
    printf '%s' "$wrong" | sed 's/^/# /'
    echo "not ok $cases - $name"
  else
    echo "ok $cases - $name"
  fi
}

begin() {
  settle
  name=$1 wrong='' skipped=''
}

note() { wrong="$wrong$1
"; }

run() {
  local wanted=$1 status=0
  shift
  "$kizil" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
  out=$(cat "$work/stdout") errors=$(cat "$work/stderr")
  [ "$status" = "$wanted" ] || note "kizil $*: exit status $status, not $wanted
$errors"
}

says() { case $out in *"$1"*) ;; *) note "output lacks '$1': $out" ;; esac; }
complains() { case $errors in *"$1"*) ;; *) note "message lacks '$1': $errors" ;; esac; }
is() { [ "$1" = "$2" ] || note "'$1' is not '$2'"; }
holds() { "$@" || note "false: $*"; }
skip() { skipped=$1; }

finish() {
  settle
  name=''
  echo "1..$cases"
  [ "$broken" = 0 ]
  exit
}
