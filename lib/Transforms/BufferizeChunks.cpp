//===- BufferizeChunks.cpp - Chunk functions and @prepare on memory -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before: func @chunk.block0(%x: tensor<24x64xf32>, %s: tensor<?x64xf32>) ->
// ... After:  func @chunk.block0(%x: memref<24x64xf32>,
//                            %s: memref<?x64xf32, strided<[?, 1], offset: ?>>)
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/BufferizeChunks.h"
#include "dialect/SsmDialect.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Pass/PassManager.h"

namespace ssmc {
#define GEN_PASS_DEF_BUFFERIZECHUNKS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {
/// A destination-passing operation on rows: each tensor becomes its buffer, and
/// each result the buffer of its init.
template <typename Op>
struct RowOpBufferization
    : bufferization::DstBufferizableOpInterfaceExternalModel<
          RowOpBufferization<Op>, Op> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    // The place of rows is written without being read, unless the body asks
    // for the value before.
    auto map = dyn_cast<PanelMapOp>(op);
    if (map && llvm::is_contained(map.getOuts(), operand.get()) &&
        cast<DestinationStyleOpInterface>(op).isDpsInit(&operand)) {
      unsigned index =
          operand.getOperandNumber() - map.getOuts().getBeginOperandIndex();
      if (index < map.getOuts().size())
        return !map.getOutArguments()[index].use_empty() || map.getCount();
    }
    return true;
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    auto writer = cast<DestinationStyleOpInterface>(op);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (!isa<TensorType>(operand.getType())) {
        operands.push_back(operand);
        continue;
      }
      FailureOr<Value> buffer =
          bufferization::getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    OperationState onBuffers(op->getLoc(), op->getName(), operands, TypeRange(),
                             op->getAttrs());
    for (Region &region : op->getRegions())
      onBuffers.addRegion()->takeBody(region);
    onBuffers.propertiesAttr = op->getPropertiesAsAttribute();
    rewriter.setInsertionPoint(op);
    rewriter.create(onBuffers);
    SmallVector<Value> results;
    for (OpResult result : op->getResults())
      results.push_back(
          operands[writer.getTiedOpOperand(result)->getOperandNumber()]);
    bufferization::replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};
} // namespace

void ssmc::registerRowOpBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, SsmDialect *) {
    PanelMapOp::attachInterface<RowOpBufferization<PanelMapOp>>(*context);
    DropRowsOp::attachInterface<RowOpBufferization<DropRowsOp>>(*context);
    LookupOp::attachInterface<RowOpBufferization<LookupOp>>(*context);
    PoolRowsOp::attachInterface<RowOpBufferization<PoolRowsOp>>(*context);
    PoolMeanOp::attachInterface<RowOpBufferization<PoolMeanOp>>(*context);
    DeltaRowsOp::attachInterface<RowOpBufferization<DeltaRowsOp>>(*context);
    ChannelRowsOp::attachInterface<RowOpBufferization<ChannelRowsOp>>(*context);
    RowNormOp::attachInterface<RowOpBufferization<RowNormOp>>(*context);
    RowLogSoftmaxOp::attachInterface<RowOpBufferization<RowLogSoftmaxOp>>(
        *context);
  });
}

/// Carried states lie inside records, so their rows have any stride and begin
/// anywhere; everything else is contiguous.
static bufferization::BufferLikeType
argumentType(bufferization::TensorLikeType tensor, Attribute memorySpace,
             func::FuncOp, const bufferization::BufferizationOptions &) {
  auto type = cast<RankedTensorType>(tensor);
  auto contiguous = MemRefType::get(type.getShape(), type.getElementType(),
                                    MemRefLayoutAttrInterface(), memorySpace);
  if (type.hasStaticShape())
    return cast<bufferization::BufferLikeType>(contiguous);
  SmallVector<int64_t> strides(type.getRank(), 1);
  strides.front() = ShapedType::kDynamic;
  auto layout =
      StridedLayoutAttr::get(type.getContext(), ShapedType::kDynamic, strides);
  return cast<bufferization::BufferLikeType>(MemRefType::get(
      type.getShape(), type.getElementType(), layout, memorySpace));
}

namespace {
struct BufferizeChunks : ssmc::impl::BufferizeChunksBase<BufferizeChunks> {
  void runOnOperation() override {
    bufferization::OneShotBufferizationOptions options;
    options.bufferizeFunctionBoundaries = true;
    options.functionArgTypeConverterFn = argumentType;
    options.inferFunctionResultLayout = true;
    options.bufferAlignment = 64;
    // A copy is a loop like any other, not a call into a runtime library.
    options.memCpyFn = [](OpBuilder &builder, Location loc, Value from,
                          Value to) -> LogicalResult {
      linalg::CopyOp::create(builder, loc, from, to);
      return success();
    };
    bufferization::BufferizationState state;
    if (failed(bufferization::runOneShotModuleBufferize(getOperation(), options,
                                                        state)))
      return signalPassFailure();
    // What a function returns is what it was given to write to.
    OpPassManager pipeline(ModuleOp::getOperationName());
    pipeline.addPass(bufferization::createDropEquivalentBufferResultsPass());
    if (failed(runPipeline(pipeline, getOperation())))
      signalPassFailure();
  }
};
} // namespace
