#!/usr/bin/env bash
# Set up a build folder, or bring its options up to date, and build it.
#   [TARGETS='...'] tools/build.sh FOLDER JOBS [MESON-OPTION...]
set -euo pipefail
folder=$1 jobs=$2
shift 2

fail() {
  printf '\n%s\n' "$1" >&2
  exit 1
}

mkdir -p "$folder"
log=$folder/setup.log
options_now="$*"
if [ ! -f "$folder/build.ninja" ]; then
  echo "setting up $folder"
  rm -rf "$folder/meson-private"
  meson setup "$folder" "$@" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "meson could not set up $folder: the reason is above, the whole log in $log."
  }
  printf '%s\n' "$options_now" >"$folder/options.txt"
elif [ "$(cat "$folder/options.txt" 2>/dev/null)" != "$options_now" ]; then
  meson setup --reconfigure "$folder" "$@" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "meson could not set up $folder anew. 'make clean' and try again; the log is in $log."
  }
  printf '%s\n' "$options_now" >"$folder/options.txt"
fi

# shellcheck disable=SC2086 # several targets
ninja -C "$folder" -j "$jobs" --quiet ${TARGETS:-all} || fail "building in $folder failed: the first error is above."
