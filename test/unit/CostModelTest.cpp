//===- CostModelTest.cpp - Tiles and chunks by what they cost -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/CostModel.h"
#include "lib/Analysis/ChunkRows.h"
#include <gtest/gtest.h>

using namespace ssmc;

static TargetDescription avx2() { return TargetDescription(); }
static TargetDescription avx512() {
  return describeTarget(llvm::Triple("x86_64-linux-gnu"), "x86-64-v4", true);
}
static TargetDescription neon() {
  return describeTarget(llvm::Triple("aarch64-linux-gnu"), "generic", false);
}

/// Printed as "6x1".
static std::string choose(const TargetDescription &target, int64_t rows,
                          int64_t depth, int64_t panels) {
  TileShape tile = chooseTile(target, rows, depth, panels);
  return std::to_string(tile.rows) + "x" + std::to_string(tile.panels);
}

TEST(CostModel, RegistersByHand) {
  // 12 sums of half a panel, 2 for the weights, 1 for the input of a row.
  EXPECT_EQ(countRegisters(avx2(), {6, 1}), 15);
  // 24 sums, 2 weights, 1 input.
  EXPECT_EQ(countRegisters(avx512(), {12, 2}), 27);
  // 24 sums, 4 weights, 1 input.
  EXPECT_EQ(countRegisters(neon(), {6, 1}), 29);
}

TEST(CostModel, CyclesByHand) {
  // 12 multiply-adds, 2 per cycle; 6 + 2 loads, 2 per cycle.
  EXPECT_EQ(cyclesPerDepth(avx2(), {6, 1}), 6);
  // 12 multiply-adds take 6 cycles, 1 + 12 loads 6.5.
  EXPECT_EQ(cyclesPerDepth(avx2(), {1, 6}), 6.5);
  // 2 sums: each waits 4 cycles for the one before.
  EXPECT_EQ(cyclesPerDepth(avx2(), {1, 1}), 4);
  EXPECT_EQ(cyclesPerDepth(avx512(), {12, 2}), 12);
  // 12 multiply-adds, but 13 loads.
  EXPECT_EQ(cyclesPerDepth(avx512(), {12, 1}), 6.5);
}

TEST(CostModel, ChunksGetTheLargestTileOfTheRegisters) {
  for (int64_t depth : {16, 64, 256}) {
    EXPECT_EQ(choose(avx2(), 24, depth, 4), "6x1");
    // The weights of 4 panels, 256 deep, are more than the L1 cache holds.
    EXPECT_EQ(choose(avx512(), 24, depth, 4), depth < 256 ? "6x4" : "12x2");
    EXPECT_EQ(choose(avx512(), 24, depth, 2), "12x2");
    EXPECT_EQ(choose(neon(), 24, depth, 4), "6x1");
  }
  // No panel left over.
  EXPECT_EQ(choose(avx512(), 24, 64, 3), "8x3");
  // 4 x 6 has no more loads than 6 x 4, but reads weights faster than L2 can.
  EXPECT_EQ(choose(avx512(), 24, 64, 6), "8x3");
}

/// Printed as "1 of 6x4, 3 of 6x3".
static std::string split(const TargetDescription &target, TileShape shape,
                         int64_t panels) {
  std::string text;
  int64_t first = 0;
  for (const TileColumns &columns : splitPanels(target, shape, panels, true)) {
    EXPECT_EQ(columns.first, first);
    first += columns.count * columns.tile.panels;
    text += (text.empty() ? "" : ", ") + std::to_string(columns.count) +
            " of " + std::to_string(columns.tile.rows) + "x" +
            std::to_string(columns.tile.panels);
  }
  EXPECT_EQ(first, panels);
  return text;
}

TEST(CostModel, PanelsLeftOverMakeAllColumnsNarrower) {
  // 100 features: 3x5 would load more for each multiply-add than 6x3.
  EXPECT_EQ(split(avx512(), {6, 4}, 13), "1 of 6x4, 3 of 6x3");
  EXPECT_EQ(split(avx512(), {6, 4}, 7), "1 of 6x4, 1 of 6x3");
  EXPECT_EQ(split(avx512(), {6, 4}, 12), "3 of 6x4");
  EXPECT_EQ(choose(avx512(), 24, 100, 13), "6x4");
  // 12x1 waits for its 13 loads.
  EXPECT_EQ(split(avx512(), {12, 2}, 3), "1 of 6x3");
  EXPECT_EQ(split(avx2(), {6, 1}, 13), "13 of 6x1");
}

