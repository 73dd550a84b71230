//===- ChunkOps.cpp - Verifiers of the operations on rows -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"

using namespace mlir;
using namespace ssmc;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

/// Effects of a destination-passing operation: on memrefs it reads its inputs,
/// and reads and writes its inits.
static void
rowOpEffects(DestinationStyleOpInterface op,
             SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
                 &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

#define SSMC_ROW_OP_EFFECTS(OP)                                                \
  void OP::getEffects(                                                         \
      SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>      \
          &effects) {                                                          \
    rowOpEffects(*this, effects);                                              \
  }
SSMC_ROW_OP_EFFECTS(PanelMapOp)
SSMC_ROW_OP_EFFECTS(LookupOp)
SSMC_ROW_OP_EFFECTS(PoolRowsOp)
SSMC_ROW_OP_EFFECTS(PoolMeanOp)
SSMC_ROW_OP_EFFECTS(RowLogSoftmaxOp)
SSMC_ROW_OP_EFFECTS(RowNormOp)
SSMC_ROW_OP_EFFECTS(ChannelRowsOp)
SSMC_ROW_OP_EFFECTS(DeltaRowsOp)
SSMC_ROW_OP_EFFECTS(DropRowsOp)
#undef SSMC_ROW_OP_EFFECTS

//===----------------------------------------------------------------------===//
// PanelMapOp
//===----------------------------------------------------------------------===//

MutableOperandRange PanelMapOp::getDpsInitsMutable() {
  unsigned first = getOuts().getBeginOperandIndex();
  return MutableOperandRange(*this, first,
                             getOuts().size() + getCarries().size());
}

int64_t PanelMapOp::getNumRows() {
  if (getX())
    return shapeOf(getX())[0];
  for (ValueRange group :
       {ValueRange(getRows()), ValueRange(getOuts()), ValueRange(getScalars())})
    if (!group.empty())
      return shapeOf(group.front())[0];
  return 0;
}

int64_t PanelMapOp::getNumPanels() {
  if (getW())
    return shapeOf(getW())[0];
  if (!getColumns().empty())
    return shapeOf(getColumns().front())[0];
  if (getOuts().empty())
    return 0;
  auto lanes = cast<VectorType>(getOutArguments().front().getType());
  return llvm::divideCeil(shapeOf(getOuts().front())[1], lanes.getDimSize(0));
}

int64_t PanelMapOp::getProductDepth() {
  if (!getX())
    return 0;
  return getDepth().value_or(shapeOf(getW())[1]);
}

BlockArgument PanelMapOp::getAccumulator() {
  return getX() ? getBody().getArgument(0) : BlockArgument();
}
Block::BlockArgListType PanelMapOp::getRowArguments() {
  return getBody().getArguments().slice(getX() ? 1 : 0, getRows().size());
}
Block::BlockArgListType PanelMapOp::getScalarArguments() {
  return getBody().getArguments().slice((getX() ? 1 : 0) + getRows().size(),
                                        getScalars().size());
}
Block::BlockArgListType PanelMapOp::getColumnArguments() {
  return getBody().getArguments().slice((getX() ? 1 : 0) + getRows().size() +
                                            getScalars().size(),
                                        getColumns().size());
}
Block::BlockArgListType PanelMapOp::getOutArguments() {
  return getBody()
      .getArguments()
      .drop_back(getCarries().size())
      .take_back(getOuts().size());
}
Block::BlockArgListType PanelMapOp::getCarryArguments() {
  return getBody().getArguments().take_back(getCarries().size());
}
YieldOp PanelMapOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

static LogicalResult verifyProduct(PanelMapOp op) {
  if (!op.getX() != !op.getW() || (op.getBias() && !op.getX()))
    return op.emitOpError() << "(C2) a product needs both x and w";
  if (bool(op.getTensorCores()) != bool(op.getDepth()) ||
      (op.getTensorCores() && !op.getX()))
    return op.emitOpError() << "(C7) tensor cores need a product and its depth";
  if (!op.getX())
    return success();
  ArrayRef<int64_t> x = shapeOf(op.getX()), w = shapeOf(op.getW());
  if (op.getTensorCores()) {
    int64_t depth = op.getDepth().value_or(0);
    if (w.size() != 3 || x.size() != 2 || depth < 1 || depth > x[1] ||
        w[1] != int64_t(llvm::alignTo(depth, kPanelLanes)) ||
        w[2] != kPanelLanes)
      return op.emitOpError()
             << "(C7) depth is " << depth << ", w has shape [" << w
             << "] and x [" << x
             << "]; expected [P, K, 16] with K = depth rounded up to 16, and "
                "[R, at least depth]";
  } else if (w.size() != 3 || x.size() != 2 || w[1] > x[1] ||
             w[2] != kPanelLanes)
    return op.emitOpError() << "(C1) w has shape [" << w << "] and x [" << x
                            << "]; expected [P, K, 16] and [R, at least K]";
  if (op.getBias() &&
      shapeOf(op.getBias()) != ArrayRef<int64_t>({w[0], kPanelLanes}))
    return op.emitOpError() << "(C1) bias has shape [" << shapeOf(op.getBias())
                            << "]; expected [" << w[0] << ", 16]";
  return success();
}

/// The lanes of a body argument, or 0 if it is no vector of 8 or 16 floats.
static int64_t lanesOf(Type type, bool wide = false) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || vector.getRank() != 1 ||
      !(vector.getElementType().isF32() ||
        (wide && vector.getElementType().isF64())))
    return 0;
  int64_t lanes = vector.getDimSize(0);
  return lanes == kPanelLanes || lanes == kHalfPanel ? lanes : 0;
}

