#!/usr/bin/env bash
# test_install.sh KIZIL FIXTURE BUILD SOURCE: kizil as another program meets it. Installs into a
# temporary folder and works from that alone: headers, pkg-config, shared and static library, what
# they show, the example, pages.
. "$(dirname "$0")/lib.sh"
fixture=$2 build=$3 source=$4
cd "$work" || exit 1
root=$work/root
DESTDIR=$root meson install -C "$build" --no-rebuild --tags devel,runtime,man >install.log 2>&1 ||
  { sed 's/^/# /' install.log; echo 'Bail out! not installed'; exit 1; }
pc=$(find "$root" -name kizil.pc)
library=$(find "$root" -name libkizil.so) archive=$(find "$root" -name libkizil.a)
include=$(dirname "$(dirname "$(find "$root" -name kizil.h)")")
prefix=${include%/include}
cc=${CC:-gcc}
# A library with checks built in needs a program with them.
checks=''
if nm -D "$library" | grep -q '__asan_'; then
  checks='-fsanitize=address,undefined'
fi
package() { PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --define-variable=prefix="$prefix" "$@" kizil; }
compile() { $cc -std=c11 -Wall -Wextra -Werror $checks "$@" 2>compile.log || note "$(cat compile.log)"; }

begin 'everything is there'
for path in bin/kizil include/kizil/kizil.h share/man/man1/kizil.1 share/man/man1/kizil-restore.1 \
  share/man/man1/kizil-dataset-add.1 share/bash-completion/completions/kizil \
  share/zsh/site-functions/_kizil share/fish/vendor_completions.d/kizil.fish; do
  holds test -s "$prefix/$path"
done
for command in $("$kizil" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
  [ "$command" = help ] || holds test -s "$prefix/share/man/man1/kizil-$command.1"
done
for command in $("$kizil" dataset --help | sed -n '/^subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
  holds test -s "$prefix/share/man/man1/kizil-dataset-$command.1"
done
version=$("$prefix/bin/kizil" --version)
is "kizil $(package --modversion)" "$version"
is "$(readlink "$library")" libkizil.so.0

begin 'each header stands alone; kizil.h has them all'
for header in "$include"/kizil/*.h; do
  file=$(basename "$header")
  printf '#include <kizil/%s>\nint main(void) { return 0; }\n' "$file" >alone.c
  compile -fsyntax-only -I"$include" alone.c
  [ "$file" = kizil.h ] || grep -q "^#include <kizil/$file>" "$include/kizil/kizil.h" ||
    note "kizil.h lacks $file"
done

begin 'the shared library shows what the headers declare, and nothing else'
nm -D --defined-only "$library" | awk '{print $NF}' | sort >shown
"$source/tools/exports.py" "$include/kizil" declared.map
sed -n 's/^    \(kz_[^_].*\);$/\1/p' declared.map | sort >declared
holds test "$(wc -l <declared)" -gt 100
is "$(diff declared shown)" ''
is "$(grep -v '^kz_[a-z]' shown)" ''
holds grep -qx kz_restore_params shown

begin 'the list follows the headers: functions, tables; no comment, no private, no static name'
mkdir headers
cat >headers/a.h <<'END'
#define KZ_TWICE(x) kz_macro(x)
/* kz_in_comment(); */
struct kz_pair { int (*kz_field)(int); int b; };
static inline int kz_static(int x) { return kz_called(x); }
int kz_one(struct kz_pair *p,
           int n); // kz_other();
const struct kz_pair *kz_two(void) __attribute__((pure));
extern const struct kz_pair kz_table[], kz_single;
typedef int (*kz_visitor)(int);
int kz__private(void);
END
"$source/tools/exports.py" headers a.map a.d
is "$(sed -n 's/^    \(.*\);$/\1/p' a.map | tr '\n' ' ')" 'kz_one kz_single kz_table kz_two '
holds grep -q '^a.map: headers headers/a.h$' a.d

begin 'the static library has no name outside kz_'
# OpenMP names the lock of `critical(kz_x)`; the sanitiser names what it watches.
is "$(nm -g --defined-only "$archive" 2>/dev/null | awk 'NF == 3 {print $3}' |
  grep -Ev '^(\.gomp_critical_user_|__odr_asan\.)?kz_')" ''

"$fixture" . || { echo 'Bail out! no fixture'; exit 1; }
example=$source/examples/restore.c

begin 'the example is under 60 lines'
holds test "$(wc -l <"$example")" -lt 60

begin 'the example with the shared library'
# shellcheck disable=SC2046 # flags are words
compile $(package --cflags) "$example" -o shared $(package --libs)
export LD_LIBRARY_PATH=${library%/*}
holds sh -c 'ldd ./shared | grep -q "libkizil.so.0 => '"${library%/*}"'"'
./shared model.safetensors a.png mask.png shared.png >said 2>progress || note "$(cat progress)"
holds grep -q '^96 x 64 px, .* % restored in .*: shared.png$' said
holds "$fixture" --same a.png shared.png mask.png

begin 'the example with the static library gives the same bytes'
# What it needs by name; --static would want everything below that as a static library too.
needs=$(package --print-requires-private | sed 's/ .*//')
for need in vips jansson cairo sqlite3 libarchive; do
  case $needs in *"$need"*) ;; *) note "not required: $need" ;; esac
done
# shellcheck disable=SC2046,SC2086
compile $(package --cflags) "$example" -o static "$archive" $(pkg-config --libs $needs) \
  $(sed -n 's/^Libs.private: //p' "$pc")
is "$(ldd ./static | grep kizil)" ''
./static model.safetensors a.png mask.png static.png >said 2>progress || note "$(cat progress)"
holds cmp shared.png static.png
LD_LIBRARY_PATH='' "$kizil" restore a.png --mask mask.png -o program.png --seed 7 --no-record \
  --model model.safetensors >said 2>&1 || note "$(cat said)"
holds cmp shared.png program.png

begin 'the example says what is wrong'
status=0
./shared none.safetensors a.png mask.png o.png >said 2>errors || status=$?
is "$status" 1
holds grep -q '^restore: .*none.safetensors' errors
holds test ! -e o.png
finish
