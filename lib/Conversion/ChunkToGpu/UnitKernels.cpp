//===- UnitKernels.cpp - One kernel per unit of a model -------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For long sequences in pieces, whose activations go through memory
// between units:
//
//   ssm_unit_UNIT(blob, states, ids, n, lengths, L, start, chunks,
//                 in, inRows, inFirst, out, outRows, outFirst, link, carry0,
//                 ...)
//
// takes time steps start ... start + chunks T - 1 of n streams, as far as their
// lengths, through UNIT, whose weights begin at `blob`. Row t of stream b is
// row b inRows + inFirst + t - start of `in`, likewise of `out`; a block of
// layers works in place, on `in`. Carry i lies carry i bytes into a record.
//
// Where the unit has a scan, or no carries at all, thread blocks take chunks in
// the order of time, those of all streams before the next; else a stream each.
// `link` begins with the counter that they are drawn from, flags follow, zeros
// all; then what chunks publish, of any value.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/UnitKernels.h"
#include "lib/Conversion/ChunkToGpu/ChunkToGpu.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Alignment.h"

using namespace mlir;
using namespace ssmc;

static constexpr int64_t kLine = 64; // bytes
static constexpr int64_t kFlags = 8; // bytes of a chunk's two flags

namespace {

class UnitKernel {
public:
  UnitKernel(gpu::GPUModuleOp kernels, const PlanStep &step,
             const ModelPlan &plan, int64_t chunkRows)
      : kernel(kernels), kernels(kernels), step(step), plan(plan),
        chunkRows(chunkRows) {}

  LogicalResult build();

private:
  LogicalResult findFunction();
  MemRefType typeOf(int64_t argument) {
    return cast<MemRefType>(function.getArgumentTypes()[argument]);
  }
  int64_t rowBytes(int64_t argument) {
    MemRefType type = typeOf(argument);
    return type.getDimSize(1) * type.getElementTypeBitWidth() / 8;
  }
  /// Of a row that comes in, without what lies between rows.
  int64_t countRowFloats() {
    auto floats = function.getArgAttrOfType<IntegerAttr>(0, "ssm.row_floats");
    return floats ? floats.getInt() : typeOf(0).getDimSize(1);
  }
  bool isInPlace() { return step.kind == "block" || step.kind == "pool"; }
  void emitChunk(Value b, Value chunk);
  void emitRows(Value b, Value chunk, Value t, Value count, Value length);
  Value rowAt(StringRef name, Value b, Value chunk, int64_t argument);
  SmallVector<Value> getOperands(Value b, Value rows, Value out, Value count);
  int64_t getWorkspaceBytes() {
    auto size = function->getAttrOfType<IntegerAttr>("ssm.workspace_bytes");
    return size ? llvm::alignTo(size.getInt(), kLine) : 0;
  }
  Value stageWeights();
  void addLink(SmallVectorImpl<Value> &operands, Value b, Value chunk,
               Value isLast);

  KernelBuilder kernel;
  gpu::GPUModuleOp kernels;
  const PlanStep &step;
  const ModelPlan &plan;
  int64_t chunkRows;
  func::FuncOp function;
  bool linked = false, byChunk = false;
  int64_t tileBytes = 0, linkBytes = 0;
  Value staged; // the weights in shared memory, if they are
};

} // namespace

LogicalResult UnitKernel::findFunction() {
  auto lookup = [&](StringRef variant) {
    return kernels.lookupSymbol<func::FuncOp>(
        ("chunk." + step.unit + "." + variant).str());
  };
  function = lookup("linked");
  linked = function != nullptr;
  if (!function)
    function = lookup("time");
  if (!function)
    return kernels.emitError()
           << "has no function for unit '" << step.unit << "'";
  byChunk = linked || step.carries.empty();
  return success();
}

/// The row of stream b at which the chunk begins.
Value UnitKernel::rowAt(StringRef name, Value b, Value chunk,
                        int64_t argument) {
  Value row = kernel.multiply(b, kernel[(name + "Rows").str()]);
  row = kernel.add(row, kernel[(name + "First").str()]);
  row = kernel.add(row, kernel.multiply(chunk, kernel.number(chunkRows)));
  int64_t bytes = argument == 0 && typeOf(0).getRank() == 1
                      ? 4 // tokens
                      : rowBytes(argument);
  return kernel.advance(kernel[name],
                        kernel.multiply(row, kernel.number(bytes)));
}

