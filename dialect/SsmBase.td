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

def Ssm_HasDimensions : CPred<"::llvm::cast<::mlir::ShapedType>($_self).getRank() > 0">;
class Ssm_Tensor<list<Type> elements> : ConfinedType<RankedTensorOf<elements>,
    [Ssm_HasDimensions], RankedTensorOf<elements>.summary # " of rank 1 or more">;

// (batch, time, features), or (batch, features) after pooling.
def Ssm_Sequence : Ssm_Tensor<[F32]>;
// A trained parameter: what the weights file holds.
def Ssm_Param : Ssm_Tensor<[F32, F64]>;

// A layer that can run in the epilogue of the product before it.
def Ssm_Pointwise : DeclareOpInterfaceMethods<Ssm_PointwiseOpInterface>;

#endif // SSMC_DIALECT_SSMBASE
