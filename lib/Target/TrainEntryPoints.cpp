//===- TrainEntryPoints.cpp - The C API of training mode ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/TrainEntryPoints.h"
#include "lib/Target/EmitObject.h"
#include "lib/Target/EntryPointParts.h"
#include "lib/Target/EntryPoints.h"
#include "lib/Target/RuntimeConstants.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace ssmc;

/// runtime/train_entry_points.c as LLVM bitcode, for each system.
static const unsigned char kX86Linux[] = {
#include "lib/Target/TrainEntryPoints.x86_64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kX86Windows[] = {
#include "lib/Target/TrainEntryPoints.x86_64-pc-windows-msvc.bc.inc"
};
static const unsigned char kArmLinux[] = {
#include "lib/Target/TrainEntryPoints.aarch64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kArmMac[] = {
#include "lib/Target/TrainEntryPoints.arm64-apple-macosx11.0.0.bc.inc"
};
static const unsigned char kRiscvLinux[] = {
#include "lib/Target/TrainEntryPoints.riscv64-unknown-linux-gnu.bc.inc"
};

static constexpr StringRef kRows = "ssm_train_rows";

/// As in runtime/train_model.h.
static constexpr size_t kMostSplits = 8, kMostKeys = 8;

static StringRef findEntryPoints(const Triple &triple) {
  if (triple.getArch() == Triple::x86_64)
    return triple.isOSWindows() ? asText(kX86Windows) : asText(kX86Linux);
  if (triple.isAArch64())
    return triple.isOSDarwin() ? asText(kArmMac) : asText(kArmLinux);
  return triple.isRISCV64() ? asText(kRiscvLinux) : StringRef();
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// A table: never without a row, so that there is something to point to.
static void defineRows(Module &module, StringRef name,
                       std::vector<Constant *> rows, Type *rowType) {
  if (rows.empty())
    rows.push_back(Constant::getNullValue(rowType));
  defineTable(module, name, rows, rowType);
}

/// A table whose rows are `width` numbers each.
static void defineNumbers(Module &module, StringRef name,
                          ArrayRef<SmallVector<uint64_t>> rows, size_t width) {
  LLVMContext &context = module.getContext();
  std::vector<Constant *> constants;
  for (ArrayRef<uint64_t> row : rows)
    constants.push_back(ConstantDataArray::get(context, row));
  defineRows(module, name, std::move(constants),
             ArrayType::get(Type::getInt64Ty(context), width));
}

static void defineNorms(Module &module, const TrainingInfo &training) {
  LLVMContext &context = module.getContext();
  Type *number = Type::getInt64Ty(context), *real = Type::getDoubleTy(context);
  auto *type = StructType::get(context, {number, number, real, real});
  std::vector<Constant *> rows;
  int64_t offset = 0;
  for (const TrainingNorm &norm : training.norms) {
    SmallVector<Constant *> row;
    appendNumbers(module, {norm.features, offset}, row);
    row.append({ConstantFP::get(real, norm.epsilon),
                ConstantFP::get(real, norm.momentum)});
    rows.push_back(ConstantStruct::get(type, row));
    offset += norm.getBytes();
  }
  defineRows(module, "train_norms", std::move(rows), type);
}

static Error defineKeys(Module &module, const TrainingInfo &training) {
  std::vector<SmallVector<uint64_t>> rows;
  for (const TrainingStep &step : training.steps)
    for (const std::vector<int64_t> &splits : step.keys) {
      if (splits.size() > kMostSplits || step.keys.size() > kMostKeys)
        return createStringError(
            "a layer draws from " + Twine(step.keys.size()) +
            " keys, one of which is split " + Twine(splits.size()) +
            " times; expected at most 8 of both");
      SmallVector<uint64_t> &row = rows.emplace_back();
      row.push_back(splits.size());
      row.append(splits.begin(), splits.end());
      row.resize(1 + kMostSplits, 0);
    }
  defineNumbers(module, "train_keys", rows, 1 + kMostSplits);
  return Error::success();
}

static void defineSteps(Module &module, const TrainingInfo &training) {
  constexpr size_t kNumbers = 9;
  std::vector<SmallVector<uint64_t>> rows;
  uint64_t keys = 0;
  for (const TrainingStep &step : training.steps) {
    int64_t numbers[kNumbers - 1] = {
        step.unit,    static_cast<int64_t>(step.kind),
        step.blob,    step.norm,
        step.in,      step.out,
        step.inPlace, static_cast<int64_t>(step.keys.size())};
    SmallVector<uint64_t> &row =
        rows.emplace_back(std::begin(numbers), std::end(numbers));
    row.push_back(keys);
    keys += step.keys.size();
  }
  defineNumbers(module, "train_steps", rows, kNumbers);
}

/// The most floats of a row between two steps, and how many buffers such rows
/// take: from one into the other, where a step is not in place.
static std::pair<int64_t, int64_t> measureRows(const TrainingInfo &training) {
  int64_t width = 1, written = 0;
  for (const TrainingStep &step : ArrayRef(training.steps).drop_back()) {
    if (step.kind != TrainingStep::Kind::Rows)
      continue;
    width = std::max(width, step.out);
    written += !step.inPlace;
  }
  return {width, written > 1 ? 2 : 1};
}

static Error defineTraining(Module &module, const ModelInfo &info) {
  const TrainingInfo &training = *info.training;
  constexpr int64_t kPanel = 16;
  int64_t features = kPanel;
  for (const TrainingNorm &norm : training.norms)
    features = std::max<int64_t>(features, alignTo(norm.features, kPanel));
  auto [width, buffers] = measureRows(training);
  std::pair<StringRef, int64_t> numbers[] = {
      {"train_step_count", training.steps.size()},
      {"train_state_bytes", alignTo(training.stateBytes, kRecordAlignment)},
      {"train_workspace_bytes",
       alignTo(training.workspaceBytes, kRecordAlignment)},
      {"train_chunk_rows", training.rowsPerChunk},
      {"train_width", width},
      {"train_buffers", buffers},
      {"train_features", features},
      {"train_blob_offset", training.blobOffset},
      {"train_statistics_offset", training.statisticsOffset}};
  for (auto [name, value] : numbers)
    defineNumber(module, name, value);
  defineNorms(module, training);
  defineSteps(module, training);
  return defineKeys(module, training);
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// Links the runtime first: what the model's other entry points declare alike
/// is then one declaration.
static Error linkEntryPoints(Module &module, const ModelInfo &info) {
  if (Error error =
          linkRuntime(module, findEntryPoints(module.getTargetTriple())))
    return error;
  return defineTraining(module, info);
}

/// Makes all but ssm_train_rows local, under names that nothing else has.
static void makeLocal(Module &module) {
  for (GlobalValue &value : module.global_values()) {
    if (value.isDeclaration() || value.getName() == kRows)
      continue;
    value.setLinkage(GlobalValue::InternalLinkage);
    value.setName("train." + value.getName());
  }
}

Error ssmc::addTraining(Module &module, mlir::ModuleOp training,
                        const ModelInfo &info) {
  auto lowered = translateToLLVM(training, module.getContext());
  if (!lowered)
    return lowered.takeError();
  (*lowered)->setTargetTriple(module.getTargetTriple());
  (*lowered)->setDataLayout(module.getDataLayout());
  Function *rows = (*lowered)->getFunction(kRows);
  if (!rows || rows->isDeclaration())
    return createStringError("the lowered model has no function " + kRows);
  rows->addFnAttr(Attribute::NoInline);
  makeLocal(**lowered);
  if (Linker::linkModules(module, std::move(*lowered)))
    return createStringError("training mode's functions do not fit the others");
  return linkEntryPoints(module, info);
}

Error ssmc::addSharedTraining(Module &module, const ModelInfo &info) {
  if (Error error = linkEntryPoints(module, info))
    return error;
  module.getFunction(("MODEL_" + kTrainFunction).str())->deleteBody();
  return Error::success();
}
