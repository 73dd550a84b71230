//===- DeltaRuleToRows.cpp - The delta rule behind its projection ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %x = ssm.linear %u, %w
//   %o, %s1 = ssm.delta_rule %x, %s epsilon 1.0e-6
//   %y = ssm.linear %o, %wo
// After, with zeros between heads in %wp and %wop:
//   %x = ssm.panel_map product(%u, %wp) outs(...)
//   %o, ..., %s1 = ssm.delta_rows %x outs(..., %s) heads 4 size 3 ...
//   %y = ssm.panel_map product(%o, %wop) outs(...)
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RecurrenceToChunk/Layout.h"
#include "lib/Conversion/RecurrenceToChunk/PackedParameters.h"
#include "lib/Conversion/RecurrenceToChunk/UnitConverter.h"

using namespace mlir;
using namespace ssmc;

/// Rows of the projections with whole panels for each head's q, k and v.
static FailureOr<LinearOp> findProjection(DeltaRuleOp op) {
  // Features of its input and output have gaps, which only packed weights know.
  for (Operation *user : op.getY().getUsers())
    if (!isa<LinearOp>(user))
      return op.emitOpError() << "has an output that '" << user->getName()
                              << "' reads; expected a projection to read it";
  auto projection = op.getX().getDefiningOp<LinearOp>();
  if (!projection || !projection->hasOneUse())
    return op.emitOpError() << "needs a projection of its own as input";
  return projection;
}

LogicalResult UnitConverter::convertDeltaRule(DeltaRuleOp op) {
  FailureOr<LinearOp> projection = findProjection(op);
  if (failed(projection))
    return failure();
  Location loc = op.getLoc();
  int64_t heads = op.getNumHeads(), size = op.getHeadFeatures(),
          lanes = headLanes(size);
  ParameterPacker packer(builder, loc);
  auto padded = [&](Value parameter) {
    return packer.padGroups(parameter, 0, 3 * heads, size, lanes);
  };
  Value bias = parameters.lookupOrNull(projection->getBias());
  PanelMapBuilder map(loc, createEmpty(paddedWidth(3 * heads * lanes + 1)),
                      kPanelLanes);
  FailureOr<Value> product =
      setProduct(map, projection->getX(),
                 padded(parameters.lookup(projection->getWeight())),
                 bias ? padded(bias) : Value(), /*pairedOut=*/false);
  if (failed(product))
    return failure();
  Value x = map.finish(builder, *product).getResult(0);
  Value y = createEmpty(paddedWidth(heads * lanes)),
        factors = createEmpty(llvm::divideCeil(heads, 4) * kPanelLanes),
        carry = carries[op.getState()].front();
  auto rows = DeltaRowsOp::create(
      builder, loc, TypeRange{y.getType(), factors.getType(), carry.getType()},
      x, y, factors, carry, heads, size, op.getEpsilonAttr().getValue(),
      Value(), Value());
  materialized[op.getY()] = rows.getResult(0);
  headed[op.getY()] = heads;
  carries[op.getNewState()] = {rows.getResult(2)};
  return success();
}
