#!/bin/sh
# demo.sh BUILD: compiles three models that were trained on handwritten digits
# to native objects, links them into a small C program and runs it.
set -eu
cd "$(dirname "$0")/../.."
build=$1
digits=test/data/digits
out=$build/demo
mkdir -p "$out"

python3 examples/digits/unpack.py $digits/test.safetensors x "$out/x.f32"
python3 examples/digits/unpack.py $digits/test.safetensors labels "$out/labels.i32"

for model in s5 lru linoss; do
  python3 examples/digits/unpack.py $digits/$model/expected.safetensors \
    log_probabilities64 "$out/$model.expected.f64"
  echo "==> ssmc compile $digits/$model -o $out/$model --name digits_$model"
  start=$(date +%s%3N)
  "$build/bin/ssmc" compile $digits/$model -o "$out/$model" --name digits_$model
  taken=$(($(date +%s%3N) - start))
  printf '    %d.%03d s, %s.o: %d bytes\n' \
    $((taken / 1000)) $((taken % 1000)) "$out/$model" "$(stat -c %s "$out/$model.o")"
done

echo "==> linking $out/classify from classify.c and the three objects"
${CC:-clang-22} -std=c99 -Wall -Wextra -O2 -I"$out" examples/digits/classify.c \
  "$out/s5.o" "$out/lru.o" "$out/linoss.o" -o "$out/classify"

echo "==> $out/classify $out (360 images, one thread)"
"$out/classify" "$out"
