//===- GpuCostModelTest.cpp - Tiles and schedules of GPUs -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/GpuSchedule.h"
#include "llvm/ADT/SmallVector.h"
#include <gtest/gtest.h>

using namespace ssmc;
using llvm::SmallVector;

static const GpuDescription a100 = *describeGpu(80), rtx = *describeGpu(89),
                            h100 = *describeGpu(90);

/// An S5 block of `h` features and `state` real states, `layers` times.
static GpuUnit s5(int64_t h, int64_t state, int64_t layers) {
  GpuUnit unit;
  unit.products = {{state / 16, h, 1}, {h / 16, state, 30}, {h / 8, h, 13}};
  unit.scans = {{state / 2, 20, 0, 3, 0}};
  unit.activationBytes = 4 * (2 * h + state);
  unit.weightBytes = 4 * (2 * h * state + 2 * h * h);
  unit.trafficBytes = 8 * h;
  unit.layers = layers;
  return unit;
}

/// A LinOSS block, whose recurrence is in f64.
static GpuUnit linoss(int64_t h, int64_t state, int64_t layers) {
  GpuUnit unit = s5(h, 2 * state, layers);
  unit.scans = {{state, 14, 30, 0, 3}};
  return unit;
}

TEST(GpuCostModel, RegistersByHand) {
  // 16 sums of two lanes, 8 rows.
  EXPECT_EQ(countRegisters({8, 2}), 16 * 5 + 8 * 7 + 104);
  EXPECT_EQ(countRegisters({1, 1}), 116);
}

TEST(GpuCostModel, BlocksOfAnSmByHand) {
  // 8 warps of 64 x 32 registers: 8 warps for each quarter of 16384.
  EXPECT_EQ(countBlocksPerSm(a100, 256, 64, 0), 4);
  // Registers come 8 at a time: 104 x 32 are 3328, 4 in each quarter.
  EXPECT_EQ(countBlocksPerSm(a100, 160, 97, 0), 3);
  EXPECT_EQ(countBlocksPerSm(a100, 64, 32, 0), 32);
  // 164 KB of which each block takes 1 KB more than it asks for.
  EXPECT_EQ(countBlocksPerSm(a100, 64, 32, 81 << 10), 2);
  EXPECT_EQ(countBlocksPerSm(a100, 64, 32, (81 << 10) + 1), 1);
  EXPECT_EQ(countBlocksPerSm(a100, 64, 32, 164 << 10), 0);
  EXPECT_EQ(countBlocksPerSm(rtx, 1024, 32, 0), 1);
  EXPECT_EQ(countBlocksPerSm(a100, 2048, 32, 0), 0);
  EXPECT_EQ(countBlocksPerSm(a100, 64, 256, 0), 0);
}

TEST(GpuCostModel, RegisterLimitsAreWhatFits) {
  for (const KnownGpu &known : knownGpus())
    for (int64_t threads : {64, 128, 256, 512, 1024})
      for (int64_t blocks = 1; blocks <= 8; ++blocks) {
        int64_t limit = getRegisterLimit(known.gpu, threads, blocks);
        if (limit == 0 || threads * blocks > known.gpu.threadsPerSm)
          continue;
        EXPECT_GE(countBlocksPerSm(known.gpu, threads, limit, 0), blocks);
        if (limit < known.gpu.registersPerThread)
          EXPECT_LT(countBlocksPerSm(known.gpu, threads, limit + 1, 0), blocks)
              << threads << " threads, " << blocks << " blocks";
      }
}

