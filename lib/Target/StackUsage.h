//===- StackUsage.h - How much stack functions take -------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_STACKUSAGE_H
#define SSMC_LIB_TARGET_STACKUSAGE_H

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"
#include <map>
#include <string>

namespace ssmc {

/// Generates code for `module`, which changes it, and sums frames along the
/// worst chain of calls from each function that other files can call. A
/// function that is passed to another one is taken to be called by it. What
/// functions of other files take (an executor's, memcpy) comes on top. Fails on
/// recursion and on frames of a size that only shows at run time.
llvm::Expected<std::map<std::string, int64_t>>
measureStack(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_STACKUSAGE_H
