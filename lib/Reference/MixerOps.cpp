//===- MixerOps.cpp - Sequence mixers, in complex form, and the scan ------===//
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

/// Reads (writes) vector `index` of a state, each two planes of `modes`.
static void readPlanes(const Tensor &state, int64_t index,
                       ComplexVector &vector) {
  const double *re = state.floats().data() + index * 2 * vector.size();
  for (size_t n = 0; n < vector.size(); ++n)
    vector[n] = {re[n], re[vector.size() + n]};
}
static void writePlanes(Tensor &state, int64_t index,
                        const ComplexVector &vector) {
  double *re = state.floats().data() + index * 2 * vector.size();
  for (size_t n = 0; n < vector.size(); ++n) {
    re[n] = vector[n].real();
    re[vector.size() + n] = vector[n].imag();
  }
}

namespace {
/// What every mixer has: an input map B (N, H), an output map C (H, N), a
/// feed-through D (H), and `gain`, the factor of Re(C x).
struct Projections {
  ComplexVector b, c;
  const std::vector<double> &d;
  double gain;

  /// B u, of N modes.
  void project(const double *u, ComplexVector &force) const {
    size_t features = d.size();
    for (size_t n = 0; n < force.size(); ++n) {
      double re = 0, im = 0;
      for (size_t h = 0; h < features; ++h) {
        re += b[n * features + h].real() * u[h];
        im += b[n * features + h].imag() * u[h];
      }
      force[n] = {re, im};
    }
  }
  /// gain Re(C x) + D u.
  void output(const ComplexVector &x, const double *u, double *y) const {
    for (size_t h = 0; h < d.size(); ++h) {
      double sum = 0;
      for (size_t n = 0; n < x.size(); ++n) {
        Complex weight = c[h * x.size() + n];
        sum += weight.real() * x[n].real() - weight.imag() * x[n].imag();
      }
      y[h] = gain * sum + d[h] * u[h];
    }
  }
};
} // namespace

/// Runs `step(force, vectors, delta)` over time for every stream; the delta is
/// that of the step in `dt` (B, L), or 1 without. `state` holds
/// `vectors` complex vectors of N modes per stream, of which the last is the
/// one that the output reads. With `reverse` the last step comes first.
template <typename Step>
static Results runMixer(const Tensor &u, const Tensor &state, size_t vectors,
                        const Projections &maps, const Tensor *dt, Step step,
                        bool reverse = false) {
  int64_t batch = u.shape[0], length = u.shape[1];
  size_t features = maps.d.size(), modes = state.features();
  Results results{u, state};
  ComplexVector force(modes);
  SmallVector<ComplexVector> carried(vectors, ComplexVector(modes));
  for (int64_t b = 0; b < batch; ++b) {
    for (size_t i = 0; i < vectors; ++i)
      readPlanes(state, b * vectors + i, carried[i]);
    for (int64_t i = 0; i < length; ++i) {
      int64_t l = reverse ? length - 1 - i : i;
      const double *input = u.floats().data() + (b * length + l) * features;
      maps.project(input, force);
      step(force, carried, dt ? dt->floats()[b * length + l] : 1.0);
      maps.output(carried.back(), input,
                  results[0].floats().data() + (b * length + l) * features);
    }
    for (size_t i = 0; i < vectors; ++i)
      writePlanes(results[1], b * vectors + i, carried[i]);
  }
  return results;
}

/// x' = a x + force.
static auto diagonalStep(const ComplexVector &a) {
  return [&a](const ComplexVector &force, SmallVector<ComplexVector> &carried,
              double) {
    for (size_t n = 0; n < a.size(); ++n)
      carried[0][n] = multiply(a[n], carried[0][n]) + force[n];
  };
}

/// Multiplies row n of B (N, H) by scale[n].
static void scaleRows(ComplexVector &b, const ComplexVector &scale) {
  for (size_t i = 0; i < b.size(); ++i)
    b[i] = multiply(scale[i / (b.size() / scale.size())], b[i]);
}

/// Checks that the sequence is (batch, time, features), one state per stream.
template <typename Op>
static LogicalResult checkStreams(Op op, const Values &values) {
  const Tensor &u = values[op.getU()], &state = values[op.getState()];
  if (u.shape.size() != 3)
    return op.emitOpError()
           << "runs on " << describe(u) << "; expected (batch, time, features)";
  SmallVector<int64_t> wanted(state.shape);
  wanted[0] = u.shape[0];
  return expectShape(op, "the state", state, wanted);
}

/// The time deltas of a mixer's steps, or null. Fails unless there is one per
/// step.
template <typename Op>
static FailureOr<const Tensor *> getTimeSteps(Op op, const Values &values) {
  if (!op.getDt())
    return static_cast<const Tensor *>(nullptr);
  const Tensor &dt = values[op.getDt()], &u = values[op.getU()];
  if (failed(expectShape(op, "dt", dt, {u.shape[0], u.shape[1]})))
    return failure();
  return &dt;
}

