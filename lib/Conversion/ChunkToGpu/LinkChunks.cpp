//===- LinkChunks.cpp - Chunks of a stream that run side by side ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A unit's function `.time` with a scan gets a copy `.linked`, with the link to
// other chunks (see ChunkToGpu.h) as its last arguments.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/ChunkToGpu.h"
#include "lib/Conversion/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace ssmc {
#define GEN_PASS_DEF_LINKCHUNKS
#include "lib/Conversion/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

ValueRange ssmc::getScannedCarries(Operation *op) {
  if (auto map = dyn_cast<PanelMapOp>(op); map && !map.getStreams())
    return map.getCarries();
  if (auto scan = dyn_cast<ChannelRowsOp>(op); scan && !scan.getStreams())
    return scan->getOperands().slice(scan.getCarryMutable().getOperandNumber(),
                                     1);
  if (auto pool = dyn_cast<PoolRowsOp>(op); pool && !pool.getStreams())
    return pool->getOperands().slice(pool.getSumsMutable().getOperandNumber(),
                                     2);
  return {};
}

static SmallVector<Operation *> findScans(func::FuncOp function) {
  SmallVector<Operation *> scans;
  function.walk([&](Operation *op) {
    if (!getScannedCarries(op).empty())
      scans.push_back(op);
  });
  return scans;
}

static bool isVariant(func::FuncOp function, StringRef name) {
  auto variant = function->getAttrOfType<StringAttr>("ssm.variant");
  return variant && variant == name;
}

std::optional<ChunkLink> ssmc::getChunkLink(func::FuncOp function) {
  if (!isVariant(function, "linked"))
    return std::nullopt;
  auto carries = function->getAttrOfType<IntegerAttr>("ssm.linked_carries");
  SmallVector<Value> arguments(function.getArguments());
  auto take = [&] { return arguments.pop_back_val(); };
  ChunkLink link;
  link.last = take();
  link.chunk = take();
  link.flags = take();
  int64_t count = carries.getInt();
  link.entering.append(arguments.end() - count, arguments.end());
  arguments.resize(arguments.size() - count);
  link.published.append(arguments.end() - count, arguments.end());
  return link;
}

/// In the carries' own types: rounded to f32 once per chunk, an oscillator's
/// velocity would leave linoss-long's states off by 7e-6.
SmallVector<Type> ssmc::getLinkTypes(ValueRange carries) {
  SmallVector<Type> types(carries.getTypes());
  llvm::append_range(types, carries.getTypes());
  return types;
}

static void addLinked(func::FuncOp function, ValueRange carries) {
  OpBuilder builder(function);
  auto linked = cast<func::FuncOp>(builder.clone(*function));
  StringRef name = function.getSymName();
  name.consume_back(".time");
  linked.setName((name + ".linked").str());
  linked->setAttr("ssm.variant", builder.getStringAttr("linked"));
  if (Attribute tiles = linked->removeAttr(kLinkedTilesAttr))
    linked->setAttr(kThreadTilesAttr, tiles);
  SmallVector<Type> types = getLinkTypes(carries);
  types.push_back(LLVM::LLVMPointerType::get(builder.getContext()));
  types.push_back(builder.getIndexType());
  types.push_back(builder.getI1Type());
  for (Type type : types)
    (void)linked.insertArgument(linked.getNumArguments(), type, {},
                                linked.getLoc());
  linked->setAttr("ssm.linked_carries",
                  builder.getI64IntegerAttr(carries.size()));
}

static bool takesTimeSteps(func::FuncOp function) {
  return llvm::any_of(llvm::seq(function.getNumArguments()), [&](unsigned i) {
    return function.getArgAttr(i, SsmDialect::kTimeStepsAttr);
  });
}

namespace {
struct LinkChunks : ssmc::impl::LinkChunksBase<LinkChunks> {
  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (function.isExternal() || !isVariant(function, "time"))
        continue;
      SmallVector<Operation *> scans = findScans(function);
      // Without unit kernels there is nothing to link.
      if (takesTimeSteps(function))
        continue;
      // A delta rule's state cannot be passed on: in time order, all of it.
      if (scans.empty() || !function.getOps<DeltaRowsOp>().empty())
        continue;
      if (scans.size() > 1) {
        scans[1]->emitOpError()
            << "is a second scan of its unit; a thread block passes on the "
               "carries of one";
        return signalPassFailure();
      }
      addLinked(function, getScannedCarries(scans.front()));
    }
  }
};
} // namespace
