//===- Passes.td - Conversions from one level to the next -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_PASSES
#define SSMC_LIB_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def RecurrenceToChunk : Pass<"convert-recurrence-to-chunk", "::mlir::ModuleOp"> {
  let summary = "Turn each unit into a function on rows with fused epilogues";
  let description = [{
    For every function with `ssm.unit` adds a function `chunk.NAME` on `rows`
    rows: (x, out unless in place, carries, parameters) -> (out, carries).
    Projections become `ssm.panel_map`, with the scan or the pointwise layers
    that follow in its body; their weights `ssm.pack_panels` of the parameters.

    ```mlir
    func @block0(%x: tensor<?x?x64xf32>, %s: tensor<?x2x32xf32>, %b ...)
    // gives
    func @chunk.block0(%x: tensor<24x64xf32>, %s: tensor<?x64xf32>, %b ...)
    ```
  }];
  let options = [
    Option<"rows", "rows", "int64_t", "24", "Rows of a chunk">
  ];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::func::FuncDialect",
    "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect",
    "::mlir::arith::ArithDialect"];
}

#endif // SSMC_LIB_CONVERSION_PASSES
