//===- ReferenceMixersTest.cpp - Mixers and scans against worked numbers --===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/ReferenceTest.h"
#include "llvm/Support/FormatVariadic.h"
#include <complex>

using namespace mlir;
using namespace ssmc::reference;

namespace {
/// An S5 of one mode and one feature.
struct S5 {
  double real = -1, imaginary = 0, logStep = 0, d = 0;
  const char *attributes = "discretization zoh {conj_sym}";
};
} // namespace

static std::string s5(const S5 &s5) {
  return llvm::formatv(
      R"(func.func @f(%u: tensor<?x?x1xf32>, %s: tensor<?x2x1xf32>, %re: tensor<1xf32>, %im: tensor<1xf32>, %b: tensor<1x1x2xf32>, %c: tensor<1x1x2xf32>, %d: tensor<1xf32>, %ls: tensor<1x1xf32>) -> (tensor<?x?x1xf32>, tensor<?x2x1xf32>) {{
        %y, %s1 = ssm.s5 %u, %s lambda(%re, %im) b(%b) c(%c) d(%d) log_step(%ls) {0}
          : tensor<?x?x1xf32>, tensor<?x2x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1x1x2xf32>, tensor<1x1x2xf32>, tensor<1xf32>, tensor<1x1xf32>
        return %y, %s1 : tensor<?x?x1xf32>, tensor<?x2x1xf32>
      })",
      s5.attributes);
}

class ReferenceMixerTest : public ReferenceTest {
protected:
  /// Runs an S5 with B = 1 and C = 1 on `u` from state `state`.
  SmallVector<Tensor> runS5(const S5 &options, std::vector<double> u,
                            std::vector<double> state = {0, 0}) {
    int64_t length = u.size();
    return run(s5(options),
               {floats({1, length, 1}, u), floats({1, 2, 1}, state),
                floats({1}, {options.real}), floats({1}, {options.imaginary}),
                floats({1, 1, 2}, {1, 0}), floats({1, 1, 2}, {1, 0}),
                floats({1}, {options.d}), floats({1, 1}, {options.logStep})});
  }
};

TEST_F(ReferenceMixerTest, S5HoldsItsInputOverAStep) {
  S5 model;
  model.d = 10;
  auto results = runS5(model, {1, 0});
  // x' = -x + u for a time of 1: x = 1 - 1/e, then that over e.
  double a = std::exp(-1.0), x = 1 - a;
  expectClose(results[0], floats({1, 2, 1}, {2 * x + 10, 2 * x * a}));
  expectClose(results[1], floats({1, 2, 1}, {x * a, 0}));
}

TEST_F(ReferenceMixerTest, S5WithoutConjugatesIsNotDoubled) {
  S5 model;
  model.attributes = "discretization zoh {step_rescale = 2.0}";
  expectClose(runS5(model, {1})[0], floats({1, 1, 1}, {1 - std::exp(-2.0)}));
}

TEST_F(ReferenceMixerTest, S5BilinearAverages) {
  S5 model;
  model.attributes = "discretization bilinear {conj_sym}";
  // (1 - 1/2) / (1 + 1/2) = 1/3 and 1 / (1 + 1/2) = 2/3.
  expectClose(runS5(model, {1, 0})[0], floats({1, 2, 1}, {4. / 3, 4. / 9}));
}

TEST_F(ReferenceMixerTest, S5ClipsGrowingModesOnRequest) {
  S5 model;
  model.real = 1;
  double a = std::exp(1.0);
  expectClose(runS5(model, {0}, {1, 0})[1], floats({1, 2, 1}, {a, 0}));
  model.attributes = "discretization zoh {conj_sym, clip_eigs}";
  expectClose(runS5(model, {0}, {1, 0})[1],
              floats({1, 2, 1}, {std::exp(-1e-4), 0}));
  model.real = NAN;
  expectClose(runS5(model, {1})[1], floats({1, 2, 1}, {NAN, NAN}));
}

