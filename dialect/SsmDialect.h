//===- SsmDialect.h - The ssm dialect ---------------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_DIALECT_SSMDIALECT_H
#define SSMC_DIALECT_SSMDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/SsmDialect.h.inc"
#include "dialect/SsmEnums.h.inc"
#include "dialect/SsmInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialect/SsmOps.h.inc"

namespace ssmc {

/// Lanes of a panel: output features computed side by side, on every ISA.
inline constexpr int64_t kPanelLanes = 16;
/// Lanes of a panel that hold the first of two paired planes (re|im, w1|w2).
inline constexpr int64_t kHalfPanel = kPanelLanes / 2;

/// The last dimension of a tensor or memref type.
int64_t getNumFeatures(mlir::Type type);

} // namespace ssmc

#endif // SSMC_DIALECT_SSMDIALECT_H
