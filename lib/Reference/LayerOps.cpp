//===- LayerOps.cpp - Layers other than sequence mixers -------------------===//
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

double ssmc::reference::sigmoid(double x) {
  if (x >= 0)
    return 1.0 / (1.0 + std::exp(-x));
  double e = std::exp(x);
  return e / (1.0 + e);
}

/// W x (+ b) on the last axis; weight (out, in), bias (out) or null.
static Tensor applyAffine(const Tensor &x, const Tensor &weight,
                          const Tensor *bias) {
  int64_t out = weight.shape[0], in = weight.shape[1];
  int64_t rows = x.size() / std::max<int64_t>(in, 1);
  if (in == 0)
    rows = Tensor::count(ArrayRef<int64_t>(x.shape).drop_back());
  // Transposed, so that the inner loop runs over independent sums.
  std::vector<double> columns(in * out);
  for (int64_t o = 0; o < out; ++o)
    for (int64_t i = 0; i < in; ++i)
      columns[i * out + o] = weight.floats()[o * in + i];

  SmallVector<int64_t> shape(x.shape);
  shape.back() = out;
  Tensor y = Tensor::ofFloats(shape);
  for (int64_t row = 0; row < rows; ++row) {
    double *sums = y.floats().data() + row * out;
    for (int64_t i = 0; i < in; ++i) {
      double factor = x.floats()[row * in + i];
      const double *column = columns.data() + i * out;
      for (int64_t o = 0; o < out; ++o)
        sums[o] += factor * column[o];
    }
    if (bias)
      for (int64_t o = 0; o < out; ++o)
        sums[o] += bias->floats()[o];
  }
  return y;
}

static Tensor evaluateLinear(LinearOp op, const Values &values) {
  return applyAffine(values[op.getX()], values[op.getWeight()],
                     op.getBias() ? &values[op.getBias()] : nullptr);
}

static FailureOr<Tensor> evaluateEmbedding(EmbeddingOp op,
                                           const Values &values) {
  const Tensor &ids = values[op.getIds()], &table = values[op.getTable()];
  int64_t rows = table.shape[0], features = table.shape[1];
  if (rows == 0)
    return op.emitOpError() << "has an empty table";
  SmallVector<int64_t> shape(ids.shape);
  shape.push_back(features);
  Tensor y = Tensor::ofFloats(shape);
  for (auto [place, id] : llvm::enumerate(ids.ints())) {
    // Negative ids count from the end once; then ids are clamped.
    int64_t row = std::clamp<int64_t>(id < 0 ? id + rows : id, 0, rows - 1);
    std::copy_n(table.floats().begin() + row * features, features,
                y.floats().begin() + place * features);
  }
  return y;
}

static Tensor evaluateGlu(GluOp op, const Values &values) {
  auto map = [&](Value weight, Value bias) {
    return applyAffine(values[op.getX()], values[weight],
                       bias ? &values[bias] : nullptr);
  };
  Tensor y = map(op.getW1(), op.getB1()), gate = map(op.getW2(), op.getB2());
  for (auto [value, opening] : llvm::zip_equal(y.floats(), gate.floats()))
    value *= sigmoid(opening);
  return y;
}

static Tensor evaluateGelu(GeluOp op, const Values &values) {
  Tensor y = values[op.getX()];
  const double slope = std::sqrt(2.0 / M_PI);
  for (double &x : y.floats())
    x = 0.5 * x * (1.0 + std::tanh(slope * (x + 0.044715 * x * x * x)));
  return y;
}

static Tensor evaluateRelu(ReluOp op, const Values &values) {
  Tensor y = values[op.getX()];
  for (double &x : y.floats())
    if (x < 0)
      x = 0;
  return y;
}

static Tensor evaluateSilu(SiluOp op, const Values &values) {
  Tensor y = values[op.getX()];
  for (double &x : y.floats())
    x *= sigmoid(x);
  return y;
}

static Tensor evaluateTanh(TanhOp op, const Values &values) {
  Tensor y = values[op.getX()];
  for (double &x : y.floats())
    x = std::tanh(x);
  return y;
}

