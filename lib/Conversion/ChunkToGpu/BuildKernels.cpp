//===- BuildKernels.cpp - Kernels around the functions of all layers ------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moves all functions into a gpu.module and adds
//
//   ssm_time(blob, states, ids, n, lengths, L, x, y)
//       block b: all layers on chunk after chunk of stream b
//   ssm_rows(blob, states, ids, n, x, y)
//       block g: one step of streams g T ... g T + T - 1
//
// whose thread blocks keep activations in shared memory and go on with stream
// b + number of blocks.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ChunkRows.h"
#include "lib/Conversion/Passes.h"
#include "lib/Transforms/ModelPlan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace ssmc {
#define GEN_PASS_DEF_BUILDKERNELS
#include "lib/Conversion/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {

class KernelBuilder {
public:
  KernelBuilder(gpu::GPUModuleOp kernels, const ModelPlan &plan,
                int64_t chunkRows)
      : kernels(kernels), plan(plan), chunkRows(chunkRows),
        builder(kernels.getContext()), loc(kernels.getLoc()) {}

  void buildTime();
  void buildRows();

private:
  void begin(StringRef name, ArrayRef<StringRef> names);
  void end();
  void forBlocks(Value count, llvm::function_ref<void(Value)> body);
  void call(StringRef name, ArrayRef<Value> operands);
  void answer(Value ids, Value first, Value count, Value y);
  void ifGiven(Value pointer, llvm::function_ref<void()> body);

  Value number(int64_t value) {
    return arith::ConstantIntOp::create(builder, loc, value, 64);
  }
  Value add(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value multiply(Value a, Value b) {
    return arith::MulIOp::create(builder, loc, a, b);
  }
  Value smaller(Value a, Value b) {
    return arith::MinSIOp::create(builder, loc, a, b);
  }
  Value isGiven(Value pointer);
  /// `pointer` + `bytes`, or null where `pointer` is.
  Value advance(Value pointer, Value bytes);
  Value loadOr(Value pointer, Value i, Value otherwise);
  Value buffer(Value pointer);
  Value null() {
    return LLVM::ZeroOp::create(builder, loc, pointerType());
  }
  Type pointerType() {
    return LLVM::LLVMPointerType::get(builder.getContext());
  }
  int64_t inputBytes() { return 4 * plan.inputFeatures; }
  int64_t outputBytes() { return 4 * plan.outputFeatures; }

  gpu::GPUModuleOp kernels;
  const ModelPlan &plan;
  int64_t chunkRows;
  OpBuilder builder;
  Location loc;
  llvm::StringMap<Value> arguments;
  Value workspace; // as the functions take it
};

} // namespace

/// A kernel with a pointer or, for n and L, an i64 per name.
void KernelBuilder::begin(StringRef name, ArrayRef<StringRef> names) {
  SmallVector<Type> types;
  for (StringRef argument : names)
    types.push_back(argument == "n" || argument == "L"
                        ? Type(builder.getI64Type())
                        : pointerType());
  builder.setInsertionPointToEnd(kernels.getBody());
  auto kernel = gpu::GPUFuncOp::create(builder, loc, name,
                                       builder.getFunctionType(types, {}));
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                  builder.getUnitAttr());
  builder.setInsertionPointToEnd(&kernel.getBody().front());
  arguments.clear();
  for (auto [argument, value] : llvm::zip_equal(names, kernel.getArguments()))
    arguments[argument] = value;
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(),
                                          gpu::AddressSpace::Workgroup);
  auto shared = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type(),
                                MemRefLayoutAttrInterface(), space);
  auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  auto one = MemRefType::get({1}, builder.getI8Type());
  workspace = gpu::DynamicSharedMemoryOp::create(builder, loc, shared);
  workspace = memref::MemorySpaceCastOp::create(builder, loc, bytes, workspace);
  workspace = memref::CastOp::create(builder, loc, one, workspace);
}

void KernelBuilder::end() { gpu::ReturnOp::create(builder, loc); }

/// Runs `body(i)` for i = block, block + blocks, ... below `count`.
void KernelBuilder::forBlocks(Value count,
                              llvm::function_ref<void(Value)> body) {
  Type i64 = builder.getI64Type();
  Value first = gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x);
  Value step = gpu::GridDimOp::create(builder, loc, gpu::Dimension::x);
  first = arith::IndexCastOp::create(builder, loc, i64, first);
  step = arith::IndexCastOp::create(builder, loc, i64, step);
  auto loop = scf::ForOp::create(builder, loc, first, count, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

Value KernelBuilder::isGiven(Value pointer) {
  return LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, pointer,
                              null());
}