TEST(GpuCostModel, CyclesOfAProductByHand) {
  // 32 rows by 4 panels of 64: 4 groups of 8 rows, 2 columns of 2 panels, 8
  // lanes: 64 items, 2 warps; 16 steps of 4.
  GpuBlockShape block{32, 64, 1, /*staged=*/true};
  GpuCycles cycles = costProduct(h100, block, {4, 64, 0}, {8, 2, 4});
  // 128 multiply-adds in a step, 4 warps in a cycle.
  EXPECT_DOUBLE_EQ(cycles[GpuBound::Fma], 2 * 16 * 128 / 4.0);
  // 8 loads of inputs, 16 of weights, 3 others.
  EXPECT_DOUBLE_EQ(cycles[GpuBound::Issue], 2 * 16 * (128 + 27) / 4.0);
  // Inputs take 2 cycles, weights 1.
  EXPECT_DOUBLE_EQ(cycles[GpuBound::Shared], 2 * 16 * (16 + 16));
  EXPECT_EQ(cycles[GpuBound::L2], 0);
  EXPECT_EQ(cycles.bound(8), GpuBound::Issue);
  // A warp waits for loads in each step.
  EXPECT_EQ(cycles.bound(1), GpuBound::Latency);
  // Half of the lanes.
  EXPECT_DOUBLE_EQ(
      costProduct(a100, block, {4, 64, 0}, {8, 2, 4})[GpuBound::Fma],
      2 * cycles[GpuBound::Fma]);
}

TEST(GpuCostModel, LanesSideBySideAreLoadedTogether) {
  // 64 rows by 8 panels of 64 for 64 threads, each with 64 sums: 8 rows by 4
  // lanes of both halves of a panel, or 16 by 2 panels.
  GpuBlockShape block{64, 64, 1, /*staged=*/true};
  GpuProduct product{8, 64, 0};
  product.accesses = 2;
  product.allowsRuns = true;
  GpuCycles runs = costProduct(h100, block, product, {8, 1, 4, 4});
  GpuCycles apart = costProduct(h100, block, product, {16, 2, 4, 1});
  EXPECT_EQ(runs[GpuBound::Fma], apart[GpuBound::Fma]);
  // 8 + 8 loads for 256 multiply-adds, not 16 + 16; of what the epilogue loads
  // and stores, a quarter.
  double warps = 4, steps = 16;
  EXPECT_DOUBLE_EQ(runs[GpuBound::Issue],
                   warps * (steps * (256 + 16 + 3) + 64 * 2 / 4) / 4);
  EXPECT_DOUBLE_EQ(apart[GpuBound::Issue],
                   warps * (steps * (256 + 32 + 3) + 64 * 2) / 4);
  EXPECT_EQ(chooseGpuTile(h100, block, product, 255).lanes, 4);
  product.allowsRuns = false;
  EXPECT_EQ(chooseGpuTile(h100, block, product, 255).lanes, 1);
}

TEST(GpuCostModel, MultiplyAddsOfTwoSumsLeaveRoomForOtherInstructions) {
  GpuDescription b200 = *describeGpu(100);
  GpuBlockShape block{32, 64, 1, /*staged=*/true};
  GpuCycles cycles = costProduct(b200, block, {4, 64, 0}, {8, 2, 4});
  GpuCycles single = costProduct(h100, block, {4, 64, 0}, {8, 2, 4});
  EXPECT_EQ(cycles[GpuBound::Fma], single[GpuBound::Fma]);
  // 64 of them for 128 multiply-adds, beside 27 others.
  EXPECT_DOUBLE_EQ(cycles[GpuBound::Issue], 2 * 16 * (64 + 27) / 4.0);
  EXPECT_EQ(cycles.bound(8), GpuBound::Fma);
}

TEST(GpuCostModel, WeightsComeFromL2UnlessTheyStayNearby) {
  GpuBlockShape block{32,
                      64,
                      1,
                      /*staged=*/false,
                      /*l1Bytes=*/64 << 10,
                      /*weightBytes=*/1 << 20};
  GpuProduct product{4, 64, 0};
  GpuTile tile{8, 2, 4};
  // 28 bytes in a cycle, of 3700 / 132 SMs.
  EXPECT_NEAR(costProduct(h100, block, product, tile)[GpuBound::L2],
              4 * 64 * 64 / 28.0, 10);
  GpuCycles far = costProduct(h100, block, product, tile);
  block.weightBytes = 16 << 10;
  GpuCycles near = costProduct(h100, block, product, tile);
  EXPECT_EQ(near[GpuBound::L2], 0);
  EXPECT_LT(near[GpuBound::Latency], far[GpuBound::Latency]);
}

