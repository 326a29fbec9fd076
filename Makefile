# A thin front to meson: every target sets up what it needs and says what went wrong.
#   make           build/kizil
#   make test      everything under AddressSanitizer and UBSan
#   make demo      paint, damage and restore a picture (IMAGE=photo.jpg MASK=mask.png for your own)
#   make bench     the programs behind the claims of speed
#   make install   to PREFIX (default /usr/local)
#   make clean

WERROR ?= false
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
PLAIN = -Dprefix=$(PREFIX) -Dwerror=$(WERROR) -Dtests=true -Dlazy_tests=true
SANITISED = --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false -Dtests=true
# Counts allocations, which the sanitisers' own would hide.
UNSANITISED = tests/grad/test_memory tests/test_train_memory

.DEFAULT_GOAL := all
.PHONY: all setup test demo bench install clean

all: setup
	@tools/build.sh build $(JOBS) $(PLAIN)

setup:
	@tools/setup.sh

test: setup
	@tools/build.sh build-test $(JOBS) $(SANITISED) -Dwerror=$(WERROR)
	@TARGETS='all $(UNSANITISED)' tools/build.sh build $(JOBS) $(PLAIN)
	@python3 tools/run-tests.py build-test $(patsubst test_%,build:%,$(notdir $(UNSANITISED)))

demo: all
	@IMAGE='$(IMAGE)' MASK='$(MASK)' tools/demo.sh build/kizil

bench: setup
	@tools/build.sh build $(JOBS) $(PLAIN) -Dbench=true
	build/bench/bench_conv train
	build/bench/bench_conv forward --batch 1
	build/bench/bench_forward --size 256
	build/bench/bench_forward --size 512
	build/bench/bench_train --batch 40 --size 128
	@echo "bench/peers/compare.sh sets these against PyTorch, where it is installed"

install: all
	@meson install -C build --no-rebuild

clean:
	rm -rf build build-test out/demo
