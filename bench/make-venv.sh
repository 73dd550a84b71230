#!/bin/sh
# make-venv.sh DIR: a Python environment with what the benchmark compares with, in
# the versions of requirements*.txt. What cannot be installed is missing from it,
# and shows as an error in the results.
set -eu
here=$(dirname "$0")
venv=$1

echo "==> Python environment for the benchmark: $venv (about 3 GB)"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
pip="$venv/bin/python -m pip --disable-pip-version-check --quiet --no-cache-dir"
$pip install --no-input -r "$here/requirements.txt"
# Without dependencies: discretax declares Python 3.12 only, but runs on Debian's
# 3.11 as well, and torch asks for gigabytes of CUDA.
while read -r package; do
  case $package in
  '#'*) ;;
  *)
    $pip install --no-input --no-deps --ignore-requires-python "$package" ||
      echo "==> $package cannot be installed; the benchmark will say so"
    ;;
  esac
done <"$here/requirements-no-deps.txt"
"$venv/bin/python" "$here/torch_without_cuda.py" ||
  echo "==> torch cannot be loaded; the benchmark will say so"
