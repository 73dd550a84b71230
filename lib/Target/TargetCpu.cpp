//===- TargetCpu.cpp - The CPU that code is generated for -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/TargetCpu.h"
#include "lib/Target/CudaTarget.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include <mutex>

using namespace llvm;
using namespace ssmc;

/// What every supported x86-64 CPU has: x86-64-v3's vectors and FMA. Without
/// FMA each lane would be a call of fmaf.
static constexpr StringRef kRequiredFeatures = "+avx2,+fma,+bmi2";

static constexpr StringLiteral kNativeTriple = "x86_64-unknown-linux-gnu";

namespace {
/// A system by triple.
struct KnownSystem {
  StringRef name; // what the user says
  StringRef triple, cpu, features, abi;
};
} // namespace

/// All have fused multiply-adds in what every one of their CPUs has.
static constexpr KnownSystem kSystems[] = {
    // Armv8-A: NEON.
    {"aarch64-linux-gnu", "aarch64-unknown-linux-gnu", "generic", "", ""},
    {"arm64-apple-macosx", "arm64-apple-macosx11.0.0", "apple-m1", "", ""},
    // RV64GC, what distributions are built for: scalar instructions.
    {"riscv64-linux-gnu", "riscv64-unknown-linux-gnu", "generic-rv64",
     "+m,+a,+f,+d,+c", "lp64d"},
    // What all of kDefaultTargets are for.
    {"x86_64-linux-gnu", kNativeTriple, "x86-64-v3", "", ""},
    {"x86_64-pc-windows-msvc", "x86_64-pc-windows-msvc", "x86-64-v3", "", ""},
};

static void registerBackends() {
  static std::once_flag once;
  std::call_once(once, [] {
#define SSMC_REGISTER(name)                                                    \
  LLVMInitialize##name##TargetInfo();                                          \
  LLVMInitialize##name##Target();                                              \
  LLVMInitialize##name##TargetMC();                                            \
  LLVMInitialize##name##AsmPrinter();                                          \
  LLVMInitialize##name##AsmParser();
    SSMC_REGISTER(X86)
    SSMC_REGISTER(AArch64)
    SSMC_REGISTER(RISCV)
#undef SSMC_REGISTER
  });
}

static const Target *getBackend(const Triple &triple) {
  registerBackends();
  std::string ignored;
  return TargetRegistry::lookupTarget(triple, ignored);
}

