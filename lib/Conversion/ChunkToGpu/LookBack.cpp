//===- LookBack.cpp - Chunks that pass a state on, side by side -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/LookBack.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace ssmc;

//===----------------------------------------------------------------------===//
// Flags
//===----------------------------------------------------------------------===//

static Value getFlag(ThreadBuilder &rows, Value flags, Value number) {
  OpBuilder &builder = rows.builder;
  Value place = arith::IndexCastOp::create(builder, rows.loc,
                                           builder.getI64Type(), number);
  return LLVM::GEPOp::create(builder, rows.loc, flags.getType(),
                             builder.getI32Type(), flags, place);
}

/// Says that what this block has written until the last barrier can be read.
static void raise(ThreadBuilder &rows, Value flags, Value number) {
  OpBuilder &builder = rows.builder;
  Value one = arith::ConstantIntOp::create(builder, rows.loc, 1, 32);
  LLVM::StoreOp::create(builder, rows.loc, one, getFlag(rows, flags, number),
                        /*alignment=*/4, /*isVolatile=*/false,
                        /*isNonTemporal=*/false, /*isInvariantGroup=*/false,
                        LLVM::AtomicOrdering::release, "device");
}

static void waitFor(ThreadBuilder &rows, Value flags, Value number) {
  OpBuilder &builder = rows.builder;
  Location loc = rows.loc;
  Value flag = getFlag(rows, flags, number);
  scf::WhileOp::create(
      builder, loc, TypeRange(), ValueRange(),
      [&](OpBuilder &before, Location, ValueRange) {
        Value seen = LLVM::LoadOp::create(
            before, loc, before.getI32Type(), flag, /*alignment=*/4,
            /*isVolatile=*/false, /*isNonTemporal=*/false,
            /*isInvariant=*/false, /*isInvariantGroup=*/false,
            LLVM::AtomicOrdering::acquire, "device");
        Value zero = arith::ConstantIntOp::create(before, loc, 0, 32);
        Value isDown = arith::CmpIOp::create(
            before, loc, arith::CmpIPredicate::eq, seen, zero);
        scf::ConditionOp::create(before, loc, isDown, ValueRange());
      },
      [&](OpBuilder &after, Location, ValueRange) {
        scf::YieldOp::create(after, loc);
      });
}

static Value flagOfChunk(ThreadBuilder &rows, Value chunk) {
  return rows.scale(chunk, 2);
}

static Value flagOfGroup(ThreadBuilder &rows, Value group) {
  return rows.add(rows.scale(group, 2), 1);
}

//===----------------------------------------------------------------------===//
// The order of things
//===----------------------------------------------------------------------===//

void ssmc::emitLookBack(ThreadBuilder &rows, const ChunkLink &link,
                        const LookBackSteps &steps) {
  OpBuilder &builder = rows.builder;
  Location loc = rows.loc;
  Value zero = rows.index(0);
  auto isZero = [&](Value number) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, number,
                                 zero);
  };
  Value isFirst = isZero(link.chunk);
  Value group = rows.divide(link.chunk, kLinkedGroup);
  Value yes = arith::ConstantIntOp::create(builder, loc, 1, 1);
  Value isAlone = arith::AndIOp::create(builder, loc, isFirst, link.last);
  Value hasOthers = arith::XOrIOp::create(builder, loc, isAlone, yes);
  rows.onlyIf(isFirst, steps.enter);
  rows.onlyIf(hasOthers, steps.publish);
  rows.barrier();
  rows.onlyIf(hasOthers, [&] {
    rows.forEach(1, [&](Value) {
      raise(rows, link.flags, flagOfChunk(rows, link.chunk));
      rows.onlyIf(isFirst,
                  [&] { raise(rows, link.flags, flagOfGroup(rows, zero)); });
    });
    // A thread for each flag: they are read side by side, from far away.
    rows.forEach(kLinkedGroup, [&](Value place) {
      Value before = rows.plus(rows.scale(group, kLinkedGroup), place);
      Value mine = isZero(place);
      rows.onlyIf(mine,
                  [&] { waitFor(rows, link.flags, flagOfGroup(rows, group)); });
      rows.onlyIf(rows.isBelow(before, link.chunk), [&] {
        waitFor(rows, link.flags, flagOfChunk(rows, before));
      });
    });
    rows.barrier();
  });

  Value next = rows.add(link.chunk, 1);
  Value endsGroup = isZero(rows.remainder(next, kLinkedGroup));
  Value no = arith::ConstantIntOp::create(builder, loc, 0, 1);
  Value passesOn =
      arith::SelectOp::create(builder, loc, link.last, no, endsGroup);
  rows.onlyIf(passesOn, [&] {
    Value nextGroup = rows.divide(next, kLinkedGroup);
    steps.passOn(nextGroup);
    rows.barrier();
    rows.forEach(1, [&](Value) {
      raise(rows, link.flags, flagOfGroup(rows, nextGroup));
    });
  });
  steps.finish();
}

SmallVector<Value> ssmc::loopOverGroup(
    ThreadBuilder &rows, const ChunkLink &link, ValueRange carried,
    llvm::function_ref<void()> prepare,
    llvm::function_ref<SmallVector<Value>(Value)> load,
    llvm::function_ref<SmallVector<Value>(ValueRange, ValueRange)> next) {
  constexpr int64_t kTogether = 4;
  static_assert(kLinkedGroup % kTogether == 0);
  OpBuilder &builder = rows.builder;
  Location loc = rows.loc;
  Value group = rows.divide(link.chunk, kLinkedGroup);
  Value start = rows.scale(group, kLinkedGroup);
  auto choice = scf::IfOp::create(builder, loc, TypeRange(carried),
                                  rows.isBelow(start, link.chunk),
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(builder, loc, carried);
  builder.setInsertionPointToStart(choice.thenBlock());
  prepare();
  auto takeSome = [&](Value first, ValueRange before) {
    SmallVector<SmallVector<Value>> loaded;
    SmallVector<Value> exists;
    Value last = rows.add(link.chunk, -1);
    for (int64_t i = 0; i < kTogether; ++i) {
      Value chunk = rows.add(first, i);
      exists.push_back(rows.isBelow(chunk, link.chunk));
      loaded.push_back(load(rows.smaller(chunk, last)));
    }
    SmallVector<Value> state(before);
    for (auto [there, values] : llvm::zip_equal(exists, loaded))
      for (auto [value, after] : llvm::zip_equal(state, next(state, values)))
        value = arith::SelectOp::create(builder, loc, there, after, value);
    return state;
  };
  scf::YieldOp::create(
      builder, loc, rows.loop(start, link.chunk, kTogether, carried, takeSome));
  return choice.getResults();
}
