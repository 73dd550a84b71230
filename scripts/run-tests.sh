#!/bin/sh
# run-tests.sh SUITE...: runs test suites of a finished build and prints, as
# the last line, `N passed, N failed` over all of them. Suites:
#   lit         lit and unit tests of the release build (check-ssmc)
#   python      the ssmc package, with live discretax
#   asan        lit and unit tests of the sanitized build
#   asan-input  the part of it that reads files and bad input
set -u
cd "$(dirname "$0")/.." || exit 1
results=$PWD/build/test-results
mkdir -p "$results"

# run_lit BUILD SUITE [lit arguments...]
run_lit() {
  build=$1 suite=$2
  shift 2
  build/venv/bin/python /usr/lib/llvm-22/bin/lit -s --no-progress-bar -v --timeout 600 \
    --xunit-xml-output "$results/$suite.xml" "$@" \
    "$build/test" "$build/test/unit" </dev/null
}

status=0
for suite in "$@"; do
  echo "==> tests: $suite"
  rm -f "$results/$suite.xml"
  case $suite in
  lit) run_lit build lit ;;
  asan) run_lit build-debug asan ;;
  asan-input) run_lit build-debug asan-input --filter 'Tools/|Import|unit|Integration/bad' ;;
  python)
    # What JAX compiled for the live models is kept, for the next run.
    PYTHONPATH=python PYTHONDONTWRITEBYTECODE=1 \
      JAX_COMPILATION_CACHE_DIR="$PWD/build/jax-cache" \
      JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 \
      JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1 \
      build/venv/bin/python -m pytest -q -p no:cacheprovider \
      --junitxml "$results/python.xml" test/python </dev/null
    ;;
  *)
    echo "run-tests.sh: no suite '$suite'; there are lit, python, asan, asan-input" >&2
    exit 2
    ;;
  esac || status=1
done
build/venv/bin/python scripts/sum-tests.py "$results" "$@" || status=1
exit $status
