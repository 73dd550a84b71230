//===- LowerPackPanels.cpp - Panel order as an index map ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ssmc {
#define GEN_PASS_DEF_LOWERPACKPANELS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {
/// A feature of the matrix and whether there is one at a place of the panels.
struct Source {
  Value feature; // in range even when there is none
  Value valid;   // i1
};

class PackLowering {
public:
  explicit PackLowering(PackPanelsOp op)
      : op(op), builder(op), loc(op.getLoc()),
        type(cast<RankedTensorType>(op.getResult().getType())),
        source(cast<RankedTensorType>(op.getWeight().getType())) {}

  void run();

private:
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Source outFeature(Value panel, Value lane);
  Source pairedFeature(Value group, Value lane, int64_t features);
  Source inRange(Value feature, Value index, int64_t size);

  PackPanelsOp op;
  OpBuilder builder;
  Location loc;
  RankedTensorType type, source;
};
} // namespace

/// `feature`, kept inside the matrix, valid if `index` is below `size`.
Source PackLowering::inRange(Value feature, Value index, int64_t size) {
  Value valid = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                      index, constant(size));
  return {arith::SelectOp::create(builder, loc, valid, feature, constant(0)),
          valid};
}

/// Lanes 0-7 of group g are features 8g ... of the first plane, lanes 8-15 the
/// same of the second.
Source PackLowering::pairedFeature(Value group, Value lane, int64_t features) {
  Value half = constant(kHalfPanel);
  Value plane = arith::DivUIOp::create(builder, loc, lane, half);
  Value within = arith::RemUIOp::create(builder, loc, lane, half);
  Value mode = arith::AddIOp::create(
      builder, loc, arith::MulIOp::create(builder, loc, group, half), within);
  int64_t modes = features / 2;
  Value feature = arith::AddIOp::create(
      builder, loc, arith::MulIOp::create(builder, loc, plane, constant(modes)),
      mode);
  return inRange(feature, mode, modes);
}

Source PackLowering::outFeature(Value panel, Value lane) {
  int64_t features = source.getDimSize(0);
  if (op.getPairedOut())
    return pairedFeature(panel, lane, features);
  Value feature = arith::AddIOp::create(
      builder, loc,
      arith::MulIOp::create(builder, loc, panel,
                            constant(type.getShape().back())),
      lane);
  return inRange(feature, feature, features);
}

void PackLowering::run() {
  int64_t rank = type.getRank();
  Value init = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                       type.getElementType());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto identity = builder.getMultiDimIdentityMap(rank);
  auto generic = linalg::GenericOp::create(
      builder, loc, type, ValueRange(), init, identity, loops,
      [&](OpBuilder &body, Location, ValueRange) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPoint(body.getInsertionBlock(),
                                  body.getInsertionPoint());
        auto index = [&](int64_t dim) -> Value {
          return linalg::IndexOp::create(builder, loc, dim);
        };
        Source out = outFeature(index(0), index(rank - 1));
        SmallVector<Value> place{out.feature};
        Value valid = out.valid;
        if (rank == 3) {
          Source in{index(1), {}};
          if (op.getPairedIn()) {
            Value lanes = constant(kPanelLanes);
            in = pairedFeature(
                arith::DivUIOp::create(builder, loc, index(1), lanes),
                arith::RemUIOp::create(builder, loc, index(1), lanes),
                source.getDimSize(1));
            valid = arith::AndIOp::create(builder, loc, valid, in.valid);
          }
          place.push_back(in.feature);
        }
        Value value =
            tensor::ExtractOp::create(builder, loc, op.getWeight(), place);
        if (!value.getType().isF32())
          value = arith::TruncFOp::create(builder, loc, builder.getF32Type(),
                                          value);
        Value zero =
            arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
        Value lane = arith::SelectOp::create(builder, loc, valid, value, zero);
        linalg::YieldOp::create(builder, loc, lane);
      });
  op.getResult().replaceAllUsesWith(generic.getResult(0));
  op.erase();
}

namespace {
struct LowerPackPanels : ssmc::impl::LowerPackPanelsBase<LowerPackPanels> {
  void runOnOperation() override {
    SmallVector<PackPanelsOp> packs;
    getOperation()->walk([&](PackPanelsOp op) { packs.push_back(op); });
    for (PackPanelsOp op : packs)
      PackLowering(op).run();
  }
};
} // namespace
