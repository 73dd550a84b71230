//===- PanelMapFragments.cpp - Products on tensor cores -------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// for (panels, groups of 8 rows) of this warp
//   for each 16 k                       // accumulators, loop-carried
//     x's fragments, of f32 as they are in memory
//     for each panel: weights' fragments
//       mma.sync                        // 3 in bf16, or 2 in tf32
//   body of each row and panel
//
// `mma.sync` computes D = A B + C. A are the 16 columns of a panel by 16 (bf16)
// or 8 (tf32) inputs, B those inputs by 8 rows: D is the product transposed. So
// of the lane l of a warp are columns l / 4 and l / 4 + 8 of rows 2 (l mod 4)
// and the next, which is what a thread has in register tiles. Which input is
// which k of the instruction is free, as long as A and B agree: lane l has 4
// that follow each other, from 4 (l mod 4) on, so that all its loads are of 16
// bytes. PackPanelsOp describes the order of weights.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/PanelMapThreads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ssmc;

/// Threads of a warp; rows of a fragment; inputs of a fragment of weights;
/// those, of a row, that a lane has; a lane's sums of a fragment.
static constexpr int64_t kWarp = 32, kRows = kFragmentRows, kDepth = 16,
                         kInputs = 4, kSums = 4;

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

void PanelMapThreads::emitFragmentTiles(const ThreadTile &tile, Finish finish) {
  int64_t columns = llvm::divideCeil(op.getNumPanels(), tile.panels);
  int64_t groups = llvm::divideCeil(op.getNumRows(), kRows * fragmentsOf(tile));
  // Whole warps: a warp's threads get the same tile.
  rows.forEach(columns * groups * kWarp,
               [&](Value item) { emitFragmentTile(tile, item, finish); });
}

