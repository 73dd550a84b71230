//===- Weights.h - The one accessor of weights ------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_WEIGHTS_H
#define SSMC_LIB_ANALYSIS_WEIGHTS_H

#include "dialect/SsmDialect.h"

namespace ssmc {

/// The elements of a tensor that is known at compile time, in C order. Refers
/// to memory of the context.
class WeightValues {
public:
  WeightValues(llvm::ArrayRef<char> bytes, mlir::ShapedType type, bool splat)
      : bytes(bytes), tensorType(type), splat(splat) {}

  mlir::ShapedType type() const { return tensorType; }
  int64_t size() const { return tensorType.getNumElements(); }
  /// All elements, little-endian; one element when `isSplat`.
  llvm::ArrayRef<char> rawBytes() const { return bytes; }
  bool isSplat() const { return splat; }

private:
  llvm::ArrayRef<char> bytes;
  mlir::ShapedType tensorType;
  bool splat;
};

/// The elements of `attribute`, of f32, f64 or i1; fails with an error at
/// `op` that calls the tensor `name`. IR whose weights were elided on printing
/// parses again without them: that is an error here, by name, and never a
/// tensor of zeros.
llvm::FailureOr<WeightValues> getWeightValues(mlir::Operation *op,
                                              llvm::StringRef name,
                                              mlir::ElementsAttr attribute);

/// The elements of a parameter; fails with an error when it has no value (it
/// is bound when the model is loaded) or when the value is missing.
llvm::FailureOr<WeightValues> getParameterValues(ParameterOp parameter);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_WEIGHTS_H