static FailureOr<Tensor> evaluateAdd(AddOp op, const Values &values) {
  Tensor y = values[op.getA()];
  const Tensor &b = values[op.getB()];
  SmallVector<int64_t> wanted(y.shape);
  bool spread = b.features() != y.features();
  if (spread)
    wanted.back() = 1;
  if (failed(expectShape(op, "b", b, wanted)))
    return failure();
  int64_t features = y.features();
  for (int64_t i = 0, e = y.size(); i < e; ++i)
    y.floats()[i] += b.floats()[spread ? i / features : i];
  return y;
}

static Tensor evaluateShift(ShiftOp op, const Values &values) {
  Tensor y = values[op.getX()];
  const std::vector<double> &amount = values[op.getAmount()].floats();
  for (int64_t i = 0, e = y.size(); i < e; ++i)
    y.floats()[i] += amount[i % amount.size()];
  return y;
}

static Tensor evaluateScale(ScaleOp op, const Values &values) {
  Tensor y = values[op.getX()];
  const std::vector<double> &amount = values[op.getAmount()].floats();
  for (int64_t i = 0, e = y.size(); i < e; ++i)
    y.floats()[i] *= amount[i % amount.size()];
  return y;
}

static FailureOr<Tensor> evaluateSkip(SkipOp op, const Values &values) {
  Tensor y = values[op.getX()];
  const Tensor &u = values[op.getU()];
  const std::vector<double> &d = values[op.getD()].floats();
  if (failed(expectShape(op, "u", u, y.shape)))
    return failure();
  for (int64_t i = 0, e = y.size(); i < e; ++i)
    y.floats()[i] += d[i % d.size()] * u.floats()[i];
  return y;
}

static FailureOr<Tensor> evaluateGate(GateOp op, const Values &values) {
  Tensor y = values[op.getA()];
  const Tensor &b = values[op.getB()];
  if (failed(expectShape(op, "b", b, y.shape)))
    return failure();
  for (int64_t i = 0, e = y.size(); i < e; ++i)
    y.floats()[i] *=
        sigmoid(b.floats()[i]) * (op.getSwish() ? b.floats()[i] : 1);
  return y;
}

static Tensor evaluateBatchNorm(BatchNormOp op, const Values &values) {
  Tensor y = values[op.getX()];
  const std::vector<double> &mean = values[op.getMean()].floats(),
                            &variance = values[op.getVar()].floats();
  double epsilon = op.getEpsilon().convertToDouble();
  for (int64_t i = 0, e = y.size(); i < e; ++i) {
    int64_t h = i % mean.size();
    y.floats()[i] =
        (y.floats()[i] - mean[h]) / std::sqrt(variance[h] + epsilon);
  }
  return y;
}

static Tensor evaluateLayerNorm(LayerNormOp op, const Values &values) {
  Tensor y = values[op.getX()];
  int64_t features = y.features();
  double epsilon = op.getEpsilon().convertToDouble();
  for (int64_t row = 0; features && row < y.size() / features; ++row) {
    MutableArrayRef<double> x(y.floats().data() + row * features, features);
    double mean = 0, variance = 0;
    for (double value : x)
      mean += value / features;
    for (double value : x)
      variance += (value - mean) * (value - mean) / features;
    for (double &value : x)
      value = (value - mean) / std::sqrt(variance + epsilon);
  }
  return y;
}

static FailureOr<Results> evaluateMeanPool(MeanPoolOp op,
                                           const Values &values) {
  const Tensor &x = values[op.getX()];
  int64_t batch = x.shape[0], length = x.shape[1], features = x.shape[2];
  Tensor sums = values[op.getSums()], counts = values[op.getCount()];
  if (failed(expectShape(op, "sums", sums, {batch, features})) ||
      failed(expectShape(op, "count", counts, {batch})))
    return failure();
  Tensor y = Tensor::ofFloats({batch, features});
  for (int64_t b = 0; b < batch; ++b) {
    if (op.getLast() && length) {
      // The mean of one step.
      counts.ints()[b] = 1;
      for (int64_t h = 0; h < features; ++h)
        y.floats()[b * features + h] = sums.floats()[b * features + h] =
            x.floats()[((b + 1) * length - 1) * features + h];
      continue;
    }
    counts.ints()[b] += length;
    for (int64_t h = 0; h < features; ++h) {
      double &sum = sums.floats()[b * features + h];
      for (int64_t l = 0; l < length; ++l)
        sum += x.floats()[(b * length + l) * features + h];
      // The mean of nothing is NaN, as 0 / 0 is.
      y.floats()[b * features + h] =
          sum / static_cast<double>(counts.ints()[b]);
    }
  }
  return Results{y, sums, counts};
}

