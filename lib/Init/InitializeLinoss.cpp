//===- InitializeLinoss.cpp - Initial values of LinOSS --------------------===//
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

/// The A whose damped oscillator turns by `theta` per step of length `dt`
/// (_map_theta_to_A): of two roots the greater beyond pi / 2.
static float mapThetaToA(float theta, float g, float dt) {
  float dt2 = dt * dt, dt4 = dt2 * dt2, dt5 = dt * dt4;
  float cosine = f32::cos(theta), tangent = f32::tan(theta);
  float secant2 = 1.0f / (cosine * cosine), tangent2 = tangent * tangent;
  float root = f32::sqrt(dt4 * secant2 + dt5 * g * secant2);
  float sum =
      -4.0f - 2.0f * dt * g - 4.0f * tangent2 - 2.0f * dt * g * tangent2;
  float sign = theta > static_cast<float>(llvm::numbers::pi / 2) ? 1.0f : -1.0f;
  return (sign * 4.0f * root - dt2 * sum) / (2.0f * dt4 * (1.0f + tangent2));
}

static void initializeDamped(const Initialization &init,
                             const std::vector<float> &steps,
                             RandomKey angleKey, RandomKey radiusKey) {
  int64_t count = steps.size();
  double min = init.layer.getNumber("r_min");
  auto maxAngle = static_cast<float>(init.layer.getNumber("theta_max"));
  auto ring = static_cast<float>(1 - min * min);
  auto inner = static_cast<float>(min * min);
  std::vector<float> g = drawUniform(radiusKey, count);
  std::vector<float> a = drawUniform(angleKey, count);
  for (int64_t i = 0; i < count; ++i) {
    float dt = f32::sigmoid(steps[i]);
    float radius = f32::sqrt(g[i] * ring + inner);
    g[i] = (1.0f - radius * radius) / (dt * (radius * radius));
    a[i] = mapThetaToA(a[i] * maxAngle, std::max(g[i], 0.0f), dt);
  }
  init.values.set("G_diag", g);
  init.values.set("A_diag", a);
}

void ssmc::initializeLinoss(const Initialization &init) {
  const ValueScope &values = init.values;
  std::vector<RandomKey> keys = split(init.key, 7);
  int64_t count = values.getShape("B")[0], features = values.getShape("B")[1];
  std::vector<float> steps = drawNormal(keys[5], count);
  for (float &step : steps)
    step *= 0.5f;
  values.set("steps", steps);
  if (values.has("G_diag"))
    initializeDamped(init, steps, keys[0], keys[1]);
  else
    values.set("A_diag", drawUniform(keys[0], count));

  auto drawMatrix = [&](llvm::StringRef name, RandomKey key, int64_t fan) {
    auto limit = static_cast<float>(1 / std::sqrt(double(fan)));
    std::vector<float> numbers = drawUniform(key, values.getSize(name));
    for (float &number : numbers)
      number = number * 2.0f * limit - limit;
    values.set(name, numbers);
  };
  drawMatrix("B", keys[2], features);
  drawMatrix("C", keys[3], count);
  values.set("D", drawNormal(keys[4], features));
}
