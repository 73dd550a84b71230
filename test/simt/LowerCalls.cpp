//===- LowerCalls.cpp - NVVM's intrinsics as calls of the runtime ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/Rewriter.h"
#include "test/simt/WarpOperation.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;
using namespace ssmc::simt;

void Rewriter::replace(CallInst &call, Value *value) {
  if (value && !call.getType()->isVoidTy())
    call.replaceAllUsesWith(value);
  call.eraseFromParent();
}

/// Special registers: the runtime knows them by dimension + 3 * kind.
bool Rewriter::lowerRegister(CallInst &call, StringRef name) {
  if (!name.consume_front("read.ptx.sreg."))
    return false;
  int number = StringSwitch<int>(name)
                   .Case("tid.x", 0)
                   .Case("tid.y", 1)
                   .Case("tid.z", 2)
                   .Case("ntid.x", 3)
                   .Case("ntid.y", 4)
                   .Case("ntid.z", 5)
                   .Case("ctaid.x", 6)
                   .Case("ctaid.y", 7)
                   .Case("ctaid.z", 8)
                   .Case("nctaid.x", 9)
                   .Case("nctaid.y", 10)
                   .Case("nctaid.z", 11)
                   .Case("laneid", 12)
                   .Case("warpid", 13)
                   .Case("nwarpid", 14)
                   .Case("warpsize", 15)
                   .Default(-1);
  if (number < 0)
    return false;
  IRBuilder<> builder(&call);
  replace(call, this->call(builder, "simt_register", builder.getInt32Ty(),
                           {builder.getInt32(number)}, Effect::None));
  return true;
}

/// barrier.cta.{sync, arrive, red.OP}[.aligned].{all, count}(id[, count][, p])
bool Rewriter::lowerBarrier(CallInst &call, StringRef name) {
  if (!name.consume_front("barrier.cta."))
    return false;
  StringRef operation = name.take_until([](char c) { return c == '.'; });
  bool reduces = operation == "red", arrives = operation == "arrive";
  bool aligned = name.contains(".aligned");
  bool counts = name.ends_with(".count");
  if (!reduces && !arrives && operation != "sync")
    return false;
  int combination = name.contains(".popc")  ? 1
                    : name.contains(".and") ? 2
                    : name.contains(".or")  ? 3
                                            : 0;
  IRBuilder<> builder(&call);
  Value *count = counts ? call.getArgOperand(1) : builder.getInt32(0);
  Value *predicate = reduces
                         ? builder.CreateZExt(call.getArgOperand(counts + 1),
                                              builder.getInt32Ty())
                         : builder.getInt32(0);
  Value *value = this->call(builder, arrives ? "simt_arrive" : "simt_barrier",
                            builder.getInt32Ty(),
                            {addSite(call), call.getArgOperand(0), count,
                             builder.getInt32(aligned && !counts), predicate,
                             builder.getInt32(combination)});
  if (reduces && call.getType()->isIntegerTy(1))
    value = builder.CreateTrunc(value, call.getType());
  replace(call, reduces ? value : nullptr);
  return true;
}

/// shfl.sync.MODE.TYPE[p](mask, value, source, clamp), vote.OP.sync(mask, p),
/// bar.warp.sync(mask)
bool Rewriter::lowerWarpOperation(CallInst &call, StringRef name) {
  auto operation = StringSwitch<int>(name)
                       .StartsWith("shfl.sync.idx.", ShuffleIndex)
                       .StartsWith("shfl.sync.up.", ShuffleUp)
                       .StartsWith("shfl.sync.down.", ShuffleDown)
                       .StartsWith("shfl.sync.bfly.", ShuffleXor)
                       .Case("vote.all.sync", VoteAll)
                       .Case("vote.any.sync", VoteAny)
                       .Case("vote.uni.sync", VoteUniform)
                       .Case("vote.ballot.sync", VoteBallot)
                       .Case("bar.warp.sync", WarpBarrier)
                       .Default(-1);
  if (operation < 0)
    return false;
  IRBuilder<> builder(&call);
  Type *i32 = builder.getInt32Ty();
  bool shuffles = operation <= ShuffleXor;
  Value *none = builder.getInt32(0), *value = none;
  if (operation != WarpBarrier)
    value = call.getArgOperand(1);
  if (shuffles)
    value = builder.CreateBitCast(value, i32);
  else if (operation != WarpBarrier)
    value = builder.CreateZExt(value, i32);
  Value *got = this->call(builder, "simt_warp", i32,
                          {addSite(call), builder.getInt32(operation),
                           call.getArgOperand(0), value,
                           shuffles ? call.getArgOperand(2) : none,
                           shuffles ? call.getArgOperand(3) : none});
  Type *type = call.getType();
  if (auto *pair = dyn_cast<StructType>(type)) {
    Value *inRange = this->call(builder, "simt_in_range", i32, {});
    Value *both = builder.CreateInsertValue(
        PoisonValue::get(pair),
        builder.CreateBitCast(got, pair->getElementType(0)), 0);
    got = builder.CreateInsertValue(
        both, builder.CreateTrunc(inRange, pair->getElementType(1)), 1);
  } else if (type->isIntegerTy(1)) {
    got = builder.CreateTrunc(got, type);
  } else if (!type->isVoidTy()) {
    got = builder.CreateBitCast(got, type);
  }
  replace(call, got);
  return true;
}

