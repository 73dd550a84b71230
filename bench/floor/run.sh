#!/bin/sh
# run.sh BUILD: builds nothing but the model of the benchmark, and runs it.
set -eu
cd "$(dirname "$0")/../.."
PYTHONPATH=python PYTHONDONTWRITEBYTECODE=1 "$1/venv/bin/python" bench/floor/floor.py "$1"
