//===- DeltaRuleOps.cpp - DeltaNet and the delta rule ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Reference/OpTable.h"
#include <cmath>

using namespace mlir;
using namespace ssmc;
using namespace ssmc::reference;

using Vector = std::vector<double>;

namespace {
/// What a head gets at one step, q and k of length one (nearly).
struct HeadInput {
  Vector q, k, v;
};
} // namespace

/// Divides by the length plus epsilon.
static void normalize(Vector &vector, double epsilon) {
  double sum = 0;
  for (double x : vector)
    sum += x * x;
  for (double &x : vector)
    x /= std::sqrt(sum) + epsilon;
}

/// S' = S + beta (v - S k) k^T; y = S' q. `state` is S in rows of v.
static void step(const HeadInput &input, double beta, double *state,
                 double *y) {
  size_t size = input.v.size();
  for (size_t v = 0; v < size; ++v) {
    double *row = state + v * size, known = 0;
    for (size_t k = 0; k < size; ++k)
      known += row[k] * input.k[k];
    y[v] = 0;
    for (size_t k = 0; k < size; ++k) {
      row[k] += beta * (input.v[v] - known) * input.k[k];
      y[v] += row[k] * input.q[k];
    }
  }
}

/// (batch, 1, heads, D, D) for this batch.
static LogicalResult checkState(Operation *op, const Tensor &state,
                                int64_t batch) {
  SmallVector<int64_t> wanted(state.shape);
  wanted[0] = batch;
  return expectShape(op, "the state", state, wanted);
}

static Vector multiply(const Tensor &matrix, const double *x) {
  int64_t rows = matrix.shape[0], columns = matrix.shape[1];
  Vector product(rows);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < columns; ++i)
      product[row] += matrix.floats()[row * columns + i] * x[i];
  return product;
}

/// discretax's DeltaNetSequenceMixer (Yang et al. 2024), step by step.
static FailureOr<Results> evaluateDeltaNet(DeltaNetOp op,
                                           const Values &values) {
  const Tensor &u = values[op.getU()], &state = values[op.getState()];
  if (u.shape.size() != 3)
    return op.emitOpError()
           << "runs on " << describe(u) << "; expected (batch, time, features)";
  int64_t batch = u.shape[0], length = u.shape[1], heads = op.getHeads();
  int64_t features = u.features(), size = state.features();
  if (failed(checkState(op, state, batch)))
    return failure();
  Results results{u, state};
  Vector o(heads * size);
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t l = 0; l < length; ++l) {
      const double *input = u.floats().data() + (b * length + l) * features;
      Vector q = multiply(values[op.getQ()], input),
             k = multiply(values[op.getK()], input),
             v = multiply(values[op.getV()], input);
      double beta = sigmoid(multiply(values[op.getBeta()], input)[0]);
      for (int64_t h = 0; h < heads; ++h) {
        auto part = [&](const Vector &whole) {
          return Vector(whole.begin() + h * size,
                        whole.begin() + (h + 1) * size);
        };
        HeadInput head{part(q), part(k), part(v)};
        normalize(head.q, 1e-6);
        normalize(head.k, 1e-6);
        step(head, beta,
             results[1].floats().data() + (b * heads + h) * size * size,
             o.data() + h * size);
      }
      Vector y = multiply(values[op.getOut()], o.data());
      llvm::copy(y, results[0].floats().begin() + (b * length + l) * features);
    }
  return results;
}

static FailureOr<Results> evaluateDeltaRule(DeltaRuleOp op,
                                            const Values &values) {
  const Tensor &x = values[op.getX()], &state = values[op.getState()];
  int64_t batch = x.shape[0], length = x.shape[1];
  int64_t heads = op.getNumHeads(), size = op.getHeadFeatures();
  double epsilon = op.getEpsilon().convertToDouble();
  if (failed(checkState(op, state, batch)))
    return failure();
  Results results{Tensor::ofFloats({batch, length, heads * size}), state};
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t l = 0; l < length; ++l) {
      const double *row = x.floats().data() + (b * length + l) * x.features();
      double beta = sigmoid(row[x.features() - 1]);
      for (int64_t h = 0; h < heads; ++h) {
        const double *q = row + h * 3 * size, *k = q + size, *v = k + size;
        HeadInput head{{q, k}, {k, v}, {v, v + size}};
        normalize(head.q, epsilon);
        normalize(head.k, epsilon);
        step(head, beta,
             results[1].floats().data() + (b * heads + h) * size * size,
             results[0].floats().data() +
                 ((b * length + l) * heads + h) * size);
      }
    }
  return results;
}

void ssmc::reference::addDeltaRuleOps(OpTable &table) {
  table.add<DeltaNetOp>(evaluateDeltaNet);
  table.add<DeltaRuleOp>(evaluateDeltaRule);
}
