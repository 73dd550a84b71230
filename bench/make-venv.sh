#!/bin/sh
# make-venv.sh DIR: a Python environment with what the benchmark compares with, in
# the versions of requirements*.txt. A peer that cannot be installed is missing
# from it, and shows as an error in the results.
set -eu
here=$(dirname "$0")
venv=$1

echo "==> Python environment for the benchmark: $venv (about 3 GB)"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
pip="$venv/bin/python -m pip --disable-pip-version-check --quiet --no-cache-dir"

# install_each FILE OPTION...: the packages of a list, each by itself.
install_each() {
  list=$1
  shift
  grep -v '^#' "$list" | while read -r package; do
    $pip install --no-input "$@" "$package" ||
      echo "==> $package cannot be installed; the benchmark will say so"
  done
}

$pip install --no-input -r "$here/requirements.txt"
install_each "$here/requirements-peers.txt"
# discretax declares Python 3.12 only, but runs on Debian's 3.11 as well; torch
# asks for gigabytes of CUDA.
install_each "$here/requirements-no-deps.txt" --no-deps --ignore-requires-python
"$venv/bin/python" "$here/torch_without_cuda.py" ||
  echo "==> torch cannot be loaded; the benchmark will say so"
