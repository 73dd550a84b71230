//===- InitializeS5.cpp - Initial values of S5 ----------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/FloatMath.h"
#include "lib/Init/Initializers.h"
#include "lib/Init/Random.h"

using namespace llvm;
using namespace ssmc;

namespace {
/// The sizes of an S5: the state before its conjugates are dropped, in blocks
/// of `blockSize`, of which `kept` modes each stay.
struct Sizes {
  int64_t features, blocks, blockSize, kept;

  int64_t getState() const { return blocks * blockSize; }
  int64_t getModes() const { return blocks * kept; }
};
using Complex = std::complex<double>;
} // namespace

static void setEigenvalues(const ValueScope &values, const Sizes &sizes,
                           const HippoBasis &basis) {
  std::vector<float> frequencies;
  for (int64_t block = 0; block < sizes.blocks; ++block)
    frequencies.insert(frequencies.end(), basis.frequencies.begin(),
                       basis.frequencies.begin() + sizes.kept);
  values.set("Lambda_re", std::vector<float>(sizes.getModes(), basis.decay));
  values.set("Lambda_im", frequencies);
}

/// V^* B with a real B of [state][features].
static void setB(const ValueScope &values, const Sizes &sizes,
                 const HippoBasis &basis, RandomKey key) {
  std::vector<float> drawn = drawLecunNormal(
      key, sizes.getState() * sizes.features, double(sizes.getState()));
  std::vector<float> b;
  for (int64_t mode = 0; mode < sizes.getModes(); ++mode) {
    int64_t start = mode / sizes.kept * sizes.blockSize;
    std::vector<Complex> row(sizes.features);
    for (int64_t k = 0; k < sizes.blockSize; ++k) {
      Complex v = std::conj(basis.getVector(k, mode % sizes.kept));
      const float *from = &drawn[(start + k) * sizes.features];
      for (int64_t h = 0; h < sizes.features; ++h)
        row[h] += v * double(from[h]);
    }
    for (Complex value : row) {
      b.push_back(static_cast<float>(value.real()));
      b.push_back(static_cast<float>(value.imag()));
    }
  }
  values.set("B", b);
}

/// The C before its change of basis, [features][state][re, im].
static std::vector<float> drawC(const Sizes &sizes, RandomKey key,
                                bool perFeature) {
  int64_t state = sizes.getState(), rows = sizes.features;
  if (!perFeature)
    return drawLecunNormal(key, rows * state * 2, double(rows * state));
  std::vector<float> drawn;
  for (int64_t h = 0; h < rows; ++h) {
    std::vector<RandomKey> keys = split(key, 2);
    key = keys[0];
    std::vector<float> row = drawLecunNormal(keys[1], state * 2, double(state));
    drawn.insert(drawn.end(), row.begin(), row.end());
  }
  return drawn;
}

/// C V.
static void setC(const ValueScope &values, const Sizes &sizes,
                 const HippoBasis &basis, ArrayRef<float> drawn) {
  std::vector<float> c;
  for (int64_t h = 0; h < sizes.features; ++h) {
    for (int64_t block = 0; block < sizes.blocks; ++block) {
      const float *from =
          &drawn[2 * (h * sizes.getState() + block * sizes.blockSize)];
      std::vector<Complex> row(sizes.kept);
      for (int64_t k = 0; k < sizes.blockSize; ++k)
        for (int64_t mode = 0; mode < sizes.kept; ++mode)
          row[mode] +=
              Complex(from[2 * k], from[2 * k + 1]) * basis.getVector(k, mode);
      for (Complex value : row) {
        c.push_back(static_cast<float>(value.real()));
        c.push_back(static_cast<float>(value.imag()));
      }
    }
  }
  values.set("C", c);
}

/// "complex_normal": independent of the basis. discretax draws twice the
/// columns that its own call can use; these are the first.
static void setNormalC(const ValueScope &values, const Sizes &sizes,
                       RandomKey key) {
  int64_t modes = sizes.getModes(), drawnModes = 2 * values.getSize("log_step");
  std::vector<float> drawn = drawNormal(key, sizes.features * drawnModes * 2),
                     c;
  auto deviation = static_cast<float>(std::sqrt(0.5));
  for (int64_t h = 0; h < sizes.features; ++h)
    for (int64_t i = 0; i < modes * 2; ++i)
      c.push_back(drawn[h * drawnModes * 2 + i] * deviation);
  values.set("C", c);
}

/// Uniform in the logarithm; every step has a key of its own.
static void setSteps(const Initialization &init, RandomKey key) {
  float min = f32::log(static_cast<float>(init.layer.getNumber("dt_min")));
  float max = f32::log(static_cast<float>(init.layer.getNumber("dt_max")));
  std::vector<float> steps;
  for (int64_t i = 0, e = init.values.getSize("log_step"); i < e; ++i) {
    std::vector<RandomKey> keys = split(key, 2);
    key = keys[0];
    steps.push_back(drawUniform(keys[1], 1).front() * (max - min) + min);
  }
  init.values.set("log_step", steps);
}

void ssmc::initializeS5(const Initialization &init) {
  const ValueScope &values = init.values;
  std::vector<RandomKey> keys = split(init.key, 5);
  Sizes sizes;
  sizes.features = values.getSize("D");
  sizes.blocks = init.layer.getInteger("ssm_blocks");
  sizes.blockSize = init.layer.getInteger("state_dim") / sizes.blocks;
  sizes.kept = values.getSize("Lambda_re") / sizes.blocks;
  auto [found, isNew] = init.bases.try_emplace(sizes.blockSize);
  const HippoBasis &basis = found->second;
  if (isNew)
    found->second = makeHippoBasis(sizes.blockSize);

  setEigenvalues(values, sizes, basis);
  setB(values, sizes, basis, keys[0]);
  StringRef cInit = init.layer.getChoice("C_init");
  if (cInit == "complex_normal")
    setNormalC(values, sizes, keys[1]);
  else
    setC(values, sizes, basis,
         drawC(sizes, keys[1], cInit == "trunc_standard_normal"));
  values.set("D", drawNormal(keys[2], sizes.features));
  setSteps(init, keys[3]);
}