static LogicalResult verifyBodyArguments(PanelMapOp op) {
  size_t operands = op.getRows().size() + op.getScalars().size() +
                    op.getColumns().size() + op.getOuts().size() +
                    op.getCarries().size() + (op.getX() ? 1 : 0);
  if (op.getBody().getNumArguments() != operands)
    return op.emitOpError()
           << "(C3) body has " << op.getBody().getNumArguments()
           << " arguments; expected " << operands;
  unsigned firstCarry = operands - op.getCarries().size();
  for (BlockArgument argument : op.getBody().getArguments())
    if (!lanesOf(argument.getType(), argument.getArgNumber() >= firstCarry))
      return op.emitOpError()
             << "(C3) body argument of type " << argument.getType()
             << "; expected a vector of 8 or 16 f32";
  if (op.getX() && lanesOf(op.getAccumulator().getType()) != kPanelLanes)
    return op.emitOpError() << "(C3) the accumulator has 16 lanes";
  return success();
}

static LogicalResult verifyWidths(PanelMapOp op) {
  for (ValueRange group :
       {ValueRange(op.getRows()), ValueRange(op.getColumns()),
        ValueRange(op.getOuts()), ValueRange(op.getCarries())})
    for (Value operand : group)
      if (shapeOf(operand).size() != 2)
        return op.emitOpError()
               << "(C4) operand " << operand.getType() << " has rank "
               << shapeOf(operand).size() << "; expected 2";
  int64_t rows = op.getNumRows(), panels = op.getNumPanels();
  for (Value scalar : op.getScalars())
    if (shapeOf(scalar) != ArrayRef<int64_t>(rows))
      return op.emitOpError()
             << "(C4) scalar operand " << scalar.getType()
             << "; expected a number for each of " << rows << " rows";
  auto check = [&](ValueRange operands, bool perRow) -> LogicalResult {
    for (Value operand : operands) {
      ArrayRef<int64_t> shape = shapeOf(operand);
      if (perRow && shape[0] != rows)
        return op.emitOpError() << "(C4) operand " << operand.getType()
                                << "; expected " << rows << " rows";
    }
    return success();
  };
  if (failed(check(op.getRows(), true)) || failed(check(op.getOuts(), true)) ||
      failed(check(op.getCarries(), false)))
    return failure();
  for (auto [column, argument] :
       llvm::zip_equal(op.getColumns(), op.getColumnArguments()))
    if (shapeOf(column) !=
        ArrayRef<int64_t>({panels, lanesOf(argument.getType())}))
      return op.emitOpError() << "(C4) column operand " << column.getType()
                              << "; expected " << panels << " panels of "
                              << lanesOf(argument.getType()) << " lanes";
  return success();
}

