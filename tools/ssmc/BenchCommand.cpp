//===- BenchCommand.cpp - ssmc bench --------------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/RunModel.h"
#include "tools/ssmc/Commands.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/CostReport.h"
#include "tools/ssmc/NativeModel.h"
#include "tools/ssmc/Threads.h"
#include "llvm/Support/Format.h"
#include <chrono>

using namespace llvm;
using namespace ssmc;

static constexpr Flag kFlags[] = {
    {"--length", "L", "time steps of a sequence (default 784)"},
    {"--streams", "N", "streams that are served together (default 24)"},
    {"--seconds", "S", "how long to measure each way (default 1), such as 0.5"},
    {kThreadsFlag, "N", "share the work among N threads (default 1)"},
    kWeightsFlag,
    kTargetFlag,
    kTimeStepsInputFlag,
    kChunkFlag,
    kTileFlag,
    kIgnoreUnknownFlag};

static constexpr CommandSpec kSpec = {
    "bench", "MODEL", "Compiles a model in memory and measures its speed.",
    kFlags,
    "Prints the fastest of many calls, on zeros and time deltas of 1 (no "
    "operation's time\ndepends on data). The CPU is this machine's unless "
    "--target names another.\n"};

namespace {
struct BenchOptions {
  int64_t length, streams;
  double seconds;
  int32_t threads = 1;
  TargetCpu target;
};
} // namespace

/// The most of each option.
static constexpr int64_t kMost = 1 << 28;

static Expected<double> parseSeconds(StringRef text) {
  double seconds;
  if (text.getAsDouble(seconds) || !(seconds > 0))
    return createStringError("--seconds is '" + text +
                             "'; expected a number above 0");
  if (seconds > kMost)
    return createStringError("--seconds is '" + text + "'; expected at most " +
                             Twine(kMost));
  return seconds;
}

static Expected<BenchOptions> parseOptions(const CommandLine &line) {
  BenchOptions options;
  for (auto [flag, otherwise, value] :
       {std::tuple("--length", "784", &options.length),
        std::tuple("--streams", "24", &options.streams)}) {
    auto number = parseInteger(flag, line.get(flag, otherwise), 1);
    if (!number)
      return number.takeError();
    if (*number > kMost)
      return createStringError(Twine(flag) + " is '" + Twine(*number) +
                               "'; expected at most " + Twine(kMost));
    *value = *number;
  }
  auto seconds = parseSeconds(line.get("--seconds", "1"));
  if (!seconds)
    return seconds.takeError();
  options.seconds = *seconds;
  if (Error error = checkTimeStepsInput(line))
    return error;
  auto threads = parseThreads(line);
  if (!threads)
    return threads.takeError();
  options.threads = *threads;
  auto target = resolveTargetCpu(line.get(kTargetFlag.name, "native"));
  if (!target)
    return target.takeError();
  options.target = std::move(*target);
  return options;
}

/// Runs `batch` sequences of `length` steps again and again for `seconds`;
/// returns the fastest run's microseconds.
static Expected<double> measure(const NativeModel &model, RunMode mode,
                                int64_t batch, int64_t length, double seconds,
                                const Threads &threads) {
  const ModelInfo &info = model.getInfo();
  constexpr double kMostNumbers = 1 << 28; // 1 GiB
  if (double(batch) * double(length) *
          double(std::max(info.inputFeatures, info.outputFeatures)) >
      kMostNumbers)
    return createStringError(
        "a call of %lld streams and %lld time steps takes more than 1 GiB; "
        "choose a smaller --length or --streams",
        (long long)batch, (long long)length);
  std::vector<int32_t> zeros(batch * length * info.inputFeatures);
  ArrayView x;
  x.shape = {batch, length, info.inputFeatures};
  x.dtype = info.tokens ? DType::I32 : DType::F32;
  x.bytes = ArrayRef(reinterpret_cast<const char *>(zeros.data()),
                     zeros.size() * sizeof(int32_t));
  auto records = model.makeRecords(batch);
  if (!records)
    return records.takeError();
  std::vector<float> deltas(info.takesTimeSteps ? batch * length : 0, 1.0f);
  using Clock = std::chrono::steady_clock;
  auto begin = Clock::now();
  std::chrono::duration<double> passed;
  double fastest = std::numeric_limits<double>::infinity();
  do {
    auto start = Clock::now();
    auto y = model.run(x, deltas, mode, *records, /*isFresh=*/true,
                       threads.getExecutor());
    std::chrono::duration<double, std::micro> taken = Clock::now() - start;
    if (!y)
      return y.takeError();
    fastest = std::min(fastest, taken.count());
    passed = Clock::now() - begin;
  } while (passed.count() < seconds);
  return fastest;
}

static mlir::LogicalResult bench(mlir::MLIRContext &context,
                                 mlir::ModuleOp module,
                                 const BenchOptions &options) {
  CompileOptions compileOptions;
  compileOptions.targets = {options.target};
  auto flops = countFlopsPerStep(module, compileOptions);
  if (failed(flops))
    return mlir::failure();
  auto threads = Threads::start(options.threads);
  if (!threads)
    return report(context, threads.takeError());
  auto loaded = compileAndLoad(module, options.target, false, "model");
  if (failed(loaded))
    return mlir::failure();

  struct {
    StringRef name;
    RunMode mode;
    int64_t batch;
  } ways[] = {{"forward, 1 sequence", {RunMode::Kind::Forward, 1}, 1},
              {"step, 1 stream", {RunMode::Kind::Step, 1}, 1},
              {"step, all streams", {RunMode::Kind::Step, 1}, options.streams}};
  outs() << "operations per step    " << *flops << "\n"
         << "way                    us per call of L   ns per time step   "
            "GFLOP/s\n";
  for (const auto &way : ways) {
    if (loaded->getInfo().isBidirectional() &&
        way.mode.kind != RunMode::Kind::Forward)
      continue;
    auto time = measure(*loaded, way.mode, way.batch, options.length,
                        options.seconds, *threads);
    if (!time)
      return report(context, time.takeError());
    double perStep = *time * 1000 / double(way.batch * options.length);
    outs() << left_justify(way.name, 22) << format(" %16.1f", *time)
           << format(" %18.1f", perStep)
           << format(" %9.1f\n", double(*flops) / perStep);
  }
  return mlir::success();
}

static int run(mlir::MLIRContext &context, const CommandLine &line) {
  auto options = parseOptions(line);
  if (!options)
    return reportUsage(kSpec.name, options.takeError());
  if (Error error = checkRunsHere(options->target)) {
    (void)report(context, std::move(error));
    return kFailure;
  }
  auto module = importModel(context, line, "model");
  if (!module)
    return kFailure;
  if (isBidirectional(*module) && line.has("--streams"))
    return reportUsage(
        kSpec.name,
        createStringError("--streams: the model is bidirectional, and streams "
                          "are served step by step; whole sequences are "
                          "measured one by one: leave --streams off"));
  return succeeded(bench(context, *module, *options)) ? kSuccess : kFailure;
}

const Command ssmc::kBenchCommand = {kSpec, run};
