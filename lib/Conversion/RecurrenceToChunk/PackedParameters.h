//===- PackedParameters.h - Parameters as panels and columns ----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Emits arithmetic on parameters only: it will run in @prepare.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_PACKEDPARAMETERS_H
#define SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_PACKEDPARAMETERS_H

#include "dialect/SsmDialect.h"
#include "mlir/IR/Builders.h"

namespace ssmc {

/// Emits packing of parameters at the insertion point of `builder`.
class ParameterPacker {
public:
  ParameterPacker(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  /// `weight` (O, I), or (O), as panels.
  mlir::Value pack(mlir::Value weight, bool pairedOut, bool pairedIn);
  /// A per-feature parameter (F) as columns of `lanes` lanes.
  mlir::Value packColumns(mlir::Value parameter, int64_t lanes);
  /// `first` on top of `second` (along dimension 0).
  mlir::Value stack(mlir::Value first, mlir::Value second);
  /// `parameter` times `factor`, multiplied in f64.
  mlir::Value scale(mlir::Value parameter, double factor);
  /// Zeros of the shape and type of `like`.
  mlir::Value zerosLike(mlir::Value like);
  /// Scan coefficient (N), f64, for both planes, as (hi, lo) columns with
  /// hi + lo nearly exact; `cross` negates it on the real plane.
  std::pair<mlir::Value, mlir::Value> packCoefficient(mlir::Value coefficient,
                                                      bool cross);
  /// A parameter (N), f64, as (hi, lo) columns of 8 modes, likewise.
  std::pair<mlir::Value, mlir::Value> packWideColumns(mlir::Value parameter);
  /// `weight`, whose dimension `dimension` begins with `groups` groups of
  /// `size` features, with zeros behind each group up to `padded` features.
  mlir::Value padGroups(mlir::Value weight, int64_t dimension, int64_t groups,
                        int64_t size, int64_t padded);
  /// `table` (size, F) as f32 with rows of `width`, padded by zeros.
  mlir::Value padRows(mlir::Value table, int64_t width);
  /// The nearest f32 number, as f64, and what it lacks.
  std::pair<mlir::Value, mlir::Value> split(mlir::Value exact);

private:
  llvm::SmallVector<mlir::OpFoldResult> fold(llvm::ArrayRef<int64_t> values);

  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_PACKEDPARAMETERS_H
