#!/bin/sh
# fuzz.sh BUILD [OPTION...]: models of random configurations against NumPy and
# discretax, with the options of test/Integration/Inputs/fuzz.py. Failures, shrunk,
# are left in BUILD/fuzz/failed-*.
set -eu
cd "$(dirname "$0")/.."
build=$1
shift
work=$PWD/$build/fuzz
rm -rf "$work" && mkdir -p "$work"
inputs=test/Integration/Inputs
cc -shared -fPIC -O1 "$inputs/fpmode.c" -o "$work/fpmode.so"
PYTHONPATH=test/python PYTHONDONTWRITEBYTECODE=1 \
  "$build/venv/bin/python" "$inputs/fuzz.py" "$build/bin/ssmc" "$work/fpmode.so" "$work" \
  --jobs "$(nproc)" "$@"