/// What the function takes, as far as that does not depend on the link.
SmallVector<Value> UnitKernel::getOperands(Value b, Value rows, Value out,
                                           Value count) {
  SmallVector<Value> operands{kernel.buffer(rows, typeOf(0))};
  if (!isInPlace())
    operands.push_back(kernel.buffer(out, typeOf(1)));
  Value id = kernel.loadOr(kernel["ids"], b, b);
  Value record = kernel.advance(
      kernel["states"], kernel.multiply(id, kernel.number(plan.stateBytes)));
  for (size_t i = 0; i < step.carries.size(); ++i) {
    MemRefType type = typeOf(operands.size());
    int64_t bytes = type.getElementTypeBitWidth() / 8;
    Value place = kernel.advance(record, kernel["carry" + std::to_string(i)]);
    operands.push_back(
        kernel.buffer(place, type, kernel.number(plan.stateBytes / bytes)));
  }
  // The unit's weights, if it has any.
  auto weights =
      dyn_cast<MemRefType>(function.getArgumentTypes()[operands.size()]);
  if (weights)
    operands.push_back(
        kernel.buffer(staged ? staged : kernel["blob"], weights));
  operands.push_back(kernel.toIndex(count));
  Value workspace = kernel.shared(KernelBuilder::kTicketBytes + tileBytes,
                                  getWorkspaceBytes());
  operands.push_back(kernel.buffer(workspace, typeOf(operands.size())));
  return operands;
}

/// A chunk's row of the link holds what it publishes, then what enters the
/// group of this number.
void UnitKernel::addLink(SmallVectorImpl<Value> &operands, Value b, Value chunk,
                         Value isLast) {
  Value chunks = kernel["chunks"];
  Value chunksBefore = kernel.multiply(b, chunks);
  Value flags = kernel.advance(
      kernel["link"],
      kernel.add(kernel.number(kLine),
                 kernel.multiply(chunksBefore, kernel.number(kFlags))));
  Value allFlags = kernel.multiply(kernel.multiply(kernel["n"], chunks),
                                   kernel.number(kFlags));
  Value lines = kernel.divide(kernel.add(allFlags, kernel.number(kLine - 1)),
                              kernel.number(kLine));
  lines = kernel.add(lines, kernel.number(1));
  Value rows = kernel.advance(kernel["link"],
                              kernel.multiply(lines, kernel.number(kLine)));
  rows = kernel.advance(
      rows, kernel.multiply(chunksBefore, kernel.number(linkBytes)));
  int64_t offset = 0;
  for (size_t i = 0; i < 2 * step.carries.size(); ++i) {
    MemRefType type = typeOf(operands.size());
    int64_t bytes = type.getElementTypeBitWidth() / 8;
    int64_t place = offset;
    offset += llvm::alignTo(rowBytes(operands.size()), kLine);
    operands.push_back(kernel.buffer(kernel.advance(rows, kernel.number(place)),
                                     type, kernel.number(linkBytes / bytes)));
  }
  operands.push_back(flags);
  operands.push_back(kernel.toIndex(chunk));
  operands.push_back(isLast);
}

/// The chunk's rows, `count` of them, from time step t on.
void UnitKernel::emitRows(Value b, Value chunk, Value t, Value count,
                          Value length) {
  Value in = rowAt("in", b, chunk, 0);
  Value out = isInPlace() ? Value() : rowAt("out", b, chunk, 1);
  Value rows = in;
  if (tileBytes) {
    rows = kernel.shared(KernelBuilder::kTicketBytes, tileBytes);
    kernel.copyRows(in, rows, count, countRowFloats(), typeOf(0).getDimSize(1));
  }
  SmallVector<Value> operands = getOperands(b, rows, out, count);
  if (linked) {
    Value next = kernel.add(chunk, kernel.number(1));
    Value isOver =
        kernel.isLess(kernel.add(t, kernel.number(chunkRows)), length);
    Value follows = kernel.isLess(next, kernel["chunks"]);
    Value both =
        arith::AndIOp::create(kernel.builder, kernel.loc, isOver, follows);
    Value yes = arith::ConstantIntOp::create(kernel.builder, kernel.loc, 1, 1);
    addLink(operands, b, chunk,
            arith::XOrIOp::create(kernel.builder, kernel.loc, both, yes));
  }
  kernel.call(function.getSymName(), operands);
  if (tileBytes && isInPlace()) {
    kernel.barrier();
    kernel.copyRows(rows, in, count, countRowFloats(), typeOf(0).getDimSize(1));
  }
}

