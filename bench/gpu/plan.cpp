//===- plan.cpp - The cost model's plans of a model on named GPUs ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ssm-gpu-plan MODEL.mlir SM [BATCHxLENGTH...] [-r NAME=REGISTERS...]
//     [-p bf16x3|tf32]
//
// Reads a model at model level with its weights (ssmc compile --emit model) and
// prints as JSON what its units have to do, the kernels that are made of it for
// compute capability SM / 10,
// and for each known GPU and each BATCHxLENGTH two predictions: of the schedule
// that the cost model would choose, and of the kernel for whole sequences as it
// is, if -r says what ptxas gave it; with -p, products are on tensor cores, and
// peaks are those of tensor cores. Nothing here was measured. BATCH 0 is as
// many streams as fill the GPU.
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Analysis/GpuSchedule.h"
#include "lib/Analysis/GpuUnits.h"
#include "lib/Pipelines/CompileCuda.h"
#include "lib/Transforms/ModelPlan.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringMap.h"
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
                                    {"ops_per_sum", product.ops},
                                    {"accesses_per_sum", product.accesses}});
  for (const GpuScan &scan : unit.scans)
    scans.push_back(json::Object{{"modes", scan.modes},
                                 {"ops", scan.ops},
                                 {"f64_ops", scan.f64Ops},
                                 {"accesses", scan.accesses},
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

static json::Object toJson(const GpuDescription &gpu, const GpuSchedule &plan) {
  json::Array tiles;
  for (const auto &unit : plan.tiles) {
    json::Array ofUnit;
    for (const GpuTile &tile : unit)
      ofUnit.push_back(
          json::Array{tile.rows, tile.panels, tile.rowGroups, tile.lanes});
    tiles.push_back(std::move(ofUnit));
  }
  return json::Object{{"scheme", getGpuSchemeName(plan.scheme)},
                      {"rows", plan.rows},
                      {"threads", plan.threads},
                      {"blocks_per_sm", plan.blocksPerSm},
                      {"shared_bytes", plan.sharedBytes},
                      {"register_limit", plan.registerLimit},
                      {"registers", plan.registers},
                      {"stage_weights", plan.stageWeights},
                      {"tiles", std::move(tiles)},
                      {"occupancy", plan.occupancy},
                      {"predicted_seconds", predictSeconds(gpu, plan)},
                      {"predicted_fma_fraction", plan.fmaFraction},
                      {"bound", getGpuBoundName(plan.bound)}};
}

static json::Object toJson(const KnownGpu &known,
                           std::optional<TensorProducts> products) {
  const GpuDescription &gpu = known.gpu;
  GpuProduct product;
  product.tensorCores = products;
  double peak =
      2e-3 * getMultiplyAddsPerCycle(gpu, product) * gpu.smCount * gpu.clockMhz;
  return json::Object{{"name", StringRef(known.name)},
                      {"sm", gpu.sm},
                      {"sm_count", gpu.smCount},
                      {"peak_gflops", peak},
                      {"f32_gflops", gpu.peakGflops()},
                      {"f64_ratio", gpu.f64Ratio},
                      {"products_by", products ? "tensor cores" : "FMA"},
                      {"memory_gb_per_second", gpu.memoryGbPerSecond},
                      {"l2_bytes", gpu.l2Bytes},
                      {"l2_bytes_per_cycle", gpu.l2BytesPerCycle},
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

namespace {
struct Request {
  SmallVector<GpuWork> works;
  /// Of kernels by name.
  llvm::StringMap<int64_t> registers;
  std::optional<TensorProducts> products;
};
} // namespace

static FailureOr<Request> parseRequest(ArrayRef<char *> arguments) {
  Request request;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (StringRef(arguments[i]) == "-p") {
      StringRef text = ++i < arguments.size() ? arguments[i] : "";
      request.products = symbolizeTensorProducts(text);
      if (request.products)
        continue;
      llvm::errs() << "error: -p is '" << text
                   << "'; expected bf16x3 or tf32\n";
      return failure();
    }
    if (StringRef(arguments[i]) != "-r") {
      FailureOr<GpuWork> work = parseWork(arguments[i]);
      if (failed(work))
        return failure();
      request.works.push_back(*work);
      continue;
    }
    auto [name, count] =
        StringRef(++i < arguments.size() ? arguments[i] : "").split('=');
    if (count.getAsInteger(10, request.registers[name])) {
      llvm::errs() << "error: -r needs a kernel's registers, ssm_time=96\n";
      return failure();
    }
  }
  return request;
}

/// The units at chunk level, in chunks of `rows`.
static FailureOr<SmallVector<GpuUnit>>
describe(ModuleOp model, int64_t rows, std::optional<TensorProducts> products,
         ModelPlan &plan) {
  PassManager passes(model.getContext());
  buildModelToRecurrence(passes);
  buildRecurrenceToThreadChunk(passes, rows, products);
  passes.enableVerifier(false); // levels have verifiers of their own
  if (failed(passes.run(model)))
    return failure();
  FailureOr<ModelPlan> read = readPlan(model);
  if (failed(read))
    return failure();
  plan = *read;
  return describeGpuUnits(model, [&](StringRef unit) -> int64_t {
    return llvm::count_if(
        plan.steps, [&](const PlanStep &step) { return step.unit == unit; });
  });
}

/// What whole sequences are predicted to take with the kernels as they are, by
/// the scheme that runtime/cuda_schedule.h takes; null when registers are not
/// known or the GPU cannot run them. Kernels of units count as the largest.
static json::Value predictKernels(const GpuDescription &gpu,
                                  ArrayRef<GpuUnit> units, const GpuWork &work,
                                  ArrayRef<CudaKernel> kernels,
                                  const CudaSchedule &made,
                                  const llvm::StringMap<int64_t> &registers) {
  const CudaKernel *streams = nullptr, *chunks = nullptr;
  for (const CudaKernel &kernel : kernels) {
    if (kernel.name == "ssm_time")
      streams = &kernel;
    if (kernel.byChunk && (!chunks || kernel.sharedBytes > chunks->sharedBytes))
      chunks = &kernel;
  }
  // As in runtime/cuda_pieces.h.
  auto countPlaces = [&](const CudaKernel &kernel) {
    auto found = registers.find(kernel.name);
    return found == registers.end()
               ? gpu.smCount
               : gpu.smCount * countBlocksPerSm(gpu, kernel.threads,
                                                found->second,
                                                kernel.sharedBytes);
  };
  bool inPieces = chunks && streams && work.length > chunks->rows &&
                  (made.manySideBySide ||
                   (work.batch && work.batch < countPlaces(*streams)));
  const CudaKernel *kernel = inPieces ? chunks : streams;
  auto found = kernel ? registers.find(kernel->name) : registers.end();
  if (found == registers.end())
    return nullptr;
  int64_t blocks = countBlocksPerSm(gpu, kernel->threads, found->second,
                                    kernel->sharedBytes);
  auto cost = costGpuSchedule(
      gpu, units, work, inPieces ? GpuScheme::LookBack : GpuScheme::Stream,
      {kernel->rows, kernel->threads, blocks,
       inPieces && made.sideBySide.stageWeights, found->second,
       /*rowGroups=*/4, inPieces ? made.sideBySide.tiles : made.tilesOfAll});
  if (!cost)
    return nullptr;
  return toJson(gpu, *cost);
}

static json::Array predict(const Request &request, ArrayRef<GpuUnit> units,
                           const CompiledCudaModel &compiled,
                           const ModelPlan &plan) {
  json::Array predictions;
  for (GpuWork work : request.works) {
    work.bytesPerStep = plan.countBytesPerStep();
    for (const KnownGpu &known : knownGpus()) {
      GpuSchedule best = chooseGpuSchedule(known.gpu, units, work);
      json::Object prediction{
          {"gpu", StringRef(known.name)},
          {"batch", work.batch},
          {"length", work.length},
          {"plan", toJson(known.gpu, best)},
          {"kernel",
           predictKernels(known.gpu, units, work, compiled.kernels.kernels,
                          compiled.schedule, request.registers)}};
      predictions.push_back(std::move(prediction));
    }
  }
  return predictions;
}

static FailureOr<json::Object> report(ModuleOp model, unsigned architecture,
                                      const Request &request) {
  OwningOpRef<ModuleOp> copy = model.clone();
  CompileOptions options;
  options.products = request.products;
  auto compiled = compileCudaModel(*copy, options, {architecture});
  if (failed(compiled))
    return failure();
  json::Array kernels, gpus, described;
  ArrayRef<CudaKernel> made = compiled->kernels.kernels;
  for (const CudaKernel &kernel : made)
    kernels.push_back(json::Object{{"name", kernel.name},
                                   {"threads", kernel.threads},
                                   {"shared_bytes", kernel.sharedBytes},
                                   {"by_chunk", kernel.byChunk},
                                   {"rows", kernel.rows}});
  int64_t rows = made.empty() ? 1 : made.front().rows;
  ModelPlan plan;
  auto units = describe(model, rows, request.products, plan);
  if (failed(units))
    return failure();
  for (const GpuUnit &unit : *units)
    described.push_back(toJson(unit));
  for (const KnownGpu &known : knownGpus())
    gpus.push_back(toJson(known, request.products));
  return json::Object{
      {"blob_bytes", int64_t(compiled->blob.size())},
      {"state_bytes", plan.stateBytes},
      {"input_features", plan.inputFeatures},
      {"output_features", plan.outputFeatures},
      {"pooled", plan.pooled},
      {"kernels", std::move(kernels)},
      {"units", std::move(described)},
      {"gpus", std::move(gpus)},
      {"predictions", predict(request, *units, *compiled, plan)}};
}

int main(int argc, char **argv) {
  unsigned architecture = 0;
  if (argc < 3 || StringRef(argv[2]).getAsInteger(10, architecture)) {
    llvm::errs() << "usage: ssm-gpu-plan MODEL.mlir SM [BATCHxLENGTH...] "
                    "[-r KERNEL=REGISTERS...] [-p bf16x3|tf32]\n";
    return 2;
  }
  auto request = parseRequest(ArrayRef<char *>(argv, argc).drop_front(3));
  if (failed(request))
    return 2;
  DialectRegistry registry;
  registerPipelineDialects(registry);
  MLIRContext context(registry);
  auto module = parseSourceFile<ModuleOp>(argv[1], &context);
  if (!module)
    return 1;
  auto result = report(*module, architecture, *request);
  if (failed(result))
    return 1;
  llvm::outs() << llvm::formatv("{0:2}\n", json::Value(std::move(*result)));
  return 0;
}
