//===- ChannelOps.cpp - S4D and its scan, in complex form -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Reference/ComplexVector.h"
#include "lib/Reference/OpTable.h"

using namespace mlir;
using namespace ssmc;
using namespace ssmc::reference;

/// Runs channels with modes of their own over time: a mode's state becomes
/// a x + u, and the output is what `readout(h, n, x)` gives of all modes.
template <typename Readout>
static Results runChannels(const Tensor &u, const Tensor &state,
                           const ComplexVector &a, Readout readout) {
  int64_t batch = u.shape[0], length = u.shape[1];
  int64_t channels = u.features(), modes = state.shape[3];
  Results results{u, state};
  ComplexVector x(channels * modes);
  for (int64_t b = 0; b < batch; ++b) {
    double *re = results[1].floats().data() + b * 2 * modes * channels,
           *im = re + modes * channels;
    for (int64_t h = 0; h < channels; ++h)
      for (int64_t n = 0; n < modes; ++n)
        x[h * modes + n] = {re[n * channels + h], im[n * channels + h]};
    for (int64_t l = 0; l < length; ++l)
      for (int64_t h = 0; h < channels; ++h) {
        int64_t place = (b * length + l) * channels + h;
        double y = 0;
        for (int64_t i = h * modes; i < (h + 1) * modes; ++i) {
          x[i] = multiply(a[i], x[i]) + u.floats()[place];
          y += readout(i, x[i]);
        }
        results[0].floats()[place] = y;
      }
    for (int64_t h = 0; h < channels; ++h)
      for (int64_t n = 0; n < modes; ++n) {
        re[n * channels + h] = x[h * modes + n].real();
        im[n * channels + h] = x[h * modes + n].imag();
      }
  }
  return results;
}

static LogicalResult checkChannels(Operation *op, const Tensor &u,
                                   const Tensor &state) {
  SmallVector<int64_t> wanted(state.shape);
  wanted.front() = u.shape.front();
  return expectShape(op, "the state", state, wanted);
}

/// discretax/sequence_mixers/s4d.py, as a recurrence.
static FailureOr<Results> evaluateS4d(S4dOp op, const Values &values) {
  const Tensor &u = values[op.getU()], &state = values[op.getState()];
  if (failed(checkChannels(op, u, state)))
    return failure();
  const std::vector<double> &logDt = values[op.getLogDt()].floats(),
                            &logARe = values[op.getLogARe()].floats(),
                            &aIm = values[op.getAIm()].floats();
  ComplexVector c = asComplex(values[op.getC()]), a(c.size());
  for (size_t i = 0; i < a.size(); ++i) {
    Complex rate{-std::exp(logARe[i]), aIm[i]};
    Complex z = rate * std::exp(logDt[i / (a.size() / logDt.size())]);
    a[i] = exponential(z);
    c[i] *= exponentialMinusOne(z) / rate;
  }
  return runChannels(u, state, a, [&](int64_t i, Complex x) {
    return 2 * multiply(c[i], x).real();
  });
}

static FailureOr<Results> evaluateChannelScan(ChannelScanOp op,
                                              const Values &values) {
  const Tensor &u = values[op.getX()], &state = values[op.getState()];
  if (failed(checkChannels(op, u, state)))
    return failure();
  const std::vector<double> &re = values[op.getCRe()].floats(),
                            &im = values[op.getCIm()].floats();
  return runChannels(u, state,
                     combine(values[op.getARe()], values[op.getAIm()]),
                     [&](int64_t i, Complex x) {
                       return re[i] * x.real() + im[i] * x.imag();
                     });
}

void ssmc::reference::addChannelOps(OpTable &table) {
  table.add<S4dOp>(evaluateS4d);
  table.add<ChannelScanOp>(evaluateChannelScan);
}
