//===- VerifyLLVMLevel.cpp - What goes into code generation --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accepts the llvm dialect in a module. Rejects what a conversion left behind
// (upstream leaves bare-pointer functions with dynamic memrefs unconverted,
// without an error), and intrinsics whose bits depend on the machine:
//   func.func @step(%x: memref<?xf32>) attributes {llvm.bareptr}
//   error: 'func.func' is not part of the llvm level
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/VerifyLevel.h"

namespace ssmc {
#define GEN_PASS_DEF_VERIFYLLVMLEVEL
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static constexpr StringRef kLegal[] = {"builtin.module", "llvm"};

namespace {
struct VerifyLLVMLevel : ssmc::impl::VerifyLLVMLevelBase<VerifyLLVMLevel> {
  void runOnOperation() override {
    if (failed(verifyLevel(getOperation(), "llvm", kLegal, verifyIntrinsic)))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