TEST(GpuCostModel, WarpsThatTouchFewLinesOfWeightsNeedLessOfTheL1Cache) {
  GpuBlockShape block{32, 64, 1, true};
  GpuProduct product{8, 64, 0};
  double oneLine =
      costProduct(h100, block, product, {8, 2, 4})[GpuBound::Shared];
  double fourLines =
      costProduct(h100, block, product, {8, 2, 1})[GpuBound::Shared];
  // (16 + 64) / (16 + 16)
  EXPECT_DOUBLE_EQ(fourLines, 2.5 * oneLine);
}

TEST(GpuCostModel, FewPanelsLeaveRoomForRowsInAWarp) {
  GpuBlockShape block{32, 64, 1, true};
  EXPECT_EQ(chooseGpuTile(h100, block, {64, 64, 0}, 128).rowGroups, 4);
  block.rowGroups = 1;
  EXPECT_EQ(chooseGpuTile(h100, block, {64, 64, 0}, 128).rowGroups, 1);
  EXPECT_EQ(chooseGpuTile(h100, block, {1, 64, 0}, 64).rowGroups, 4);
}

TEST(GpuCostModel, CyclesOfAScanByHand) {
  GpuBlockShape block{24, 64, 1, true};
  // 32 modes are a warp; 3 dependent operations of 4 cycles, 20 in all.
  GpuCycles cycles = costScan(h100, block, {32, 20, 0, 3, 0});
  EXPECT_DOUBLE_EQ(cycles[GpuBound::Fma], 24 * 20 / 4.0);
  EXPECT_DOUBLE_EQ(cycles[GpuBound::Latency], 24 * (30 + 12 + 20) + 60);
  // 2 operations in f64 per cycle and SM.
  GpuCycles f64 = costScan(rtx, block, {32, 0, 10, 0, 3});
  EXPECT_DOUBLE_EQ(f64[GpuBound::F64], 24 * 10 * 32 / 2.0);
  EXPECT_DOUBLE_EQ(f64[GpuBound::Issue], 24 * 10 / 4.0);
}

TEST(GpuCostModel, TilesFitTheirRegistersAndTheProduct) {
  for (int64_t registers : {116, 128, 168, 200, 255})
    for (int64_t rows : {1, 8, 24, 64})
      for (int64_t panels : {1, 3, 16}) {
        GpuBlockShape block{rows, 128, 2, false, 64 << 10, 1 << 20};
        GpuTile tile = chooseGpuTile(h100, block, {panels, 64, 1}, registers);
        EXPECT_LE(countRegisters(tile), registers);
        EXPECT_LE(tile.rows, rows);
        EXPECT_LE(tile.panels, panels);
      }
}