LogicalResult PanelMapOp::verify() {
  if (failed(verifyProduct(*this)) || failed(verifyBodyArguments(*this)) ||
      failed(verifyWidths(*this)))
    return failure();
  SmallVector<Type> wanted;
  llvm::append_range(wanted, TypeRange(ValueRange(getOutArguments())));
  llvm::append_range(wanted, TypeRange(ValueRange(getCarryArguments())));
  if (SmallVector<Type>(getYield().getOperandTypes()) != wanted)
    return emitOpError() << "(C5) body yields (" << getYield().getOperandTypes()
                         << "); expected (" << wanted << ")";
  if (getNumResults()) {
    SmallVector<Type> inits(getOuts().getTypes());
    llvm::append_range(inits, getCarries().getTypes());
    if (SmallVector<Type>(getResultTypes()) != inits)
      return emitOpError() << "(C6) results (" << getResultTypes()
                           << ") differ from outs and carries (" << inits
                           << ")";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Lookup, pooling, softmax
//===----------------------------------------------------------------------===//

MutableOperandRange PoolRowsOp::getDpsInitsMutable() {
  return MutableOperandRange(*this, 1, 2);
}

LogicalResult LookupOp::verify() {
  ArrayRef<int64_t> out = shapeOf(getOut()), table = shapeOf(getTable()),
                    ids = shapeOf(getIds());
  if (ids.size() != 1 || out.size() != 2 || table.size() != 2 ||
      out[0] != ids[0] || out[1] != table[1])
    return emitOpError() << "(C1) ids [" << ids << "], table [" << table
                         << "], out [" << out
                         << "]; expected [R], [size, W], [R, W]";
  return success();
}

static LogicalResult verifyPool(Operation *op, Value rows, Value sums,
                                Value counts) {
  ArrayRef<int64_t> x = shapeOf(rows), s = shapeOf(sums), n = shapeOf(counts);
  if (x.size() != 2 || s.size() != 2 || n.size() != 2 || x[1] < s[1] ||
      n[1] != 1)
    return op->emitOpError()
           << "(C1) rows [" << x << "], sums [" << s << "], counts [" << n
           << "]; expected [R, W], [S, H <= W], [S, 1]";
  return success();
}

LogicalResult PoolRowsOp::verify() {
  return verifyPool(*this, getX(), getSums(), getCounts());
}
LogicalResult PoolMeanOp::verify() {
  return verifyPool(*this, getOut(), getSums(), getCounts());
}

LogicalResult RowLogSoftmaxOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX()), out = shapeOf(getOut());
  if (x.size() != 2 || out.size() != 2 || x[0] != out[0] || x[1] < out[1])
    return emitOpError() << "(C1) x [" << x << "], out [" << out
                         << "]; expected [R, W] and [R, C <= W]";
  return success();
}

LogicalResult RowNormOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX()), out = shapeOf(getOut());
  int64_t features = getFeatures();
  if (x.size() != 2 || out.size() != 2 || x[0] != out[0] || features < 1 ||
      x[1] < features || out[1] < features)
    return emitOpError() << "(C1) x [" << x << "], out [" << out
                         << "], features " << features
                         << "; expected [R, W] with W at least features, and "
                            "at least one of these";
  if (!(getEpsilon().convertToDouble() > 0))
    return emitOpError() << "(C2) epsilon is " << getEpsilon().convertToDouble()
                         << "; expected a positive number";
  return success();
}

LogicalResult DropRowsOp::verify() {
  ArrayRef<int64_t> out = shapeOf(getOut()), key = shapeOf(getKey());
  int64_t features = getFeatures();
  if (out.size() != 2 || features < 0 || out[1] < features ||
      key != ArrayRef<int64_t>({2}))
    return emitOpError() << "(C1) out [" << out << "], key [" << key
                         << "]; expected [R, at least " << features
                         << "] and [2]";
  double rate = getRate().convertToDouble();
  if (!(rate > 0.0 && rate <= 1.0))
    return emitOpError() << "(C2) rate is " << rate
                         << "; expected a number in (0, 1]";
  return success();
}

//===----------------------------------------------------------------------===//
// DeltaRowsOp
//===----------------------------------------------------------------------===//

MutableOperandRange DeltaRowsOp::getDpsInitsMutable() {
  return MutableOperandRange(*this, 1, 3);
}

LogicalResult DeltaRowsOp::verify() {
  int64_t heads = getHeads(), size = getSize();
  if (heads < 1 || size < 1 || !(getEpsilon().convertToDouble() > 0))
    return emitOpError() << "(C1) has " << heads << " heads of " << size
                         << " features and epsilon "
                         << getEpsilon().convertToDouble()
                         << "; expected positive numbers";
  ArrayRef<int64_t> x = shapeOf(getX()), y = shapeOf(getY()),
                    factors = shapeOf(getFactors()),
                    carry = shapeOf(getCarry());
  int64_t lanes = heads * getHeadPanels() * kPanelLanes;
  if (x.size() != 2 || y.size() != 2 || x[0] != y[0] || x[1] < 3 * lanes + 1 ||
      y[1] < lanes)
    return emitOpError() << "(C2) x [" << x << "], y [" << y
                         << "]; expected [R, at least " << 3 * lanes + 1
                         << "] and [R, at least " << lanes << "]";
  int64_t groups = llvm::divideCeil(heads, 4);
  if (factors != ArrayRef<int64_t>({x[0], groups * kPanelLanes}) ||
      carry.size() != 2 || carry[1] != lanes * size)
    return emitOpError() << "(C3) factors [" << factors << "], carry [" << carry
                         << "]; expected [" << x[0] << ", "
                         << groups * kPanelLanes << "] and [S, " << lanes * size
                         << "]";
  SmallVector<Type> inits{getY().getType(), getFactors().getType(),
                          getCarry().getType()};
  if (getNumResults() && SmallVector<Type>(getResultTypes()) != inits)
    return emitOpError() << "(C4) results (" << getResultTypes()
                         << ") differ from y, factors and carry (" << inits
                         << ")";
  return success();
}

