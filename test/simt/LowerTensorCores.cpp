//===- LowerTensorCores.cpp - mma.sync, and conversions for it ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/Rewriter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"

using namespace llvm;
using namespace ssmc::simt;

/// mma.{m16n8k16.row.col.bf16, m16n8k8.row.col.tf32}(4 of a, 2 of b, 4 of c)
bool Rewriter::lowerMultiplication(CallInst &call, StringRef name) {
  bool isBf16 = name == "mma.m16n8k16.row.col.bf16";
  if (!isBf16 && name != "mma.m16n8k8.row.col.tf32")
    return false;
  IRBuilder<> builder(&call);
  Type *i32 = builder.getInt32Ty();
  SmallVector<Value *> operands{
      addSite(call), builder.getInt32(isBf16 ? MultiplyBf16 : MultiplyTf32)};
  for (Value *operand : call.args())
    operands.push_back(builder.CreateBitCast(operand, i32));
  this->call(builder, "simt_multiply", builder.getVoidTy(), operands);
  Value *result = PoisonValue::get(call.getType());
  for (unsigned i = 0; i < 4; ++i) {
    Value *sum = this->call(builder, "simt_sum", i32, {builder.getInt32(i)});
    result = builder.CreateInsertValue(
        result, builder.CreateBitCast(sum, builder.getFloatTy()), i);
  }
  replace(call, result);
  return true;
}

/// Rounds to nearest even. NaN stays one.
void Rewriter::lowerConversions() {
  SmallVector<FPTruncInst *> conversions;
  for (Function &function : module)
    for (Instruction &instruction : instructions(function))
      if (auto *conversion = dyn_cast<FPTruncInst>(&instruction))
        if (conversion->getSrcTy()->getScalarType()->isFloatTy() &&
            conversion->getDestTy()->getScalarType()->isBFloatTy())
          conversions.push_back(conversion);
  for (FPTruncInst *conversion : conversions) {
    IRBuilder<> builder(conversion);
    Value *value = conversion->getOperand(0);
    Type *words = conversion->getSrcTy()->getWithNewType(builder.getInt32Ty());
    Type *halves = conversion->getSrcTy()->getWithNewType(builder.getInt16Ty());
    auto number = [&](uint32_t n) { return ConstantInt::get(words, n); };
    Value *bits = builder.CreateBitCast(value, words);
    Value *last =
        builder.CreateAnd(builder.CreateLShr(bits, number(16)), number(1));
    Value *rounded =
        builder.CreateAdd(builder.CreateAdd(bits, number(0x7FFF)), last);
    Value *isNaN = builder.CreateFCmpUNO(value, value);
    rounded = builder.CreateSelect(isNaN, number(0x7FFF0000), rounded);
    rounded =
        builder.CreateTrunc(builder.CreateLShr(rounded, number(16)), halves);
    conversion->replaceAllUsesWith(
        builder.CreateBitCast(rounded, conversion->getDestTy()));
    conversion->eraseFromParent();
  }
}
