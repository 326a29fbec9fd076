#!/usr/bin/env bash
# Installs the Debian packages that a build needs and that are missing. Quiet when nothing is.
#   tools/setup.sh          install
#   tools/setup.sh --list   print the list
set -euo pipefail

packages=(gcc libc6-dev pkg-config meson ninja-build python3 libdnnl-dev libvips-dev liblcms2-dev
  libjansson-dev libcairo2-dev libcmocka-dev libsqlite3-dev libarchive-dev libtiff-dev)

if [ "${1:-}" = --list ]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

say() { printf 'setup: %s\n' "$*" >&2; }

# On another system: check for the tools and libraries themselves.
check_without_dpkg() {
  local missing=() name
  for name in gcc pkg-config meson ninja python3; do
    command -v "$name" >/dev/null || missing+=("$name")
  done
  if command -v pkg-config >/dev/null; then
    for name in vips jansson cairo cmocka sqlite3; do
      pkg-config --exists "$name" || missing+=("$name (development files)")
    done
  fi
  if command -v gcc >/dev/null && ! echo '#include <dnnl.h>' | gcc -E -x c - >/dev/null 2>&1; then
    missing+=("oneDNN 2.6 (dnnl.h)")
  fi
  [ ${#missing[@]} -eq 0 ] && return 0
  say "this is not a Debian system, so nothing is installed for you."
  say "Install these with your package manager and run again:"
  printf '  %s\n' "${missing[@]}" >&2
  exit 1
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  check_without_dpkg
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if [ "$(id -u)" = 0 ]; then
  root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  root=(sudo -n)
else
  say "these packages are missing, and installing them needs root:"
  printf '\n  sudo %s\n\n' "${install[*]}" >&2
  say "Run that line, then this again."
  exit 1
fi

say "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { "${root[@]}" apt-get update && "${root[@]}" "${install[@]}"; } >"$log" 2>&1 </dev/null; then
  tail -n 15 "$log" >&2
  if grep -qE 'Could not resolve|Temporary failure|Could not connect|Unable to fetch|timed out' "$log"; then
    say "the package server could not be reached: check the network, then run again."
  elif grep -qE 'Unable to locate package|has no installation candidate' "$log"; then
    say "a package is not in this system's sources (kizil is made for Debian 12, bookworm)."
  elif grep -qE 'Could not get lock|Unable to acquire' "$log"; then
    say "another package manager is running: wait for it to end, then run again."
  else
    say "installing failed; the last lines are above."
  fi
  exit 1
fi
say "done"