TEST(GpuCostModel, TensorCoresMultiplyInFragments) {
  GpuDescription a100 = *describeGpu(80);
  GpuBlockShape block{32, 64, 1, true};
  GpuProduct product{4, 60, 0, TensorProducts::bf16x3};
  EXPECT_EQ(product.panelBytes(), 64 * 64);
  EXPECT_DOUBLE_EQ(getMultiplyAddsPerCycle(a100, product), 1024 / 3.0);
  // 4 steps of 16; 32 rows and 64 columns are 16 fragments, 2048 multiply-adds
  // each, three times.
  GpuCycles cycles = costProduct(a100, block, product, {4, 2, 4});
  EXPECT_DOUBLE_EQ(cycles[GpuBound::Tensor], 4 * 16 * 3 * 2048 / 1024.0);
  EXPECT_DOUBLE_EQ(cycles[GpuBound::Fma], 0);
  // 4 warps have 2 fragments of rows, 8 wavefronts each, and 2 panels of 8.
  EXPECT_DOUBLE_EQ(cycles[GpuBound::Shared], 4 * 4 * (2 * 8 + 2 * 8));
  // A thread's rows are two of each fragment.
  for (int64_t rows : {1, 8, 24, 64})
    for (int64_t registers : {140, 168, 255}) {
      block.rows = rows;
      GpuTile tile = chooseGpuTile(a100, block, product, registers);
      EXPECT_LE(countRegisters(tile, product), registers);
      EXPECT_EQ(tile.rows % 2, 0);
      EXPECT_LT(tile.rows / 2 * 8 - 8, rows);
      EXPECT_EQ(tile.rowGroups, 4);
    }
  product.tensorCores = TensorProducts::tf32;
  EXPECT_DOUBLE_EQ(costProduct(a100, block, product, {4, 2, 4})[GpuBound::Fma],
                   0);
  EXPECT_DOUBLE_EQ(getMultiplyAddsPerCycle(a100, product), 512);
}

TEST(GpuSchedule, NeverExceedsWhatAGpuHas) {
  for (const KnownGpu &known : knownGpus())
    for (int64_t h : {16, 64, 256, 1024})
      for (int64_t batch : {0, 1, 32}) {
        const GpuDescription &gpu = known.gpu;
        GpuUnit units[] = {s5(h, h, 4)};
        GpuSchedule plan = chooseGpuSchedule(gpu, units, {batch, 784});
        ASSERT_GT(plan.rows, 0);
        EXPECT_LE(plan.registers, plan.registerLimit);
        EXPECT_LE(plan.sharedBytes, gpu.sharedPerBlock);
        EXPECT_GE(plan.sharedBytes, plan.rows * units[0].activationBytes);
        EXPECT_GE(countBlocksPerSm(gpu, plan.threads, plan.registerLimit,
                                   plan.sharedBytes),
                  plan.blocksPerSm);
        EXPECT_GT(plan.fmaFraction, 0);
        EXPECT_LT(plan.fmaFraction, 1);
        EXPECT_LE(plan.occupancy, 1);
        ASSERT_EQ(plan.tiles.size(), 1u);
        EXPECT_EQ(plan.tiles[0].size(), 3u);
      }
}

TEST(GpuSchedule, SaysWhenNothingFits) {
  GpuUnit unit = s5(64, 64, 1);
  unit.activationBytes = 64 << 10;
  EXPECT_EQ(chooseGpuSchedule(rtx, {unit}).rows, 0);
  EXPECT_EQ(chooseGpuSchedule(rtx, {unit}, {1, 784}).rows, 0);
}

TEST(GpuSchedule, FewStreamsThatAreLongLookBack) {
  GpuUnit units[] = {s5(16, 16, 4)};
  auto schemeOf = [&](int64_t batch, int64_t length) {
    return chooseGpuSchedule(h100, units, {batch, length}).scheme;
  };
  EXPECT_EQ(schemeOf(1, 16000), GpuScheme::LookBack);
  EXPECT_EQ(schemeOf(8, 16000), GpuScheme::LookBack);
  EXPECT_EQ(schemeOf(1, 8), GpuScheme::Stream);
  EXPECT_EQ(schemeOf(4096, 784), GpuScheme::Stream);
  EXPECT_EQ(schemeOf(0, 784), GpuScheme::Stream);
}

TEST(GpuSchedule, ManyStreamsGoUnitByUnitWhereWeightsComeFromFarAway) {
  // Kernels of all layers have no registers to read weights ahead.
  GpuUnit units[] = {s5(128, 128, 4)};
  for (int64_t batch : {4096, 0})
    EXPECT_EQ(chooseGpuSchedule(h100, units, {batch, 1024}).scheme,
              GpuScheme::LookBack);
  EXPECT_EQ(chooseGpuSchedule(h100, units, {4096, 8}).scheme,
            GpuScheme::Stream);
}

