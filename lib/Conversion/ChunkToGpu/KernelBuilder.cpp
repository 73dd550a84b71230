//===- KernelBuilder.cpp - Pointers, loops and calls of a kernel ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace ssmc;

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

void KernelBuilder::begin(StringRef name, ArrayRef<KernelParameter> given) {
  SmallVector<Type> types;
  for (const KernelParameter &parameter : given)
    types.push_back(parameter.isNumber ? Type(builder.getI64Type())
                                       : pointerType());
  builder.setInsertionPointToEnd(kernels.getBody());
  kernel = gpu::GPUFuncOp::create(builder, loc, name,
                                  builder.getFunctionType(types, {}));
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                  builder.getUnitAttr());
  builder.setInsertionPointToEnd(&kernel.getBody().front());
  parameters.clear();
  for (auto [parameter, value] : llvm::zip_equal(given, kernel.getArguments()))
    parameters[parameter.name] = value;
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(),
                                          gpu::AddressSpace::Workgroup);
  auto inShared = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type(),
                                  MemRefLayoutAttrInterface(), space);
  sharedBase = gpu::DynamicSharedMemoryOp::create(builder, loc, inShared);
  auto generic = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  sharedBase =
      memref::MemorySpaceCastOp::create(builder, loc, generic, sharedBase);
  // Its pointer, by the descriptor that upstream's conversion gives it.
  Type i64 = builder.getI64Type();
  Type array = LLVM::LLVMArrayType::get(i64, 1);
  auto descriptor = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), {pointerType(), pointerType(), i64, array, array});
  sharedBase =
      UnrealizedConversionCastOp::create(builder, loc, descriptor, sharedBase)
          .getResult(0);
  sharedBase = LLVM::ExtractValueOp::create(builder, loc, sharedBase,
                                            ArrayRef<int64_t>{1});
  sharedBytes = 0;
}

void KernelBuilder::end() {
  gpu::ReturnOp::create(builder, loc);
  kernel->setAttr(kSharedBytesAttr, builder.getI64IntegerAttr(sharedBytes));
}

void KernelBuilder::barrier() { gpu::BarrierOp::create(builder, loc); }

void KernelBuilder::call(StringRef name, ArrayRef<Value> operands) {
  barrier();
  func::CallOp::create(builder, loc, name, TypeRange(), operands);
}

Value KernelBuilder::thread() {
  Value id = gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x);
  return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), id);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Value KernelBuilder::number(int64_t value) {
  return arith::ConstantIntOp::create(builder, loc, value, 64);
}
Value KernelBuilder::add(Value a, Value b) {
  return arith::AddIOp::create(builder, loc, a, b);
}
Value KernelBuilder::subtract(Value a, Value b) {
  return arith::SubIOp::create(builder, loc, a, b);
}
Value KernelBuilder::multiply(Value a, Value b) {
  return arith::MulIOp::create(builder, loc, a, b);
}
Value KernelBuilder::divide(Value a, Value b) {
  return arith::DivUIOp::create(builder, loc, a, b);
}
Value KernelBuilder::remainder(Value a, Value b) {
  return arith::RemUIOp::create(builder, loc, a, b);
}
Value KernelBuilder::smaller(Value a, Value b) {
  return arith::MinSIOp::create(builder, loc, a, b);
}
Value KernelBuilder::isLess(Value a, Value b) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
}
Value KernelBuilder::toIndex(Value value) {
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    value);
}

//===----------------------------------------------------------------------===//
// Pointers
//===----------------------------------------------------------------------===//

Type KernelBuilder::pointerType() {
  return LLVM::LLVMPointerType::get(builder.getContext());
}

Value KernelBuilder::null() {
  return LLVM::ZeroOp::create(builder, loc, pointerType());
}

Value KernelBuilder::isGiven(Value pointer) {
  return LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, pointer,
                              null());
}

Value KernelBuilder::advance(Value pointer, Value bytes) {
  Value moved = LLVM::GEPOp::create(builder, loc, pointerType(),
                                    builder.getI8Type(), pointer, bytes);
  return LLVM::SelectOp::create(builder, loc, isGiven(pointer), moved, pointer);
}

Value KernelBuilder::loadOr(Value pointer, Value i, Value otherwise) {
  Type i64 = builder.getI64Type();
  auto choice = scf::IfOp::create(
      builder, loc, isGiven(pointer),
      [&](OpBuilder &then, Location) {
        Value place =
            LLVM::GEPOp::create(then, loc, pointerType(), i64, pointer, i);
        Value value = LLVM::LoadOp::create(then, loc, i64, place);
        scf::YieldOp::create(then, loc, value);
      },
      [&](OpBuilder &other, Location) {
        scf::YieldOp::create(other, loc, otherwise);
      });
  return choice.getResult(0);
}

