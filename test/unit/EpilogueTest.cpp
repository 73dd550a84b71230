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

#include "dialect/SsmDialect.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/TargetSelect.h"
#include "gtest/gtest.h"
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

/// A function from `count` numbers to as many, `width` at a time, with the
/// placeholder `test.FORM` between load and store.
std::string kernel(StringRef form, int width) {
  std::string type =
      width == 1 ? "f32" : llvm::formatv("vector<{0}xf32>", width).str();
  std::string suffix = width == 1 ? "" : ", " + type;
  return llvm::formatv(R"(
func.func @{0}_{1}(%in: memref<{2}xf32>, %out: memref<{2}xf32>) {{
  %zero = arith.constant 0 : index
  %end = arith.constant {2} : index
  %step = arith.constant {1} : index
  scf.for %i = %zero to %end step %step {{
    %x = {3}.load %in[%i] : memref<{2}xf32>{5}
    %y = "test.{0}"(%x) : ({4}) -> {4}
    {3}.store %y, %out[%i] : memref<{2}xf32>{5}
  }
  return
})",
                       form, width, count, width == 1 ? "memref" : "vector",
                       type, suffix);
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

class Epilogue : public testing::Test {
public:
  static void SetUpTestSuite() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    registerConversionPasses();
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                    math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                    ssmc::SsmDialect, vector::VectorDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    context = new MLIRContext(registry);
    context->allowUnregisteredDialects();
    engine = compile();
    ASSERT_TRUE(engine);
  }
  static void TearDownTestSuite() {
    delete engine;
    delete context;
  }

  static ExecutionEngine *compile() {
    std::string source = R"(
func.func private @layer(%x: tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
  %y = ssm.gelu %x : tensor<?x?x16xf32>
  return %y : tensor<?x?x16xf32>
})";
    for (const char *form : forms)
      for (int width : widths)
        source += kernel(form, width);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source, context);
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
    PassManager passes(context);
    passes.addPass(ssmc::createExpandMath());
    if (failed(parsePassPipeline(
            "convert-vector-to-llvm,convert-scf-to-cf,convert-math-to-llvm,"
            "convert-arith-to-llvm,finalize-memref-to-llvm,"
            "convert-func-to-llvm{use-bare-ptr-memref-call-conv=1},"
            "convert-cf-to-llvm,reconcile-unrealized-casts",
            passes)) ||
        failed(passes.run(*module)))
      return nullptr;
    auto optimise = makeOptimizingTransformer(3, 0, nullptr);
    ExecutionEngineOptions options;
    options.transformer = optimise;
    auto created = ExecutionEngine::create(*module, options);
    if (!created) {
      ADD_FAILURE() << llvm::toString(created.takeError());
      return nullptr;
    }
    return created->release();
  }

  static void run(StringRef form, const std::vector<float> &in,
                  std::vector<float> &out, int width = 16) {
    auto address = engine->lookup(llvm::formatv("{0}_{1}", form, width).str());
    ASSERT_TRUE(static_cast<bool>(address)) << form.str();
    out.resize(count);
    reinterpret_cast<void (*)(const float *, float *)>(*address)(in.data(),
                                                                 out.data());
  }

  static MLIRContext *context;
  static ExecutionEngine *engine;
};
MLIRContext *Epilogue::context;
ExecutionEngine *Epilogue::engine;

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