TEST(GpuSchedule, GroupsOfStreamsCostALaunchForEachOfTheirPieces) {
  GpuUnit units[] = {s5(128, 128, 4)};
  GpuSizes sizes{32, 128, 2};
  // Two chunks for each place are a group's: of as many streams, or of a few.
  int64_t group = 2 * h100.smCount * sizes.blocksPerSm;
  auto cycles = [&](int64_t batch, int64_t chunks) {
    return costGpuSchedule(h100, units, {batch, 32 * chunks},
                           GpuScheme::LookBack, sizes)
        ->cycles;
  };
  EXPECT_NEAR(cycles(2 * group, 40), 2 * cycles(group, 40), 1);
  EXPECT_NEAR(cycles(group / 2, 80), cycles(group / 8, 320), 1);
  // A stream's only chunk in a piece goes through its rows once.
  EXPECT_LT(cycles(group, 40), 0.99 * cycles(group / 2, 80));
  // Three quarters of a group have two chunks each in a piece: 20 launches of
  // each layer, where half a group of streams twice as long has 40.
  double launch = 2.0 * h100.clockMhz * units[0].layers;
  double work = cycles(group * 3 / 4, 40) - 20 * launch;
  EXPECT_NEAR(work, (cycles(group / 2, 80) - 40 * launch) * 3 / 4, work / 100);
}

TEST(GpuSchedule, MoreSharedMemoryIsNeverSlower) {
  GpuUnit units[] = {s5(256, 512, 6)};
  GpuSchedule plan = chooseGpuSchedule(rtx, units);
  GpuDescription larger = rtx;
  larger.sharedPerSm = h100.sharedPerSm;
  larger.sharedPerBlock = h100.sharedPerBlock;
  larger.l1Bytes = h100.l1Bytes;
  GpuSchedule other = chooseGpuSchedule(larger, units);
  EXPECT_GT(other.fmaFraction, 1.1 * plan.fmaFraction);
  EXPECT_GT(other.rows * other.blocksPerSm, plan.rows * plan.blocksPerSm);
}

TEST(GpuSchedule, StagesWeightsThatFitBesideTheActivations) {
  // A block per SM has nothing else to do while weights come from L2.
  GpuWork work{1, 784};
  GpuUnit small[] = {s5(64, 64, 4)};
  GpuSchedule plan = chooseGpuSchedule(h100, small, work, GpuScheme::LookBack);
  EXPECT_TRUE(plan.stageWeights);
  EXPECT_EQ(plan.sharedBytes,
            plan.rows * small[0].activationBytes + small[0].weightBytes);
  // 2 MB of weights do not fit.
  GpuUnit large[] = {s5(512, 512, 4)};
  plan = chooseGpuSchedule(h100, large, work, GpuScheme::LookBack);
  EXPECT_FALSE(plan.stageWeights);
  // With one kernel for all, it is the weights of all layers that have to fit.
  GpuSchedule streams = chooseGpuSchedule(h100, small, work, GpuScheme::Stream);
  EXPECT_FALSE(streams.stageWeights);
  GpuUnit shallow[] = {s5(64, 64, 2)};
  EXPECT_TRUE(
      chooseGpuSchedule(h100, shallow, work, GpuScheme::Stream).stageWeights);
}

