//===- SsmBase.td - Types and base classes of the operations --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_DIALECT_SSMBASE
#define SSMC_DIALECT_SSMBASE

include "dialect/SsmDialect.td"
include "dialect/SsmInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Ssm_Op<string mnemonic, list<Trait> traits = []>
    : Op<Ssm_Dialect, mnemonic, traits>;

// (batch, time, features), or (batch, features) after pooling.
def Ssm_Sequence : RankedTensorOf<[F32]>;
// A trained parameter: what the weights file holds.
def Ssm_Param : RankedTensorOf<[F32, F64]>;

// A layer that can run in the epilogue of the product before it.
def Ssm_Pointwise : DeclareOpInterfaceMethods<Ssm_PointwiseOpInterface>;

#endif // SSMC_DIALECT_SSMBASE
