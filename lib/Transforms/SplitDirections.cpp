//===- SplitDirections.cpp - Blocks of their own for reverse scans --------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %y, %s1, %t1 = ssm.block (%x, %s, %t) {
//     %p, %a1 = ssm.scan diagonal %f, %a
//     %q, %b1 = ssm.scan diagonal %f, %b {reverse}
//     ... %c1 of %p, %c2 of %q ...
//     %z = ssm.add %c1, %c2 ... }
// After:
//   %c, %t1 = ssm.block (%x, %t) { ... %c2 of %q ... }
//   %y, %s1 = ssm.block (%x, %s) { ... %z = ssm.add %c1, %c ... }
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/SplitDirections.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace ssmc {
#define GEN_PASS_DEF_SPLITDIRECTIONS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static bool isReverseScan(Operation *op) {
  auto scan = dyn_cast<ScanOp>(op);
  return scan && scan.getReverse();
}

bool ssmc::runsBackwards(BlockOp block) {
  return llvm::any_of(block.getBody().front(),
                      [](Operation &op) { return isReverseScan(&op); });
}

bool ssmc::runsBackwards(func::FuncOp unit) {
  // Units at recurrence level have the one, chunk functions the other.
  for (StringRef name : {"ssm.unit", "ssm.kind"})
    if (auto kind = unit->getAttrOfType<StringAttr>(name))
      return kind.getValue() == kReverseKind;
  return false;
}

namespace {
/// Splits one block.
class Splitter {
public:
  explicit Splitter(BlockOp block)
      : block(block), body(block.getBody().front()) {}

  LogicalResult run();

private:
  void findBehind();
  LogicalResult findContribution();
  LogicalResult addNeeded(Value value);
  BlockOp buildReverse();
  void buildRest(BlockOp reverse);
  /// Whether operand `i` of the block, a carried state, is a reverse scan's.
  bool isReverseState(unsigned i) {
    return llvm::any_of(body.getArgument(i).getUsers(), isReverseScan);
  }

  BlockOp block;
  Block &body;
  /// What depends on reverse scans only, in order; what these need before.
  llvm::SetVector<Operation *> behind;
  llvm::SmallPtrSet<Operation *, 16> needed;
  Value contribution;
};
} // namespace

void Splitter::findBehind() {
  for (Operation &op : body.without_terminator()) {
    bool reads = false, readsOthers = false;
    for (Value operand : op.getOperands()) {
      if (operand.getParentBlock() != &body)
        continue; // a parameter
      Operation *source = operand.getDefiningOp();
      (source && behind.contains(source) ? reads : readsOthers) = true;
    }
    if (isReverseScan(&op) || (reads && !readsOthers))
      behind.insert(&op);
  }
}

/// The one value that the rest of the block reads.
LogicalResult Splitter::findContribution() {
  llvm::SetVector<Value> values;
  for (Operation *op : behind) {
    auto carrier = dyn_cast<CarriedStateOpInterface>(op);
    for (OpResult result : op->getResults()) {
      bool isState =
          carrier && llvm::is_contained(carrier.getCarriedResults(), result);
      if (!isState && llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !behind.contains(user);
          }))
        values.insert(result);
    }
  }
  if (values.size() != 1)
    return block.emitOpError()
           << "reads " << values.size()
           << " results of scans that run backwards; expected 1, their sum";
  contribution = values.front();
  return success();
}

/// What `value` is computed from, up to the block's arguments.
LogicalResult Splitter::addNeeded(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || value.getParentBlock() != &body || !needed.insert(op).second)
    return success();
  if (isa<CarriedStateOpInterface>(op) && !isReverseScan(op))
    return op->emitOpError()
           << "gives what a scan that runs backwards reads; expected nothing "
              "with a carried state in front of it in its block";
  for (Value operand : op->getOperands())
    if (failed(addNeeded(operand)))
      return failure();
  return success();
}

