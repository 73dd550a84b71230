//===- ExpandMathBuilder.h - Elementwise arithmetic builder -----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_EXPANDMATHBUILDER_H
#define SSMC_LIB_TRANSFORMS_EXPANDMATHBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"

namespace ssmc {

/// Builds arithmetic on values of one type: a float, or a vector or statically
/// shaped tensor of floats. Bit patterns are integers of the same width and
/// shape. No operation carries a fastmath flag and a multiply-add is always
/// math.fma, so a result depends on neither shape nor CPU.
class Elementwise {
public:
  Elementwise(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type)
      : builder(builder), loc(loc), type(type) {}

  mlir::Type getElementType() const { return mlir::getElementTypeOrSelf(type); }

  /// `value`, rounded to the element type, in every element.
  mlir::Value constant(double value) {
    return splat(builder.getFloatAttr(getElementType(), value));
  }
  /// The bit pattern `bits` in every element.
  mlir::Value integer(uint64_t bits) {
    unsigned width = getElementType().getIntOrFloatBitWidth();
    return splat(builder.getIntegerAttr(builder.getIntegerType(width),
                                        llvm::APInt(width, bits)));
  }

  mlir::Value add(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddFOp::create(builder, loc, a, b);
  }
  mlir::Value sub(mlir::Value a, mlir::Value b) {
    return mlir::arith::SubFOp::create(builder, loc, a, b);
  }
  mlir::Value mul(mlir::Value a, mlir::Value b) {
    return mlir::arith::MulFOp::create(builder, loc, a, b);
  }
  mlir::Value div(mlir::Value a, mlir::Value b) {
    return mlir::arith::DivFOp::create(builder, loc, a, b);
  }
  /// a b + c, rounded once.
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c) {
    return mlir::math::FmaOp::create(builder, loc, a, b, c);
  }
  mlir::Value abs(mlir::Value a) {
    return mlir::math::AbsFOp::create(builder, loc, a);
  }
  mlir::Value copySign(mlir::Value magnitude, mlir::Value sign) {
    return mlir::math::CopySignOp::create(builder, loc, magnitude, sign);
  }
  /// `a` limited to [low, high]; NaN stays NaN.
  mlir::Value clamp(mlir::Value a, double low, double high) {
    return mlir::arith::MinimumFOp::create(builder, loc, raise(a, low),
                                           constant(high));
  }
  /// The larger of `a` and `low`; NaN stays NaN.
  mlir::Value raise(mlir::Value a, double low) {
    return mlir::arith::MaximumFOp::create(builder, loc, a, constant(low));
  }
  /// coefficients[0] + coefficients[1] x + ..., by Horner's rule.
  mlir::Value polynomial(llvm::ArrayRef<double> coefficients, mlir::Value x) {
    mlir::Value sum = constant(coefficients.back());
    for (double coefficient : llvm::reverse(coefficients.drop_back()))
      sum = fma(sum, x, constant(coefficient));
    return sum;
  }

  mlir::Value bits(mlir::Value a) {
    return mlir::arith::BitcastOp::create(builder, loc, integerType(), a);
  }
  mlir::Value fromBits(mlir::Value a) {
    return mlir::arith::BitcastOp::create(builder, loc, type, a);
  }
  mlir::Value addBits(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddIOp::create(builder, loc, a, b);
  }
  mlir::Value andBits(mlir::Value a, mlir::Value b) {
    return mlir::arith::AndIOp::create(builder, loc, a, b);
  }
  mlir::Value xorBits(mlir::Value a, mlir::Value b) {
    return mlir::arith::XOrIOp::create(builder, loc, a, b);
  }
  mlir::Value shiftLeft(mlir::Value a, unsigned count) {
    return mlir::arith::ShLIOp::create(builder, loc, a, integer(count));
  }
  mlir::Value shiftRight(mlir::Value a, unsigned count) {
    return mlir::arith::ShRUIOp::create(builder, loc, a, integer(count));
  }

  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value a,
                      mlir::Value b) {
    return mlir::arith::CmpFOp::create(builder, loc, predicate, a, b);
  }
  mlir::Value isNonZero(mlir::Value a) {
    return mlir::arith::CmpIOp::create(
        builder, loc, mlir::arith::CmpIPredicate::ne, a, integer(0));
  }
  mlir::Value select(mlir::Value condition, mlir::Value yes, mlir::Value no) {
    return mlir::arith::SelectOp::create(builder, loc, condition, yes, no);
  }

private:
  mlir::Type integerType() const {
    mlir::Type element =
        builder.getIntegerType(getElementType().getIntOrFloatBitWidth());
    if (auto shaped = llvm::dyn_cast<mlir::ShapedType>(type))
      return shaped.clone(element);
    return element;
  }
  mlir::Value splat(mlir::TypedAttr element) {
    if (auto shaped = llvm::dyn_cast<mlir::ShapedType>(type))
      element = mlir::DenseElementsAttr::get(shaped.clone(element.getType()),
                                             mlir::Attribute(element));
    return mlir::arith::ConstantOp::create(builder, loc, element);
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type type;
};

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_EXPANDMATHBUILDER_H
