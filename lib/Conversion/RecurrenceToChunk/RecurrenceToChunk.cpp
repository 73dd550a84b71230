//===- RecurrenceToChunk.cpp - Units become functions on rows -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before (one residual block, shortened):
//   %f = ssm.linear %x, %b
//   %z, %s1 = ssm.scan diagonal %f, %s coefficients(...)
//   %c = ssm.linear %z, %cw
//   %g = ssm.gelu %c
// After:
//   %z, %s1 = ssm.panel_map product(%x, %bp) columns(...) outs(...) carries(%s)
//     { ^bb(%acc, ...): one step of the scan }
//   %g = ssm.panel_map product(%z, %cp) outs(...) { ^bb(%acc, %o): gelu }
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ChunkRows.h"
#include "lib/Conversion/Passes.h"
#include "lib/Conversion/RecurrenceToChunk/UnitConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ssmc {
#define GEN_PASS_DEF_RECURRENCETOCHUNK
#include "lib/Conversion/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {
struct RecurrenceToChunk
    : ssmc::impl::RecurrenceToChunkBase<RecurrenceToChunk> {
  using RecurrenceToChunkBase::RecurrenceToChunkBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<int64_t> rows = chooseRows();
    if (failed(rows))
      return signalPassFailure();
    Builder builder(module.getContext());
    module->setAttr(kChunkRowsAttr, builder.getI64IntegerAttr(*rows));
    SmallVector<func::FuncOp> units;
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr("ssm.unit"))
        units.push_back(function);
    for (func::FuncOp unit : units)
      if (failed(UnitConverter(unit, *rows, isModelOutput(unit)).convert()))
        return signalPassFailure();
  }

  /// What the option says, or else the module, or else the cost model.
  FailureOr<int64_t> chooseRows() {
    ModuleOp module = getOperation();
    int64_t wanted = rows;
    Attribute given = module->getAttr(kChunkRowsAttr);
    if (!wanted && !given)
      return chooseChunkRows(module);
    if (!wanted)
      wanted = isa<IntegerAttr>(given) ? cast<IntegerAttr>(given).getInt() : -1;
    if (wanted >= 1 && wanted <= kMaxChunkRows)
      return wanted;
    return module.emitError() << "a chunk has " << wanted
                              << " rows; expected 1 to " << kMaxChunkRows;
  }

  /// Whether a call of the unit gives the model's output, whose rows are the
  /// user's: not padded.
  bool isModelOutput(func::FuncOp unit) {
    bool output = false;
    getOperation().walk([&](func::CallOp call) {
      if (call.getCallee() != unit.getSymName() || !call.getNumResults())
        return;
      for (OpOperand &use : call.getResult(0).getUses())
        output |=
            isa<func::ReturnOp>(use.getOwner()) && use.getOperandNumber() == 0;
    });
    return output;
  }
};
} // namespace