static Tensor evaluateLogSoftmax(LogSoftmaxOp op, const Values &values) {
  Tensor y = values[op.getX()];
  int64_t features = y.features();
  for (int64_t row = 0; features && row < y.size() / features; ++row) {
    MutableArrayRef<double> x(y.floats().data() + row * features, features);
    double largest = x.front();
    for (double value : x)
      if (value > largest || std::isnan(value))
        largest = value;
    double sum = 0.0;
    for (double value : x)
      sum += std::exp(value - largest);
    for (double &value : x)
      value = value - largest - std::log(sum);
    if (op.getProbabilities())
      for (double &value : x)
        value = std::exp(value);
  }
  return y;
}

/// The place of feature `lane` of panel `panel`, or -1 beyond `features`.
static int64_t getPanelFeature(int64_t panel, int64_t lane, int64_t features,
                               bool paired) {
  if (!paired) {
    int64_t feature = panel * kPanelLanes + lane;
    return feature < features ? feature : -1;
  }
  int64_t plane = features / 2;
  int64_t feature = panel * kHalfPanel + lane % kHalfPanel;
  if (feature >= plane)
    return -1;
  return lane < kHalfPanel ? feature : plane + feature;
}

static FailureOr<Tensor> evaluatePackPanels(PackPanelsOp op,
                                            const Values &values) {
  if (op.getFragments())
    return op.emitOpError() << "gives words of fragments, which are no numbers";
  const Tensor &weight = values[op.getWeight()];
  ArrayRef<int64_t> shape = op.getResult().getType().getShape();
  Tensor result = Tensor::ofFloats(shape);
  bool isMatrix = weight.shape.size() == 2;
  int64_t outs = weight.shape[0], ins = isMatrix ? weight.shape[1] : 1;
  int64_t depth = isMatrix ? shape[1] : 1;
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    int64_t lane = i % kPanelLanes, k = i / kPanelLanes % depth;
    int64_t panel = i / kPanelLanes / depth;
    int64_t row = getPanelFeature(panel, lane, outs, op.getPairedOut());
    int64_t column = isMatrix && op.getPairedIn()
                         ? getPanelFeature(k / kPanelLanes, k % kPanelLanes,
                                           ins, /*paired=*/true)
                         : k;
    if (row >= 0 && column >= 0)
      result.floats()[i] = weight.floats()[row * ins + column];
  }
  return result;
}

void ssmc::reference::addLayerOps(OpTable &table) {
  table.add<LinearOp>(evaluateLinear);
  table.add<EmbeddingOp>(evaluateEmbedding);
  table.add<GluOp>(evaluateGlu);
  table.add<GeluOp>(evaluateGelu);
  table.add<ReluOp>(evaluateRelu);
  table.add<SiluOp>(evaluateSilu);
  table.add<TanhOp>(evaluateTanh);
  table.add<AddOp>(evaluateAdd);
  table.add<ShiftOp>(evaluateShift);
  table.add<ScaleOp>(evaluateScale);
  table.add<SkipOp>(evaluateSkip);
  table.add<GateOp>(evaluateGate);
  table.add<BatchNormOp>(evaluateBatchNorm);
  table.add<LayerNormOp>(evaluateLayerNorm);
  table.add<MeanPoolOp>(evaluateMeanPool);
  table.add<LogSoftmaxOp>(evaluateLogSoftmax);
  table.add<PackPanelsOp>(evaluatePackPanels);
}
