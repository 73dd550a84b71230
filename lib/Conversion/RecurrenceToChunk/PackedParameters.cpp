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

/// As operands of an operation on slices.
SmallVector<OpFoldResult> ParameterPacker::fold(ArrayRef<int64_t> values) {
  return getAsIndexOpFoldResult(builder.getContext(), values);
}

Value ParameterPacker::padGroups(Value weight, int64_t dimension,
                                 int64_t groups, int64_t size, int64_t padded) {
  RankedTensorType type = typeOf(weight);
  if (size == padded)
    return weight;
  SmallVector<int64_t> shape(type.getShape());
  int64_t rest = shape[dimension] - groups * size;
  auto zeros = [&](ArrayRef<int64_t> shape) -> Value {
    auto wide = RankedTensorType::get(shape, type.getElementType());
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(
            wide, Attribute(builder.getZeroAttr(type.getElementType()))));
  };
  // `count` features from `first` on.
  auto take = [&](int64_t first, int64_t count) -> Value {
    if (count == shape[dimension])
      return weight;
    SmallVector<int64_t> from(shape.size(), 0), strides(shape.size(), 1),
        part(shape);
    from[dimension] = first;
    part[dimension] = count;
    return tensor::ExtractSliceOp::create(builder, loc, weight, fold(from),
                                          fold(part), fold(strides));
  };
  auto insert = [&](Value part, Value whole, int64_t place) -> Value {
    ArrayRef<int64_t> sizes = typeOf(part).getShape();
    SmallVector<int64_t> to(sizes.size(), 0), strides(sizes.size(), 1);
    to[dimension] = place;
    return tensor::InsertSliceOp::create(builder, loc, part, whole, fold(to),
                                         fold(sizes), fold(strides));
  };
  // One insertion for all groups, which are a dimension of their own:
  // bufferization looks at all pairs of insertions.
  SmallVector<ReassociationIndices> grouped;
  for (int64_t i = 0, d = 0; d < type.getRank(); ++d) {
    grouped.push_back({i++});
    if (d == dimension)
      grouped.back().push_back(i++);
  }
  auto split = [&](int64_t features) {
    SmallVector<int64_t> result(shape);
    result[dimension] = groups;
    result.insert(result.begin() + dimension + 1, features);
    return result;
  };
  Value inGroups = tensor::ExpandShapeOp::create(
      builder, loc, type.clone(split(size)), take(0, groups * size), grouped);
  Value wide = insert(inGroups, zeros(split(padded)), 0);
  SmallVector<int64_t> flat(shape);
  flat[dimension] = groups * padded;
  wide = tensor::CollapseShapeOp::create(builder, loc, type.clone(flat), wide,
                                         grouped);
  if (!rest)
    return wide;
  flat[dimension] += rest;
  return insert(take(groups * size, rest), insert(wide, zeros(flat), 0),
                groups * padded);
}
