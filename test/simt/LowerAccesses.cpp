//===- LowerAccesses.cpp - Tell the runtime of loads and stores -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/Rewriter.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/ReplaceConstant.h"

using namespace llvm;
using namespace ssmc::simt;

// Address spaces of NVPTX.
static constexpr unsigned globalSpace = 1, sharedSpace = 3, constantSpace = 4;

static Space spaceOf(const Value *pointer) {
  unsigned number = pointer->getType()->getPointerAddressSpace();
  if (number == sharedSpace)
    return Space::Shared;
  return number == globalSpace || number == constantSpace ? Space::Global
                                                          : Space::Generic;
}

static Site makeSite(const DataLayout &layout, const Value *pointer, Type *type,
                     Align alignment, Access access) {
  Site site;
  site.access = access;
  site.space = spaceOf(pointer);
  site.bytes = layout.getTypeStoreSize(type);
  site.alignment = alignment.value();
  // NVPTX splits vectors by their alignment, into at most 16 bytes.
  site.piece = std::min<uint64_t>({site.bytes, alignment.value(), 16});
  return site;
}

/// Whether an access is to a thread's own memory.
static bool isPrivate(const Value *pointer) {
  return isa<AllocaInst>(getUnderlyingObject(pointer, 0));
}

/// An instruction's pointer, and what a message and the counters need.
static Value *describe(Instruction &instruction, const DataLayout &layout,
                       Site &site, bool &plain) {
  if (auto *load = dyn_cast<LoadInst>(&instruction)) {
    plain = load->isSimple();
    site = makeSite(layout, load->getPointerOperand(), load->getType(),
                    load->getAlign(), Access::Load);
    return load->getPointerOperand();
  }
  if (auto *store = dyn_cast<StoreInst>(&instruction)) {
    plain = store->isSimple();
    site = makeSite(layout, store->getPointerOperand(),
                    store->getValueOperand()->getType(), store->getAlign(),
                    Access::Store);
    return store->getPointerOperand();
  }
  plain = false;
  if (auto *update = dyn_cast<AtomicRMWInst>(&instruction)) {
    site = makeSite(layout, update->getPointerOperand(),
                    update->getValOperand()->getType(), update->getAlign(),
                    Access::Atomic);
    return update->getPointerOperand();
  }
  if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction)) {
    site = makeSite(layout, exchange->getPointerOperand(),
                    exchange->getNewValOperand()->getType(),
                    exchange->getAlign(), Access::Atomic);
    return exchange->getPointerOperand();
  }
  return nullptr;
}

/// What others learn by an atomic access or a fence, and what this thread does.
static void describeOrder(const Instruction &instruction, Site &site) {
  AtomicOrdering order = AtomicOrdering::NotAtomic;
  if (auto *load = dyn_cast<LoadInst>(&instruction)) {
    order = load->getOrdering();
    site.reads = true;
  } else if (auto *store = dyn_cast<StoreInst>(&instruction)) {
    order = store->getOrdering();
    site.writes = true;
  } else if (auto *fence = dyn_cast<FenceInst>(&instruction)) {
    order = fence->getOrdering();
  } else {
    site.reads = site.writes = true;
    order = isa<AtomicRMWInst>(instruction)
                ? cast<AtomicRMWInst>(instruction).getOrdering()
                : cast<AtomicCmpXchgInst>(instruction).getSuccessOrdering();
  }
  StringRef scope;
  if (auto number = getAtomicSyncScopeID(&instruction))
    if (auto name = instruction.getContext().getSyncScopeName(*number))
      scope = *name;
  bool wide = scope != "block" && scope != "singlethread";
  site.acquires = wide && isAcquireOrStronger(order);
  site.releases = wide && isReleaseOrStronger(order);
}

/// The bits that a store of at most 8 bytes writes; otherwise 0.
static Value *getStored(IRBuilderBase &builder, Instruction &instruction) {
  auto *store = dyn_cast<StoreInst>(&instruction);
  if (!store)
    return builder.getInt64(0);
  Value *value = store->getValueOperand();
  const DataLayout &layout = instruction.getDataLayout();
  if (value->getType()->isPointerTy())
    return builder.CreatePtrToInt(value, builder.getInt64Ty());
  uint64_t bits = layout.getTypeSizeInBits(value->getType());
  if (bits > 64)
    return builder.getInt64(0);
  value = builder.CreateBitCast(value, builder.getIntNTy(bits));
  return builder.CreateZExt(value, builder.getInt64Ty());
}

