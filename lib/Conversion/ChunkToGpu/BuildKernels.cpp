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
//       block g: one step of streams g R ... g R + R - 1, R = n divided by the
//       number of blocks, but at most T; n is 1 at least
//   ssm_answers(blob, states, ids, n, y)
//       what a pooled head says of the streams, likewise
//
// whose thread blocks keep activations in shared memory and go on with b +
// number of blocks; and the kernels of units (UnitKernels.cpp).
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ChunkRows.h"
#include "lib/Analysis/RuntimeWeights.h"
#include "lib/Conversion/ChunkToGpu/UnitKernels.h"
#include "lib/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
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

/// Builds the kernels that run all layers.
class ModelKernels {
public:
  ModelKernels(gpu::GPUModuleOp kernels, const ModelPlan &plan,
               int64_t chunkRows, int64_t workspaceBytes)
      : kernel(kernels), plan(plan), chunkRows(chunkRows),
        workspaceBytes(workspaceBytes) {}

  void buildTime();
  void buildRows();
  void buildAnswers();

private:
  void call(StringRef name, ArrayRef<Value> operands);
  void beginTimed(StringRef name, SmallVector<KernelParameter> parameters);
  void callTimed(StringRef name, SmallVector<Value> leading, Value x, Value row,
                 Value y);
  void answer(Value ids, Value first, Value count, Value y);
  void forGroups(llvm::function_ref<void(Value, Value, Value)> body);
  Value inputBytes() { return kernel.number(4 * plan.inputFeatures); }
  Value outputBytes() { return kernel.number(4 * plan.outputFeatures); }
  Value idsFrom(Value first) {
    return kernel.advance(kernel["ids"],
                          kernel.multiply(first, kernel.number(8)));
  }

  KernelBuilder kernel;
  const ModelPlan &plan;
  int64_t chunkRows, workspaceBytes;
};

} // namespace

/// Calls a function of all layers. Functions place what they need in the same
/// workspace.
void ModelKernels::call(StringRef name, ArrayRef<Value> operands) {
  auto byte = MemRefType::get({1}, kernel.builder.getI8Type());
  SmallVector<Value> values;
  for (Value operand : operands)
    values.push_back(isa<LLVM::LLVMPointerType>(operand.getType())
                         ? kernel.buffer(operand, byte)
                         : operand);
  values.push_back(kernel.buffer(kernel.shared(0, workspaceBytes), byte));
  kernel.call(name, values);
}

/// The kernel takes time deltas last, where the model takes them.
void ModelKernels::beginTimed(StringRef name,
                              SmallVector<KernelParameter> parameters) {
  if (plan.takesTimeSteps)
    parameters.push_back("dt");
  kernel.begin(name, parameters);
}

/// Rows from `row` of the caller's on, whose input is at `x`.
void ModelKernels::callTimed(StringRef name, SmallVector<Value> leading,
                             Value x, Value row, Value y) {
  leading.push_back(x);
  if (plan.takesTimeSteps)
    leading.push_back(
        kernel.advance(kernel["dt"], kernel.multiply(row, kernel.number(4))));
  leading.push_back(y);
  call(plan.takesTimeSteps ? (name + "_timed").str() : name.str(), leading);
}

/// What a pooled head says of `count` streams, if it is asked.
void ModelKernels::answer(Value ids, Value first, Value count, Value y) {
  if (!plan.pooled)
    return;
  kernel.onlyIf(kernel.isGiven(y), [&] {
    call("layers_answers",
         {kernel["blob"], kernel["states"], ids, first, count, y});
  });
}

void ModelKernels::buildTime() {
  beginTimed("ssm_time", {"blob", "states", "ids", KernelParameter::i64("n"),
                          "lengths", KernelParameter::i64("L"), "x", "y"});
  Value steps = kernel["L"], rows = kernel.number(chunkRows);
  kernel.forBlocks(kernel["n"], [&](Value b) {
    Value id = kernel.loadOr(kernel["ids"], b, b);
    // The host cannot look at lengths: what lies behind x is never read.
    Value length =
        kernel.smaller(kernel.loadOr(kernel["lengths"], b, steps), steps);
    Value record = kernel.advance(
        kernel["states"], kernel.multiply(id, kernel.number(plan.stateBytes)));
    Value first = kernel.multiply(b, steps);
    Value x = kernel.advance(kernel["x"], kernel.multiply(first, inputBytes()));
    Value y = kernel.advance(
        kernel["y"], kernel.multiply(plan.pooled ? b : first, outputBytes()));
    kernel.loop(kernel.number(0), length, rows, [&](Value t) {
      Value left = kernel.subtract(length, t);
      Value xNow = kernel.advance(x, kernel.multiply(t, inputBytes()));
      Value yNow = plan.pooled
                       ? y
                       : kernel.advance(y, kernel.multiply(t, outputBytes()));
      callTimed("layers_chunk",
                {kernel["blob"], record, kernel.smaller(left, rows)}, xNow,
                kernel.add(first, t), yNow);
    });
    answer(kernel.null(), id, kernel.number(1), y);
  });
  kernel.end();
}

