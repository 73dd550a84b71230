//===- OpTable.h - What each operation computes -----------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_REFERENCE_OPTABLE_H
#define SSMC_LIB_REFERENCE_OPTABLE_H

#include "lib/Reference/Interpreter.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <functional>
#include <memory>

namespace ssmc::reference {

using Results = llvm::SmallVector<Tensor>;

/// The values that are alive at a point of the program.
class Values {
public:
  bool contains(mlir::Value value) const { return tensors.contains(value); }
  /// The value's tensor; call only when it is contained.
  const Tensor &operator[](mlir::Value value) const {
    return *tensors.find(value)->second;
  }
  std::shared_ptr<const Tensor> share(mlir::Value value) const {
    return tensors.lookup(value);
  }
  void set(mlir::Value value, std::shared_ptr<const Tensor> tensor) {
    tensors[value] = std::move(tensor);
  }
  void erase(mlir::Value value) { tensors.erase(value); }

private:
  llvm::DenseMap<mlir::Value, std::shared_ptr<const Tensor>> tensors;
};

/// Computes an operation's results from the values alive. Operands are alive
/// and have their types' element kind, rank and static dimensions; what else
/// must fit is the function's to check.
using Evaluation =
    std::function<llvm::FailureOr<Results>(mlir::Operation *, const Values &)>;

/// The operations that have a meaning, by name.
class OpTable {
public:
  /// Adds an operation that `evaluate(Op, const Values &)` computes, returning
  /// one Tensor or Results, or a FailureOr of these.
  template <typename Op, typename Function> void add(Function evaluate) {
    evaluations[Op::getOperationName()] =
        [evaluate](mlir::Operation *op,
                   const Values &values) -> llvm::FailureOr<Results> {
      return asResults(evaluate(mlir::cast<Op>(op), values));
    };
  }
  /// Null when the operation has no meaning.
  const Evaluation *find(mlir::Operation *op) const {
    auto found = evaluations.find(op->getName().getStringRef());
    return found == evaluations.end() ? nullptr : &found->second;
  }

private:
  static llvm::FailureOr<Results> asResults(Tensor tensor) {
    Results results;
    results.push_back(std::move(tensor));
    return results;
  }
  static llvm::FailureOr<Results> asResults(llvm::FailureOr<Tensor> tensor) {
    if (mlir::failed(tensor))
      return mlir::failure();
    return asResults(std::move(*tensor));
  }
  static llvm::FailureOr<Results> asResults(Results results) { return results; }
  static llvm::FailureOr<Results> asResults(llvm::FailureOr<Results> results) {
    return results;
  }

  llvm::StringMap<Evaluation> evaluations;
};

void addLayerOps(OpTable &table);
void addTrainingOps(OpTable &table);
void addMixerOps(OpTable &table);
void addChannelOps(OpTable &table);
void addDeltaRuleOps(OpTable &table);
void addConstantOps(OpTable &table);
void addTensorOps(OpTable &table);

/// Emits an error unless `tensor`, called `what`, has shape `expected`.
mlir::LogicalResult expectShape(mlir::Operation *op, llvm::StringRef what,
                                const Tensor &tensor,
                                llvm::ArrayRef<int64_t> expected);

/// Emits an error for a size that is negative or beyond what the interpreter
/// will allocate.
mlir::LogicalResult expectSize(mlir::Operation *op,
                               llvm::ArrayRef<int64_t> shape);

/// The value of a constant or parameter; `what` names it in the error emitted
/// at `op` when its blob is missing or its element type is not supported.
llvm::FailureOr<Tensor> readElements(mlir::Operation *op, llvm::StringRef what,
                                     mlir::ElementsAttr elements);

/// Elementwise arithmetic of `arith` and `math` on tensors and scalars; the
/// second is false when the operation is none.
bool isElementwise(mlir::Operation *op);
llvm::FailureOr<Results> evaluateElementwise(mlir::Operation *op,
                                             const Values &values);

/// Any structured operation of `linalg` whose indexing maps are projected
/// permutations, run point by point in the order of its loops. Its body may
/// extract from tensors outside.
llvm::FailureOr<Results> evaluateLinalg(mlir::Operation *op,
                                        const Values &values);

/// 1 / (1 + exp(-x)) without overflow.
double sigmoid(double x);

} // namespace ssmc::reference

#endif // SSMC_LIB_REFERENCE_OPTABLE_H
