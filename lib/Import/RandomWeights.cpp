//===- RandomWeights.cpp - Weights from a seed ----------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Parameters.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace llvm;
using namespace mlir;
using namespace ssmc;

namespace {
/// The splitmix64 generator (Steele, Lea and Flood 2014).
class Generator {
public:
  explicit Generator(uint64_t seed) : state(seed) {}

  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// Uniform in [low, high), in steps of 2^-24 of the range.
  double uniform(double low, double high) {
    return low + (high - low) * std::ldexp(double(next() >> 40), -24);
  }

private:
  uint64_t state;
};

/// How the parameters whose names end in `suffix` are drawn.
struct Distribution {
  StringLiteral suffix;
  double low, high;
  /// Divide by the square root of the second dimension, what enters a sum.
  bool isScaled;
};
} // namespace

/// The first that fits holds. No exp or log: the host's would differ.
static constexpr Distribution kDistributions[] = {
    {"embedding.weight", -1, 1, false},
    {".weight", -1.7, 1.7, true},
    {".bias", -0.1, 0.1, false},
    {".norm.scale", 0.5, 1.5, false},
    {".running_mean", -0.5, 0.5, false},
    {".running_var", 0.5, 2, false},
    {".D", -1, 1, false},
    // S5: steps of 1e-3 to 0.1, decaying modes.
    {".Lambda_re", -1, -0.05, false},
    {".Lambda_im", 0, 30, false},
    {".log_step", -6.9, -2.3, false},
    // LRU: radii of 0.5 to 0.99; gamma_log follows from nu_log.
    {".nu_log", -4.6, -0.37, false},
    {".theta_log", -3, 1.14, false},
    // LinOSS: dt of 0.12 to 0.73; undamped IMEX is stable below 4 / dt^2.
    {".A_diag", 0.05, 1, false},
    {".G_diag", 0.05, 0.5, false},
    {".steps", -2, 1, false},
    // S4D: steps as of S5, S4D-Lin's range of frequencies.
    {".log_dt", -6.9, -2.3, false},
    {".log_a_real", -1.4, 0, false},
    {".A_imag", 0, 30, false},
    // B and C of all families.
    {".B", -1, 1, true},
    {".C", -1, 1, true},
    {".B_re", -1, 1, true},
    {".B_im", -1, 1, true},
    {".C_re", -1, 1, true},
    {".C_im", -1, 1, true},
};

/// A generator of its own for each parameter, so that values do not depend on
/// what else the model has. The hash is FNV-1a.
static Generator makeGenerator(uint64_t seed, StringRef name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char c : name)
    hash = (hash ^ c) * 0x100000001b3;
  return Generator(Generator(seed).next() ^ hash);
}

static std::vector<float> draw(const ParameterSpec &spec, int64_t count,
                               uint64_t seed) {
  StringRef name = spec.name;
  // gamma^2 = 1 - exp(-2 nu) is about 2 nu for slow modes.
  bool isGamma = name.ends_with(".gamma_log");
  std::string drawnName =
      isGamma ? (name.drop_back(9) + "nu_log").str() : name.str();
  const auto *distribution =
      llvm::find_if(kDistributions, [&](const Distribution &d) {
        return StringRef(drawnName).ends_with(d.suffix);
      });
  assert(distribution != std::end(kDistributions) && "all names are listed");
  double scale =
      distribution->isScaled ? 1 / std::sqrt(double(spec.shape[1])) : 1;
  Generator generator = makeGenerator(seed, drawnName);
  std::vector<float> values(count);
  for (float &value : values) {
    double drawn =
        scale * generator.uniform(distribution->low, distribution->high);
    value = isGamma ? std::min(0.5 * (drawn + numbers::ln2), 0.0) : drawn;
  }
  return values;
}

std::vector<BoundParameter> ssmc::bindToRandom(MLIRContext *context,
                                               ArrayRef<ParameterSpec> specs,
                                               uint64_t seed) {
  std::vector<BoundParameter> bound = bindAtRuntime(context, specs);
  for (auto [spec, parameter] : llvm::zip_equal(specs, bound)) {
    if (!parameter.type)
      continue;
    std::vector<float> values =
        draw(spec, parameter.type.getNumElements(), seed);
    parameter.value = makeResource(
        parameter.type, spec.name,
        {reinterpret_cast<const char *>(values.data()), values.size() * 4});
  }
  return bound;
}
