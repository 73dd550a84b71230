# ssmc: `make demo` and `make test` need nothing but a Debian machine; each
# installs what is missing, configures, builds and runs. See `make help`.

BUILD       := build
DEBUG_BUILD := build-debug
VENV        := $(BUILD)/venv
BENCH_VENV  := $(BUILD)/bench-venv
PREFIX      ?= /usr/local
# Test suites of `make test`: see scripts/run-tests.sh.
SUITES      ?= lit python
# Options of `make fuzz`: see test/Integration/Inputs/fuzz.py. The seed is the time's
# unless it says --seed.
FUZZ_OPTIONS ?= --count 500 --discretax 50
# Options of `make bench`: see bench/README.md.
BENCH_OPTIONS ?=
# Files that `make lint` gives to clang-tidy: what reads untrusted input.
TIDY_FILES  ?= $(wildcard lib/Import/*.cpp tools/ssmc/*.cpp)

.DEFAULT_GOAL := help
.PHONY: help packages venv configure build build-debug test test-asan fuzz demo \
        bench lint docs install clean

help:
	@echo 'make demo             three trained models, compiled, classify handwritten digits'
	@echo 'make test             build and run every test; ends in "N passed, N failed"'
	@echo 'make build            the tools, in $(BUILD)/bin'
	@echo 'make install PREFIX=  the tools, headers and CMake package (default $(PREFIX))'
	@echo 'make test-asan        every test under AddressSanitizer and UBSan'
	@echo 'make fuzz             random models against NumPy and discretax: FUZZ_OPTIONS="--count 500"'
	@echo 'make bench            our speed against the machine, code by hand, and what else there is;'
	@echo '                      some 15 minutes; BENCH_OPTIONS="--seconds 5", see bench/README.md'
	@echo 'make lint             clang-format, clang-tidy, ruff, generated docs up to date'
	@echo 'make docs             regenerate the reference of ops and passes in docs/'
	@echo 'make clean            remove $(BUILD) and $(DEBUG_BUILD)'

# -- What is installed: done again only when its list changes ------------------

PACKAGES_STAMP := $(BUILD)/.stamps/packages
VENV_STAMP     := $(BUILD)/.stamps/venv
BENCH_VENV_STAMP := $(BUILD)/.stamps/bench-venv

$(PACKAGES_STAMP): scripts/install-packages.sh
	scripts/install-packages.sh
	@mkdir -p $(@D) && touch $@

$(VENV_STAMP): scripts/make-venv.sh test/requirements.txt test/requirements-no-deps.txt \
               | $(PACKAGES_STAMP)
	scripts/make-venv.sh $(VENV)
	@mkdir -p $(@D) && touch $@

$(BENCH_VENV_STAMP): bench/make-venv.sh bench/torch_without_cuda.py bench/requirements.txt \
                     bench/requirements-peers.txt bench/requirements-no-deps.txt | $(PACKAGES_STAMP)
	bench/make-venv.sh $(BENCH_VENV)
	@mkdir -p $(@D) && touch $@

packages: $(PACKAGES_STAMP)
venv: $(VENV_STAMP)

# -- Build ---------------------------------------------------------------------

$(BUILD)/build.ninja: CMakePresets.json | $(PACKAGES_STAMP)
	cmake --preset release

$(DEBUG_BUILD)/build.ninja: CMakePresets.json | $(PACKAGES_STAMP)
	cmake --preset debug

configure: $(BUILD)/build.ninja

build: $(BUILD)/build.ninja
	cmake --build $(BUILD)

build-debug: $(DEBUG_BUILD)/build.ninja
	cmake --build $(DEBUG_BUILD)

install: build
	cmake --install $(BUILD) --prefix '$(PREFIX)'

# -- Use -----------------------------------------------------------------------

test: build $(if $(filter asan%,$(SUITES)),build-debug) $(VENV_STAMP)
	@scripts/run-tests.sh $(SUITES)

test-asan: build-debug $(VENV_STAMP)
	@scripts/run-tests.sh asan

fuzz: $(BUILD)/build.ninja $(VENV_STAMP)
	cmake --build $(BUILD) --target ssmc
	scripts/fuzz.sh $(BUILD) $(FUZZ_OPTIONS)

demo: $(BUILD)/build.ninja
	cmake --build $(BUILD) --target ssmc
	examples/digits/demo.sh $(BUILD)

bench: $(BUILD)/build.ninja $(BENCH_VENV_STAMP)
	cmake --build $(BUILD) --target ssmc
	bench/run.sh $(BUILD) $(BENCH_OPTIONS)

docs: $(BUILD)/build.ninja
	cmake --build $(BUILD) --target ssmc-docs

lint: $(BUILD)/build.ninja $(VENV_STAMP)
	scripts/lint.sh $(BUILD) $(TIDY_FILES)

clean:
	rm -rf $(BUILD) $(DEBUG_BUILD)
