//===- CostReport.cpp - What a compiled model costs, printed --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/CostReport.h"
#include "dialect/SsmDialect.h"
#include "llvm/Support/Format.h"

using namespace llvm;
using namespace ssmc;

/// Of the recurrences: a product of complex numbers, or of a real 2x2 matrix
/// and a complex pair with two factors of its input.
static int64_t countFlopsOfModes(ScanOp scan) {
  int64_t modes = getNumFeatures(scan.getF().getType()) / 2;
  return (scan.getKind() == ScanKind::oscillator ? 20 : 8) * modes;
}

/// S k, S q, and what is added to S: three multiply-adds for each number.
static int64_t countFlopsOfMatrices(DeltaRuleOp rule) {
  return 6 * rule.getNumHeads() * rule.getHeadFeatures() *
         rule.getHeadFeatures();
}

/// countFlopsPerStep() of a recurrence-level module.
static int64_t countFlops(mlir::ModuleOp model) {
  auto isSequence = [](mlir::Type type) {
    return cast<mlir::ShapedType>(type).getRank() == 3;
  };
  int64_t flops = 0;
  model.walk([&](mlir::Operation *op) {
    if (auto linear = dyn_cast<LinearOp>(op)) {
      if (isSequence(linear.getResult().getType()))
        flops += 2 * cast<mlir::ShapedType>(linear.getWeight().getType())
                         .getNumElements();
    } else if (isa<SkipOp>(op)) {
      flops += 2 * getNumFeatures(op->getResult(0).getType());
    } else if (auto channels = dyn_cast<ChannelScanOp>(op)) {
      // Four multiply-adds of each channel's modes, and two of their readout.
      flops += 12 * channels.getNumModes() *
               getNumFeatures(channels.getX().getType());
    } else if (auto scan = dyn_cast<ScanOp>(op)) {
      flops += countFlopsOfModes(scan);
    } else if (auto rule = dyn_cast<DeltaRuleOp>(op)) {
      flops += countFlopsOfMatrices(rule);
    } else if (isa<MeanPoolOp>(op)) {
      flops += getNumFeatures(op->getOperand(0).getType());
    }
  });
  return flops;
}

mlir::FailureOr<int64_t>
ssmc::countFlopsPerStep(mlir::ModuleOp model, const CompileOptions &options) {
  mlir::OwningOpRef<mlir::ModuleOp> copy = model.clone();
  if (failed(lowerModel(*copy, options.from, Level::Recurrence, options)))
    return mlir::failure();
  return countFlops(*copy);
}

mlir::FailureOr<CostReport> CostReport::make(mlir::ModuleOp model,
                                             const CompileOptions &options) {
  mlir::OwningOpRef<mlir::ModuleOp> copy = model.clone();
  if (failed(lowerModel(*copy, options.from, Level::Recurrence, options)))
    return mlir::failure();
  int64_t flops = countFlops(*copy);
  CompileOptions rest = options;
  rest.withoutHead = false; // done
  if (failed(lowerModel(*copy, Level::Recurrence, Level::Chunk, rest)))
    return mlir::failure();
  PhaseShapes shapes = describePhases(*copy);
  if (failed(lowerModel(*copy, Level::Chunk, Level::Loops, rest)))
    return mlir::failure();
  auto target = TargetDescription::fromModule(*copy);
  if (failed(target))
    return mlir::failure();
  auto entries = costModel(*copy, shapes, *target);
  if (failed(entries))
    return mlir::failure();
  return CostReport{*target, std::move(*entries), flops};
}

/// Of `flops` in `cycles`.
static double percentOfPeak(const TargetDescription &target, double flops,
                            double cycles) {
  double peak = 2.0 * target.f32Lanes * target.fmasPerCycle;
  return cycles ? 100 * flops / (cycles * peak) : 0;
}

double CostReport::predictPeak(const EntryCost &entry) const {
  return percentOfPeak(target, double(flops) * entry.rows, entry.totalCycles());
}

static const char *describeEntry(StringRef function) {
  return StringSwitch<const char *>(function)
      .Case("ssm_chunk_full", "chunk")
      .Case("ssm_step", "step")
      .StartsWith("ssm_sequence", "sequence")
      .Default("streams");
}

static std::string describeShape(const PhaseShape &shape) {
  std::string text = shape.kind;
  if (shape.depth)
    text += " " + std::to_string(shape.depth) + " x " +
            std::to_string(shape.panels * 16);
  return shape.epilogue.empty() ? text : text + ", " + shape.epilogue;
}

