//===- UnitConverter.h - From a unit to its chunk function ------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_UNITCONVERTER_H
#define SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_UNITCONVERTER_H

#include "lib/Conversion/RecurrenceToChunk/PanelMapBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseSet.h"

namespace ssmc {

/// Adds `chunk.NAME` for a unit NAME. A value of the unit gets rows in memory
/// only where something needs them: a product's input, a scan's output, a
/// result, a value used twice. Everything between is an expression, evaluated
/// in the epilogue of the product before it.
class UnitConverter {
public:
  /// `rows` rows (of a pooled head: answers of streams); `output` says that the
  /// result is the model's output, so that its rows have no padding.
  UnitConverter(mlir::func::FuncOp unit, int64_t rows, bool output)
      : unit(unit),
        kind(unit->getAttrOfType<mlir::StringAttr>("ssm.unit").getValue()),
        rows(rows), output(output), builder(unit.getContext()) {}

  /// Emits an error and fails where something has no form on rows.
  llvm::LogicalResult convert();

private:
  /// Blocks work in place; pooling writes into its carried state.
  bool hasOut() const { return kind != "block" && kind != "pool"; }
  llvm::SmallVector<mlir::Type> getRowArgumentTypes();
  llvm::LogicalResult createFunction();
  void markRowFloats();
  void mapRowArguments(llvm::ArrayRef<mlir::BlockArgument> arguments);
  llvm::LogicalResult convertOp(mlir::Operation *op);
  void addGivenArguments(llvm::ArrayRef<mlir::BlockArgument> arguments);
  llvm::LogicalResult convertDropout(DropoutOp op);
  // ChannelScanToRows.cpp
  llvm::LogicalResult convertChannelScan(ChannelScanOp op);
  llvm::LogicalResult convertReturn(mlir::func::ReturnOp op);
  bool isRoot(mlir::Value value);

  llvm::FailureOr<mlir::Value> getRows(mlir::Value value);
  llvm::LogicalResult materialize(mlir::Value value);
  mlir::Value destinationFor(mlir::Value value);
  mlir::Value createEmpty(int64_t width);
  llvm::LogicalResult emitMap(mlir::Value value, mlir::Value destination);
  llvm::LogicalResult emitCopy(mlir::Value value, mlir::Value rowsOfValue,
                               mlir::Value destination);
  void finishMap(PanelMapBuilder &map, mlir::Value result, mlir::Value value);

  llvm::FailureOr<mlir::Value> evaluate(mlir::Value value,
                                        PanelMapBuilder &map);
  llvm::FailureOr<mlir::Value> evaluateLinear(LinearOp op,
                                              PanelMapBuilder &map);
  llvm::FailureOr<mlir::Value> evaluateScan(ScanOp op, PanelMapBuilder &map);
  llvm::LogicalResult convertPerStep(PerStepOp op);
  mlir::Value loadFactor(mlir::Value rowsOfFactor, bool cross,
                         PanelMapBuilder &map);
  llvm::FailureOr<mlir::Value>
  applyGains(ScanOp op, mlir::Value forcing, PanelMapBuilder &map,
             llvm::function_ref<mlir::Value(mlir::Value)> swapPlanes);
  llvm::FailureOr<std::pair<mlir::Value, mlir::Value>>
  getCoefficient(ScanOp op, mlir::Value coefficient, bool cross,
                 PanelMapBuilder &map);
  llvm::LogicalResult convertDeltaRule(DeltaRuleOp op);
  llvm::FailureOr<mlir::Value> evaluatePointwise(PointwiseOpInterface op,
                                                 PanelMapBuilder &map);
  llvm::FailureOr<mlir::Value> setGatedProduct(GateOp gate,
                                               PanelMapBuilder &map);
  GateOp findFusedGate(mlir::Value value);
  llvm::FailureOr<mlir::Value> setProduct(PanelMapBuilder &map, mlir::Value x,
                                          mlir::Value weight, mlir::Value bias,
                                          bool pairedOut);

  bool isFusedLinear(mlir::Value value) {
    auto linear = value.getDefiningOp<LinearOp>();
    return linear && !materialized.contains(value) && !isRoot(value);
  }

  mlir::func::FuncOp unit, chunk;
  llvm::StringRef kind;
  int64_t rows;
  bool output;
  mlir::OpBuilder builder;
  mlir::IRMapping parameters;
  llvm::DenseMap<mlir::Value, mlir::Value>
      materialized;                   // sequence of the unit -> its rows
  llvm::DenseSet<mlir::Value> paired; // materialized in paired order
  /// Materialized with each head's features padded to whole panels: heads.
  llvm::DenseMap<mlir::Value, int64_t> headed;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>>
      carries; // state -> its carries now
  /// What `ssm.per_step` gives, 8 modes per panel: f32 numbers nearest to it,
  /// and what these lack (for coefficients only).
  llvm::DenseMap<mlir::Value, std::pair<mlir::Value, mlir::Value>> perStep;
  /// The unit's argument that is time deltas, and that of the new function.
  mlir::Value timeSteps, rowsOfTimeSteps;
  llvm::SmallVector<mlir::Value> initialStates;
  /// What reverse units before this one have left for its rows.
  llvm::SmallVector<mlir::Value> contributions;
  mlir::Value input, outArgument;
  /// Columns and keys that are known when rows run -> their arguments.
  llvm::DenseMap<mlir::Value, mlir::Value> givenValues;
  mlir::Value firstStep, droppedRows;
};

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_UNITCONVERTER_H
