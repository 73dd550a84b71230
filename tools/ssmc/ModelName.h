//===- ModelName.h - What a model's functions are called ------ -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_MODELNAME_H
#define SSMC_TOOLS_SSMC_MODELNAME_H

#include "tools/ssmc/CommandLine.h"

namespace ssmc {

/// The model's name, from --name, else the prefix of compile's -o where it is a
/// C identifier, else MODEL.
llvm::Expected<std::string> chooseName(const CommandLine &line);

/// Says, on standard error, when the model's name is not the prefix's.
void tellOfOtherName(const CommandLine &line, llvm::StringRef name);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_MODELNAME_H
