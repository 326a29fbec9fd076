#!/bin/sh
# Build the benchmarks and play kizil against PyTorch and oneDNN (see compare.py).
#   bench/peers/compare.sh [--core] [--rounds N] [--only train|forward] [--size N]
set -e
cd "$(dirname "$0")/../.."
build=${BUILD:-build-bench}
[ -d "$build" ] || meson setup "$build" -Dbench=true >/dev/null
ninja -C "$build" bench/bench_train bench/bench_forward bench/bench_conv >/dev/null
exec /usr/bin/python3 bench/peers/compare.py "$@" "$build"