/// The block of what runs backwards: it yields the contribution, then states.
BlockOp Splitter::buildReverse() {
  OpBuilder builder(block);
  Operation *yield = body.getTerminator();
  SmallVector<Value> states, returned{contribution};
  SmallVector<BlockArgument> arguments{body.getArgument(0)};
  for (unsigned i = 1; i < body.getNumArguments(); ++i) {
    if (!isReverseState(i))
      continue;
    states.push_back(block->getOperand(i));
    arguments.push_back(body.getArgument(i));
    returned.push_back(yield->getOperand(i));
  }
  auto reverse =
      BlockOp::create(builder, block.getLoc(), ValueRange(returned).getTypes(),
                      block.getPathAttr(), block.getX(), states);
  Block *inner = &reverse.getBody().emplaceBlock();
  IRMapping mapping;
  for (BlockArgument argument : arguments)
    mapping.map(argument,
                inner->addArgument(argument.getType(), argument.getLoc()));
  builder.setInsertionPointToEnd(inner);
  for (Operation &op : body.without_terminator())
    if (needed.contains(&op))
      builder.clone(op, mapping);
  SmallVector<Value> values = llvm::map_to_vector(
      returned, [&](Value value) { return mapping.lookup(value); });
  YieldOp::create(builder, yield->getLoc(), values);
  return reverse;
}

/// Replaces the block by one of what is left.
void Splitter::buildRest(BlockOp reverse) {
  OpBuilder builder(block);
  auto yield = cast<YieldOp>(body.getTerminator());
  llvm::BitVector gone(block->getNumResults());
  SmallVector<Value> states, replacements(block->getNumResults());
  SmallVector<Type> types;
  for (unsigned i = 0, next = 1; i < block->getNumResults(); ++i) {
    bool isState = i > 0 && i < body.getNumArguments(); // of an operand, i
    if (isState && isReverseState(i)) {
      gone.set(i);
      replacements[i] = reverse->getResult(next++);
      continue;
    }
    types.push_back(block->getResult(i).getType());
    if (isState)
      states.push_back(block->getOperand(i));
  }
  auto rest = BlockOp::create(builder, block.getLoc(), types,
                              block.getPathAttr(), block.getX(), states);
  rest->setDiscardableAttrs(block->getDiscardableAttrDictionary());
  contribution.replaceUsesWithIf(reverse->getResult(0), [&](OpOperand &use) {
    return !behind.contains(use.getOwner());
  });
  llvm::BitVector goneArguments = gone;
  goneArguments.resize(body.getNumArguments());
  yield->eraseOperands(gone);
  for (Operation *op : llvm::reverse(behind))
    op->erase();
  body.eraseArguments(goneArguments);
  rest.getBody().takeBody(block.getBody());
  unsigned next = 0;
  for (Value &replacement : replacements)
    if (!replacement)
      replacement = rest->getResult(next++);
  block->replaceAllUsesWith(replacements);
  block->erase();
  // What only scans that run backwards read.
  for (Operation &op : llvm::make_early_inc_range(
           llvm::reverse(rest.getBody().front().without_terminator())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

LogicalResult Splitter::run() {
  findBehind();
  if (failed(findContribution()) || failed(addNeeded(contribution)))
    return failure();
  for (unsigned i = 1; i < body.getNumArguments(); ++i) {
    Value next = body.getTerminator()->getOperand(i);
    Operation *source = next.getDefiningOp();
    if (isReverseState(i) && (!source || !needed.contains(source)))
      return block.emitOpError()
             << "does not return the next value of carried state " << i
             << " as operand " << i;
  }
  buildRest(buildReverse());
  return success();
}

namespace {
struct SplitDirections : ssmc::impl::SplitDirectionsBase<SplitDirections> {
  using SplitDirectionsBase::SplitDirectionsBase;

  void runOnOperation() override {
    SmallVector<BlockOp> blocks;
    getOperation().walk([&](BlockOp block) {
      if (runsBackwards(block))
        blocks.push_back(block);
    });
    if (!blocks.empty() && !refusedBy.empty()) {
      blocks.front().emitError()
          << "'" << blocks.front().getPath() << "' is bidirectional, and "
          << refusedBy
          << " cannot go through a sequence backwards; inference on CPUs can";
      return signalPassFailure();
    }
    for (BlockOp block : blocks)
      if (failed(Splitter(block).run()))
        return signalPassFailure();
  }
};
} // namespace
