//===- InitializeLru.cpp - Initial values of LRU --------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/FloatMath.h"
#include "lib/Init/Initializers.h"
#include "lib/Init/Random.h"
#include <algorithm>

using namespace ssmc;

/// |z| as XLA has it: the larger part is a factor of the root.
static float getMagnitude(float re, float im) {
  float large = std::max(std::fabs(re), std::fabs(im));
  float small = std::min(std::fabs(re), std::fabs(im));
  float ratio = large == 0 ? 0 : small / large;
  return large * f32::sqrt(std::fma(ratio, ratio, 1.0f));
}

/// log(sqrt(1 - |lambda|^2)), where lambda = exp(-exp(nu_log) + i
/// exp(theta_log)), in float32. Next to the unit circle nothing but the
/// rounding of |lambda| is left: to 1, which gives -infinity, or to a unit in
/// the last place below, -7.97. Which of them is up to the last bit of the
/// cosine and the sine, and not always what discretax has; where it has NaN,
/// of a magnitude rounded to more than 1, this is -infinity.
static float getGammaLog(float nuLog, float thetaLog) {
  float radius = f32::exp(-f32::exp(nuLog)), phase = f32::exp(thetaLog);
  float magnitude =
      getMagnitude(radius * f32::cos(phase), radius * f32::sin(phase));
  float square = 1.0f - magnitude * magnitude;
  return f32::log(f32::sqrt(square < 0 ? 0.0f : square));
}

void ssmc::initializeLru(const Initialization &init) {
  const ValueScope &values = init.values;
  std::vector<RandomKey> keys = split(init.key, 7);
  int64_t modes = values.getShape("B_re")[0];
  int64_t features = values.getShape("B_re")[1];
  double min = init.layer.getNumber("r_min"),
         max = init.layer.getNumber("r_max");
  auto maxPhase = static_cast<float>(init.layer.getNumber("max_phase"));
  auto ring = static_cast<float>(max * max - min * min);
  auto inner = static_cast<float>(min * min);

  // lambda is uniform on the ring, of squared radius in [min^2, max^2].
  std::vector<float> nuLog = drawUniform(keys[0], modes);
  std::vector<float> thetaLog = drawUniform(keys[1], modes);
  std::vector<float> gammaLog(modes);
  for (int64_t i = 0; i < modes; ++i) {
    nuLog[i] = f32::log(-0.5f * f32::log(nuLog[i] * ring + inner));
    thetaLog[i] = f32::log(maxPhase * thetaLog[i]);
    gammaLog[i] = getGammaLog(nuLog[i], thetaLog[i]);
  }
  values.set("nu_log", nuLog);
  values.set("theta_log", thetaLog);
  values.set("gamma_log", gammaLog);

  auto drawMatrix = [&](llvm::StringRef name, RandomKey key, int64_t fan) {
    std::vector<float> numbers = drawNormal(key, values.getSize(name));
    // XLA turns the division by a scalar into this product.
    float factor = 1.0f / f32::sqrt(static_cast<float>(fan));
    for (float &number : numbers)
      number *= factor;
    values.set(name, numbers);
  };
  drawMatrix("B_re", keys[2], 2 * features);
  drawMatrix("B_im", keys[3], 2 * features);
  drawMatrix("C_re", keys[4], modes);
  drawMatrix("C_im", keys[5], modes);
  values.set("D", drawNormal(keys[6], features));
}
