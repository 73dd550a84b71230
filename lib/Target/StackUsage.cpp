//===- StackUsage.cpp - How much stack functions take ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/StackUsage.h"
#include "lib/Target/EmitObject.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace ssmc;

/// Functions that `function` calls, or passes on to be called.
static SetVector<const Function *> findCallees(const Function &function) {
  SetVector<const Function *> callees;
  for (const BasicBlock &block : function)
    for (const Instruction &instruction : block) {
      auto *call = dyn_cast<CallBase>(&instruction);
      if (!call || isa<IntrinsicInst>(call))
        continue;
      // The called function is an operand like those in the arguments.
      for (const Use &operand : call->operands())
        if (auto *callee = dyn_cast<Function>(operand->stripPointerCasts()))
          callees.insert(callee);
    }
  return callees;
}

/// Frames by function, from the table that LLVM writes for GCC's -fstack-usage:
/// lines of "file:function TAB bytes TAB kind".
static Expected<StringMap<int64_t>> readTable(StringRef path) {
  auto table = MemoryBuffer::getFile(path);
  if (!table)
    return createStringError("cannot read the table of frames: " +
                             table.getError().message());
  StringMap<int64_t> frames;
  SmallVector<StringRef> lines;
  (*table)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    auto [place, rest] = line.split('\t');
    auto [bytes, kind] = rest.split('\t');
    StringRef name = place.rsplit(':').second;
    int64_t size = 0;
    if (bytes.getAsInteger(10, size))
      return createStringError("the table of frames has the line '" + line +
                               "'; expected a function and its bytes");
    if (kind != "static")
      return createStringError("the frame of " + name +
                               " has no size that is known before it runs");
    frames[name] = size;
  }
  return frames;
}

static Expected<StringMap<int64_t>> generateFrames(Module &module,
                                                   TargetMachine &machine) {
  SmallString<128> path;
  if (std::error_code error =
          sys::fs::createTemporaryFile("ssmc-stack", "su", path))
    return createStringError("cannot create a temporary file: " +
                             error.message());
  FileRemover remover(path);
  std::string before = machine.Options.StackUsageOutput;
  machine.Options.StackUsageOutput = path.str().str();
  auto object = emitMachineCode(module, machine, CodeKind::Object);
  machine.Options.StackUsageOutput = before;
  if (!object)
    return object.takeError();
  return readTable(path);
}

namespace {
/// Sums frames along chains of calls.
class StackSums {
public:
  StackSums(const StringMap<int64_t> &frames,
            const StringMap<SetVector<StringRef>> &callees, int64_t perCall)
      : frames(frames), callees(callees), perCall(perCall) {}

  Expected<int64_t> sum(StringRef function) {
    if (auto known = sums.find(function); known != sums.end()) {
      if (known->second < 0)
        return createStringError("'" + function +
                                 "' calls itself: its stack has no limit");
      return known->second;
    }
    // Not of this module, or inlined wherever it was called.
    auto frame = frames.find(function);
    if (frame == frames.end())
      return 0;
    sums[function] = -1;
    int64_t deepest = 0;
    if (auto called = callees.find(function); called != callees.end())
      for (StringRef callee : called->second) {
        auto below = sum(callee);
        if (!below)
          return below.takeError();
        deepest = std::max(deepest, *below);
      }
    return sums[function] = frame->second + perCall + deepest;
  }

private:
  const StringMap<int64_t> &frames;
  const StringMap<SetVector<StringRef>> &callees;
  int64_t perCall;
  StringMap<int64_t> sums;
};
} // namespace

Expected<std::map<std::string, int64_t>>
ssmc::measureStack(Module &module, TargetMachine &machine) {
  // Names outlive what code generation does to functions.
  StringMap<SetVector<StringRef>> callees;
  std::vector<std::string> roots;
  StringMap<char> names;
  auto keep = [&](StringRef name) {
    return names.try_emplace(name).first->getKey();
  };
  for (const Function &function : module) {
    if (function.isDeclaration())
      continue;
    if (!function.hasLocalLinkage())
      roots.push_back(function.getName().str());
    for (const Function *callee : findCallees(function))
      callees[function.getName()].insert(keep(callee->getName()));
  }
  // x86 pushes a return address, which is no part of a frame.
  int64_t perCall = module.getTargetTriple().isX86()
                        ? module.getDataLayout().getPointerSize()
                        : 0;
  auto frames = generateFrames(module, machine);
  if (!frames)
    return frames.takeError();
  StackSums sums(*frames, callees, perCall);
  std::map<std::string, int64_t> worst;
  for (const std::string &root : roots) {
    auto bytes = sums.sum(root);
    if (!bytes)
      return bytes.takeError();
    worst[root] = *bytes;
  }
  return worst;
}