/// "6x1".
static std::string describeTile(const PhaseCost &phase) {
  if (!phase.shape.depth)
    return "";
  return std::to_string(phase.tile.rows) + "x" +
         std::to_string(phase.tile.panels);
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static void printPhases(raw_ostream &os, const CostReport &report,
                        const EntryCost &entry) {
  os << "  " << left_justify("unit", 14) << left_justify("phase", 26)
     << "  tile    FLOPs  peak   weights      read"
     << "   written\n";
  StringRef unit;
  for (const PhaseCost &phase : entry.phases) {
    std::string name;
    if (unit != phase.unit)
      name = phase.unit + " x " + std::to_string(phase.layers);
    unit = phase.unit;
    Traffic bytes = phase.totalBytes();
    os << "  " << left_justify(name, 14)
       << left_justify(describeShape(phase.shape), 26)
       << right_justify(describeTile(phase), 6)
       << format("%9lld", (long long)(phase.flops / entry.rows));
    if (phase.productFlops)
      os << format(" %3.0f %%", percentOfPeak(report.target, phase.productFlops,
                                              phase.cycles));
    else
      os << "      ";
    os << format("%10lld", (long long)(phase.shape.weightBytes * phase.layers))
       << format("%10lld%10lld\n", (long long)(bytes.read / entry.rows),
                 (long long)(bytes.written / entry.rows));
  }
}

static void printTraffic(raw_ostream &os, const EntryCost &entry) {
  os << "  " << left_justify("bytes per time step", 22)
     << "      read   written    loaded    stored\n";
  Traffic total;
  auto line = [&](StringRef name, const Traffic &bytes) {
    os << "    " << left_justify(name, 20);
    for (int64_t count :
         {bytes.read, bytes.written, bytes.loaded, bytes.stored})
      os << format("%10lld", (long long)(count / entry.rows));
    os << "\n";
  };
  for (BufferKind kind : kBufferKinds) {
    total += entry.bytesOf(kind);
    line(getBufferKindName(kind), entry.bytesOf(kind));
  }
  line("all", total);
}

/// Floating-point operations for a byte that a phase reads or writes.
static double getIntensity(const EntryCost &entry) {
  int64_t flops = 0, bytes = 0;
  for (const PhaseCost &phase : entry.phases) {
    Traffic traffic = phase.totalBytes();
    flops += phase.flops;
    bytes += traffic.read + traffic.written;
  }
  return bytes ? double(flops) / bytes : 0;
}

void CostReport::print(raw_ostream &os) const {
  for (const EntryCost &entry : entries) {
    os << describeEntry(entry.function) << ": " << entry.rows
       << (entry.function == "ssm_rows" ? " streams" : " time step")
       << (entry.function != "ssm_rows" && entry.rows != 1 ? "s" : "")
       << format(", predicted %.0f %% of FMA peak, %.1f FLOPs per byte; per "
                 "time step:\n",
                 predictPeak(entry), getIntensity(entry));
    printPhases(os, *this, entry);
    printTraffic(os, entry);
  }
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static void printBytes(json::OStream &json, StringRef name,
                       const Traffic &bytes) {
  json.attributeObject(name, [&] {
    json.attribute("read", bytes.read);
    json.attribute("written", bytes.written);
    json.attribute("loaded", bytes.loaded);
    json.attribute("stored", bytes.stored);
  });
}

static void printPhase(json::OStream &json, const CostReport &report,
                       const PhaseCost &phase) {
  json.attribute("unit", phase.unit);
  json.attribute("layers", phase.layers);
  json.attribute("kind", phase.shape.kind);
  if (phase.shape.depth) {
    json.attribute("depth", phase.shape.depth);
    json.attribute("columns", phase.shape.panels * 16);
    json.attribute("epilogue", phase.shape.epilogue);
    json.attributeObject("tile", [&] {
      json.attribute("rows", phase.tile.rows);
      json.attribute("panels", phase.tile.panels);
    });
    json.attribute("product_flops", phase.productFlops);
    json.attribute(
        "predicted_percent_of_peak",
        percentOfPeak(report.target, phase.productFlops, phase.cycles));
  }
  json.attribute("flops", phase.flops);
  json.attribute("predicted_cycles", phase.cycles);
  json.attribute("weight_bytes", phase.shape.weightBytes * phase.layers);
  json.attributeObject("bytes", [&] {
    for (BufferKind kind : kBufferKinds)
      printBytes(json, getBufferKindName(kind), phase.bytesOf(kind));
  });
}

void CostReport::print(json::OStream &json) const {
  json.attributeArray("entry_points", [&] {
    for (const EntryCost &entry : entries)
      json.object([&] {
        json.attribute("name", describeEntry(entry.function));
        json.attribute("rows", entry.rows);
        json.attribute("predicted_cycles", entry.totalCycles());
        json.attribute("predicted_percent_of_peak", predictPeak(entry));
        json.attribute("flops_per_byte", getIntensity(entry));
        json.attributeObject("bytes", [&] {
          for (BufferKind kind : kBufferKinds)
            printBytes(json, getBufferKindName(kind), entry.bytesOf(kind));
        });
        json.attributeArray("phases", [&] {
          for (const PhaseCost &phase : entry.phases)
            json.object([&] { printPhase(json, *this, phase); });
        });
      });
  });
}
