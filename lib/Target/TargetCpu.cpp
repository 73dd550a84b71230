//===- TargetCpu.cpp - The CPU that code is generated for -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/TargetCpu.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include <mutex>

using namespace llvm;
using namespace ssmc;

/// What every supported CPU has: x86-64-v3's vectors and FMA. Without FMA each
/// lane would be a call of fmaf.
static constexpr StringRef kRequiredFeatures = "+avx2,+fma,+bmi2";

/// Instruction sets that decide whether code for one CPU runs on another.
static constexpr StringRef kComparedFeatures[] = {
    "sse4.2",     "avx",        "avx2",       "fma",        "f16c",
    "bmi",        "bmi2",       "lzcnt",      "movbe",      "avx512f",
    "avx512bw",   "avx512cd",   "avx512dq",   "avx512vl",   "avx512vnni",
    "avx512fp16", "avx512bf16", "avx512ifma", "avx512vbmi", "avx512vbmi2"};

static const Target *getX86(const Triple &triple) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
  });
  std::string ignored;
  return TargetRegistry::lookupTarget(triple, ignored);
}

static Triple getTriple() { return Triple("x86_64-unknown-linux-gnu"); }

static std::unique_ptr<MCSubtargetInfo> describe(StringRef cpu,
                                                 StringRef features) {
  Triple triple = getTriple();
  return std::unique_ptr<MCSubtargetInfo>(
      getX86(triple)->createMCSubtargetInfo(triple, cpu, features));
}

std::vector<std::string> ssmc::getTargetCpuNames() {
  std::vector<std::string> names = {"native"};
  auto any = describe("x86-64-v3", "");
  for (const SubtargetSubTypeKV &cpu : any->getAllProcessorDescriptions())
    if (describe(cpu.Key, "")->checkFeatures(kRequiredFeatures))
      names.push_back(cpu.Key);
  llvm::sort(names);
  return names;
}

/// The features of this machine, in LLVM's notation and in a fixed order.
static std::string getHostFeatures() {
  std::vector<std::string> features;
  for (const auto &feature : sys::getHostCPUFeatures())
    features.push_back((feature.second ? "+" : "-") + feature.first().str());
  llvm::sort(features);
  return llvm::join(features, ",");
}

static Error reportUnknown(StringRef name) {
  std::vector<std::string> known = getTargetCpuNames();
  auto nearest = llvm::min_element(known, [&](const auto &a, const auto &b) {
    return name.edit_distance(a) < name.edit_distance(b);
  });
  std::string message = "--target: unknown CPU '" + name.str() + "'";
  if (name.edit_distance(*nearest) <= 3)
    message += "; did you mean '" + *nearest + "'?";
  message += "\nnote: CPUs: " + llvm::join(known, ", ");
  return createStringError(message);
}

Expected<TargetCpu> ssmc::resolveTargetCpu(StringRef name) {
  TargetCpu target;
  target.triple = getTriple().str();
  target.cpu = name.str();
  if (name == "native") {
    if (Triple(sys::getDefaultTargetTriple()).getArch() != Triple::x86_64)
      return createStringError("--target: 'native' is not an x86-64 CPU here; "
                               "name the CPU to compile for");
    target.cpu = sys::getHostCPUName().str();
    target.features = getHostFeatures();
  }
  auto any = describe("x86-64-v3", "");
  if (!any->isCPUStringValid(target.cpu))
    return reportUnknown(name);
  auto info = describe(target.cpu, target.features);
  if (!info->checkFeatures(kRequiredFeatures))
    return createStringError("--target: CPU '" + name +
                             "' has no AVX2 and FMA; accepted are x86-64-v3 "
                             "and everything above it");
  target.hasAvx512 = info->checkFeatures("+avx512f,+avx512vl");
  return target;
}

Error ssmc::checkRunsHere(const TargetCpu &target) {
  auto wanted = describe(target.cpu, target.features);
  StringMap<bool> here = sys::getHostCPUFeatures();
  for (StringRef feature : kComparedFeatures)
    if (wanted->checkFeatures(("+" + feature).str()) && !here.lookup(feature))
      return createStringError(
          "code for '" + target.cpu + "' does not run on this machine (" +
          sys::getHostCPUName() + "): it has no " + feature);
  return Error::success();
}

Expected<std::unique_ptr<TargetMachine>>
ssmc::createTargetMachine(const TargetCpu &target, CodeGenOptLevel level) {
  Triple triple(target.triple);
  const Target *backend = getX86(triple);
  if (!backend)
    return createStringError("LLVM has no code generator for '" +
                             target.triple + "'");
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Strict;
  options.UniqueSectionNames = true;
  std::unique_ptr<TargetMachine> machine(
      backend->createTargetMachine(triple, target.cpu, target.features, options,
                                   Reloc::PIC_, std::nullopt, level));
  if (!machine)
    return createStringError("LLVM cannot generate code for '" + target.cpu +
                             "'");
  return machine;
}