TEST_F(ReferenceMixerTest, S5InputScaleDoesNotCancel) {
  S5 model;
  model.real = -1e-12;
  model.imaginary = 1e-10;
  // (exp(z) - 1) / z = 1 + z/2 + ..., of which exp(z) - 1 keeps 6 digits.
  expectClose(runS5(model, {1})[1], floats({1, 2, 1}, {1 - 5e-13, 5e-11}),
              1e-15);
}

/// As in compiled code: no digit of such a phase means anything.
TEST_F(ReferenceMixerTest, S5TurnsNoFurtherThanAPhaseIsKnown) {
  SmallVector<Tensor> known = runS5({-1e-20, 1, std::log(0x1p47)}, {1});
  EXPECT_TRUE(std::isfinite(known[0].floats()[0]));
  SmallVector<Tensor> unknown = runS5({-1e-20, 1, std::log(0x1p49)}, {1});
  EXPECT_TRUE(std::isnan(unknown[0].floats()[0]));
  EXPECT_TRUE(std::isnan(unknown[1].floats()[0]));
}

TEST_F(ReferenceMixerTest, S5RunsWithoutModes) {
  auto results = run(
      R"(func.func @f(%u: tensor<?x?x1xf32>, %s: tensor<?x2x0xf32>, %re: tensor<0xf32>, %b: tensor<0x1x2xf32>, %c: tensor<1x0x2xf32>, %d: tensor<1xf32>, %ls: tensor<1x1xf32>) -> (tensor<?x?x1xf32>, tensor<?x2x0xf32>) {
        %y, %s1 = ssm.s5 %u, %s lambda(%re, %re) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh
          : tensor<?x?x1xf32>, tensor<?x2x0xf32>, tensor<0xf32>, tensor<0xf32>, tensor<0x1x2xf32>, tensor<1x0x2xf32>, tensor<1xf32>, tensor<1x1xf32>
        return %y, %s1 : tensor<?x?x1xf32>, tensor<?x2x0xf32>
      })",
      {floats({1, 2, 1}, {1, 2}), floats({1, 2, 0}, {}), floats({0}, {}),
       floats({0, 1, 2}, {}), floats({1, 0, 2}, {}), floats({1}, {3}),
       floats({1, 1}, {0})});
  expectClose(results[0], floats({1, 2, 1}, {3, 6}));
}

TEST_F(ReferenceMixerTest, AChunkGoesOnWhereTheLastOneEnded) {
  S5 model;
  model.imaginary = 0.5;
  auto whole = runS5(model, {1, -2, 3, 4});
  auto first = runS5(model, {1, -2});
  auto second = runS5(model, {3, 4}, first[1].floats());
  expectClose(second[1], whole[1], 0);
  for (int l = 0; l < 4; ++l)
    EXPECT_EQ(whole[0].floats()[l],
              (l < 2 ? first : second)[0].floats()[l % 2]);
}

TEST_F(ReferenceMixerTest, LruRotatesAtInfiniteParameters) {
  auto results = run(
      R"(func.func @f(%u: tensor<?x?x1xf32>, %s: tensor<?x2x2xf32>, %nu: tensor<2xf32>, %theta: tensor<2xf32>, %gamma: tensor<2xf32>, %bre: tensor<2x1xf32>, %bim: tensor<2x1xf32>, %cre: tensor<1x2xf32>, %cim: tensor<1x2xf32>, %d: tensor<1xf32>) -> (tensor<?x?x1xf32>, tensor<?x2x2xf32>) {
        %y, %s1 = ssm.lru %u, %s nu_log(%nu) theta_log(%theta) gamma_log(%gamma) b(%bre, %bim) c(%cre, %cim) d(%d)
          : tensor<?x?x1xf32>, tensor<?x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2x1xf32>, tensor<2x1xf32>, tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>
        return %y, %s1 : tensor<?x?x1xf32>, tensor<?x2x2xf32>
      })",
      // Mode 0: lambda = i (nu_log -inf), gamma 2. Mode 1: lambda = 0.
      {floats({1, 2, 1}, {1, 0}), floats({1, 2, 2}, {0, 0, 0, 0}),
       floats({2}, {-INFINITY, INFINITY}),
       floats({2}, {std::log(M_PI / 2), -INFINITY}),
       floats({2}, {std::log(2.0), 0}), floats({2, 1}, {1, 1}),
       floats({2, 1}, {0, 0}), floats({1, 2}, {1, 1}), floats({1, 2}, {1, 0}),
       floats({1}, {0})});
  // C = (1 + i, 1): Re((1 + i) 2) + 1 = 3, then Re((1 + i) 2 i) = -2.
  expectClose(results[0], floats({1, 2, 1}, {3, -2}));
  expectClose(results[1], floats({1, 2, 2}, {0, 0, 2, 0}), 1e-15);
}