TEST(GpuSchedule, ChunksAreAsLongAsWhatTheyPassOnAsksFor) {
  GpuWork work{1, 16000};
  auto choose = [&](int64_t publishedBytes) {
    GpuUnit unit = linoss(256, 256, 4);
    unit.publishedBytes = unit.enteringBytes = publishedBytes;
    return chooseGpuSchedule(a100, unit, work, GpuScheme::LookBack);
  };
  // Little: as few rows as are fast.
  GpuSchedule plan = choose(512);
  EXPECT_LE(plan.rows, 32);
  EXPECT_LE(plan.linkTraffic, 0.14);
  // Much: all that shared memory holds, 36 rows of 4 KB, which are no round
  // number.
  plan = choose(8192);
  EXPECT_EQ(plan.rows, 40);
  EXPECT_LE(plan.sharedBytes + 1024, a100.sharedPerBlock);
}

TEST(GpuSchedule, SuitsSeveralWorks) {
  GpuUnit units[] = {linoss(128, 64, 4)};
  // Chunks of 32 rows would leave a second round of blocks almost empty.
  GpuWork exact{1, 17984};
  SmallVector<GpuWork> works{{1, 17984}, {1, 16384}, {1, 14336}, {8, 4096}};
  auto costOf = [&](const GpuSchedule &plan) {
    double cost = 1;
    for (const GpuWork &work : works)
      cost /= costGpuSchedule(h100, units, work, GpuScheme::LookBack,
                              {plan.rows, plan.threads, plan.blocksPerSm,
                               plan.stageWeights})
                  ->fmaFraction;
    return cost;
  };
  GpuSchedule all = chooseGpuSchedule(h100, units, works, GpuScheme::LookBack);
  EXPECT_LE(costOf(all), 1.05 * costOf(chooseGpuSchedule(h100, units, exact,
                                                         GpuScheme::LookBack)));
  EXPECT_LE(costOf(all), 1.05 * costOf(chooseGpuSchedule(h100, units, GpuWork(),
                                                         GpuScheme::LookBack)));
}

TEST(GpuSchedule, CostsGivenSizesNoLessThanTheBest) {
  GpuUnit units[] = {s5(64, 64, 4)};
  GpuSchedule best = chooseGpuSchedule(h100, units, {1024, 784});
  auto given = costGpuSchedule(h100, units, {1024, 784}, GpuScheme::Stream,
                               {24, 256, 2, false, 128});
  ASSERT_TRUE(given.has_value());
  EXPECT_EQ(given->registerLimit, 128);
  EXPECT_LE(given->registers, 128);
  EXPECT_GT(1.03 * given->cycles, best.cycles);
  // 8 warps of 255 registers twice, and rows that take 768 bytes.
  for (GpuSizes sizes : {GpuSizes{24, 256, 2, false, 255},
                         GpuSizes{1024, 256, 1}, GpuSizes{0, 256, 1}})
    EXPECT_FALSE(
        costGpuSchedule(h100, units, {1024, 784}, GpuScheme::Stream, sizes));
}

TEST(GpuSchedule, RecurrencesInF64LimitGpusWithoutUnitsForThem) {
  GpuUnit units[] = {linoss(128, 64, 4)};
  GpuDescription withUnits = rtx;
  withUnits.f64Ratio = 2;
  EXPECT_GT(chooseGpuSchedule(withUnits, units).fmaFraction,
            1.05 * chooseGpuSchedule(rtx, units).fmaFraction);
  for (const GpuDescription &gpu : {a100, h100})
    EXPECT_NE(chooseGpuSchedule(gpu, units).bound, GpuBound::F64);
}

TEST(GpuSchedule, MoreOfAGpuTakesLessTime) {
  GpuUnit units[] = {s5(128, 128, 4)};
  GpuWork work{1024, 784};
  GpuDescription half = h100;
  half.smCount /= 2;
  half.l2BytesPerCycle /= 2;
  EXPECT_LT(predictSeconds(h100, chooseGpuSchedule(h100, units, work)),
            0.7 * predictSeconds(half, chooseGpuSchedule(half, units, work)));
  // An A100 has half of the multiply-add units per SM, which wait less.
  EXPECT_GT(chooseGpuSchedule(a100, units).fmaFraction,
            chooseGpuSchedule(h100, units).fmaFraction);
}
