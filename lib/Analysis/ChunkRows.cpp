//===- ChunkRows.cpp - How many rows a chunk has --------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ChunkRows.h"
#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace ssmc;

/// What chunks can have: whole tiles of 6, 8 and 12 rows. Fewer would read the
/// weights too often when rows are streams; more are a longer wait for the
/// first output, and fewer pieces to share among threads.
static constexpr int64_t kCandidates[] = {24, 48, 96};
/// Cycles that starting a product takes, once in a chunk.
static constexpr double kProductOverhead = 100;
/// Parts of the time of reading that products do not hide: of weights, which
/// come in order, and of activations, which are read again for each tile.
static constexpr double kExposedWeights = 0.05, kExposedActivations = 0.6;
/// Cycles that a choice may cost for fewer rows, as a part of all.
static constexpr double kTolerance = 0.02;

double ssmc::cyclesPerRow(const TargetDescription &target,
                          ArrayRef<ProductShape> products, int64_t rows) {
  constexpr int64_t kFloatBytes = 4, kPanelBytes = kPanelLanes * kFloatBytes;
  int64_t weights = 0;
  for (const ProductShape &product : products)
    weights += product.count * product.depth * product.panels * kPanelBytes;
  double cycles = 0;
  for (const ProductShape &product : products) {
    TileShape tile = chooseTile(target, rows, product.depth, product.panels);
    double once =
        kProductOverhead +
        cyclesOfProduct(target, tile, rows, product.depth, product.panels);
    if (weights > target.l1Bytes / 2)
      once += kExposedWeights * product.depth * product.panels * kPanelBytes /
              bytesPerCycle(target, weights);
    int64_t activations = rows * product.depth * kFloatBytes;
    if (activations > target.l1Bytes * 3 / 4)
      once += kExposedActivations * activations *
              llvm::divideCeil(product.panels, tile.panels) /
              bytesPerCycle(target, target.l2Bytes);
    cycles += product.count * once;
  }
  return cycles / rows;
}

int64_t ssmc::chooseChunkRows(const TargetDescription &target,
                              ArrayRef<ProductShape> products) {
  double least = std::numeric_limits<double>::infinity();
  for (int64_t rows : kCandidates)
    least = std::min(least, cyclesPerRow(target, products, rows));
  for (int64_t rows : kCandidates)
    if (cyclesPerRow(target, products, rows) <= (1 + kTolerance) * least)
      return rows;
  return kCandidates[0];
}

FailureOr<int64_t> ssmc::chooseChunkRows(ModuleOp module) {
  auto target = TargetDescription::fromModule(module);
  if (failed(target))
    return failure();
  llvm::MapVector<StringRef, int64_t> calls;
  module.walk([&](func::CallOp call) { ++calls[call.getCallee()]; });
  SmallVector<ProductShape> products;
  for (auto [name, count] : calls)
    if (auto unit = module.lookupSymbol<func::FuncOp>(name))
      unit.walk([&, count = count](LinearOp linear) {
        auto weight = cast<ShapedType>(linear.getWeight().getType());
        products.push_back(
            {weight.getDimSize(1),
             int64_t(llvm::divideCeil(weight.getDimSize(0), kPanelLanes)),
             count});
      });
  return chooseChunkRows(*target, products);
}