//===----------------------------------------------------------------------===//
// LinOSS
//===----------------------------------------------------------------------===//

class ReferenceLinossTest : public ReferenceTest {
protected:
  /// One oscillator with dt = 1/2, B = 1, C = 1, D = 0 and an impulse.
  SmallVector<Tensor> runLinoss(StringRef scheme, double a, double g) {
    bool damped = scheme == "damped_IMEX";
    std::string source = llvm::formatv(
        R"(func.func @f(%u: tensor<?x?x1xf32>, %s: tensor<?x2x2x1xf32>, %a: tensor<1xf32>, %dt: tensor<1xf32>, %g: tensor<1xf32>, %b: tensor<1x1x2xf32>, %c: tensor<1x1x2xf32>, %d: tensor<1xf32>) -> (tensor<?x?x1xf32>, tensor<?x2x2x1xf32>) {{
          %y, %s1 = ssm.linoss {0} %u, %s a_diag(%a) steps(%dt) {1} b(%b) c(%c) d(%d)
            : (tensor<?x?x1xf32>, tensor<?x2x2x1xf32>, tensor<1xf32>, tensor<1xf32>, {2} tensor<1x1x2xf32>, tensor<1x1x2xf32>, tensor<1xf32>) -> (tensor<?x?x1xf32>, tensor<?x2x2x1xf32>)
          return %y, %s1 : tensor<?x?x1xf32>, tensor<?x2x2x1xf32>
        })",
        scheme, damped ? "g_diag(%g)" : "", damped ? "tensor<1xf32>," : "");
    return run(source,
               {floats({1, 2, 1}, {1, 0}), floats({1, 2, 2, 1}, {0, 0, 0, 0}),
                floats({1}, {a}), floats({1}, {0}), floats({1}, {g}),
                floats({1, 1, 2}, {1, 0}), floats({1, 1, 2}, {1, 0}),
                floats({1}, {0})});
  }
};

TEST_F(ReferenceLinossTest, ImexIsSymplectic) {
  // z = 1/2, y = 1/4; z = 1/2 - 1/2 4 1/4 = 0, y = 1/4.
  auto results = runLinoss("IMEX", 4, 0);
  expectClose(results[0], floats({1, 2, 1}, {0.25, 0.25}));
  expectClose(results[1], floats({1, 2, 2, 1}, {0, 0, 0.25, 0}));
}

TEST_F(ReferenceLinossTest, ImplicitStepsSeeTheirOwnEnd) {
  // s = 1 + 1/4 4 = 2: z = 1/4, y = 1/8; z = 1/8 - 1/8 = 0, y = 1/8.
  auto results = runLinoss("IM", 4, 0);
  expectClose(results[0], floats({1, 2, 1}, {0.125, 0.125}));
  expectClose(results[1], floats({1, 2, 2, 1}, {0, 0, 0.125, 0}));
}

TEST_F(ReferenceLinossTest, NegativeStiffnessIsNone) {
  expectClose(runLinoss("IMEX", -4, 0)[0], floats({1, 2, 1}, {0.25, 0.5}));
}