void KernelBuilder::ifGiven(Value pointer, llvm::function_ref<void()> body) {
  auto choice = scf::IfOp::create(builder, loc, isGiven(pointer),
                                  /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  body();
}

Value KernelBuilder::advance(Value pointer, Value bytes) {
  Value moved = LLVM::GEPOp::create(builder, loc, pointerType(),
                                    builder.getI8Type(), pointer, bytes);
  return LLVM::SelectOp::create(builder, loc, isGiven(pointer), moved, pointer);
}

/// `pointer[i]`, an i64, or `otherwise` without a pointer.
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

/// A pointer as the functions take it: a buffer of one byte.
Value KernelBuilder::buffer(Value pointer) {
  Type i64 = builder.getI64Type();
  Type array = LLVM::LLVMArrayType::get(i64, 1);
  auto descriptor = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), {pointerType(), pointerType(), i64, array, array});
  Value value = LLVM::PoisonOp::create(builder, loc, descriptor);
  auto set = [&](Value part, ArrayRef<int64_t> place) {
    value = LLVM::InsertValueOp::create(builder, loc, value, part, place);
  };
  set(pointer, {0});
  set(pointer, {1});
  set(number(0), {2});
  set(number(1), {3, 0});
  set(number(1), {4, 0});
  return UnrealizedConversionCastOp::create(
             builder, loc, MemRefType::get({1}, builder.getI8Type()), value)
      .getResult(0);
}

/// Calls a function of all layers. What a block did before is visible to all
/// its threads then: functions place what they need in the same workspace.
void KernelBuilder::call(StringRef name, ArrayRef<Value> operands) {
  SmallVector<Value> values;
  for (Value operand : operands)
    values.push_back(isa<LLVM::LLVMPointerType>(operand.getType())
                         ? buffer(operand)
                         : operand);
  values.push_back(workspace);
  gpu::BarrierOp::create(builder, loc);
  func::CallOp::create(builder, loc, name, TypeRange(), values);
}

/// What a pooled head says of `count` streams, if it is asked.
void KernelBuilder::answer(Value ids, Value first, Value count, Value y) {
  if (!plan.pooled)
    return;
  ifGiven(y, [&] {
    call("layers_answers",
         {arguments["blob"], arguments["states"], ids, first, count, y});
  });
}

void KernelBuilder::buildTime() {
  begin("ssm_time", {"blob", "states", "ids", "n", "lengths", "L", "x", "y"});
  Value steps = arguments["L"];
  forBlocks(arguments["n"], [&](Value b) {
    Value id = loadOr(arguments["ids"], b, b);
    Value length = loadOr(arguments["lengths"], b, steps);
    Value record = advance(arguments["states"],
                           multiply(id, number(plan.stateBytes)));
    Value x = advance(arguments["x"],
                      multiply(multiply(b, steps), number(inputBytes())));
    Value rowsOfY = plan.pooled ? b : multiply(b, steps);
    Value y = advance(arguments["y"], multiply(rowsOfY, number(outputBytes())));
    auto chunks = scf::ForOp::create(builder, loc, number(0), length,
                                     number(chunkRows));
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(chunks.getBody());
      Value t = chunks.getInductionVar();
      Value left = arith::SubIOp::create(builder, loc, length, t);
      Value xOfChunk = advance(x, multiply(t, number(inputBytes())));
      Value yOfChunk =
          plan.pooled ? y : advance(y, multiply(t, number(outputBytes())));
      call("layers_chunk",
           {arguments["blob"], record, smaller(left, number(chunkRows)),
            xOfChunk, yOfChunk});
    }
    answer(null(), id, number(1), y);
  });
  end();
}

void KernelBuilder::buildRows() {
  begin("ssm_rows", {"blob", "states", "ids", "n", "x", "y"});
  Value n = arguments["n"], rows = number(chunkRows);
  Value groups = arith::CeilDivSIOp::create(builder, loc, n, rows);
  forBlocks(groups, [&](Value group) {
    Value first = multiply(group, rows);
    Value count =
        smaller(arith::SubIOp::create(builder, loc, n, first), rows);
    Value ids = advance(arguments["ids"], multiply(first, number(8)));
    Value x = advance(arguments["x"], multiply(first, number(inputBytes())));
    Value y = advance(arguments["y"], multiply(first, number(outputBytes())));
    call("layers_rows", {arguments["blob"], arguments["states"], ids, first,
                      number(1), count, null(), x, y});
    answer(ids, first, count, y);
  });
  end();
}

namespace {
struct BuildKernels : ssmc::impl::BuildKernelsBase<BuildKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<ModelPlan> plan = readPlan(module);
    if (failed(plan))
      return signalPassFailure();
    auto rows = module->getAttrOfType<IntegerAttr>(kChunkRowsAttr);
    if (!rows) {
      module.emitError() << "has no '" << kChunkRowsAttr << "'";
      return signalPassFailure();
    }
    OpBuilder builder(&getContext());
    builder.setInsertionPointToEnd(module.getBody());
    auto kernels = gpu::GPUModuleOp::create(builder, module.getLoc(), "kernels");
    for (auto function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (function.getSymName().starts_with("prepare"))
        continue;
      // `ssm_*` are the kernels' names now.
      if (function.getSymName().starts_with("ssm_"))
        function.setName(("layers_" + function.getSymName().drop_front(4)).str());
      function.setPrivate();
      function->moveBefore(kernels.getBody(), kernels.getBody()->end());
    }
    KernelBuilder kernel(kernels, *plan, rows.getInt());
    kernel.buildTime();
    kernel.buildRows();
  }
};
} // namespace