/// Copies the unit's weights, which lie behind the activations then; none where
/// they stay where they are.
Value UnitKernel::stageWeights() {
  if (!function->hasAttr(kStageWeightsAttr))
    return {};
  int64_t place = (isInPlace() ? 1 : 2) + step.carries.size();
  auto weights = dyn_cast<MemRefType>(function.getArgumentTypes()[place]);
  if (!weights)
    return {};
  int64_t floats = weights.getNumElements();
  Value target = kernel.shared(KernelBuilder::kTicketBytes + tileBytes +
                                   getWorkspaceBytes(),
                               floats * sizeof(float));
  kernel.copyRows(kernel["blob"], target, kernel.number(1), floats, floats);
  return target;
}

void UnitKernel::emitChunk(Value b, Value chunk) {
  Value t = kernel.add(kernel["start"],
                       kernel.multiply(chunk, kernel.number(chunkRows)));
  Value length = kernel.smaller(
      kernel.loadOr(kernel["lengths"], b, kernel["L"]), kernel["L"]);
  kernel.onlyIf(kernel.isLess(t, length), [&] {
    Value count =
        kernel.smaller(kernel.subtract(length, t), kernel.number(chunkRows));
    emitRows(b, chunk, t, count, length);
  });
}

LogicalResult UnitKernel::build() {
  if (failed(findFunction()))
    return failure();
  // A pool reads its rows once; the input's features are few.
  if (step.kind != "pool" && step.kind != "input")
    tileBytes = llvm::alignTo(chunkRows * rowBytes(0), kLine);
  if (linked)
    for (size_t i = 0; i < 2 * step.carries.size(); ++i)
      // Behind them are the flags, the chunk, and whether it is the last.
      linkBytes +=
          llvm::alignTo(rowBytes(function.getNumArguments() - 4 - i), kLine);
  std::string name = ("ssm_unit_" + step.unit).str();
  SmallVector<std::string> carries;
  for (size_t i = 0; i < step.carries.size(); ++i)
    carries.push_back("carry" + std::to_string(i));
  auto i64 = KernelParameter::i64;
  SmallVector<KernelParameter> parameters{
      "blob",         "states",        "ids",          i64("n"),
      "lengths",      i64("L"),        i64("start"),   i64("chunks"),
      "in",           i64("inRows"),   i64("inFirst"), "out",
      i64("outRows"), i64("outFirst"), "link"};
  for (StringRef carry : carries)
    parameters.push_back(KernelParameter::i64(carry));
  kernel.begin(name, parameters);
  Value n = kernel["n"], chunks = kernel["chunks"];
  staged = stageWeights();
  if (byChunk) {
    kernel.forTickets(
        kernel["link"], kernel.multiply(n, chunks), [&](Value ticket) {
          emitChunk(kernel.remainder(ticket, n), kernel.divide(ticket, n));
        });
  } else {
    kernel.forBlocks(n, [&](Value b) {
      kernel.loop(kernel.number(0), chunks, kernel.number(1),
                  [&](Value chunk) { emitChunk(b, chunk); });
    });
  }
  kernel.end();
  auto built = kernels.lookupSymbol<gpu::GPUFuncOp>(name);
  OpBuilder builder(kernels.getContext());
  if (byChunk)
    built->setAttr(kByChunkAttr, builder.getUnitAttr());
  built->setAttr(kLinkBytesAttr, builder.getI64IntegerAttr(linkBytes));
  return success();
}

LogicalResult ssmc::buildUnitKernels(gpu::GPUModuleOp kernels,
                                     const ModelPlan &plan, int64_t chunkRows) {
  llvm::StringSet<> built;
  for (const PlanStep &step : plan.steps)
    if (step.kind != "answer" && built.insert(step.unit).second &&
        failed(UnitKernel(kernels, step, plan, chunkRows).build()))
      return failure();
  return success();
}