//===----------------------------------------------------------------------===//
// Model level
//===----------------------------------------------------------------------===//

namespace {
/// x' = a x + scale B u.
struct DiscreteMode {
  Complex a, scale;
};
} // namespace

static DiscreteMode discretizeMode(Discretization rule, Complex eigenvalue,
                                   double step) {
  if (rule == Discretization::zoh)
    return {exponential(eigenvalue * step),
            exponentialMinusOne(eigenvalue * step) / eigenvalue};
  Complex inverse = 1.0 / (1.0 - step / 2 * eigenvalue);
  return {multiply(inverse, 1.0 + step / 2 * eigenvalue), inverse * step};
}

/// S5 (Smith et al. 2023, eq. 5 and 6), as discretax's S5SequenceMixer.
static FailureOr<Results> evaluateS5(S5Op op, const Values &values) {
  if (failed(checkStreams(op, values)))
    return failure();
  ComplexVector lambda =
      combine(values[op.getLambdaRe()], values[op.getLambdaIm()]);
  double rescale = op.getStepRescale().convertToDouble();
  FailureOr<const Tensor *> dt = getTimeSteps(op, values);
  if (failed(dt))
    return failure();
  ComplexVector a, scale;
  std::vector<double> steps;
  for (auto [n, eigenvalue] : llvm::enumerate(lambda)) {
    // NaN stays NaN.
    if (op.getClipEigs() && eigenvalue.real() > -1e-4)
      eigenvalue.real(-1e-4);
    steps.push_back(rescale * std::exp(values[op.getLogStep()].floats()[n]));
    DiscreteMode mode =
        discretizeMode(op.getDiscretization(), eigenvalue, steps.back());
    a.push_back(mode.a);
    scale.push_back(mode.scale);
  }
  Projections maps{asComplex(values[op.getB()]), asComplex(values[op.getC()]),
                   values[op.getD()].floats(), op.getConjSym() ? 2.0 : 1.0};
  if (*dt) {
    auto step = [&](const ComplexVector &force,
                    SmallVector<ComplexVector> &carried, double delta) {
      for (size_t n = 0; n < lambda.size(); ++n) {
        DiscreteMode mode =
            discretizeMode(op.getDiscretization(), lambda[n], delta * steps[n]);
        carried[0][n] =
            multiply(mode.a, carried[0][n]) + multiply(mode.scale, force[n]);
      }
    };
    return runMixer(values[op.getU()], values[op.getState()], 1, maps, *dt,
                    step, op.getReverse());
  }
  scaleRows(maps.b, scale);
  return runMixer(values[op.getU()], values[op.getState()], 1, maps, nullptr,
                  diagonalStep(a), op.getReverse());
}

/// LRU (Orvieto et al. 2023, eq. 7), as discretax's LRUSequenceMixer.
static FailureOr<Results> evaluateLru(LruOp op, const Values &values) {
  if (failed(checkStreams(op, values)))
    return failure();
  const std::vector<double> &nu = values[op.getNuLog()].floats(),
                            &theta = values[op.getThetaLog()].floats(),
                            &gamma = values[op.getGammaLog()].floats();
  ComplexVector a, scale;
  for (size_t n = 0; n < nu.size(); ++n) {
    a.push_back(exponential({-std::exp(nu[n]), std::exp(theta[n])}));
    scale.push_back(std::exp(gamma[n]));
  }
  Projections maps{combine(values[op.getBRe()], values[op.getBIm()]),
                   combine(values[op.getCRe()], values[op.getCIm()]),
                   values[op.getD()].floats(), 1.0};
  scaleRows(maps.b, scale);
  return runMixer(values[op.getU()], values[op.getState()], 1, maps, nullptr,
                  diagonalStep(a));
}

namespace {
/// One oscillator's step: z' = k1 z - k2 y + k3 B u, y' = y + dt z'.
struct Oscillator {
  double k1, k2, k3, dt;
};
} // namespace

static double relu(double x) { return x < 0 ? 0.0 : x; }

/// LinOSS (Rusch and Rus 2025): `a` and `g` are A_diag and G_diag, `dt` is
/// sigmoid(steps), times the step's time delta.
static Oscillator discretizeOscillator(OscillatorScheme scheme, double a,
                                       double dt, double g) {
  double s = 1.0;
  if (scheme == OscillatorScheme::damped_IMEX) {
    g = relu(g);
    s = 1.0 + dt * g;
    // The stable range (2 + dt g -+ 2 sqrt(1 + dt g)) / dt^2; its bounds are
    // the squares of (sqrt(s) -+ 1) / dt, and sqrt(s) - 1 = dt g / (1 +
    // sqrt(s)) does not cancel.
    double root = 1.0 + std::sqrt(s);
    double low = g / root * (g / root), high = root / dt * (root / dt);
    a = a < low ? low : a > high ? high : a;
  } else {
    a = relu(a);
    if (scheme == OscillatorScheme::IM)
      s = 1.0 + dt * dt * a;
  }
  return {1.0 / s, dt * a / s, dt / s, dt};
}

