//===- Tensor.h - Values of the reference interpreter -----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_REFERENCE_TENSOR_H
#define SSMC_LIB_REFERENCE_TENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace ssmc::reference {

/// A dense tensor, or (rank 0) a scalar, in row-major order. Every float type
/// is held as f64, every integer type (i1, i32, i64, index) as int64_t: signed
/// integers sign-extended, i1 as 0 or 1.
struct Tensor {
  llvm::SmallVector<int64_t> shape;
  std::variant<std::vector<double>, std::vector<int64_t>> data;

  Tensor() = default;
  /// Takes `values`; there must be as many as the shape says.
  Tensor(llvm::ArrayRef<int64_t> shape, std::vector<double> values)
      : shape(shape), data(std::move(values)) {}
  Tensor(llvm::ArrayRef<int64_t> shape, std::vector<int64_t> values)
      : shape(shape), data(std::move(values)) {}

  /// A tensor of floats (integers) that are all `value`.
  static Tensor ofFloats(llvm::ArrayRef<int64_t> shape, double value = 0.0) {
    return Tensor(shape, std::vector<double>(count(shape), value));
  }
  static Tensor ofInts(llvm::ArrayRef<int64_t> shape, int64_t value = 0) {
    return Tensor(shape, std::vector<int64_t>(count(shape), value));
  }
  /// Zeros of the kind that holds `element`.
  static Tensor zeros(mlir::Type element, llvm::ArrayRef<int64_t> shape) {
    return mlir::isa<mlir::FloatType>(element) ? ofFloats(shape)
                                               : ofInts(shape);
  }

  bool isFloat() const { return data.index() == 0; }
  /// Call only on a tensor of that kind.
  std::vector<double> &floats() { return *std::get_if<0>(&data); }
  const std::vector<double> &floats() const { return *std::get_if<0>(&data); }
  std::vector<int64_t> &ints() { return *std::get_if<1>(&data); }
  const std::vector<int64_t> &ints() const { return *std::get_if<1>(&data); }

  /// The number of elements of `shape`.
  static int64_t count(llvm::ArrayRef<int64_t> shape) {
    int64_t product = 1;
    for (int64_t size : shape)
      product *= size;
    return product;
  }
  int64_t size() const { return count(shape); }
  /// The number of features: the last dimension, or 1 of a scalar.
  int64_t features() const { return shape.empty() ? 1 : shape.back(); }
};

/// Whether `tensor` can be a value of `type`: same kind of element, same rank,
/// same static dimensions. Types that are neither scalars nor ranked tensors
/// hold no value.
bool hasType(const Tensor &tensor, mlir::Type type);

/// A tensor's shape and kind for messages: "float[2, 3]".
std::string describe(const Tensor &tensor);

/// Converts one stream's final state from the IR's planes to the layout of
/// the golden files: `state` (B, 2, P), planes re and im, becomes (B, P, 2),
/// (B, [z, y], [re, im], N) becomes (B, N, [z, y], [re, im]), (B, [re, im], 1,
/// N, H) becomes (B, H, N, [re, im]), and (B, 1, heads,
/// v, k) becomes (B, heads, v, k). Other ranks are returned as they are.
Tensor toGoldenLayout(const Tensor &state);

} // namespace ssmc::reference

#endif // SSMC_LIB_REFERENCE_TENSOR_H