TEST_F(ReferenceLinossTest, DampingClampsTheStiffness) {
  // g = 16: s = 9, root = 1 + 3; a within [(16 / 4)^2, (4 / (1/2))^2].
  auto stateOf = [&](double a) { return runLinoss("damped_IMEX", a, 16)[1]; };
  auto expected = [](double a) {
    double z = 0.5 / 9, y = z / 2;
    double z2 = z / 9 - 0.5 * a / 9 * y;
    return floats({1, 2, 2, 1}, {z2, 0, y + z2 / 2, 0});
  };
  expectClose(stateOf(0), expected(16));
  expectClose(stateOf(20), expected(20));
  expectClose(stateOf(100), expected(64));
}

//===----------------------------------------------------------------------===//
// Scans
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, DiagonalScanMultipliesComplexNumbers) {
  auto results = run(
      R"(func.func @f(%f: tensor<?x?x2xf32>, %s: tensor<?x2x1xf32>, %re: tensor<1xf64>, %im: tensor<1xf64>) -> (tensor<?x?x2xf32>, tensor<?x2x1xf32>) {
        %y, %s1 = ssm.scan diagonal %f, %s coefficients(%re, %im : tensor<1xf64>, tensor<1xf64>) : tensor<?x?x2xf32>, tensor<?x2x1xf32>
        return %y, %s1 : tensor<?x?x2xf32>, tensor<?x2x1xf32>
      })",
      {floats({2, 2, 2}, {1, 0, 0, 1, 0, 0, 0, 0}),
       floats({2, 2, 1}, {1, 1, 0, 1}), floats({1}, {2}), floats({1}, {1})});
  // a = 2 + i. Stream 0: (1 + i) a + 1 = 2 + 3i; (2 + 3i) a + i = 1 + 9i.
  // Stream 1: i a = -1 + 2i; (-1 + 2i) a = -4 + 3i.
  expectClose(results[0], floats({2, 2, 2}, {2, 3, 1, 9, -1, 2, -4, 3}));
  expectClose(results[1], floats({2, 2, 1}, {1, 9, -4, 3}));
}

TEST_F(ReferenceTest, OscillatorScanTreatsPlanesAlike) {
  auto results = run(
      R"(func.func @f(%f: tensor<?x?x2xf32>, %s: tensor<?x2x2x1xf32>, %k1: tensor<1xf64>, %k2: tensor<1xf64>, %dt: tensor<1xf64>) -> (tensor<?x?x2xf32>, tensor<?x2x2x1xf32>) {
        %y, %s1 = ssm.scan oscillator %f, %s coefficients(%k1, %k2, %dt : tensor<1xf64>, tensor<1xf64>, tensor<1xf64>) : tensor<?x?x2xf32>, tensor<?x2x2x1xf32>
        return %y, %s1 : tensor<?x?x2xf32>, tensor<?x2x2x1xf32>
      })",
      {floats({1, 1, 2}, {1, 10}), floats({1, 2, 2, 1}, {2, 3, 4, 5}),
       floats({1}, {3}), floats({1}, {2}), floats({1}, {0.5})});
  // z = 3 (2, 3) - 2 (4, 5) + (1, 10) = (-1, 9); y = (4, 5) + z / 2.
  expectClose(results[0], floats({1, 1, 2}, {3.5, 9.5}));
  expectClose(results[1], floats({1, 2, 2, 1}, {-1, 9, 3.5, 9.5}));
}

TEST_F(ReferenceTest, ScanCoefficientsMayChangeWithTime) {
  auto results = run(
      R"(func.func @f(%f: tensor<?x?x2xf32>, %s: tensor<?x2x1xf32>, %re: tensor<?x?x1xf64>, %im: tensor<?x?x1xf64>) -> tensor<?x2x1xf32> {
        %y, %s1 = ssm.scan diagonal %f, %s coefficients(%re, %im : tensor<?x?x1xf64>, tensor<?x?x1xf64>) : tensor<?x?x2xf32>, tensor<?x2x1xf32>
        return %s1 : tensor<?x2x1xf32>
      })",
      {floats({1, 2, 2}, {0, 0, 0, 0}), floats({1, 2, 1}, {1, 0}),
       floats({1, 2, 1}, {2, 0}), floats({1, 2, 1}, {0, 3})});
  expectClose(results[0], floats({1, 2, 1}, {0, 6}));
}
