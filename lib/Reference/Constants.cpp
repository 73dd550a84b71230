//===- Constants.cpp - Values that the IR holds ---------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/OpTable.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include <cstring>

using namespace mlir;
using namespace ssmc::reference;

/// `data` as `T`s, of whatever alignment, in the type that holds them.
template <typename T, typename Held>
static std::vector<Held> readRaw(ArrayRef<char> data) {
  std::vector<Held> values(data.size() / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, data.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<Held>(value);
  }
  return values;
}

static FailureOr<Tensor> readResource(Operation *op, StringRef what,
                                      DenseResourceElementsAttr elements) {
  auto type = cast<ShapedType>(elements.getType());
  Type element = type.getElementType();
  AsmResourceBlob *blob = elements.getRawHandle().getBlob();
  if (!blob)
    return op->emitOpError() << "'" << what << "' needs the resource '"
                             << elements.getRawHandle().getKey()
                             << "', which the IR only names: it was printed "
                                "without its data";
  ArrayRef<char> data = blob->getData();
  size_t bytes = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  if (data.size() != bytes * type.getNumElements())
    return op->emitOpError()
           << "'" << what << "' has " << data.size() << " bytes; " << type
           << " has " << bytes * type.getNumElements();
  ArrayRef<int64_t> shape = type.getShape();
  if (element.isF64())
    return Tensor(shape, readRaw<double, double>(data));
  if (element.isF32())
    return Tensor(shape, readRaw<float, double>(data));
  if (element.isInteger(1))
    return Tensor(shape, readRaw<bool, int64_t>(data));
  if (element.isInteger(32))
    return Tensor(shape, readRaw<int32_t, int64_t>(data));
  if (element.isInteger(64))
    return Tensor(shape, readRaw<int64_t, int64_t>(data));
  return op->emitOpError() << "'" << what << "' has elements of type "
                           << element << "; expected f32, f64, i1, i32 or i64";
}

static int64_t toInt64(const APInt &value) {
  return value.getBitWidth() == 1 ? value.getZExtValue() : value.getSExtValue();
}

static double toDouble(APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

FailureOr<Tensor> ssmc::reference::readElements(Operation *op, StringRef what,
                                                ElementsAttr elements) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements))
    return readResource(op, what, resource);
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense || !dense.getElementType().isIntOrIndexOrFloat())
    return op->emitOpError() << "'" << what
                             << "' is no dense tensor of floats "
                                "or integers";
  Tensor tensor =
      Tensor::zeros(dense.getElementType(), dense.getType().getShape());
  if (tensor.isFloat())
    for (auto [place, value] :
         llvm::zip_equal(tensor.floats(), dense.getValues<APFloat>()))
      place = toDouble(value);
  else
    for (auto [place, value] :
         llvm::zip_equal(tensor.ints(), dense.getValues<APInt>()))
      place = toInt64(value);
  return tensor;
}

static FailureOr<Tensor> evaluateConstant(arith::ConstantOp op,
                                          const Values &) {
  Attribute value = op.getValue();
  if (auto real = dyn_cast<FloatAttr>(value))
    return Tensor::ofFloats({}, real.getValueAsDouble());
  if (auto integer = dyn_cast<IntegerAttr>(value))
    return Tensor::ofInts({}, toInt64(integer.getValue()));
  if (auto elements = dyn_cast<ElementsAttr>(value))
    return readElements(op, "value", elements);
  return op.emitOpError() << "is no number or dense tensor";
}

void ssmc::reference::addConstantOps(OpTable &table) {
  table.add<arith::ConstantOp>(evaluateConstant);
}