/// Where an access may be: for shared memory the same for all that are alike.
Range &Rewriter::findRange(const Site &site) {
  bool shared = site.space == Space::Shared;
  Range *&known = sharedRanges[{site.bytes, site.alignment}];
  if (shared && known)
    return *known;
  Range &range = result.ranges.emplace_back();
  range.misaligned = site.alignment - 1;
  if (!shared)
    return range;
  range.sharedBytes = site.bytes;
  known = &range;
  result.sharedRanges.push_back(known);
  return range;
}

void Rewriter::lowerAccess(Instruction &instruction) {
  IRBuilder<> builder(&instruction);
  Type *nothing = builder.getVoidTy();
  Site site;
  if (isa<FenceInst>(instruction)) {
    describeOrder(instruction, site);
    call(builder, "simt_fence", nothing, {addSite(instruction, site)});
    return;
  }
  bool plain;
  Value *pointer = describe(instruction, module.getDataLayout(), site, plain);
  if (isPrivate(pointer))
    return;
  if (!plain)
    site.access = Access::Atomic;
  else if (options.accesses == PrepareOptions::Unchecked)
    return;
  site.range = &findRange(site);
  if (plain) {
    bool all = options.accesses == PrepareOptions::All;
    Value *range = builder.CreateIntToPtr(
        builder.getInt64(reinterpret_cast<uintptr_t>(site.range)),
        builder.getPtrTy());
    SmallVector<Value *> arguments = {pointer, range,
                                      addSite(instruction, site)};
    if (all)
      arguments.push_back(getStored(builder, instruction));
    call(builder, all ? "simt_access" : "simt_check", nothing, arguments,
         Effect::Hidden)
        ->setCallingConv(CallingConv::PreserveAll);
    return;
  }
  describeOrder(instruction, site);
  Value *arguments[] = {pointer, addSite(instruction, site)};
  call(builder, "simt_before_atomic", nothing, arguments);
  builder.SetInsertPoint(instruction.getNextNode());
  call(builder, "simt_after_atomic", nothing, arguments);
}

void Rewriter::lowerAccesses() {
  SmallVector<Instruction *> found;
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (isa<LoadInst, StoreInst, AtomicRMWInst, AtomicCmpXchgInst, FenceInst>(
              instruction))
        found.push_back(&instruction);
  for (Instruction *instruction : found)
    lowerAccess(*instruction);
}

void Rewriter::lowerSharedVariables() {
  SmallVector<GlobalVariable *> variables;
  const DataLayout &layout = module.getDataLayout();
  uint64_t end = 0;
  DenseMap<GlobalVariable *, uint64_t> offsets;
  for (GlobalVariable &variable : module.globals()) {
    if (variable.getAddressSpace() != sharedSpace)
      continue;
    variables.push_back(&variable);
    uint64_t bytes = layout.getTypeAllocSize(variable.getValueType());
    if (variable.isDeclaration() || bytes == 0)
      continue; // dynamic
    end = alignTo(end, variable.getAlign().value_or(Align(16)));
    offsets[&variable] = end;
    end += bytes;
  }
  result.staticSharedBytes = alignTo(end, 16);
  for (GlobalVariable *variable : variables) {
    convertUsersOfConstantsToInstructions({variable});
    uint64_t offset =
        offsets.count(variable) ? offsets[variable] : result.staticSharedBytes;
    while (!variable->use_empty()) {
      auto *user = cast<Instruction>(variable->user_back());
      IRBuilder<> builder(&*user->getFunction()->getEntryBlock().begin());
      Value *base =
          call(builder, "simt_shared", variable->getType(), {}, Effect::None);
      user->replaceUsesOfWith(variable, builder.CreateConstGEP1_64(
                                            builder.getInt8Ty(), base, offset));
    }
    variable->eraseFromParent();
  }
}
