//===- Weights.cpp - The one accessor of weights --------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/Weights.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace ssmc;

/// Bytes of one element; 0 for types that no parameter has.
static int64_t elementBytes(Type type) {
  if (type.isF32() || type.isF64())
    return type.getIntOrFloatBitWidth() / 8;
  return type.isInteger(1) ? 1 : 0;
}

FailureOr<WeightValues> ssmc::getWeightValues(Operation *op, StringRef name,
                                              ElementsAttr attribute) {
  ShapedType type = attribute.getShapedType();
  int64_t bytes = elementBytes(type.getElementType());
  if (bytes == 0)
    return op->emitError() << "parameter '" << name << "' has elements of "
                           << type.getElementType()
                           << "; expected f32, f64 or i1";
  if (auto dense = dyn_cast<DenseElementsAttr>(attribute)) {
    if (!dense.isSplat() && type.getElementType().isInteger(1))
      return op->emitError() << "parameter '" << name
                             << "' has several truth values; expected one";
    return WeightValues(dense.getRawData(), type, dense.isSplat());
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(attribute);
  if (!resource)
    return op->emitError() << "parameter '" << name << "' has a value of an "
                           << "unknown kind; expected dense or dense_resource";
  const AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob)
    return op->emitError()
           << "parameter '" << name << "' has no data: the resource '"
           << resource.getRawHandle().getKey()
           << "' was elided when this IR was printed; expected IR printed with "
              "its resources";
  int64_t expected = type.getNumElements() * bytes;
  if (int64_t found = blob->getData().size(); found != expected)
    return op->emitError() << "parameter '" << name << "' has " << found
                           << " bytes of data; " << type << " takes "
                           << expected;
  return WeightValues(blob->getData(), type, /*splat=*/false);
}

FailureOr<WeightValues> ssmc::getParameterValues(ParameterOp parameter) {
  if (ElementsAttr value = parameter.getValueAttr())
    return getWeightValues(parameter, parameter.getName(), value);
  return parameter.emitError()
         << "parameter '" << parameter.getName()
         << "' has no value: it is bound when the model is loaded; expected a "
            "value known at compile time";
}
