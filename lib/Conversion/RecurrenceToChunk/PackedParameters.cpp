//===- PackedParameters.cpp - Parameters as panels and columns ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RecurrenceToChunk/PackedParameters.h"
#include "lib/Conversion/RecurrenceToChunk/Layout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ssmc;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

Value ParameterPacker::pack(Value weight, bool pairedOut, bool pairedIn) {
  ArrayRef<int64_t> shape = typeOf(weight).getShape();
  auto panels = [](int64_t features, bool paired) -> int64_t {
    return paired ? pairedLanes(features / 2) / kPanelLanes
                  : llvm::divideCeil(features, kPanelLanes);
  };
  SmallVector<int64_t> packed{panels(shape[0], pairedOut), kPanelLanes};
  if (shape.size() == 2)
    packed.insert(packed.begin() + 1,
                  pairedIn ? pairedLanes(shape[1] / 2) : shape[1]);
  return PackPanelsOp::create(
      builder, loc, RankedTensorType::get(packed, builder.getF32Type()), weight,
      pairedOut, pairedIn, TensorProductsAttr());
}

Value ParameterPacker::packColumns(Value parameter, int64_t lanes) {
  int64_t panels = llvm::divideCeil(typeOf(parameter).getDimSize(0), lanes);
  auto type = RankedTensorType::get({panels, lanes}, builder.getF32Type());
  return PackPanelsOp::create(builder, loc, type, parameter, false, false,
                              TensorProductsAttr());
}

Value ParameterPacker::stack(Value first, Value second) {
  RankedTensorType type = typeOf(first);
  SmallVector<int64_t> shape(type.getShape());
  shape[0] += typeOf(second).getDimSize(0);
  Value result =
      tensor::EmptyOp::create(builder, loc, shape, type.getElementType());
  int64_t offset = 0;
  for (Value part : {first, second}) {
    SmallVector<OpFoldResult> offsets, sizes, strides;
    for (int64_t size : typeOf(part).getShape()) {
      offsets.push_back(builder.getIndexAttr(offsets.empty() ? offset : 0));
      sizes.push_back(builder.getIndexAttr(size));
      strides.push_back(builder.getIndexAttr(1));
    }
    offset += typeOf(part).getDimSize(0);
    result = tensor::InsertSliceOp::create(builder, loc, part, result, offsets,
                                           sizes, strides);
  }
  return result;
}

Value ParameterPacker::scale(Value parameter, double factor) {
  auto wide = typeOf(parameter).clone(builder.getF64Type());
  Value value = parameter;
  if (typeOf(parameter) != wide)
    value = arith::ExtFOp::create(builder, loc, wide, value);
  Value factors = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(wide, factor));
  value = arith::MulFOp::create(builder, loc, value, factors);
  if (typeOf(parameter) != wide)
    value = arith::TruncFOp::create(builder, loc, typeOf(parameter), value);
  return value;
}

Value ParameterPacker::zerosLike(Value like) {
  auto zero = builder.getZeroAttr(typeOf(like).getElementType());
  return arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(typeOf(like), Attribute(zero)));
}

std::pair<Value, Value> ParameterPacker::split(Value exact) {
  RankedTensorType type = typeOf(exact);
  Value rounded = arith::TruncFOp::create(
      builder, loc, type.clone(builder.getF32Type()), exact);
  Value high = arith::ExtFOp::create(builder, loc, type, rounded);
  Value low = arith::SubFOp::create(builder, loc, exact, high);
  return {high, low};
}

std::pair<Value, Value> ParameterPacker::packCoefficient(Value coefficient,
                                                         bool cross) {
  auto [high, low] = split(coefficient);
  auto onBothPlanes = [&](Value part) {
    Value real = cross ? arith::NegFOp::create(builder, loc, part) : part;
    return pack(stack(real, part), /*pairedOut=*/true, /*pairedIn=*/false);
  };
  return {onBothPlanes(high), onBothPlanes(low)};
}

std::pair<Value, Value> ParameterPacker::packWideColumns(Value parameter) {
  auto [high, low] = split(parameter);
  return {packColumns(high, kHalfPanel), packColumns(low, kHalfPanel)};
}

Value ParameterPacker::padRows(Value table, int64_t width) {
  RankedTensorType type = typeOf(table);
  Value result = table;
  if (!type.getElementType().isF32())
    result = arith::TruncFOp::create(builder, loc,
                                     type.clone(builder.getF32Type()), result);
  if (type.getDimSize(1) == width)
    return result;
  auto padded =
      RankedTensorType::get({type.getDimSize(0), width}, builder.getF32Type());
  Value zeros = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(padded, builder.getF32FloatAttr(0).getValue()));
  SmallVector<OpFoldResult> offsets(2, builder.getIndexAttr(0)),
      strides(2, builder.getIndexAttr(1)),
      sizes{builder.getIndexAttr(type.getDimSize(0)),
            builder.getIndexAttr(type.getDimSize(1))};
  return tensor::InsertSliceOp::create(builder, loc, result, zeros, offsets,
                                       sizes, strides);
}

Value ParameterPacker::padGroups(Value weight, int64_t dimension,
                                 int64_t groups, int64_t size, int64_t padded) {
  RankedTensorType type = typeOf(weight);
  if (size == padded)
    return weight;
  SmallVector<int64_t> shape(type.getShape()), from(type.getRank(), 0),
      to(type.getRank(), 0), strides(type.getRank(), 1), part(shape);
  int64_t rest = shape[dimension] - groups * size;
  shape[dimension] = groups * padded + rest;
  auto wide = RankedTensorType::get(shape, type.getElementType());
  Value result = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(
          wide, Attribute(builder.getZeroAttr(type.getElementType()))));
  auto fold = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(builder.getContext(), values);
  };
  for (int64_t group = 0; group < groups + (rest ? 1 : 0); ++group) {
    from[dimension] = group * size;
    to[dimension] = group * padded;
    part[dimension] = group < groups ? size : rest;
    Value slice = tensor::ExtractSliceOp::create(
        builder, loc, weight, fold(from), fold(part), fold(strides));
    result = tensor::InsertSliceOp::create(builder, loc, slice, result,
                                           fold(to), fold(part), fold(strides));
  }
  return result;
}
