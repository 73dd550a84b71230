//===- CudaTarget.cpp - The GPUs that code is generated for ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CudaTarget.h"
#include "lib/Target/EmitPtx.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;
using namespace ssmc;

static constexpr StringLiteral kBinary = "sm_", kVirtual = "compute_";

SmallVector<unsigned> CudaTarget::getAll() const {
  SmallVector<unsigned> all = cubins;
  llvm::append_range(all, ptx);
  llvm::sort(all);
  all.erase(llvm::unique(all), all.end());
  return all;
}

bool ssmc::isCudaTarget(StringRef list) { return list.starts_with("cuda"); }

static std::vector<std::string> listNames(StringRef front) {
  std::vector<std::string> names;
  for (unsigned number : getPtxArchitectures())
    names.push_back(front.str() + utostr(number));
  return names;
}

/// `message`, and what would be accepted.
static Error reject(const Twine &message) {
  return createStringError(
      "--target: " + message +
      "\nnote: machine code for GPUs: " + llvm::join(listNames(kBinary), ", ") +
      "\nnote: PTX, which the driver compiles for a GPU and all later ones: " +
      llvm::join(listNames(kVirtual), ", "));
}

static Error rejectName(StringRef name) {
  StringRef digits = name;
  bool isBinary = digits.consume_front(kBinary);
  StringRef front = isBinary || !digits.consume_front(kVirtual)
                        ? StringRef(kBinary)
                        : StringRef(kVirtual);
  std::vector<std::string> known = listNames(front);
  // sm_90a, sm_100f: code for one kind of GPU only.
  if (digits.ends_with("a") || digits.ends_with("f"))
    if (std::string plain = name.drop_back().str();
        llvm::is_contained(known, plain))
      return reject("'" + name + "' is a variant of '" + plain +
                    "', of which nothing is used; expected '" + plain + "'");
  // "sm_8", then "sm80".
  auto nearest = llvm::find_if(known, [&](StringRef candidate) {
    return name.size() > front.size() && candidate.starts_with(name);
  });
  if (nearest == known.end())
    nearest = llvm::find_if(known, [&](StringRef candidate) {
      return name.edit_distance(candidate) <= 1;
    });
  std::string hint;
  if (nearest != known.end())
    hint = "; did you mean '" + *nearest + "'?";
  return reject("unknown GPU architecture '" + name + "'" + hint);
}

static bool namesCpu(StringRef name) {
  auto cpu = resolveTargetCpu(name);
  consumeError(cpu.takeError());
  return static_cast<bool>(cpu);
}

Expected<CudaTarget> ssmc::parseCudaTarget(StringRef list) {
  StringRef rest = list;
  if (!rest.consume_front("cuda:") || rest.empty())
    return reject("'" + list +
                  "' names no GPU architecture; expected cuda:sm_NN, a list "
                  "cuda:sm_NN,sm_NN,... or cuda:compute_NN");
  std::vector<unsigned> known = getPtxArchitectures();
  CudaTarget target;
  SmallVector<StringRef> names;
  rest.split(names, ',');
  for (StringRef name : names) {
    name = name.trim();
    name.consume_front("cuda:");
    StringRef digits = name;
    bool isBinary = digits.consume_front(kBinary);
    unsigned number;
    if ((!isBinary && !digits.consume_front(kVirtual)) ||
        digits.starts_with("0") || digits.getAsInteger(10, number) ||
        !llvm::is_contained(known, number)) {
      if (names.size() > 1 && namesCpu(name))
        return createStringError("--target: '" + name +
                                 "' in a list of GPUs; an object is for CPUs "
                                 "or for GPUs, not both");
      return rejectName(name);
    }
    SmallVector<unsigned> &place = isBinary ? target.cubins : target.ptx;
    if (llvm::is_contained(place, number))
      return createStringError("--target: '" + name + "' is named twice");
    place.push_back(number);
  }
  llvm::sort(target.cubins);
  llvm::sort(target.ptx);
  if (target.ptx.empty())
    target.ptx.push_back(target.cubins.back());
  return target;
}

Expected<TargetCpu> ssmc::getCudaHost() {
  Triple here(sys::getDefaultTargetTriple());
  if (here.isOSLinux() && here.isAArch64())
    return resolveTargetCpu("aarch64-linux-gnu");
  if (!here.isOSLinux() || here.getArch() != Triple::x86_64)
    return createStringError("--target: code for GPUs is made on x86-64 and "
                             "Arm machines with Linux, not on '" +
                             here.str() + "'");
  TargetCpu host;
  host.triple = Triple("x86_64-unknown-linux-gnu");
  host.cpu = "x86-64";
  return host;
}
