#!/bin/sh
# Installs the Debian packages that building, testing and linting need and
# that are not there yet. Asks nothing; uses sudo when not root.
set -eu

packages="
  libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools
  clang-22 lld-22 libclang-rt-22-dev clang-format-22 clang-tidy-22
  make cmake ninja-build ccache git
  libgtest-dev libbenchmark-dev zlib1g-dev libzstd-dev
  python3 python3-venv ca-certificates
  qemu-user libc6-dev-arm64-cross libgcc-12-dev-arm64-cross"

missing=
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "==> Debian packages: all there"
  exit 0
fi

as_root=
if [ "$(id -u)" != 0 ]; then
  as_root=sudo
fi
echo "==> installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# shellcheck disable=SC2086 # one word per package
$as_root env DEBIAN_FRONTEND=noninteractive \
  apt-get install -q -y --no-install-recommends $missing </dev/null