static FailureOr<Results> evaluateLinoss(LinossOp op, const Values &values) {
  if (failed(checkStreams(op, values)))
    return failure();
  const std::vector<double> &a = values[op.getADiag()].floats(),
                            &steps = values[op.getSteps()].floats();
  FailureOr<const Tensor *> dt = getTimeSteps(op, values);
  if (failed(dt))
    return failure();
  auto discretize = [&](size_t n, double delta) {
    return discretizeOscillator(
        op.getScheme(), a[n], delta * sigmoid(steps[n]),
        op.getGDiag() ? values[op.getGDiag()].floats()[n] : 0.0);
  };
  std::vector<Oscillator> oscillators;
  for (size_t n = 0; n < a.size(); ++n)
    oscillators.push_back(discretize(n, 1.0));
  Projections maps{asComplex(values[op.getB()]), asComplex(values[op.getC()]),
                   values[op.getD()].floats(), 1.0};
  auto step = [&](const ComplexVector &force,
                  SmallVector<ComplexVector> &carried, double delta) {
    ComplexVector &z = carried[0], &y = carried[1];
    for (size_t n = 0; n < z.size(); ++n) {
      Oscillator k = *dt ? discretize(n, delta) : oscillators[n];
      z[n] = k.k1 * z[n] - k.k2 * y[n] + k.k3 * force[n];
      y[n] = y[n] + k.dt * z[n];
    }
  };
  return runMixer(values[op.getU()], values[op.getState()], 2, maps, *dt, step);
}

//===----------------------------------------------------------------------===//
// Recurrence level
//===----------------------------------------------------------------------===//

static FailureOr<Results> evaluateScan(ScanOp op, const Values &values) {
  const Tensor &f = values[op.getF()];
  int64_t batch = f.shape[0], length = f.shape[1];
  bool diagonal = op.getKind() == ScanKind::diagonal;
  size_t modes = f.features() / 2, vectors = diagonal ? 1 : 2;
  SmallVector<int64_t> stateShape(values[op.getState()].shape);
  stateShape[0] = batch;
  if (failed(expectShape(op, "the state", values[op.getState()], stateShape)))
    return failure();
  SmallVector<const Tensor *> coefficients;
  bool dynamic = false;
  for (Value coefficient : op.getCoefficients()) {
    coefficients.push_back(&values[coefficient]);
    dynamic = coefficients.back()->shape.size() == 3;
    if (dynamic && failed(expectShape(op, "a coefficient", *coefficients.back(),
                                      {batch, length, int64_t(modes)})))
      return failure();
  }
  SmallVector<const Tensor *> gains;
  for (Value gain : op.getGains()) {
    gains.push_back(&values[gain]);
    if (gains.back()->shape != coefficients.front()->shape)
      return op.emitOpError() << "a gain is " << describe(*gains.back())
                              << "; expected the coefficients' shape";
  }
  Results results{f, values[op.getState()]};
  ComplexVector force(modes);
  SmallVector<ComplexVector> carried(vectors, ComplexVector(modes));
  for (int64_t b = 0; b < batch; ++b) {
    for (size_t i = 0; i < vectors; ++i)
      readPlanes(values[op.getState()], b * vectors + i, carried[i]);
    for (int64_t i = 0; i < length; ++i) {
      int64_t l = op.getReverse() ? length - 1 - i : i;
      readPlanes(f, b * length + l, force);
      for (size_t n = 0; n < modes; ++n) {
        int64_t place = dynamic ? (b * length + l) * modes + n : n;
        auto k = [&](int i) { return coefficients[i]->floats()[place]; };
        if (!gains.empty()) {
          bool isReal = gains.size() == 1;
          Complex gain(gains[0]->floats()[place],
                       isReal ? 0.0 : gains[1]->floats()[place]);
          force[n] = isReal ? gain.real() * force[n] : multiply(gain, force[n]);
        }
        Complex &z = carried[0][n], &y = carried[vectors - 1][n];
        if (diagonal) {
          z = multiply({k(0), k(1)}, z) + force[n];
        } else {
          z = k(0) * z - k(1) * y + force[n];
          y += k(2) * z;
        }
      }
      writePlanes(results[0], b * length + l, carried.back());
    }
    for (size_t i = 0; i < vectors; ++i)
      writePlanes(results[1], b * vectors + i, carried[i]);
  }
  return results;
}

void ssmc::reference::addMixerOps(OpTable &table) {
  table.add<S5Op>(evaluateS5);
  table.add<LruOp>(evaluateLru);
  table.add<LinossOp>(evaluateLinoss);
  table.add<ScanOp>(evaluateScan);
}
