//===- KernelTest.h - Compiles kernels of a test in memory ------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For tests of what expand-math makes: functions from an array to another, at
// several vector widths.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_UNIT_KERNELTEST_H
#define SSMC_TEST_UNIT_KERNELTEST_H

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
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/TargetSelect.h"
#include "gtest/gtest.h"
#include <memory>

namespace ssmc::testing {

/// A function `name` that applies `operation`, such as `math.exp`, to `count`
/// numbers of `type`, `width` at a time.
inline std::string kernel(llvm::StringRef name, llvm::StringRef operation,
                          llvm::StringRef type, int width, int64_t count) {
  std::string value = width == 1
                          ? type.str()
                          : llvm::formatv("vector<{0}x{1}>", width, type).str();
  return llvm::formatv(R"(
func.func @{0}(%in: memref<{1}x{2}>, %out: memref<{1}x{2}>) {{
  %zero = arith.constant 0 : index
  %end = arith.constant {1} : index
  %step = arith.constant {3} : index
  scf.for %i = %zero to %end step %step {{
    %x = {4}.load %in[%i] : memref<{1}x{2}>{5}
    %y = "{6}"(%x) : ({7}) -> {7}
    {4}.store %y, %out[%i] : memref<{1}x{2}>{5}
  }
  return
})",
                       name, count, type, width,
                       width == 1 ? "memref" : "vector",
                       width == 1 ? "" : ", " + value, operation, value);
}

/// A context in which kernels are written, and their compiler.
class KernelTest : public ::testing::Test {
public:
  static void SetUpTestSuite() {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    mlir::registerConversionPasses();
    mlir::DialectRegistry registry;
    registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                    mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
                    mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                    ssmc::SsmDialect, mlir::vector::VectorDialect>();
    mlir::registerBuiltinDialectTranslation(registry);
    mlir::registerLLVMDialectTranslation(registry);
    context = std::make_unique<mlir::MLIRContext>(registry);
    context->allowUnregisteredDialects();
  }
  static void TearDownTestSuite() { context.reset(); }

  /// Expands math, and compiles functions whose arrays are plain pointers, with
  /// LLVM's optimisations of `level`. Null, and a failed test, after an error.
  static std::unique_ptr<mlir::ExecutionEngine> compile(mlir::ModuleOp module,
                                                        int level) {
    mlir::PassManager passes(context.get());
    passes.addPass(ssmc::createExpandMath());
    if (failed(mlir::parsePassPipeline(
            "convert-vector-to-llvm,convert-scf-to-cf,convert-math-to-llvm,"
            "convert-arith-to-llvm,finalize-memref-to-llvm,"
            "convert-func-to-llvm{use-bare-ptr-memref-call-conv=1},"
            "convert-cf-to-llvm,reconcile-unrealized-casts",
            passes)) ||
        failed(passes.run(module))) {
      ADD_FAILURE() << "the kernels do not compile";
      return nullptr;
    }
    auto optimise = mlir::makeOptimizingTransformer(level, 0, nullptr);
    mlir::ExecutionEngineOptions options;
    options.transformer = optimise;
    auto engine = mlir::ExecutionEngine::create(module, options);
    if (!engine) {
      ADD_FAILURE() << llvm::toString(engine.takeError());
      return nullptr;
    }
    return std::move(*engine);
  }

  /// Calls the kernel `name`, which reads and writes `in.size()` numbers.
  template <class T>
  static void call(mlir::ExecutionEngine &engine, const std::string &name,
                   const std::vector<T> &in, std::vector<T> &out) {
    out.resize(in.size());
    auto address = engine.lookup(name);
    if (!address) {
      llvm::consumeError(address.takeError());
      ADD_FAILURE() << "no kernel " << name;
      return;
    }
    reinterpret_cast<void (*)(const T *, T *)>(*address)(in.data(), out.data());
  }

  static inline std::unique_ptr<mlir::MLIRContext> context;
};

} // namespace ssmc::testing

#endif // SSMC_TEST_UNIT_KERNELTEST_H
