#!/bin/sh
# lint.sh BUILD [FILE...]: formatting of C, C++ and Python, clang-tidy on the
# given files, generated documentation up to date. Exit status 1 on any finding.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
shift
status=0

echo "==> clang-format"
git ls-files -z '*.c' '*.h' '*.cpp' '*.hpp' |
  xargs -0 -r clang-format-22 --dry-run -Werror || status=1

echo "==> ruff"
"$build/venv/bin/ruff" check --no-cache python test bench examples scripts || status=1
"$build/venv/bin/ruff" format --no-cache --check python test bench examples scripts || status=1

if [ $# -gt 0 ]; then
  echo "==> clang-tidy: $*"
  # The compile commands name the precompiled header: it must be there.
  cmake --build "$build" --target ssmc_pch || status=1
  printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-22 -p "$build" --quiet || status=1
fi

echo "==> generated documentation"
cmake --build "$build" --target ssmc-docs-check || status=1
exit $status
