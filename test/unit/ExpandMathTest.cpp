//===- ExpandMathTest.cpp - Accuracy and bits of elementary functions -----===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs what expand-math generates, compiled in memory, against the C library's
// long double functions; at several vector widths, whose bits must agree.
//
//===----------------------------------------------------------------------===//

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
#include <limits>
#include <random>
#include <type_traits>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using namespace mlir;

namespace {

/// Numbers per call of a compiled kernel.
constexpr int64_t count = 4096;
constexpr int widths[] = {1, 4, 16};
const char *const functions[] = {"exp",   "exp2", "expm1", "log", "log1p",
                                 "tanh", "sin",  "cos"};

template <class T>
constexpr const char *typeName = std::is_same_v<T, float> ? "f32" : "f64";

std::string kernelName(StringRef function, StringRef type, int width) {
  return llvm::formatv("{0}_{1}_{2}", function, type, width);
}

/// A function from `count` numbers to as many, `width` at a time.
std::string kernel(StringRef function, StringRef type, int width) {
  std::string value = width == 1 ? type.str()
                                 : llvm::formatv("vector<{0}x{1}>", width, type)
                                       .str();
  std::string load = width == 1 ? "memref.load" : "vector.load";
  std::string store = width == 1 ? "memref.store" : "vector.store";
  std::string suffix = width == 1 ? "" : ", " + value;
  return llvm::formatv(R"(
func.func @{0}(%in: memref<{1}x{2}>, %out: memref<{1}x{2}>) {{
  %zero = arith.constant 0 : index
  %end = arith.constant {1} : index
  %step = arith.constant {3} : index
  scf.for %i = %zero to %end step %step {{
    %x = {4} %in[%i] : memref<{1}x{2}>{6}
    %y = math.{7} %x : {8}
    {5} %y, %out[%i] : memref<{1}x{2}>{6}
  }
  return
})",
                       kernelName(function, type, width), count, type, width,
                       load, store, suffix, function, value);
}

/// All kernels, expanded and compiled once for all tests.
class ExpandMath : public testing::Test {
public:
  static void SetUpTestSuite() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                    math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                    vector::VectorDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    context = new MLIRContext(registry);
    registerConversionPasses();
    std::string source;
    for (const char *function : functions)
      for (const char *type : {"f32", "f64"})
        for (int width : widths)
          source += kernel(function, type, width);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source, context);
    ASSERT_TRUE(module);
    PassManager passes(context);
    passes.addPass(ssmc::createExpandMath());
    ASSERT_TRUE(succeeded(parsePassPipeline(
        "convert-vector-to-llvm,convert-scf-to-cf,"
        "convert-math-to-llvm,convert-arith-to-llvm,"
        "finalize-memref-to-llvm,"
        "convert-func-to-llvm{use-bare-ptr-memref-call-conv=1},"
        "convert-cf-to-llvm,reconcile-unrealized-casts",
        passes)));
    ASSERT_TRUE(succeeded(passes.run(*module)));
    auto created = ExecutionEngine::create(*module);
    if (!created)
      FAIL() << llvm::toString(created.takeError());
    engine = created->release();
  }
  static void TearDownTestSuite() {
    delete engine;
    delete context;
  }

  template <class T>
  static std::vector<T> run(StringRef function, std::vector<T> in,
                            int width = 16) {
    in.resize(count, T(1));
    std::vector<T> out(count);
    auto address =
        engine->lookup(kernelName(function, typeName<T>, width));
    if (!address) {
      llvm::consumeError(address.takeError());
      ADD_FAILURE() << "no kernel " << function.str();
      return out;
    }
    reinterpret_cast<void (*)(T *, T *)>(*address)(in.data(), out.data());
    return out;
  }

  static MLIRContext *context;
  static ExecutionEngine *engine;
};
MLIRContext *ExpandMath::context;
ExecutionEngine *ExpandMath::engine;