void PanelMapThreads::emitFragmentTile(const ThreadTile &tile, Value item,
                                       Finish finish) {
  int64_t panels = op.getNumPanels(), fragments = fragmentsOf(tile);
  int64_t columns = llvm::divideCeil(panels, tile.panels);
  Value lane = rows.remainder(item, kWarp);
  Value rest = rows.divide(item, kWarp);
  Value firstPanel = rows.remainder(rest, columns);
  Value firstRow = rows.scale(rows.divide(rest, columns), kRows * fragments);
  bool divides = op.getNumRows() % (kRows * fragments) == 0;
  bool allRows = !op.getCount() && divides;
  bool allPanels = panels % tile.panels == 0;
  Value count = rows.rowCount(op.getCount(), op.getNumRows());
  auto emit = [&] {
    // Threads that were in different rows' bodies meet again.
    Value all = arith::ConstantIntOp::create(builder, loc, -1, 32);
    NVVM::SyncWarpOp::create(builder, loc, all);
    Values inputRows, tilePanels;
    Value last =
        allRows || (hasOwnInput() && divides) ? Value() : rows.add(count, -1);
    Value pair = rows.divide(lane, kInputs);
    for (int64_t m = 0; m < fragments; ++m) {
      Value row = rows.plus(rows.add(firstRow, m * kRows), pair);
      inputRows.push_back(last ? rows.smaller(row, last) : row);
    }
    for (int64_t p = 0; p < tile.panels; ++p) {
      Value panel = rows.add(firstPanel, p * columns);
      tilePanels.push_back(
          allPanels ? panel : rows.smaller(panel, rows.index(panels - 1)));
    }
    Values sums = emitFragmentProduct(inputRows, tilePanels, lane);
    Value firstOfLane =
        rows.plus(firstRow, rows.scale(rows.remainder(lane, kInputs), 2));
    for (int64_t p = 0; p < tile.panels; ++p) {
      Values columnsOfPanel = loadColumns(tilePanels[p], pair);
      for (int64_t r = 0; r < 2 * fragments; ++r) {
        ArrayRef<Value> fragment =
            ArrayRef<Value>(sums).slice((p * fragments + r / 2) * kSums, kSums);
        Value sum = vector::FromElementsOp::create(
            builder, loc, VectorType::get(2, builder.getF32Type()),
            ValueRange{fragment[r % 2], fragment[2 + r % 2]});
        Place place{rows.add(firstOfLane, r / 2 * kRows + r % 2),
                    rows.add(firstPanel, p * columns), pair, columnsOfPanel,
                    sum};
        finishWhere(place, allRows ? Value() : count, allPanels || p == 0,
                    finish);
      }
    }
  };
  if (allRows)
    emit();
  else
    rows.onlyIf(rows.isBelow(firstRow, count), emit);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Of each panel and fragment of rows the 4 sums of a lane: its first column of
/// both rows, then its second.
SmallVector<Value>
PanelMapThreads::emitFragmentProduct(ArrayRef<Value> inputRows,
                                     ArrayRef<Value> tilePanels, Value lane) {
  Values sums;
  for (Value panel : tilePanels) {
    Value first, second;
    if (op.getBias()) {
      Value start = rows.loadLanes(op.getBias(), panel, rows.index(0),
                                   rows.divide(lane, kInputs), kPanelLanes);
      first = vector::ExtractOp::create(builder, loc, start, 0);
      second = vector::ExtractOp::create(builder, loc, start, 1);
    } else {
      first = second =
          arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
    }
    for (size_t m = 0; m < inputRows.size(); ++m)
      sums.append({first, first, second, second});
  }
  int64_t depth = op.getProductDepth();
  int64_t whole = llvm::alignDown(depth, kDepth);
  if (whole)
    sums = rows.loop(0, whole, kDepth, sums, [&](Value k, ValueRange carried) {
      return emitFragmentDepth(inputRows, tilePanels, lane, k, kDepth,
                               Values(carried));
    });
  if (whole < depth)
    sums = emitFragmentDepth(inputRows, tilePanels, lane, rows.index(whole),
                             depth - whole, sums);
  return sums;
}

/// A lane's 4 inputs of `row` among the `there` (1 to 16) from k on; zeros for
/// those that are not there.
SmallVector<Value> PanelMapThreads::loadInputs(Value row, Value k, Value lane,
                                               int64_t there) {
  Type f32 = builder.getF32Type();
  Value first = rows.scale(rows.remainder(lane, kInputs), kInputs);
  int64_t width = cast<MemRefType>(op.getX().getType()).getDimSize(1);
  Values inputs;
  if (hasOwnInput() && width % kInputs == 0 && there % kInputs == 0) {
    auto type = VectorType::get(kInputs, f32);
    Value place = there < kDepth
                      ? rows.smaller(first, rows.index(there - kInputs))
                      : first;
    Value loaded = vector::LoadOp::create(
        builder, loc, type, op.getX(), ValueRange{row, rows.plus(k, place)},
        /*nontemporal=*/false, llvm::MaybeAlign(kInputs * sizeof(float)));
    if (there < kDepth) {
      Value zeros =
          arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
      loaded = arith::SelectOp::create(
          builder, loc, rows.isBelow(first, rows.index(there)), loaded, zeros);
    }
    for (int64_t i = 0; i < kInputs; ++i)
      inputs.push_back(vector::ExtractOp::create(builder, loc, loaded, i));
    return inputs;
  }
  for (int64_t i = 0; i < kInputs; ++i) {
    Value place = rows.add(first, i);
    Value near =
        there < kDepth ? rows.smaller(place, rows.index(there - 1)) : place;
    Value input = memref::LoadOp::create(builder, loc, op.getX(),
                                         ValueRange{row, rows.plus(k, near)});
    if (there < kDepth) {
      Value zero =
          arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
      input = arith::SelectOp::create(
          builder, loc, rows.isBelow(place, rows.index(there)), input, zero);
    }
    inputs.push_back(input);
  }
  return inputs;
}

/// Two floats rounded to bf16, the second one in the upper half of the word.
static Value toBf16(OpBuilder &builder, Location loc, Value low, Value high) {
  Value pair = vector::FromElementsOp::create(
      builder, loc, VectorType::get(2, builder.getF32Type()),
      ValueRange{low, high});
  Value rounded = arith::TruncFOp::create(
      builder, loc, VectorType::get(2, builder.getBF16Type()), pair);
  Value word = vector::BitCastOp::create(
      builder, loc, VectorType::get(1, builder.getI32Type()), rounded);
  return vector::ExtractOp::create(builder, loc, word, 0);
}

/// What `value` is more than its bf16, the lower or upper half of `word`.
static Value restOf(OpBuilder &builder, Location loc, Value value, Value word,
                    bool upper) {
  Value bits;
  if (upper)
    bits = arith::AndIOp::create(
        builder, loc, word,
        arith::ConstantIntOp::create(builder, loc, -65536, 32));
  else
    bits = arith::ShLIOp::create(
        builder, loc, word, arith::ConstantIntOp::create(builder, loc, 16, 32));
  Value rounded =
      arith::BitcastOp::create(builder, loc, builder.getF32Type(), bits);
  return arith::SubFOp::create(builder, loc, value, rounded);
}

/// The words of B: for bf16x3 two of hi, then two of lo; for tf32 two of the
/// first product, then two of the second.
static SmallVector<Value> splitInputs(OpBuilder &builder, Location loc,
                                      TensorProducts products,
                                      ArrayRef<Value> inputs) {
  SmallVector<Value> words;
  if (products == TensorProducts::tf32) {
    for (Value input : inputs)
      words.push_back(
          NVVM::ConvertFloatToTF32Op::create(builder, loc, builder.getI32Type(),
                                             input, NVVM::FPRoundingMode::RNA));
    return words;
  }
  for (int64_t i : {0, 2})
    words.push_back(toBf16(builder, loc, inputs[i], inputs[i + 1]));
  for (int64_t i : {0, 2})
    words.push_back(
        toBf16(builder, loc,
               restOf(builder, loc, inputs[i], words[i / 2], /*upper=*/false),
               restOf(builder, loc, inputs[i + 1], words[i / 2],
                      /*upper=*/true)));
  return words;
}

/// The 8 words of A, of a panel and 16 inputs from k on.
SmallVector<Value> PanelMapThreads::loadFragment(Value panel, Value k,
                                                 Value lane) {
  auto words = VectorType::get(4, builder.getI32Type());
  auto floats = VectorType::get(4, builder.getF32Type());
  // 128 words are 8 rows of 16.
  Value column = rows.scale(rows.remainder(lane, kInputs), 4);
  Value row = rows.plus(k, rows.divide(lane, kInputs));
  Values fragment;
  for (int64_t part : {0, 8}) {
    Value loaded = vector::LoadOp::create(
        builder, loc, floats, op.getW(),
        ValueRange{panel, rows.add(row, part), column}, /*nontemporal=*/false,
        llvm::MaybeAlign(4 * sizeof(float)));
    loaded = vector::BitCastOp::create(builder, loc, words, loaded);
    for (int64_t i = 0; i < 4; ++i)
      fragment.push_back(vector::ExtractOp::create(builder, loc, loaded, i));
  }
  return fragment;
}

namespace {
/// One `mma.sync` of the three or two for 16 inputs: the first words of A and
/// of B that it takes.
struct Step {
  int64_t weights, inputs;
};
} // namespace

static ArrayRef<Step> stepsOf(TensorProducts products) {
  // The smallest first. Without lo times lo, 2^-16 of the product.
  static constexpr Step kBf16x3[] = {{4, 0}, {0, 2}, {0, 0}};
  static constexpr Step kTf32[] = {{0, 0}, {4, 2}};
  return products == TensorProducts::bf16x3 ? ArrayRef<Step>(kBf16x3)
                                            : ArrayRef<Step>(kTf32);
}

/// The sums with what `there` inputs from k on give.
SmallVector<Value> PanelMapThreads::emitFragmentDepth(
    ArrayRef<Value> inputRows, ArrayRef<Value> tilePanels, Value lane, Value k,
    int64_t there, ArrayRef<Value> sums) {
  TensorProducts products = *op.getTensorCores();
  bool isBf16 = products == TensorProducts::bf16x3;
  auto kind = isBf16 ? NVVM::MMATypes::bf16 : NVVM::MMATypes::tf32;
  Type f32 = builder.getF32Type();
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(),
                                               {f32, f32, f32, f32});
  SmallVector<Values> inputs, weights;
  for (Value row : inputRows)
    inputs.push_back(
        splitInputs(builder, loc, products, loadInputs(row, k, lane, there)));
  for (Value panel : tilePanels)
    weights.push_back(loadFragment(panel, k, lane));
  Values next(sums);
  // Neighbours in the code do not wait for each other.
  for (const Step &step : stepsOf(products))
    for (size_t p = 0; p < tilePanels.size(); ++p)
      for (size_t m = 0; m < inputRows.size(); ++m) {
        auto sum = MutableArrayRef<Value>(next).slice(
            (p * inputRows.size() + m) * kSums, kSums);
        Value result = NVVM::MmaOp::create(
            builder, loc, type,
            ArrayRef<Value>(weights[p]).slice(step.weights, 4),
            ArrayRef<Value>(inputs[m]).slice(step.inputs, 2),
            ArrayRef<Value>(sum), ArrayRef<int64_t>{16, kRows, isBf16 ? 16 : 8},
            /*b1Op=*/std::nullopt, /*intOverflow=*/std::nullopt,
            std::array<NVVM::MMATypes, 2>{kind, kind},
            std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                           NVVM::MMALayout::col});
        for (int64_t i = 0; i < kSums; ++i)
          sum[i] = LLVM::ExtractValueOp::create(builder, loc, result,
                                                ArrayRef<int64_t>{i});
      }
  return next;
}