//===----------------------------------------------------------------------===//
// ChannelRowsOp
//===----------------------------------------------------------------------===//

MutableOperandRange ChannelRowsOp::getDpsInitsMutable() {
  return MutableOperandRange(*this, getODSOperandIndexAndLength(2).first, 2);
}

int64_t ChannelRowsOp::getNumPanels() {
  return shapeOf(getFactors().front())[0];
}
int64_t ChannelRowsOp::getNumModes() {
  return shapeOf(getFactors().front())[1];
}

LogicalResult ChannelRowsOp::verify() {
  if (getFactors().size() != 9)
    return emitOpError() << "(C1) has " << getFactors().size()
                         << " factors; expected 9";
  ArrayRef<int64_t> first = shapeOf(getFactors().front());
  for (Value factor : getFactors().drop_back())
    if (first.size() != 3 || first[2] != kPanelLanes ||
        shapeOf(factor) != first)
      return emitOpError() << "(C1) factor " << factor.getType()
                           << "; expected [P, N, 16], all alike";
  SmallVector<int64_t> flags{first[0], int64_t(llvm::divideCeil(first[1], 4))};
  if (shapeOf(getFactors().back()) != ArrayRef<int64_t>(flags))
    return emitOpError() << "(C1) corrected is "
                         << getFactors().back().getType() << "; expected ["
                         << flags << "]";
  ArrayRef<int64_t> x = shapeOf(getX()), y = shapeOf(getY()),
                    carry = shapeOf(getCarry());
  int64_t panels = first[0], least = kPanelLanes * (panels - 1);
  if (x.size() != 2 || y.size() != 2 || x[0] != y[0] || x[1] <= least ||
      y[1] <= least)
    return emitOpError() << "(C2) x [" << x << "], y [" << y << "]; expected "
                         << "[R, more than " << least << "] for both";
  if (getX() == getY())
    return emitOpError() << "(C2) x is y; expected different buffers";
  if (carry.size() != 2 || carry[1] != 2 * kPanelLanes * panels * first[1])
    return emitOpError() << "(C3) carry [" << carry << "]; expected [S, "
                         << 2 * kPanelLanes * panels * first[1] << "]";
  if (getNumResults() &&
      SmallVector<Type>(getResultTypes()) !=
          SmallVector<Type>{getY().getType(), getCarry().getType()})
    return emitOpError() << "(C4) results (" << getResultTypes()
                         << ") differ from y and carry";
  return success();
}

//===----------------------------------------------------------------------===//
// PackPanelsOp
//===----------------------------------------------------------------------===//

LogicalResult PackPanelsOp::verify() {
  ArrayRef<int64_t> weight = shapeOf(getWeight()),
                    result = shapeOf(getResult());
  if (weight.empty() || weight.size() > 2)
    return emitOpError() << "(C1) weight has rank " << weight.size()
                         << "; expected 1 or 2";
  if ((getPairedOut() && weight[0] % 2) || (getPairedIn() && weight.back() % 2))
    return emitOpError() << "(C2) weight [" << weight
                         << "] has an odd number of paired features";
  auto panels = [](int64_t features, bool paired, int64_t lanes) {
    return int64_t(llvm::divideCeil(paired ? features / 2 : features,
                                    paired ? lanes / 2 : lanes));
  };
  bool half = weight.size() == 1 && !getPairedOut() && !result.empty() &&
              result.back() == kHalfPanel;
  int64_t lanes = half ? kHalfPanel : kPanelLanes;
  SmallVector<int64_t> wanted{panels(weight[0], getPairedOut(), lanes), lanes};
  if (weight.size() == 2)
    wanted.insert(wanted.begin() + 1,
                  getPairedIn()
                      ? panels(weight[1], true, kPanelLanes) * kPanelLanes
                      : weight[1]);
  if (getFragments()) {
    if (weight.size() != 2)
      return emitOpError() << "(C3) weight has rank " << weight.size()
                           << "; fragments need 2";
    wanted[1] = llvm::alignTo(wanted[1], kPanelLanes);
  }
  if (result != ArrayRef<int64_t>(wanted))
    return emitOpError() << (getFragments() ? "(C3)" : "(C1)")
                         << " result has shape [" << result << "]; expected ["
                         << wanted << "]";
  return success();
}
