#!/bin/sh
# make-venv.sh DIR: a Python environment with the tools of the tests, in the
# versions of test/requirements*.txt.
set -eu
here=$(dirname "$0")
venv=$1

echo "==> Python environment for the tests: $venv"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
pip="$venv/bin/python -m pip --disable-pip-version-check --quiet"
$pip install --no-input -r "$here/../test/requirements.txt"
# discretax declares Python 3.12 only and pins more than the tests need; it
# runs on Debian's 3.11 as well.
$pip install --no-input --no-deps --ignore-requires-python \
  -r "$here/../test/requirements-no-deps.txt"