Value KernelBuilder::shared(int64_t offset, int64_t bytes) {
  sharedBytes = std::max(sharedBytes, offset + bytes);
  return LLVM::GEPOp::create(builder, loc, pointerType(), builder.getI8Type(),
                             sharedBase, ArrayRef<LLVM::GEPArg>{offset});
}

// The descriptor that upstream's conversion gives memrefs.
Value KernelBuilder::buffer(Value pointer, MemRefType type, Value rowStride) {
  Type i64 = builder.getI64Type();
  Type array = LLVM::LLVMArrayType::get(i64, type.getRank());
  auto descriptor = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), {pointerType(), pointerType(), i64, array, array});
  Value value = LLVM::PoisonOp::create(builder, loc, descriptor);
  auto set = [&](Value part, ArrayRef<int64_t> place) {
    value = LLVM::InsertValueOp::create(builder, loc, value, part, place);
  };
  set(pointer, {0});
  set(pointer, {1});
  set(number(0), {2});
  SmallVector<int64_t> strides;
  int64_t offset;
  (void)type.getStridesAndOffset(strides, offset);
  for (int64_t i = 0; i < type.getRank(); ++i) {
    // How many there are is the caller's affair, not the buffer's.
    set(number(type.isDynamicDim(i) ? std::numeric_limits<int32_t>::max()
                                    : type.getDimSize(i)),
        {3, i});
    set(ShapedType::isDynamic(strides[i]) ? rowStride : number(strides[i]),
        {4, i});
  }
  return UnrealizedConversionCastOp::create(builder, loc, type, value)
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

void KernelBuilder::onlyIf(Value condition, llvm::function_ref<void()> body) {
  auto choice = scf::IfOp::create(builder, loc, condition,
                                  /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  body();
}

void KernelBuilder::loop(Value from, Value to, Value step,
                         llvm::function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(builder, loc, from, to, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

Value KernelBuilder::countBlocks() {
  Value blocks = gpu::GridDimOp::create(builder, loc, gpu::Dimension::x);
  return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), blocks);
}

void KernelBuilder::forBlocks(Value count,
                              llvm::function_ref<void(Value)> body) {
  Value first = gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x);
  first = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), first);
  loop(first, count, countBlocks(), body);
}

void KernelBuilder::forTickets(Value counter, Value count,
                               llvm::function_ref<void(Value)> body) {
  Type i32 = builder.getI32Type();
  Value place = shared(0, kTicketBytes);
  Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        thread(), number(0));
  auto loop =
      scf::WhileOp::create(builder, loc, builder.getI64Type(), ValueRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&loop.getBefore());
  barrier(); // everyone has read the last one
  onlyIf(isFirst, [&] {
    Value one = arith::ConstantIntOp::create(builder, loc, 1, 32);
    Value drawn = LLVM::AtomicRMWOp::create(
        builder, loc, LLVM::AtomicBinOp::add, counter, one,
        LLVM::AtomicOrdering::monotonic, "device");
    LLVM::StoreOp::create(builder, loc, drawn, place, /*alignment=*/4);
  });
  barrier();
  Value ticket = LLVM::LoadOp::create(builder, loc, i32, place,
                                      /*alignment=*/4);
  ticket = arith::ExtUIOp::create(builder, loc, builder.getI64Type(), ticket);
  scf::ConditionOp::create(builder, loc, isLess(ticket, count), ticket);
  Block *after =
      builder.createBlock(&loop.getAfter(), {}, builder.getI64Type(), loc);
  body(after->getArgument(0));
  scf::YieldOp::create(builder, loc);
}

void KernelBuilder::copyRows(Value from, Value to, Value count, int64_t width,
                             int64_t pitch) {
  int64_t together = width % 4 == 0 && pitch % 4 == 0 ? 4 : 1;
  auto type = VectorType::get(together, builder.getF32Type());
  Value threads = gpu::BlockDimOp::create(builder, loc, gpu::Dimension::x);
  threads =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), threads);
  Value ofRow = number(width / together);
  loop(thread(), multiply(count, ofRow), threads, [&](Value i) {
    Value place = i;
    if (pitch != width)
      place = add(multiply(divide(i, ofRow), number(pitch / together)),
                  remainder(i, ofRow));
    auto at = [&](Value pointer) {
      return LLVM::GEPOp::create(builder, loc, pointerType(), type, pointer,
                                 place);
    };
    unsigned bytes = together * sizeof(float);
    Value value = LLVM::LoadOp::create(builder, loc, type, at(from), bytes);
    LLVM::StoreOp::create(builder, loc, value, at(to), bytes);
  });
}