/// nanosleep, membar.{cta, gl, sys}
bool Rewriter::lowerFence(CallInst &call, StringRef name) {
  bool fences =
      name == "membar.cta" || name == "membar.gl" || name == "membar.sys";
  if (name != "nanosleep" && !fences)
    return false;
  Site site;
  site.acquires = site.releases = fences && name != "membar.cta";
  IRBuilder<> builder(&call);
  this->call(builder, fences ? "simt_fence" : "simt_preempt",
             builder.getVoidTy(), {addSite(call, site)});
  replace(call, nullptr);
  return true;
}

/// Operations with round to nearest that NVPTX has as intrinsics.
bool Rewriter::lowerArithmetic(CallInst &call, StringRef name) {
  IRBuilder<> builder(&call);
  Value *value = nullptr;
  auto operand = [&](unsigned i) { return call.getArgOperand(i); };
  if (name == "fma.rn.f" || name == "fma.rn.d")
    value = builder.CreateIntrinsic(call.getType(), Intrinsic::fma,
                                    {operand(0), operand(1), operand(2)});
  else if (name == "add.rn.f" || name == "add.rn.d")
    value = builder.CreateFAdd(operand(0), operand(1));
  else if (name == "mul.rn.f" || name == "mul.rn.d")
    value = builder.CreateFMul(operand(0), operand(1));
  else if (name == "div.rn.f" || name == "div.rn.d")
    value = builder.CreateFDiv(operand(0), operand(1));
  else if (name == "rcp.rn.f" || name == "rcp.rn.d")
    value = builder.CreateFDiv(ConstantFP::get(call.getType(), 1), operand(0));
  else if (name == "sqrt.rn.f" || name == "sqrt.rn.d")
    value = builder.CreateUnaryIntrinsic(Intrinsic::sqrt, operand(0));
  else if (name == "f2tf32.rna") {
    // Half away from zero, to 11 bits. NaN stays one.
    Value *bits = builder.CreateBitCast(operand(0), call.getType());
    Value *rounded =
        builder.CreateAnd(builder.CreateAdd(bits, builder.getInt32(0x1000)),
                          builder.getInt32(0xFFFFE000));
    value = builder.CreateSelect(builder.CreateFCmpUNO(operand(0), operand(0)),
                                 builder.getInt32(0x7FFFE000), rounded);
  } else
    return false;
  replace(call, value);
  return true;
}

static Error unsupported(const CallInst &call, const Twine &what) {
  return createStringError("kernel code '" + call.getFunction()->getName() +
                           "': cannot emulate " + what);
}

Error Rewriter::lowerCall(CallInst &call) {
  if (call.isInlineAsm()) {
    // An empty one hides a number from the optimizer, on any machine.
    StringRef text = cast<InlineAsm>(call.getCalledOperand())->getAsmString();
    return text.empty() ? Error::success()
                        : unsupported(call, "inline assembly '" + text + "'");
  }
  Function *callee = call.getCalledFunction();
  if (!callee)
    return unsupported(call, "calls through pointers");
  StringRef name = callee->getName();
  if (name == "llvm.trap") {
    IRBuilder<> builder(&call);
    this->call(builder, "simt_trap", builder.getVoidTy(), {addSite(call)});
    replace(call, nullptr);
    return Error::success();
  }
  if (name.consume_front("llvm.nvvm.")) {
    if (lowerRegister(call, name) || lowerBarrier(call, name) ||
        lowerWarpOperation(call, name) || lowerMultiplication(call, name) ||
        lowerFence(call, name) || lowerArithmetic(call, name))
      return Error::success();
    return unsupported(call, callee->getName());
  }
  if (!callee->isDeclaration())
    return Error::success();
  if (!callee->isIntrinsic())
    return unsupported(call, "the function '" + name + "', which has no body");
  // Accesses in intrinsics would be neither checked nor counted.
  if (!call.doesNotAccessMemory() && !call.onlyAccessesInaccessibleMemory() &&
      !isa<LifetimeIntrinsic, DbgInfoIntrinsic>(call))
    return unsupported(call, name);
  return Error::success();
}

Error Rewriter::lowerCalls() {
  SmallVector<CallInst *> calls;
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<CallInst>(&instruction))
        if (!call->getCalledFunction() ||
            !call->getCalledFunction()->getName().starts_with("simt_"))
          calls.push_back(call);
  for (CallInst *call : calls)
    if (Error error = lowerCall(*call))
      return error;
  return Error::success();
}
