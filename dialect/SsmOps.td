//===- SsmOps.td - All operations of the ssm dialect ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_DIALECT_SSMOPS
#define SSMC_DIALECT_SSMOPS

include "dialect/SsmModelOps.td"
include "dialect/SsmRecurrenceOps.td"
include "dialect/SsmChunkOps.td"

#endif // SSMC_DIALECT_SSMOPS
