//===- ParameterBuilder.h - Arithmetic on parameters ------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formulas on trained parameters, written as formulas: the operators below emit
// f64 `arith` and `math` operations on static tensors.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_PARAMETERBUILDER_H
#define SSMC_LIB_TRANSFORMS_PARAMETERBUILDER_H

#include "dialect/SsmDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ssmc {

/// An f64 tensor that is computed from parameters, or an f64 scalar in the body
/// of `ssm.per_step`. Elementwise: the operands of an operator have one shape;
/// a number stands for a tensor of it.
class Expr {
public:
  /// `value` as f64: f32 is extended, exactly.
  Expr(mlir::ImplicitLocOpBuilder &builder, mlir::Value value);

  mlir::Value value() const { return tensor; }
  mlir::RankedTensorType type() const {
    return mlir::cast<mlir::RankedTensorType>(tensor.getType());
  }
  mlir::ImplicitLocOpBuilder &builder() const { return *ops; }
  /// A tensor of this shape that holds `number` everywhere.
  Expr filled(double number) const;

private:
  mlir::ImplicitLocOpBuilder *ops;
  mlir::Value tensor;
};

Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);
Expr operator-(Expr a);
inline Expr operator+(double a, Expr b) { return b.filled(a) + b; }
inline Expr operator-(double a, Expr b) { return b.filled(a) - b; }
inline Expr operator*(double a, Expr b) { return b.filled(a) * b; }
inline Expr operator/(double a, Expr b) { return b.filled(a) / b; }

Expr exp(Expr x);
/// exp(x) - 1 without cancellation.
Expr expm1(Expr x);
Expr sin(Expr x);
Expr cos(Expr x);
/// (sin(x), cos(x)), which share their argument's reduction.
std::pair<Expr, Expr> sincos(Expr x);
Expr sqrt(Expr x);
/// a b + c, rounded once.
Expr fma(Expr a, Expr b, Expr c);
Expr square(Expr x);
/// 1 / (1 + exp(-x)): of full relative accuracy at both ends.
Expr sigmoid(Expr x);
/// The smaller, the larger one; NaN when either is NaN.
Expr minimum(Expr a, Expr b);
Expr maximum(Expr a, Expr b);
Expr relu(Expr x);
/// `ifEqual` where `x` equals `number`, else `otherwise`.
Expr selectEqual(Expr x, double number, Expr ifEqual, Expr otherwise);

/// Values of every step, (batch, time, N): `body` emits them as a function of
/// the step's time delta and of one mode's `parameters`, all scalars.
llvm::SmallVector<mlir::Value>
perStep(mlir::ImplicitLocOpBuilder &builder, mlir::Value dt,
        llvm::ArrayRef<Expr> parameters,
        llvm::function_ref<llvm::SmallVector<Expr>(Expr, llvm::ArrayRef<Expr>)>
            body);

/// A complex tensor as two real ones.
struct ComplexExpr {
  Expr re, im;
};

ComplexExpr operator*(ComplexExpr a, ComplexExpr b);
ComplexExpr operator/(ComplexExpr a, ComplexExpr b);

/// Repeats `x` along new dimensions so that it has `shape`; `dimensions` are
/// those of `shape` that `x` lacks, increasing.
mlir::Value broadcastTo(mlir::ImplicitLocOpBuilder &builder, mlir::Value x,
                        llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<int64_t> dimensions);
Expr broadcastTo(Expr x, llvm::ArrayRef<int64_t> shape,
                 llvm::ArrayRef<int64_t> dimensions);

/// The slice of `x` at `index` of dimension `dimension`, which vanishes.
mlir::Value takeSlice(mlir::ImplicitLocOpBuilder &builder, mlir::Value x,
                      int64_t dimension, int64_t index);

/// A parameter whose last dimension is [re, im].
ComplexExpr takePlanes(mlir::ImplicitLocOpBuilder &builder, mlir::Value x);

/// `first` and `second` (of one type) one after the other along `dimension`.
Expr joinPlanes(Expr first, Expr second, int64_t dimension);

/// Multiplies row r of the matrix by `scale[r]`, column c by `scale[c]`.
Expr scaleRows(Expr scale, Expr matrix);
Expr scaleColumns(Expr scale, Expr matrix);
ComplexExpr scaleRows(ComplexExpr scale, ComplexExpr matrix);

/// A builder for arithmetic that `op` needs on `parameters`: before the blocks
/// around `op` that the parameters come from outside of, so that the bodies of
/// blocks of one shape stay alike.
mlir::ImplicitLocOpBuilder
parameterBuilder(mlir::Operation *op, llvm::ArrayRef<mlir::Value> parameters);

/// A sequence mixer in discrete time: N complex modes between two projections.
struct DiscreteMixer {
  ScanKind kind;
  /// (N) each, what `ssm.scan` of this kind takes; (batch, time, N) when time
  /// deltas are an input.
  llvm::SmallVector<mlir::Value> coefficients;
  /// (2N, H), from the mixer's input to [re; im] of the forcing.
  mlir::Value inputWeight;
  /// (H, 2N), from [re; im] of the modes to the output: Re(C x) is
  /// [C_re, -C_im] [re; im].
  mlir::Value outputWeight;
  /// (H), the raw feed-through; null: none.
  mlir::Value feedThrough;
  /// What the forcing is multiplied by, of the coefficients' type: for
  /// (batch, time, N) only.
  llvm::SmallVector<mlir::Value> gains = {};
  /// Whether the scan goes from the last step to the first.
  bool reverse = false;
};

/// The output weight g [C_re, -C_im] of `Re(g C x)`.
mlir::Value realPartWeight(ComplexExpr c, double gain);

/// Replaces `mixer` (results: output, state) by projection, scan, projection
/// and skip.
void replaceMixer(mlir::Operation *mixer, mlir::Value u, mlir::Value state,
                  const DiscreteMixer &discrete);
/// Replaces a mixer without modes by its feed-through.
void replaceEmptyMixer(mlir::Operation *mixer, mlir::Value u, mlir::Value state,
                       mlir::Value feedThrough);

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_PARAMETERBUILDER_H
