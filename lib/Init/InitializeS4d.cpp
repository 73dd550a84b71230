//===- InitializeS4d.cpp - Initial values of S4D --------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/FloatMath.h"
#include "lib/Init/Initializers.h"
#include "lib/Init/Random.h"
#include "llvm/Support/MathExtras.h"

using namespace ssmc;

/// S4D-Lin (Gu and others 2022): eigenvalues -1/2 + i pi n.
void ssmc::initializeS4d(const Initialization &init) {
  ValueScope values = init.values / "kernel";
  std::vector<RandomKey> keys = split(split(init.key, 1).front(), 3);
  auto logarithm = [&](llvm::StringRef option) {
    return static_cast<float>(std::log(init.layer.getNumber(option)));
  };
  int64_t features = values.getShape("A_imag")[0];
  int64_t modes = values.getShape("A_imag")[1];
  values.set("log_dt", drawUniform(keys[0], features, logarithm("dt_min"),
                                   logarithm("dt_max")));

  std::vector<float> real = drawNormal(keys[1], features * modes);
  std::vector<float> imaginary = drawNormal(keys[2], features * modes);
  std::vector<float> c, frequencies;
  for (int64_t i = 0; i < features * modes; ++i) {
    c.insert(c.end(), {real[i], imaginary[i]});
    frequencies.push_back(static_cast<float>(llvm::numbers::pi) *
                          static_cast<float>(i % modes));
  }
  values.set("C", c);
  values.set("A_imag", frequencies);
  values.set("log_a_real",
             std::vector<float>(features * modes, f32::log(0.5f)));
}
