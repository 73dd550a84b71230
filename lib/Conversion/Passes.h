//===- Passes.h - Conversions from one level to the next ------------*- C++
//-*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_PASSES_H
#define SSMC_LIB_CONVERSION_PASSES_H

#include "dialect/SsmDialect.h"
#include "mlir/Pass/Pass.h"

namespace ssmc {

#define GEN_PASS_DECL
#include "lib/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lib/Conversion/Passes.h.inc"

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_PASSES_H