/// Runs `body(first, count, y)` for groups of as many streams as there are
/// rows.
void ModelKernels::forGroups(
    llvm::function_ref<void(Value, Value, Value)> body) {
  Value n = kernel["n"], one = kernel.number(1);
  auto divideUp = [&](Value a, Value b) {
    return kernel.divide(kernel.add(a, kernel.subtract(b, one)), b);
  };
  // Few streams are spread over all blocks that there are.
  Value rows = kernel.smaller(divideUp(n, kernel.countBlocks()),
                              kernel.number(chunkRows));
  Value groups = divideUp(n, rows);
  kernel.forBlocks(groups, [&](Value group) {
    Value first = kernel.multiply(group, rows);
    body(first, kernel.smaller(kernel.subtract(n, first), rows),
         kernel.advance(kernel["y"], kernel.multiply(first, outputBytes())));
  });
}

void ModelKernels::buildRows() {
  beginTimed("ssm_rows",
             {"blob", "states", "ids", KernelParameter::i64("n"), "x", "y"});
  forGroups([&](Value first, Value count, Value y) {
    Value x = kernel.advance(kernel["x"], kernel.multiply(first, inputBytes()));
    callTimed("layers_rows",
              {kernel["blob"], kernel["states"], idsFrom(first), first,
               kernel.number(1), count, kernel.null()},
              x, first, y);
    answer(idsFrom(first), first, count, y);
  });
  kernel.end();
}

void ModelKernels::buildAnswers() {
  if (!plan.pooled)
    return;
  kernel.begin("ssm_answers",
               {"blob", "states", "ids", KernelParameter::i64("n"), "y"});
  forGroups([&](Value first, Value count, Value y) {
    answer(idsFrom(first), first, count, y);
  });
  kernel.end();
}

/// Moves the functions of layers into a gpu.module; @prepare runs on the host.
/// `ssm_*` become `layers_*`: those names are the kernels'.
static gpu::GPUModuleOp moveIntoKernels(ModuleOp module) {
  OpBuilder builder(module.getContext());
  builder.setInsertionPointToEnd(module.getBody());
  auto kernels = gpu::GPUModuleOp::create(builder, module.getLoc(), "kernels");
  for (auto function :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    StringRef name = function.getSymName();
    if (name.starts_with("prepare") || name == kPrepareEntry)
      continue;
    if (name.consume_front("ssm_"))
      function.setName(("layers_" + name).str());
    function.setPrivate();
    function->moveBefore(kernels.getBody(), kernels.getBody()->end());
  }
  return kernels;
}

namespace {
struct BuildKernels : ssmc::impl::BuildKernelsBase<BuildKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<ModelPlan> plan = readPlan(module);
    if (failed(plan))
      return signalPassFailure();
    auto number = [&](StringRef name) -> std::optional<int64_t> {
      if (auto value = module->getAttrOfType<IntegerAttr>(name))
        return value.getInt();
      module.emitError() << "has no '" << name << "'";
      return std::nullopt;
    };
    auto rows = number(kChunkRowsAttr);
    auto bytes = number("ssm.workspace_bytes");
    if (!rows || !bytes)
      return signalPassFailure();
    gpu::GPUModuleOp kernels = moveIntoKernels(module);
    ModelKernels model(kernels, *plan, *rows, *bytes);
    model.buildTime();
    model.buildRows();
    model.buildAnswers();
    // What a chunk passes on of the state before it is a power of one matrix;
    // with time deltas it would be another matrix for each chunk and mode.
    if (plan->takesTimeSteps)
      return;
    if (failed(buildUnitKernels(kernels, *plan, *rows)))
      return signalPassFailure();
  }
};
} // namespace
