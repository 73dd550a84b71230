//===- SsmDialect.cpp - Registration of the ssm dialect -------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

#include "dialect/SsmDialect.cpp.inc"
#include "dialect/SsmEnums.cpp.inc"
#include "dialect/SsmInterfaces.cpp.inc"

void ssmc::SsmDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialect/SsmOps.cpp.inc"
      >();
}

#define GET_OP_CLASSES
#include "dialect/SsmOps.cpp.inc"

int64_t ssmc::getNumFeatures(Type type) {
  return cast<ShapedType>(type).getShape().back();
}
