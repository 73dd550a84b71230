//===- EpilogueTest.cpp - Accuracy of what epilogues compute --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The non-linearities of epilogues as pointwise layers emit them and
// expand-math expands them, compiled in memory and run over f32 against f64.
// One argument in `stride` of all floats is tried, or every one with
// SSMC_EXHAUSTIVE=1 in the environment (minutes): docs/accuracy.md has the
// errors of that.
//
//===----------------------------------------------------------------------===//

#include "test/unit/KernelTest.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <cstdlib>
#include <limits>

using namespace mlir;

namespace {

/// Numbers per call of a compiled kernel.
constexpr int64_t count = 1 << 14;
constexpr int widths[] = {1, 4, 8, 16};
const char *const forms[] = {"exp2", "sigmoid", "gelu"};

uint32_t stride() { return std::getenv("SSMC_EXHAUSTIVE") ? 1 : 499; }

std::string kernelName(StringRef form, int width) {
  return llvm::formatv("{0}_{1}", form, width);
}

/// What a layer emits for the placeholder `op`. A layer's `buildLanes` is a
/// method of an operation: `gelu` is any.
Value buildForm(OpBuilder &builder, Operation *op, ssmc::GeluOp gelu) {
  StringRef form = op->getName().getStringRef();
  Value x = op->getOperand(0);
  if (form == "test.exp2")
    return math::Exp2Op::create(builder, op->getLoc(), x);
  if (form == "test.gelu")
    return gelu.buildLanes(builder, op->getLoc(), x, {});
  TypedAttr one = builder.getF32FloatAttr(1);
  if (auto vector = dyn_cast<VectorType>(x.getType()))
    one = DenseElementsAttr::get(vector, Attribute(one));
  return ssmc::GateOp::buildLanesOfExponent(
      builder, op->getLoc(),
      arith::ConstantOp::create(builder, op->getLoc(), one), x);
}

/// All forms at all widths. A kernel applies the placeholder `test.FORM`, which
/// what a layer emits replaces.
class Epilogue : public ssmc::testing::KernelTest {
public:
  static void SetUpTestSuite() {
    KernelTest::SetUpTestSuite();
    engine = compileForms();
    ASSERT_TRUE(engine);
  }
  static void TearDownTestSuite() {
    engine.reset();
    KernelTest::TearDownTestSuite();
  }

  static std::unique_ptr<ExecutionEngine> compileForms() {
    std::string source = R"(
func.func private @layer(%x: tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
  %y = ssm.gelu %x : tensor<?x?x16xf32>
  return %y : tensor<?x?x16xf32>
})";
    for (StringRef form : forms)
      for (int width : widths)
        source +=
            ssmc::testing::kernel(kernelName(form, width),
                                  ("test." + form).str(), "f32", width, count);
    auto module = parseSourceString<ModuleOp>(source, context.get());
    if (!module)
      return nullptr;
    ssmc::GeluOp gelu;
    SmallVector<Operation *> placeholders;
    module->walk([&](Operation *op) {
      if (auto found = dyn_cast<ssmc::GeluOp>(op))
        gelu = found;
      if (op->getName().getStringRef().starts_with("test."))
        placeholders.push_back(op);
    });
    for (Operation *op : placeholders) {
      OpBuilder builder(op);
      op->replaceAllUsesWith(ValueRange(buildForm(builder, op, gelu)));
      op->erase();
    }
    gelu->getParentOfType<func::FuncOp>().erase();
    return compile(*module, 3);
  }

  static void run(StringRef form, const std::vector<float> &in,
                  std::vector<float> &out, int width = 16) {
    call(*engine, kernelName(form, width), in, out);
  }

  static inline std::unique_ptr<ExecutionEngine> engine;
};

//===----------------------------------------------------------------------===//
// Accuracy
//===----------------------------------------------------------------------===//

double sigmoid(double t) { return 1 / (1 + std::exp2(t)); }

/// x / 2 (1 + tanh(u)), without cancellation.
double gelu(double x) {
  constexpr double scale = 0.7978845608028654; // sqrt(2 / pi)
  return x / (1 + std::exp(-2 * scale * (x + 0.044715 * x * x * x)));
}

double errorInUlp(double value, double exact) {
  int exponent;
  std::frexp(exact, &exponent);
  return std::abs(value - exact) /
         std::ldexp(1.0, std::max(exponent, -125) - 24);
}

double absoluteError(double value, double exact) {
  return std::abs(value - exact);
}

struct Worst {
  double error = 0;
  float at = 0;
};

