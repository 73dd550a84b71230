//===- TensorOps.cpp - Rearrangements of tensors --------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/OpTable.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace ssmc::reference;

/// More elements than this (128 GiB) are taken for a wrong size.
static constexpr int64_t kMostElements = int64_t(1) << 34;

LogicalResult ssmc::reference::expectShape(Operation *op, StringRef what,
                                           const Tensor &tensor,
                                           ArrayRef<int64_t> expected) {
  if (ArrayRef<int64_t>(tensor.shape) == expected)
    return success();
  return op->emitOpError() << "runs with " << what << " of shape ["
                           << ArrayRef<int64_t>(tensor.shape) << "]; expected ["
                           << expected << "]";
}

LogicalResult ssmc::reference::expectSize(Operation *op,
                                          ArrayRef<int64_t> shape) {
  int64_t product = 1;
  for (int64_t size : shape) {
    if (size < 0 || (size && product > kMostElements / size))
      return op->emitOpError() << "makes a tensor of shape [" << shape << "]";
    product *= size;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

/// Offsets, sizes or strides with the operands' values filled in.
static SmallVector<int64_t> resolve(ArrayRef<OpFoldResult> mixed,
                                    const Values &values) {
  SmallVector<int64_t> numbers;
  for (OpFoldResult entry : mixed)
    numbers.push_back(isa<Attribute>(entry)
                          ? *getConstantIntValue(entry)
                          : values[cast<Value>(entry)].ints().front());
  return numbers;
}

/// Moves to the next index below `shape`, the last dimension fastest; false
/// after the last one.
static bool increment(SmallVectorImpl<int64_t> &index,
                      ArrayRef<int64_t> shape) {
  for (int64_t i = shape.size() - 1; i >= 0; --i) {
    if (++index[i] < shape[i])
      return true;
    index[i] = 0;
  }
  return false;
}

namespace {
/// A rectangular part of a tensor.
struct Slice {
  SmallVector<int64_t> offsets, sizes, strides;

  static Slice of(OffsetSizeAndStrideOpInterface op, const Values &values) {
    return {resolve(op.getMixedOffsets(), values),
            resolve(op.getMixedSizes(), values),
            resolve(op.getMixedStrides(), values)};
  }

  /// Emits an error unless the part lies within `shape`.
  LogicalResult verify(Operation *op, ArrayRef<int64_t> shape) const {
    for (auto [offset, size, stride, bound] :
         llvm::zip_equal(offsets, sizes, strides, shape))
      if (size < 0 || (size && (offset < 0 || stride < 1 || offset >= bound ||
                                size - 1 > (bound - 1 - offset) / stride)))
        return op->emitOpError()
               << "takes offsets [" << ArrayRef<int64_t>(offsets)
               << "], sizes [" << ArrayRef<int64_t>(sizes) << "], strides ["
               << ArrayRef<int64_t>(strides) << "] of a tensor of shape ["
               << shape << "]";
    return success();
  }

  /// Calls `visit` with the place in a tensor of `shape` of every element of
  /// the part, in order.
  template <typename Visit>
  void forEach(ArrayRef<int64_t> shape, Visit visit) const {
    if (llvm::is_contained(sizes, 0))
      return;
    SmallVector<int64_t> index(sizes.size(), 0);
    do {
      int64_t place = 0;
      for (size_t i = 0; i < shape.size(); ++i)
        place = place * shape[i] + offsets[i] + index[i] * strides[i];
      visit(place);
    } while (increment(index, sizes));
  }
};
} // namespace

/// `sizes` without the unit dimensions that `type`, of lower rank, drops.
static SmallVector<int64_t> dropUnits(ArrayRef<int64_t> sizes,
                                      const llvm::SmallBitVector &dropped) {
  SmallVector<int64_t> kept;
  for (auto [i, size] : llvm::enumerate(sizes))
    if (!dropped.test(i))
      kept.push_back(size);
  return kept;
}

static FailureOr<Tensor> evaluateExtractSlice(tensor::ExtractSliceOp op,
                                              const Values &values) {
  const Tensor &source = values[op.getSource()];
  Slice slice = Slice::of(op, values);
  if (failed(slice.verify(op, source.shape)))
    return failure();
  Tensor result = source;
  result.shape = dropUnits(slice.sizes, op.getDroppedDims());
  std::visit(
      [&](auto &to) {
        auto &from = std::get<std::decay_t<decltype(to)>>(source.data);
        to.clear();
        slice.forEach(source.shape,
                      [&](int64_t place) { to.push_back(from[place]); });
      },
      result.data);
  return result;
}

/// Writes the elements of `source`, in order, to `slice` of `result`.
static void write(Tensor &result, const Slice &slice, const Tensor &source) {
  std::visit(
      [&](auto &to) {
        auto &from = std::get<std::decay_t<decltype(to)>>(source.data);
        size_t next = 0;
        slice.forEach(result.shape,
                      [&](int64_t place) { to[place] = from[next++]; });
      },
      result.data);
}

static FailureOr<Tensor> evaluateInsertSlice(tensor::InsertSliceOp op,
                                             const Values &values) {
  Tensor result = values[op.getDest()];
  Slice slice = Slice::of(op, values);
  if (failed(slice.verify(op, result.shape)) ||
      failed(expectShape(op, "a source", values[op.getSource()],
                         dropUnits(slice.sizes, op.getDroppedDims()))))
    return failure();
  write(result, slice, values[op.getSource()]);
  return result;
}

static FailureOr<Tensor> evaluateConcat(tensor::ConcatOp op,
                                        const Values &values) {
  int64_t dim = op.getDim();
  SmallVector<int64_t> shape(values[op.getInputs().front()].shape);
  shape[dim] = 0;
  for (Value input : op.getInputs())
    shape[dim] += values[input].shape[dim];
  Tensor result =
      Tensor::zeros(op.getResult().getType().getElementType(), shape);
  SmallVector<int64_t> offsets(shape.size(), 0);
  for (Value input : op.getInputs()) {
    const Tensor &part = values[input];
    SmallVector<int64_t> wanted(shape);
    wanted[dim] = part.shape[dim];
    if (failed(expectShape(op, "an input", part, wanted)))
      return failure();
    write(result, {offsets, wanted, SmallVector<int64_t>(shape.size(), 1)},
          part);
    offsets[dim] += part.shape[dim];
  }
  return result;
}

static FailureOr<Tensor> evaluatePad(tensor::PadOp op, const Values &values) {
  const Tensor &source = values[op.getSource()];
  Value padding = op.getConstantPaddingValue();
  Attribute constant;
  if (!padding || (!values.contains(padding) &&
                   !matchPattern(padding, m_Constant(&constant))))
    return op.emitOpError() << "pads with a value that varies";
  SmallVector<int64_t> low = resolve(op.getMixedLowPad(), values),
                       high = resolve(op.getMixedHighPad(), values), shape;
  for (size_t i = 0; i < low.size(); ++i)
    shape.push_back(low[i] + source.shape[i] + high[i]);
  Slice slice{low, SmallVector<int64_t>(source.shape),
              SmallVector<int64_t>(low.size(), 1)};
  if (failed(expectSize(op, shape)) || failed(slice.verify(op, shape)))
    return failure();
  Tensor result;
  if (source.isFloat())
    result = Tensor::ofFloats(
        shape, constant ? cast<FloatAttr>(constant).getValueAsDouble()
                        : values[padding].floats().front());
  else
    result = Tensor::ofInts(
        shape, constant ? cast<IntegerAttr>(constant).getValue().getSExtValue()
                        : values[padding].ints().front());
  write(result, slice, source);
  return result;
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// The static sizes of `type`, with the operands' values in place of the
/// others.
static SmallVector<int64_t> resolveShape(RankedTensorType type,
                                         ValueRange dynamicSizes,
                                         const Values &values) {
  SmallVector<int64_t> shape(type.getShape());
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size)) {
      size = values[dynamicSizes.front()].ints().front();
      dynamicSizes = dynamicSizes.drop_front();
    }
  return shape;
}

static FailureOr<Tensor> evaluateEmpty(tensor::EmptyOp op,
                                       const Values &values) {
  SmallVector<int64_t> shape =
      resolveShape(op.getType(), op.getDynamicSizes(), values);
  if (failed(expectSize(op, shape)))
    return failure();
  // Nothing may depend on what an empty tensor holds: NaN shows where it does.
  Type element = op.getType().getElementType();
  return isa<FloatType>(element) ? Tensor::ofFloats(shape, NAN)
                                 : Tensor::ofInts(shape);
}

static FailureOr<Tensor> evaluateSplat(tensor::SplatOp op,
                                       const Values &values) {
  const Tensor &value = values[op.getInput()];
  SmallVector<int64_t> shape =
      resolveShape(op.getType(), op.getDynamicSizes(), values);
  if (failed(expectSize(op, shape)))
    return failure();
  return value.isFloat() ? Tensor::ofFloats(shape, value.floats().front())
                         : Tensor::ofInts(shape, value.ints().front());
}

static FailureOr<Tensor> evaluateDim(tensor::DimOp op, const Values &values) {
  const Tensor &source = values[op.getSource()];
  int64_t dim = values[op.getIndex()].ints().front();
  if (dim < 0 || dim >= static_cast<int64_t>(source.shape.size()))
    return op.emitOpError()
           << "asks for dimension " << dim << " of " << describe(source);
  return Tensor::ofInts({}, source.shape[dim]);
}

/// `source` with another shape, of as many elements.
static FailureOr<Tensor> reshape(Operation *op, const Tensor &source,
                                 ArrayRef<int64_t> shape) {
  if (failed(expectSize(op, shape)))
    return failure();
  if (Tensor::count(shape) != source.size())
    return op->emitOpError()
           << "reshapes " << describe(source) << " to [" << shape << "]";
  Tensor result = source;
  result.shape.assign(shape.begin(), shape.end());
  return result;
}

static FailureOr<Tensor> evaluateExpandShape(tensor::ExpandShapeOp op,
                                             const Values &values) {
  return reshape(op, values[op.getSrc()],
                 resolve(op.getMixedOutputShape(), values));
}

static FailureOr<Tensor> evaluateCollapseShape(tensor::CollapseShapeOp op,
                                               const Values &values) {
  const Tensor &source = values[op.getSrc()];
  SmallVector<int64_t> shape;
  for (const ReassociationIndices &group : op.getReassociationIndices()) {
    shape.push_back(1);
    for (int64_t dim : group)
      shape.back() *= source.shape[dim];
  }
  return reshape(op, source, shape);
}

static Tensor evaluateCast(tensor::CastOp op, const Values &values) {
  return values[op.getSource()];
}

static FailureOr<Tensor> evaluateFromElements(tensor::FromElementsOp op,
                                              const Values &values) {
  auto type = cast<RankedTensorType>(op.getType());
  Tensor result = Tensor::zeros(type.getElementType(), type.getShape());
  for (auto [i, element] : llvm::enumerate(op.getElements()))
    if (result.isFloat())
      result.floats()[i] = values[element].floats().front();
    else
      result.ints()[i] = values[element].ints().front();
  return result;
}

static FailureOr<Tensor> evaluateExtract(tensor::ExtractOp op,
                                         const Values &values) {
  const Tensor &source = values[op.getTensor()];
  int64_t place = 0;
  for (auto [index, size] : llvm::zip_equal(op.getIndices(), source.shape)) {
    int64_t i = values[index].ints().front();
    if (i < 0 || i >= size)
      return op.emitOpError() << "reads element " << i << " of " << size;
    place = place * size + i;
  }
  return source.isFloat() ? Tensor::ofFloats({}, source.floats()[place])
                          : Tensor::ofInts({}, source.ints()[place]);
}

void ssmc::reference::addTensorOps(OpTable &table) {
  table.add<tensor::CastOp>(evaluateCast);
  table.add<tensor::CollapseShapeOp>(evaluateCollapseShape);
  table.add<tensor::ConcatOp>(evaluateConcat);
  table.add<tensor::DimOp>(evaluateDim);
  table.add<tensor::EmptyOp>(evaluateEmpty);
  table.add<tensor::ExpandShapeOp>(evaluateExpandShape);
  table.add<tensor::ExtractOp>(evaluateExtract);
  table.add<tensor::ExtractSliceOp>(evaluateExtractSlice);
  table.add<tensor::FromElementsOp>(evaluateFromElements);
  table.add<tensor::InsertSliceOp>(evaluateInsertSlice);
  table.add<tensor::PadOp>(evaluatePad);
  table.add<tensor::SplatOp>(evaluateSplat);
}