static std::unique_ptr<MCSubtargetInfo> describe(StringRef cpu,
                                                 StringRef features) {
  Triple triple(kNativeTriple);
  return std::unique_ptr<MCSubtargetInfo>(
      getBackend(triple)->createMCSubtargetInfo(triple, cpu, features));
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

std::vector<std::string> ssmc::getTargetTriples() {
  std::vector<std::string> names;
  for (const KnownSystem &system : kSystems)
    names.push_back(system.name.str());
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
  std::vector<std::string> cpus = getTargetCpuNames();
  std::vector<std::string> triples = getTargetTriples();
  std::string message = "--target: unknown CPU or system '" + name.str() + "'";
  std::vector<std::string> known = cpus;
  llvm::append_range(known, triples);
  auto nearest = llvm::min_element(known, [&](const auto &a, const auto &b) {
    return name.edit_distance(a) < name.edit_distance(b);
  });
  // Two names of which every third letter differs have nothing in common.
  if (name.edit_distance(*nearest) <= std::min<size_t>(3, name.size() / 3))
    message += "; did you mean '" + *nearest + "'?";
  message += "\nnote: x86-64 CPUs: " + llvm::join(cpus, ", ");
  message += "\nnote: systems: " + llvm::join(triples, ", ");
  return createStringError(message);
}

/// The system that `name` says, in this or another spelling of the triple.
static const KnownSystem *findSystem(StringRef name) {
  Triple wanted(Triple::normalize(name));
  if (wanted.getArch() == Triple::UnknownArch)
    return nullptr;
  for (const KnownSystem &system : kSystems) {
    Triple known(system.triple);
    bool isMac = known.isMacOSX() && wanted.isMacOSX();
    if (wanted.getArch() == known.getArch() &&
        (isMac || (wanted.getOS() == known.getOS() &&
                   wanted.getEnvironment() == known.getEnvironment())))
      return &system;
  }
  return nullptr;
}

static Expected<TargetCpu> completeX86(StringRef name, TargetCpu target) {
  if (!describe("x86-64-v3", "")->isCPUStringValid(target.cpu))
    return reportUnknown(name);
  auto info = describe(target.cpu, target.features);
  if (!info->checkFeatures(kRequiredFeatures))
    return createStringError("--target: CPU '" + name +
                             "' has no AVX2 and FMA; accepted are x86-64-v3 "
                             "and everything above it");
  auto has = [&](StringRef feature) {
    return info->checkFeatures(("+" + feature).str());
  };
  target.hasAvx512 = has("avx512f") && has("avx512vl");
  target.needs = getCpuNeeds(has);
  target.isDispatched = target.triple.isOSBinFormatELF();
  return target;
}

Expected<TargetCpu> ssmc::resolveTargetCpu(StringRef name) {
  if (isCudaTarget(name))
    return createStringError("--target: '" + name +
                             "' is for GPUs, which only compile and run take");
  TargetCpu target;
  if (const KnownSystem *system = findSystem(name)) {
    target.triple = Triple(system->triple);
    target.cpu = system->cpu.str();
    target.features = system->features.str();
    target.abi = system->abi.str();
    return target.isX86() ? completeX86(name, std::move(target)) : target;
  }
  target.triple = Triple(kNativeTriple);
  target.cpu = name.str();
  if (name == "native") {
    if (Triple(sys::getDefaultTargetTriple()).getArch() != Triple::x86_64)
      return createStringError("--target: 'native' is not an x86-64 CPU here; "
                               "name the CPU to compile for");
    target.cpu = sys::getHostCPUName().str();
    target.features = getHostFeatures();
  }
  return completeX86(name, std::move(target));
}

/// How much a CPU must have for the code to run.
static int countNeeds(const TargetCpu &target) {
  int count = 0;
  for (uint32_t word : target.needs)
    count += llvm::popcount(word);
  return count;
}

Expected<std::vector<TargetCpu>> ssmc::resolveTargets(StringRef list) {
  const KnownSystem *system =
      list.contains(',') ? nullptr : findSystem(list.trim());
  if (system && system->triple == kNativeTriple)
    list = kDefaultTargets;
  SmallVector<StringRef> names;
  list.split(names, ',');
  std::vector<TargetCpu> targets;
  for (StringRef name : names) {
    if (isCudaTarget(name.trim()))
      return createStringError("--target: '" + name.trim() +
                               "' in a list of CPUs; an object is for CPUs or "
                               "for GPUs, not both");
    auto target = resolveTargetCpu(name.trim());
    if (!target)
      return target.takeError();
    if (names.size() > 1 && findSystem(name.trim()))
      return createStringError("--target: '" + name +
                               "' in a list; a list names x86-64 CPUs, systems "
                               "have an object each");
    for (const TargetCpu &other : targets)
      if (other.cpu == target->cpu)
        return createStringError("--target: CPU '" + target->cpu +
                                 "' is named twice");
    targets.push_back(std::move(*target));
  }
  llvm::stable_sort(targets, [](const TargetCpu &a, const TargetCpu &b) {
    return countNeeds(a) < countNeeds(b);
  });
  return targets;
}

Error ssmc::checkRunsHere(const TargetCpu &target) {
  Triple here(sys::getDefaultTargetTriple());
  if (target.triple.getArch() != here.getArch() ||
      target.triple.getOS() != here.getOS())
    return createStringError("code for '" + target.triple.str() +
                             "' does not run on this machine (" + here.str() +
                             ")");
  auto wanted = describe(target.cpu, target.features);
  StringMap<bool> has = sys::getHostCPUFeatures();
  for (StringRef feature : getDecidingFeatures())
    if (wanted->checkFeatures(("+" + feature).str()) && !has.lookup(feature))
      return createStringError(
          "code for '" + target.cpu + "' does not run on this machine (" +
          sys::getHostCPUName() + "): it has no " + feature);
  return Error::success();
}

Expected<std::unique_ptr<TargetMachine>>
ssmc::createTargetMachine(const TargetCpu &target, CodeGenOptLevel level) {
  const Target *backend = getBackend(target.triple);
  if (!backend)
    return createStringError("LLVM has no code generator for '" +
                             target.triple.str() + "'");
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Strict;
  options.UniqueSectionNames = true;
  options.MCOptions.ABIName = target.abi;
  std::unique_ptr<TargetMachine> machine(
      backend->createTargetMachine(target.triple, target.cpu, target.features,
                                   options, Reloc::PIC_, std::nullopt, level));
  if (!machine)
    return createStringError("LLVM cannot generate code for '" + target.cpu +
                             "'");
  return machine;
}
