#!/bin/sh
# run.sh BUILD [OPTION...]: measures everything (options: python -m bench --help), then
# writes docs/benchmarks.md, its pictures and a copy of the results.
set -eu
cd "$(dirname "$0")/.."
build=$1
shift
python=$build/bench-venv/bin/python
export PYTHONPATH="$PWD:$PWD/python" PYTHONDONTWRITEBYTECODE=1
status=0
"$python" -m bench --build "$build" "$@" || status=$?
# What could not be measured is on the page.
"$python" -m bench.report "$build/bench/results.json" docs
exit $status
