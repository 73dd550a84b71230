//===- ReferenceTest.h - Runs IR written in a test by the interpreter -*- C++
//-*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_UNIT_REFERENCETEST_H
#define SSMC_TEST_UNIT_REFERENCETEST_H

#include "dialect/SsmDialect.h"
#include "lib/Reference/RunModel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"
#include <cmath>

namespace ssmc::reference {

class ReferenceTest : public ::testing::Test {
protected:
  ReferenceTest() {
    context.loadDialect<SsmDialect, mlir::arith::ArithDialect,
                        mlir::func::FuncDialect, mlir::linalg::LinalgDialect,
                        mlir::math::MathDialect, mlir::scf::SCFDialect,
                        mlir::tensor::TensorDialect>();
  }

  /// The module of `source`; its verification must succeed.
  mlir::ModuleOp parse(llvm::StringRef source) {
    module = mlir::parseSourceString<mlir::ModuleOp>(source, &context);
    EXPECT_TRUE(module);
    return module.get();
  }

  /// The results of `@f` of `source`.
  llvm::SmallVector<Tensor> run(llvm::StringRef source,
                                llvm::ArrayRef<Tensor> arguments,
                                const Options &options = {}) {
    parse(source);
    if (!module)
      return {};
    auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
    auto results = interpret(function, arguments, options);
    EXPECT_TRUE(mlir::succeeded(results));
    return mlir::succeeded(results) ? *results : llvm::SmallVector<Tensor>();
  }

  /// The first error that running `@f` of `source` emits; "" if it succeeds.
  std::string runForError(llvm::StringRef source,
                          llvm::ArrayRef<Tensor> arguments) {
    std::string message;
    parse(source);
    if (!module)
      return "does not parse";
    mlir::ScopedDiagnosticHandler handler(&context,
                                          [&](mlir::Diagnostic &diagnostic) {
                                            if (message.empty())
                                              message = diagnostic.str();
                                            return mlir::success();
                                          });
    auto function = module->lookupSymbol<mlir::func::FuncOp>("f");
    bool failed = mlir::failed(interpret(function, arguments));
    EXPECT_EQ(failed, !message.empty());
    return message;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

inline Tensor floats(llvm::ArrayRef<int64_t> shape,
                     std::vector<double> values) {
  return Tensor(shape, std::move(values));
}
inline Tensor ints(llvm::ArrayRef<int64_t> shape, std::vector<int64_t> values) {
  return Tensor(shape, std::move(values));
}

/// Expects shape and values, to `relative` of the largest (or `absolute`, if
/// that is more); NaN equals NaN.
inline void expectClose(const Tensor &found, const Tensor &expected,
                        double relative = 1e-15, double absolute = 0) {
  ASSERT_TRUE(found.isFloat() && expected.isFloat());
  ASSERT_EQ(found.shape, expected.shape);
  double largest = 0;
  for (double value : expected.floats())
    largest = std::fmax(largest, std::fabs(value));
  for (size_t i = 0; i < expected.floats().size(); ++i) {
    double x = found.floats()[i], y = expected.floats()[i];
    if (std::isnan(y))
      EXPECT_TRUE(std::isnan(x)) << "at " << i << ": " << x;
    else
      EXPECT_NEAR(x, y, std::fmax(relative * largest, absolute)) << "at " << i;
  }
}

inline void expectInts(const Tensor &found, const Tensor &expected) {
  ASSERT_FALSE(found.isFloat());
  EXPECT_EQ(found.shape, expected.shape);
  EXPECT_EQ(found.ints(), expected.ints());
}

} // namespace ssmc::reference

#endif // SSMC_TEST_UNIT_REFERENCETEST_H