TEST(CostModel, FewRowsRunPanelsSideBySide) {
  EXPECT_EQ(choose(avx2(), 1, 64, 12), "1x6");
  EXPECT_EQ(choose(avx2(), 1, 64, 4), "1x4");
  EXPECT_EQ(choose(avx2(), 2, 64, 6), "2x3");
  EXPECT_EQ(choose(avx512(), 4, 64, 4), "4x4");
  EXPECT_EQ(choose(avx512(), 1, 64, 8), "1x8");
}

/// Printed as "6x1 3x2 ...".
static std::string withTails(const TargetDescription &target, TileShape full) {
  std::string text;
  for (const TileShape &tile : withTailTiles(target, full, 64))
    text += (text.empty() ? "" : " ") + std::to_string(tile.rows) + "x" +
            std::to_string(tile.panels);
  return text;
}

TEST(CostModel, RowsLeftOverGetUpToTwelveSums) {
  EXPECT_EQ(withTails(avx2(), {6, 1}), "6x1 3x1 2x3 1x6");
  // There are registers for twice as many.
  EXPECT_EQ(withTails(avx512(), {6, 4}), "6x4 3x4 2x6 1x12");
  EXPECT_EQ(withTails(avx512(), {12, 2}), "12x2 4x3 2x6 1x12");
  EXPECT_EQ(withTails(neon(), {6, 1}), "6x1 3x2 2x3 1x6");
}

TEST(CostModel, TilesAreNoLargerThanWhatThereIs) {
  for (const TargetDescription &target : {avx2(), avx512(), neon()})
    for (int64_t rows = 1; rows <= 24; ++rows)
      for (int64_t panels = 1; panels <= 9; ++panels) {
        TileShape tile = chooseTile(target, rows, 32, panels);
        EXPECT_LE(tile.rows, rows);
        EXPECT_LE(tile.panels, panels);
        EXPECT_LE(countRegisters(target, tile), target.vectorRegisters);
      }
  EXPECT_EQ(chooseTile(avx2(), 0, 8, 8), TileShape());
}

TEST(CostModel, BandwidthOfTheCacheThatHoldsAll) {
  TargetDescription target; // L1 32 KiB, L2 512 KiB, L3 16 MiB
  EXPECT_EQ(bytesPerCycle(target, 8 << 10), 64); // two vectors of 32 bytes
  EXPECT_EQ(bytesPerCycle(target, 256 << 10), 28);
  EXPECT_EQ(bytesPerCycle(target, 8 << 20), 23);
  EXPECT_EQ(bytesPerCycle(target, 64 << 20), 6);
}

TEST(CostModel, EpilogueByHand) {
  // 32 lanes: 4 registers, two in a cycle.
  EXPECT_DOUBLE_EQ(cyclesOfEpilogue(avx2(), 32 * 32, 0), 2);
  // 8 divisions.
  EXPECT_DOUBLE_EQ(cyclesOfEpilogue(avx2(), 0, 32 * 8), 4.8);
}

/// The products of an S5 block, `layers` times.
static llvm::SmallVector<ProductShape> s5(int64_t h, int64_t state,
                                          int64_t layers) {
  return {{h, state / 16, layers}, {state, h / 16, layers}, {h, h / 8, layers}};
}

TEST(ChunkRows, SmallModelsGetLongChunks) {
  // What starts products is a large part of so few multiply-adds.
  EXPECT_EQ(chooseChunkRows(avx2(), s5(16, 16, 4)), 96);
  EXPECT_EQ(chooseChunkRows(avx2(), s5(32, 32, 4)), 48);
  EXPECT_EQ(chooseChunkRows(avx2(), s5(64, 64, 4)), 24);
}

TEST(ChunkRows, ActivationsOfLargeModelsStayInTheL1Cache) {
  // 24 rows of 256 numbers are 24 KiB; 48 are more than the cache holds.
  TargetDescription target;
  EXPECT_EQ(chooseChunkRows(target, s5(256, 256, 6)), 24);
  EXPECT_GT(cyclesPerRow(target, s5(256, 256, 6), 48),
            1.05 * cyclesPerRow(target, s5(256, 256, 6), 24));
  target.l1Bytes = 128 << 10;
  EXPECT_LT(cyclesPerRow(target, s5(256, 256, 6), 48),
            cyclesPerRow(target, s5(256, 256, 6), 24));
}