//===----------------------------------------------------------------------===//
// Accuracy
//===----------------------------------------------------------------------===//

/// |value - exact| in units of the last place of `exact`.
template <class T>
double errorInUlp(T value, long double exact) {
  int exponent;
  std::frexp(exact, &exponent);
  int lowest = std::numeric_limits<T>::min_exponent;
  int digits = std::numeric_limits<T>::digits;
  return double(std::abs(value - exact) /
                std::ldexp(1.0L, std::max(exponent, lowest) - digits));
}

/// Random numbers in [low, high]; if low > 0 or high < 0, in equal measure at
/// every order of magnitude.
template <class T>
std::vector<T> sample(double low, double high, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<T> numbers;
  for (int64_t i = 0; i < count; ++i) {
    double t = uniform(random);
    double size = std::abs(low), other = std::abs(high);
    numbers.push_back(T(low * high > 0
                            ? std::copysign(std::pow(size, 1 - t) *
                                                std::pow(other, t),
                                            low)
                            : low + t * (high - low)));
  }
  return numbers;
}

struct Interval {
  const char *function;
  long double (*exact)(long double);
  double low, high;
  double bound; ///< in ulp
};

template <class T>
double largestError(const Interval &interval) {
  double worst = 0;
  T at = 0;
  std::vector<T> in = sample<T>(interval.low, interval.high, 1);
  std::vector<T> out = ExpandMath::run(interval.function, in);
  for (int64_t i = 0; i < count; ++i) {
    double error = errorInUlp(out[i], interval.exact(in[i]));
    if (!(error <= worst)) {
      worst = error;
      at = in[i];
    }
  }
  return worst;
}

// The bounds are docs/accuracy.md's.
const Interval intervalsF64[] = {
    {"exp", expl, -708, 709.7, 0.6},
    {"exp", expl, -1, 1, 0.6},
    {"exp2", exp2l, -1022, 1023.9, 0.8},
    {"expm1", expm1l, -45, 709.7, 0.6},
    {"expm1", expm1l, -2, 2, 0.6},
    {"expm1", expm1l, -1e-300, -1, 0.6},
    {"log", logl, 1e-307, 1e308, 0.6},
    {"log", logl, 0.5, 2, 0.6},
    {"log1p", log1pl, 1e-300, 1e300, 0.8},
    {"log1p", log1pl, -0.999, 1, 0.8},
    {"tanh", tanhl, 1e-300, 30, 1.5},
    {"sin", sinl, -1e5, 1e5, 0.6},
    {"sin", sinl, 1e-300, 1e14, 0.6},
    {"cos", cosl, -1e5, 1e5, 0.6},
    {"cos", cosl, 1e-300, 1e14, 0.6},
};
const Interval intervalsF32[] = {
    {"exp2", exp2l, -126, 126, 2.0},    {"exp", expl, -87, 88.7, 0.6},
    {"expm1", expm1l, -20, 88.7, 0.6},  {"expm1", expm1l, 1e-37, 1, 0.6},
    {"log", logl, 1e-37, 1e38, 0.6},    {"log", logl, 0.5, 2, 0.6},
    {"log1p", log1pl, 1e-37, 1e37, 0.8}, {"tanh", tanhl, 1e-37, 20, 1.5},
    {"sin", sinl, -1e5, 1e5, 0.51},     {"cos", cosl, -1e5, 1e5, 0.51},
};

TEST_F(ExpandMath, AccuracyF64) {
  for (const Interval &interval : intervalsF64)
    EXPECT_LE(largestError<double>(interval), interval.bound)
        << interval.function << " on [" << interval.low << ", "
        << interval.high << "]";
}

TEST_F(ExpandMath, AccuracyF32) {
  for (const Interval &interval : intervalsF32)
    EXPECT_LE(largestError<float>(interval), interval.bound)
        << interval.function << " on [" << interval.low << ", "
        << interval.high << "]";
}

} // namespace
