//===- plan.cpp - The cost model's plans of a model on named GPUs ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ssm-gpu-plan CHUNK.mlir [BATCHxLENGTH...]
//
// Reads a model at chunk level (ssmc compile --compile-to chunk) and prints as
// JSON what its units have to do, and for each known GPU and each BATCHxLENGTH
// the schedule that the cost model chooses, with the time that it predicts.
// Nothing here was measured. BATCH 0 is as many streams as fill the GPU.
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Analysis/GpuSchedule.h"
#include "lib/Analysis/GpuUnits.h"
#include "lib/Pipelines/Compile.h"
#include "lib/Transforms/ModelPlan.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace ssmc;
namespace json = llvm::json;

static int64_t productFlops(const GpuUnit &unit) {
  int64_t flops = 0;
  for (const GpuProduct &product : unit.products)
    flops += 2 * product.panels * kPanelLanes * product.depth;
  return flops;
}

static json::Object toJson(const GpuUnit &unit) {
  json::Array products, scans;
  for (const GpuProduct &product : unit.products)
    products.push_back(json::Object{{"panels", product.panels},
                                    {"depth", product.depth},
                                    {"ops_per_sum", product.ops}});
  for (const GpuScan &scan : unit.scans)
    scans.push_back(json::Object{{"modes", scan.modes},
                                 {"ops", scan.ops},
                                 {"f64_ops", scan.f64Ops},
                                 {"chain", scan.chain},
                                 {"f64_chain", scan.f64Chain}});
  return json::Object{{"layers", unit.layers},
                      {"product_flops_per_row", productFlops(unit)},
                      {"weight_bytes", unit.weightBytes},
                      {"activation_bytes_per_row", unit.activationBytes},
                      {"traffic_bytes_per_row", unit.trafficBytes},
                      {"products", std::move(products)},
                      {"scans", std::move(scans)}};
}

static json::Object toJson(const KnownGpu &known, const GpuWork &work,
                           const GpuSchedule &plan) {
  json::Array tiles;
  for (const auto &unit : plan.tiles) {
    json::Array ofUnit;
    for (const GpuTile &tile : unit)
      ofUnit.push_back(json::Array{tile.rows, tile.panels, tile.rowGroups});
    tiles.push_back(std::move(ofUnit));
  }
  return json::Object{{"gpu", StringRef(known.name)},
                      {"sm", known.gpu.sm},
                      {"batch", work.batch},
                      {"length", work.length},
                      {"scheme", getGpuSchemeName(plan.scheme)},
                      {"rows", plan.rows},
                      {"threads", plan.threads},
                      {"blocks_per_sm", plan.blocksPerSm},
                      {"shared_bytes", plan.sharedBytes},
                      {"register_limit", plan.registerLimit},
                      {"registers", plan.registers},
                      {"stage_weights", plan.stageWeights},
                      {"tiles", std::move(tiles)},
                      {"occupancy", plan.occupancy},
                      {"predicted_seconds", predictSeconds(known.gpu, plan)},
                      {"predicted_fma_fraction", plan.fmaFraction},
                      {"bound", getGpuBoundName(plan.bound)}};
}

static json::Object toJson(const KnownGpu &known) {
  const GpuDescription &gpu = known.gpu;
  return json::Object{{"name", StringRef(known.name)},
                      {"sm", gpu.sm},
                      {"sm_count", gpu.smCount},
                      {"peak_gflops", gpu.peakGflops()},
                      {"memory_gb_per_second", gpu.memoryGbPerSecond},
                      {"l2_bytes", gpu.l2Bytes},
                      {"clock_mhz", gpu.clockMhz},
                      {"registers_per_sm", gpu.registersPerSm},
                      {"shared_per_sm", gpu.sharedPerSm},
                      {"threads_per_sm", gpu.threadsPerSm},
                      {"max_blocks_per_sm", gpu.blocksPerSm}};
}

/// "32x784"; fails with a message on what is no such text.
static FailureOr<GpuWork> parseWork(StringRef text) {
  GpuWork work;
  auto [batch, length] = text.split('x');
  if (batch.getAsInteger(10, work.batch) ||
      length.getAsInteger(10, work.length) || work.batch < 0 ||
      work.length < 1) {
    llvm::errs() << "error: '" << text
                 << "' is no batch and length; expected such as 32x784\n";
    return failure();
  }
  return work;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    llvm::errs() << "usage: ssm-gpu-plan CHUNK.mlir [BATCHxLENGTH...]\n";
    return 2;
  }
  DialectRegistry registry;
  registerPipelineDialects(registry);
  MLIRContext context(registry);
  auto module = parseSourceFile<ModuleOp>(argv[1], &context);
  if (!module)
    return 1;
  FailureOr<ModelPlan> plan = readPlan(*module);
  if (failed(plan))
    return 1;
  SmallVector<GpuUnit> units =
      describeGpuUnits(*module, [&](StringRef unit) -> int64_t {
        return llvm::count_if(plan->steps, [&](const PlanStep &step) {
          return step.unit == unit;
        });
      });
  json::Array gpus, described, plans;
  for (const GpuUnit &unit : units)
    described.push_back(toJson(unit));
  for (const KnownGpu &known : knownGpus())
    gpus.push_back(toJson(known));
  for (int i = 2; i < argc; ++i) {
    FailureOr<GpuWork> work = parseWork(argv[i]);
    if (failed(work))
      return 2;
    work->bytesPerStep =
        4 * plan->inputFeatures + (plan->pooled ? 0 : 4 * plan->outputFeatures);
    for (const KnownGpu &known : knownGpus())
      plans.push_back(
          toJson(known, *work, chooseGpuSchedule(known.gpu, units, *work)));
  }
  llvm::outs() << llvm::formatv(
      "{0:2}\n", json::Value(json::Object{{"units", std::move(described)},
                                          {"gpus", std::move(gpus)},
                                          {"plans", std::move(plans)}}));
  return 0;
}