/// The largest error over the floats from `low` to `high`, which have one sign,
/// `low` the one of smaller magnitude.
Worst largestError(const char *form, double (*exact)(double), float low,
                   float high, double (*measure)(double, double)) {
  Worst worst;
  uint64_t bits = llvm::bit_cast<uint32_t>(low);
  uint64_t last = llvm::bit_cast<uint32_t>(high);
  std::vector<float> in(count), out;
  while (bits <= last) {
    for (float &x : in) {
      x = llvm::bit_cast<float>(uint32_t(std::min(bits, last)));
      bits += stride();
    }
    Epilogue::run(form, in, out);
    for (int64_t i = 0; i < count; ++i) {
      double error = measure(out[i], exact(in[i]));
      if (!(error <= worst.error))
        worst = {error, in[i]};
    }
  }
  return worst;
}

struct Range {
  const char *name, *form;
  double (*exact)(double);
  float low, high;
  double (*measure)(double, double);
  double bound;
};

// Results are normal numbers on these ranges. Below -5e31 gelu is not near zero
// any more, for its power saturates. Promised are 3 and 4 ulp for 2^t and
// sigmoid, 4 ulp and 6e-7 for gelu.
const Range ranges[] = {
    {"2^t, t > 0", "exp2", std::exp2, 0x1p-60f, 126, errorInUlp, 2},
    {"2^t, t < 0", "exp2", std::exp2, -0x1p-60f, -126, errorInUlp, 2},
    {"sigmoid, t > 0", "sigmoid", sigmoid, 0x1p-60f, 125.9f, errorInUlp, 4},
    {"sigmoid, t < 0", "sigmoid", sigmoid, -0x1p-60f, -1e38f, errorInUlp, 2},
    {"gelu, x > 0", "gelu", gelu, 0x1p-125f, 3.4e38f, errorInUlp, 3},
    {"gelu, -1 < x < 0", "gelu", gelu, -0x1p-125f, -1, errorInUlp, 3},
    {"gelu, x < -1", "gelu", gelu, -1, -1e20f, absoluteError, 5e-7},
    {"gelu, huge", "gelu", gelu, -1e20f, -4.9e31f, absoluteError, 6e-7},
};

TEST_F(Epilogue, Accuracy) {
  for (const Range &range : ranges) {
    Worst worst = largestError(range.form, range.exact, range.low, range.high,
                               range.measure);
    EXPECT_LE(worst.error, range.bound) << range.name << ", at " << worst.at;
    RecordProperty(range.name, std::to_string(worst.error));
    std::printf("%-18s %.3g at %.9g\n", range.name, worst.error, worst.at);
  }
}

//===----------------------------------------------------------------------===//
// Special values and bits
//===----------------------------------------------------------------------===//

TEST_F(Epilogue, SpecialValues) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> in(count, 0), out;
  in[1] = -0.0f, in[2] = infinity, in[3] = -infinity, in[4] = 1e38f;
  run("gelu", in, out);
  EXPECT_TRUE(out[0] == 0 && !std::signbit(out[0]));
  EXPECT_TRUE(out[1] == 0 && std::signbit(out[1]));
  EXPECT_EQ(out[2], infinity);
  EXPECT_FALSE(std::isfinite(out[3])) << "infinity was lost";
  EXPECT_EQ(out[4], 1e38f);
  run("sigmoid", in, out);
  EXPECT_EQ(out[0], 0.5f);
  EXPECT_LE(out[2], 1.2e-38f);
  EXPECT_EQ(out[3], 1);
}

TEST_F(Epilogue, NaNIsNeverSwallowed) {
  std::vector<float> in(count, 1), out;
  for (uint32_t i = 0; i < 2 * 23; ++i)
    in[i] = llvm::bit_cast<float>(0x7f800000 | (i % 2) << 31 | 1u << (i / 2));
  for (const char *form : forms) {
    run(form, in, out);
    for (uint32_t i = 0; i < 2 * 23; ++i)
      EXPECT_TRUE(std::isnan(out[i])) << form << " of NaN " << i;
  }
}

TEST_F(Epilogue, SameBitsAtEveryWidth) {
  std::vector<float> in(count), out, expected;
  for (int64_t i = 0; i < count; ++i)
    in[i] = i % 2 ? llvm::bit_cast<float>(uint32_t(i) * 0x9e3779b9)
                  : float(i - count / 2) / 300;
  for (const char *form : forms) {
    run(form, in, expected, 1);
    for (int width : widths) {
      run(form, in, out, width);
      for (int64_t i = 0; i < count; ++i)
        EXPECT_TRUE(llvm::bit_cast<uint32_t>(out[i]) ==
                        llvm::bit_cast<uint32_t>(expected[i]) ||
                    (std::isnan(out[i]) && std::isnan(expected[i])))
            << form << " at width " << width << " of " << in[i];
    }
  }
}

} // namespace
