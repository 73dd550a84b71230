//===- Interpreter.h - Runs model and recurrence level in f64 ---*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The oracle of the tests, of `ssmc compile --verify` and of `ssmc run
// --reference`. It shares no code with the compiler: mixers run in complex
// form, step by step, straight from their papers' equations.
//
// Everything is computed in f64 (integers in their own width), whatever the
// element types say: they choose storage for compiled code. So arith.truncf
// and arith.extf between floats are the identity, and a coefficient split into
// a high and a low part has a low part of zero.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_REFERENCE_INTERPRETER_H
#define SSMC_LIB_REFERENCE_INTERPRETER_H

#include "lib/Reference/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"

namespace ssmc::reference {

/// Sees every operation that was run and its results, in program order; those
/// of a block's or a called function's body before the block or call itself.
using Observer =
    llvm::function_ref<void(mlir::Operation *, llvm::ArrayRef<Tensor>)>;

struct Options {
  /// Values of `ssm.parameter` by name; they come before the parameters' own,
  /// which a parameter bound at load time does not have.
  llvm::StringMap<Tensor> parameters;
  /// Called after every operation, if set.
  Observer observer = nullptr;
};

/// Runs `function` on `arguments`, one per argument of the function, and
/// returns its results. On an operation without a meaning here, a shape
/// that does not fit or a weight that is not there it emits an error at the
/// operation concerned and fails.
llvm::FailureOr<llvm::SmallVector<Tensor>>
interpret(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments,
          const Options &options = {});

} // namespace ssmc::reference

#endif // SSMC_LIB_REFERENCE_INTERPRETER_H
