//===- RuntimeConstants.cpp - What C code of runtime/ declares ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/RuntimeConstants.h"
#include "llvm/ADT/bit.h"
#include "llvm/IR/Constants.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>
#include <numeric>

using namespace llvm;
using namespace ssmc;

void ssmc::defineNumber(Module &module, StringRef name, uint64_t value) {
  GlobalVariable *constant = module.getGlobalVariable(name);
  if (!constant)
    return;
  constant->setInitializer(ConstantInt::get(constant->getValueType(), value));
  constant->setLinkage(GlobalValue::InternalLinkage);
  constant->setVisibility(GlobalValue::DefaultVisibility);
}

void ssmc::defineTable(Module &module, StringRef name,
                       ArrayRef<Constant *> rows, Type *rowType) {
  auto *type = ArrayType::get(rowType, rows.size());
  auto *table = new GlobalVariable(module, type, /*isConstant=*/true,
                                   GlobalValue::InternalLinkage,
                                   ConstantArray::get(type, rows));
  if (GlobalVariable *declared = module.getGlobalVariable(name)) {
    declared->replaceAllUsesWith(table);
    declared->eraseFromParent();
  }
  table->setName(name);
}

void ssmc::appendNumbers(Module &module, ArrayRef<int64_t> numbers,
                         SmallVectorImpl<Constant *> &row) {
  for (int64_t number : numbers)
    row.push_back(
        ConstantInt::get(Type::getInt64Ty(module.getContext()), number));
}

int64_t ssmc::getWeightsBytes(const ModelInfo &info) {
  return kRecordAlignment + info.packedBytes;
}

int64_t ssmc::getWorkspaceBytes(const ModelInfo &info) {
  // See slice_bytes of runtime/schedule.h.
  return alignTo(info.workspaceBytes, kRecordAlignment) + info.stateBytes;
}

int64_t ssmc::getLoadWorkspaceBytes(const ModelInfo &info) {
  // See place_tables of runtime/load.c.
  int64_t tables = info.tensors.size() * (sizeof(int64_t) + sizeof(int32_t));
  return info.rawBytes +
         alignTo(std::max(info.prepareBytes, tables), kRecordAlignment);
}

/// Appends `words` and a zero; returns where they begin.
static int64_t appendText(std::string &text, StringRef words) {
  int64_t begin = text.size();
  text += words.take_until([](char c) { return c == 0; });
  text += '\0';
  return begin;
}

/// The order (see runtime/tensors.h) of the smallest f32 above `bound`.
static int64_t getLeastOrder(double bound) {
  auto least = static_cast<float>(bound);
  if (least <= bound)
    least = std::nextafter(least, std::numeric_limits<float>::infinity());
  auto bits = llvm::bit_cast<int32_t>(least);
  return bits < 0 ? -int64_t(bits & INT32_MAX) : bits;
}

/// A row of the table of tensors (struct model_tensor of runtime/tensors.h).
static Expected<SmallVector<int64_t>> makeRow(const TensorEntry &tensor,
                                              std::string &text) {
  constexpr size_t kRank = 4, kName = 255;
  if (tensor.shape.size() > kRank || tensor.name.size() >= kName)
    return createStringError(
        "tensor '" + tensor.name + "' has " + Twine(tensor.shape.size()) +
        " dimensions and a name of " + Twine(tensor.name.size()) +
        " characters; weights that come at run time have "
        "at most 4 and 254");
  SmallVector<int64_t> row{appendText(text, tensor.name),
                           appendText(text, tensor.note),
                           int64_t(tensor.shape.size())};
  llvm::append_range(row, tensor.shape);
  row.resize(3 + kRank, 0);
  row.append({tensor.place, tensor.isOptional,
              tensor.above ? getLeastOrder(*tensor.above) : INT64_MIN});
  return row;
}

/// The numbers of tensors in the order of their names.
static SmallVector<int64_t> sortByName(ArrayRef<TensorEntry> tensors) {
  SmallVector<int64_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int64_t a, int64_t b) {
    return tensors[a].name < tensors[b].name;
  });
  return order;
}

Error ssmc::defineTensors(Module &module, const ModelInfo &info) {
  if (info.tensors.empty())
    return createStringError("a model without parameters has no weights that "
                             "could come at run time");
  std::string text;
  SmallVector<Constant *> rows, order;
  for (const TensorEntry &tensor : info.tensors) {
    auto numbers = makeRow(tensor, text);
    if (!numbers)
      return numbers.takeError();
    SmallVector<Constant *> row;
    appendNumbers(module, *numbers, row);
    rows.push_back(ConstantStruct::getAnon(row));
  }
  appendNumbers(module, sortByName(info.tensors), order);
  SmallVector<Constant *> characters;
  for (char c : text)
    characters.push_back(
        ConstantInt::get(Type::getInt8Ty(module.getContext()), uint8_t(c)));
  defineTable(module, "model_tensors", rows, rows.front()->getType());
  defineTable(module, "model_tensors_by_name", order, order.front()->getType());
  defineTable(module, "model_tensor_text", characters,
              characters.front()->getType());
  defineNumber(module, "model_tensor_count", rows.size());
  defineNumber(module, "model_hashed_tensors", info.hashedTensors);
  defineNumber(module, "model_raw_bytes", info.rawBytes);
  defineNumber(module, "model_load_workspace_bytes",
               getLoadWorkspaceBytes(info));
  return Error::success();
}
