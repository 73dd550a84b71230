//===- TrainingOps.cpp - Dropout and norms in training form ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random numbers are JAX's, bit for bit: threefry-2x32 with the counters that
// jax_threefry_partitionable (the default) uses.
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Reference/OpTable.h"
#include <cmath>

using namespace mlir;
using namespace ssmc;
using namespace ssmc::reference;

namespace {
/// A threefry key, or what it draws for one counter.
struct Words {
  uint32_t first, second;
};
} // namespace

/// Threefry-2x32 with 20 rounds (Salmon et al. 2011) of `counter`'s high and
/// low half.
static Words threefry(Words key, uint64_t counter) {
  const uint32_t keys[] = {key.first, key.second,
                           key.first ^ key.second ^ 0x1BD11BDAu};
  const int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  uint32_t x = static_cast<uint32_t>(counter >> 32) + keys[0];
  uint32_t y = static_cast<uint32_t>(counter) + keys[1];
  for (uint32_t i = 0; i < 5; ++i) {
    for (int places : rotations[i % 2]) {
      x += y;
      y = ((y << places) | (y >> (32 - places))) ^ x;
    }
    x += keys[(i + 1) % 3];
    y += keys[(i + 2) % 3] + i + 1;
  }
  return {x, y};
}

/// The key of batch element `b`.
static Words getKey(const Tensor &keys, int64_t b) {
  return {static_cast<uint32_t>(keys.ints()[2 * b]),
          static_cast<uint32_t>(keys.ints()[2 * b + 1])};
}

static LogicalResult expectKeys(Operation *op, const Tensor &keys,
                                int64_t batch) {
  return expectShape(op, "the key", keys, {batch, 2});
}

static FailureOr<Tensor> evaluateSplitKey(SplitKeyOp op, const Values &values) {
  Tensor keys = values[op.getKey()];
  int64_t batch = keys.shape[0];
  if (failed(expectKeys(op, keys, batch)))
    return failure();
  for (int64_t b = 0; b < batch; ++b) {
    Words drawn = threefry(getKey(keys, b), op.getIndex());
    keys.ints()[2 * b] = static_cast<int32_t>(drawn.first);
    keys.ints()[2 * b + 1] = static_cast<int32_t>(drawn.second);
  }
  return keys;
}

static FailureOr<Tensor> evaluateDropout(DropoutOp op, const Values &values) {
  Tensor y = values[op.getX()];
  const Tensor &keys = values[op.getKey()];
  double rate = op.getRate().convertToDouble();
  // At rate 0 upstream draws nothing.
  if (rate == 0 || y.shape.empty() || y.shape[0] == 0)
    return y;
  int64_t batch = y.shape[0], elements = y.size() / batch;
  if (failed(expectKeys(op, keys, batch)))
    return failure();
  // jax.random.bernoulli compares a uniform f32 of 23 bits with an f32.
  double keep = 1.0f - static_cast<float>(rate);
  for (int64_t b = 0; b < batch; ++b) {
    Words key = getKey(keys, b);
    for (int64_t i = 0; i < elements; ++i) {
      Words drawn = threefry(key, i);
      double uniform = ((drawn.first ^ drawn.second) >> 9) * 0x1p-23;
      double &x = y.floats()[b * elements + i];
      x = uniform < keep ? x / (1.0 - rate) : 0.0;
    }
  }
  return y;
}

/// eqx.nn.BatchNorm in mode "ema": normalises by the *new* running statistics.
static Results evaluateBatchNormTraining(BatchNormTrainingOp op,
                                         const Values &values) {
  Tensor y = values[op.getX()], mean = values[op.getMean()],
         variance = values[op.getVar()];
  bool firstTime = values[op.getFirstTime()].ints().front();
  double momentum = op.getMomentum().convertToDouble();
  double epsilon = op.getEpsilon().convertToDouble();
  int64_t features = y.features();
  int64_t rows = features ? y.size() / features : 0;
  for (int64_t h = 0; h < features; ++h) {
    auto average = [&](auto function) {
      double sum = 0.0;
      for (int64_t row = 0; row < rows; ++row)
        sum += function(y.floats()[row * features + h]);
      return sum / static_cast<double>(rows);
    };
    double batchMean = average([](double x) { return x; });
    // Biased, about the batch's mean: a second pass.
    double batchVariance =
        average([&](double x) { return (x - batchMean) * (x - batchMean); });
    double &m = mean.floats()[h], &v = variance.floats()[h];
    // The first time, what the running statistics hold does not matter.
    m = firstTime ? batchMean : (1.0 - momentum) * batchMean + momentum * m;
    v = firstTime ? batchVariance
                  : (1.0 - momentum) * batchVariance + momentum * v;
    for (int64_t row = 0; row < rows; ++row) {
      double &x = y.floats()[row * features + h];
      x = (x - m) / std::sqrt(v + epsilon);
    }
  }
  return Results{y, mean, variance};
}

void ssmc::reference::addTrainingOps(OpTable &table) {
  table.add<SplitKeyOp>(evaluateSplitKey);
  table.add<DropoutOp>(evaluateDropout);
  table.add<BatchNormTrainingOp>(evaluateBatchNormTraining);
}
