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
const char *const forms[] = {"exp2", "sigmoid", "gelu", "relu",
                             "silu", "tanh",    "swish"};

uint32_t stride() { return std::getenv("SSMC_EXHAUSTIVE") ? 1 : 499; }

std::string kernelName(StringRef form, int width) {
  return llvm::formatv("{0}_{1}", form, width);
}

/// Layers of each kind: `buildLanes` is a method of an operation.
const char *const layers = R"(
func.func private @layers(%x: tensor<?x?x16xf32>) {
  %a = ssm.gelu %x : tensor<?x?x16xf32>
  %b = ssm.relu %x : tensor<?x?x16xf32>
  %c = ssm.silu %x : tensor<?x?x16xf32>
  %d = ssm.tanh %x : tensor<?x?x16xf32>
  %e = ssm.gate %x, %x : tensor<?x?x16xf32>
  %f = ssm.gate %x, %x {swish} : tensor<?x?x16xf32>
  return
})";

/// What a layer emits for the placeholder `op`: `test.gelu` is that of
/// `ssm.gelu`; `test.sigmoid` and `test.swish` are gates of 1.
Value buildForm(OpBuilder &builder, Operation *op, func::FuncOp examples) {
  StringRef form = op->getName().stripDialect();
  Location loc = op->getLoc();
  Value x = op->getOperand(0);
  if (form == "exp2")
    return math::Exp2Op::create(builder, loc, x);
  auto constant = [&](double value) -> Value {
    TypedAttr number = builder.getF32FloatAttr(value);
    if (auto vector = dyn_cast<VectorType>(x.getType()))
      number = DenseElementsAttr::get(vector, Attribute(number));
    return arith::ConstantOp::create(builder, loc, number);
  };
  for (Operation &example : examples.getBody().front()) {
    auto gate = dyn_cast<ssmc::GateOp>(example);
    if (gate && gate.getSwish() == (form == "swish")) {
      Value one = constant(gate.getValueScale());
      if (form == "sigmoid")
        return gate.buildLanesOfExponent(builder, loc, one, x);
      if (form == "swish")
        return gate.buildLanesOfExponent(
            builder, loc, one,
            arith::MulFOp::create(builder, loc, x,
                                  constant(gate.kExponentScale)));
    }
    auto layer = dyn_cast<ssmc::PointwiseOpInterface>(example);
    if (layer && example.getName().stripDialect() == form)
      return layer.buildLanes(builder, loc, x, {});
  }
  return Value();
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
    std::string source = layers;
    for (StringRef form : forms)
      for (int width : widths)
        source +=
            ssmc::testing::kernel(kernelName(form, width),
                                  ("test." + form).str(), "f32", width, count);
    auto module = parseSourceString<ModuleOp>(source, context.get());
    if (!module)
      return nullptr;
    auto examples = module->lookupSymbol<func::FuncOp>("layers");
    SmallVector<Operation *> placeholders;
    module->walk([&](Operation *op) {
      if (op->getName().getStringRef().starts_with("test."))
        placeholders.push_back(op);
    });
    for (Operation *op : placeholders) {
      OpBuilder builder(op);
      op->replaceAllUsesWith(ValueRange(buildForm(builder, op, examples)));
      op->erase();
    }
    examples.erase();
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

double silu(double x) { return x / (1 + std::exp(-x)); }
double relu(double x) { return x > 0 ? x : 0; }

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
    {"silu, x > 0", "silu", silu, 0x1p-125f, 3.4e38f, errorInUlp, 4},
    {"silu, -1 < x < 0", "silu", silu, -0x1p-125f, -1, errorInUlp, 4},
    {"silu, x < -1", "silu", silu, -1, -1e20f, absoluteError, 2e-7},
    {"silu, huge", "silu", silu, -1e20f, -4.9e31f, absoluteError, 6e-7},
    {"swish, x > 0", "swish", silu, 0x1p-124f, 2e38f, errorInUlp, 5},
    {"swish, -1 < x < 0", "swish", silu, -0x1p-124f, -1, errorInUlp, 5},
    {"swish, x < -1", "swish", silu, -1, -1e20f, absoluteError, 2e-7},
    {"tanh, x > 0", "tanh", std::tanh, 0x1p-125f, 3.4e38f, errorInUlp, 3},
    {"tanh, x < 0", "tanh", std::tanh, -0x1p-125f, -3.4e38f, errorInUlp, 3},
    {"relu, x > 0", "relu", relu, 0x1p-125f, 3.4e38f, errorInUlp, 0},
    {"relu, x < 0", "relu", relu, -0x1p-125f, -3.4e38f, errorInUlp, 0},
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
  for (const char *form : {"silu", "swish"}) {
    run(form, in, out);
    EXPECT_TRUE(out[0] == 0 && !std::signbit(out[0])) << form;
    EXPECT_TRUE(out[1] == 0 && std::signbit(out[1])) << form;
    EXPECT_EQ(out[2], infinity) << form;
    EXPECT_FALSE(std::isfinite(out[3])) << form << ": infinity was lost";
  }
  run("tanh", in, out);
  EXPECT_TRUE(out[0] == 0 && !std::signbit(out[0]));
  EXPECT_TRUE(out[1] == 0 && std::signbit(out[1]));
  EXPECT_EQ(out[2], 1);
  EXPECT_EQ(out[3], -1);
  EXPECT_EQ(out[4], 1);
  run("relu", in, out);
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[1], 0);
  EXPECT_EQ(out[2], infinity);
  EXPECT_EQ(out[3], 0);
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
