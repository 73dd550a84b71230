//===- PanelMapBuilder.h - A panel map in the making ------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_PANELMAPBUILDER_H
#define SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_PANELMAPBUILDER_H

#include "dialect/SsmDialect.h"
#include "mlir/IR/Builders.h"

namespace ssmc {

/// Collects the operands and the body of an `ssm.panel_map` with one output.
/// Operands are found while the body is emitted; `finish` puts the body's
/// arguments into their order.
class PanelMapBuilder {
public:
  /// A map that writes `destination`, `lanes` features (8 or 16) per panel.
  PanelMapBuilder(mlir::Location loc, mlir::Value destination, int64_t lanes)
      : loc(loc), destination(destination), lanes(lanes) {}

  /// The product's operands; returns the accumulator.
  mlir::Value setProduct(mlir::Value x, mlir::Value w, mlir::Value bias);
  bool hasProduct() const { return x != nullptr; }
  mlir::Value getProductRows() const { return x; }

  /// Lanes of `rows`; of the destination, the value before.
  mlir::Value addRows(mlir::Value rows);
  /// 8 lanes per panel of other rows.
  mlir::Value addHalfRows(mlir::Value rows);
  mlir::Value addColumns(mlir::Value columns);
  mlir::Value addCarry(mlir::Value carry);
  /// What the carries become, in the order in which they were added.
  void setNewCarries(llvm::ArrayRef<mlir::Value> values) {
    newCarries.assign(values.begin(), values.end());
  }

  /// Writes elsewhere; what was read of the destination is then a row operand.
  void redirect(mlir::Value elsewhere);

  /// Creates the map; `result` is the output's lanes.
  PanelMapOp finish(mlir::OpBuilder &builder, mlir::Value result);

  int64_t getLanes() const { return lanes; }
  /// Inserts at the end of the body.
  mlir::OpBuilder getBodyBuilder() {
    mlir::OpBuilder builder(destination.getContext());
    builder.setInsertionPointToEnd(&body);
    return builder;
  }

private:
  using Leaf = std::pair<mlir::Value, mlir::BlockArgument>;
  mlir::Value addLeaf(llvm::SmallVectorImpl<Leaf> &leaves, mlir::Value operand,
                      int64_t leafLanes);

  mlir::Location loc;
  mlir::Value destination;
  int64_t lanes;
  mlir::Value x, w, bias;
  mlir::BlockArgument accumulator, before;
  llvm::SmallVector<Leaf> rows, columns, carries;
  llvm::SmallVector<mlir::Value> newCarries;
  mlir::Block body;
};

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_PANELMAPBUILDER_H
