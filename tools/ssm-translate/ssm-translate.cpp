//===- ssm-translate.cpp - From IR to what other tools read ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   ssm-opt kernels.mlir --ssm-gpu-to-nvvm | ssm-translate --gpu-to-ptx --sm=90
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Target/EmitPtx.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;

static llvm::cl::opt<unsigned>
    architecture("sm", llvm::cl::desc("Architecture: 80 for sm_80, ..."),
                 llvm::cl::init(80));

/// Writes what `emit` makes of every gpu.module.
static LogicalResult
translateKernels(Operation *op, raw_ostream &output,
                 FailureOr<std::string> (*emit)(Operation *, unsigned)) {
  WalkResult result = op->walk([&](gpu::GPUModuleOp module) {
    FailureOr<std::string> text = emit(module, architecture);
    if (failed(text))
      return WalkResult::interrupt();
    output << *text;
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

static void registerDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registry.insert<ssmc::SsmDialect>();
}

int main(int argc, char **argv) {
  TranslateFromMLIRRegistration toIr(
      "gpu-to-nvvm-ir", "LLVM IR of kernels in the NVVM dialect",
      [](Operation *op, raw_ostream &output) {
        return translateKernels(op, output, ssmc::emitNvvmIr);
      },
      registerDialects);
  TranslateFromMLIRRegistration toPtx(
      "gpu-to-ptx", "PTX of kernels in the NVVM dialect",
      [](Operation *op, raw_ostream &output) {
        return translateKernels(op, output, ssmc::emitPtx);
      },
      registerDialects);
  return failed(mlirTranslateMain(argc, argv, "ssmc translation driver"));
}
