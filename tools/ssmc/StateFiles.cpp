//===- StateFiles.cpp - Carried states in files and in memory -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/StateFiles.h"
#include "lib/Import/Safetensors.h"
#include "lib/Reference/RunModel.h"
#include "lib/Target/StateLayout.h"
#include <cstring>

using namespace llvm;
using namespace ssmc;
using Kind = StateEntry::Kind;

std::vector<StateEntry> ssmc::getStateEntries(mlir::ModuleOp module) {
  std::vector<StateEntry> entries;
  auto model = reference::getModelFunction(module);
  if (failed(model))
    return entries;
  for (unsigned i = 0; i < model->getNumArguments(); ++i) {
    auto path = model->getArgAttrOfType<mlir::StringAttr>(i, "ssm.state");
    if (!path)
      continue;
    auto type = cast<mlir::RankedTensorType>(model->getArgumentTypes()[i]);
    StateEntry entry;
    entry.path = path.str();
    entry.size = type.getRank() > 1 ? type.getShape().back() : 1;
    if (auto pool = model->getArgAttrOfType<mlir::StringAttr>(i, "ssm.pool")) {
      entry.path += "." + pool.str();
      entry.kind = type.getRank() > 1 ? Kind::Sums : Kind::Count;
    } else {
      bool isComplex = type.getDimSize(1) == 2;
      entry.kind = type.getRank() == 5
                       ? (isComplex ? Kind::Channels : Kind::Matrices)
                   : type.getRank() == 4 ? Kind::Oscillator
                                         : Kind::Diagonal;
      if (type.getRank() == 5)
        entry.shape = type.getShape().drop_front().vec();
    }
    entries.push_back(entry);
  }
  return entries;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static bool isFloatKind(Kind kind) { return kind != Kind::Count; }

/// A tensor of the file as the state `entry`, with the batch in front.
static Expected<Array> convertState(const StateEntry &entry,
                                    const ArrayView &value, int64_t batch) {
  SmallVector<int64_t, 4> inner;
  append_range(inner, getStateShape(entry));
  SmallVector<int64_t, 4> whole = {batch};
  append_range(whole, inner);
  if (value.shape != whole && !(batch == 1 && value.shape == inner))
    return createStringError(entry.path + " has shape " +
                             formatShape(value.shape) + "; expected " +
                             formatShape(batch == 1 ? inner : whole));
  if (isFloatKind(entry.kind) ? !isFloat(value.dtype)
                              : value.dtype != DType::I64)
    return createStringError(entry.path + " has type " + getName(value.dtype) +
                             "; expected " +
                             (isFloatKind(entry.kind) ? "F32 or F64" : "I64"));
  bool isCarriedInF32 = entry.isOfMixer() && entry.kind != Kind::Oscillator;
  std::optional<std::string> problem = value.describeOverflow();
  if (isCarriedInF32 && problem)
    return createStringError(entry.path + " " + *problem);
  Array state = Array::copyOf(value);
  if (isFloatKind(entry.kind))
    state = Array::fromF64(whole, value.toF64());
  state.shape = whole;
  return state;
}

Expected<StateMap>
ssmc::readStates(StringRef path, ArrayRef<StateEntry> entries, int64_t batch) {
  auto file = SafetensorsFile::open(path);
  if (!file)
    return file.takeError();
  StateMap states;
  for (const StateEntry &entry : entries) {
    const NamedTensor *tensor = file->find(entry.path);
    if (!tensor)
      return createStringError("there is no state " + entry.path);
    auto state = convertState(entry, tensor->value, batch);
    if (!state)
      return state.takeError();
    states[entry.path] = std::move(*state);
  }
  for (const NamedTensor &tensor : file->getTensors())
    if (!states.count(tensor.name))
      return createStringError("the model has no state " + tensor.name);
  return states;
}

void ssmc::writeStates(raw_ostream &os, const StateMap &states,
                       bool isBatched) {
  std::vector<NamedTensor> tensors;
  for (const auto &[name, state] : states) {
    ArrayView view = state.view();
    if (!isBatched)
      view.shape.erase(view.shape.begin());
    tensors.push_back({name, view});
  }
  writeSafetensors(os, tensors);
}

//===----------------------------------------------------------------------===//
// Records
//===----------------------------------------------------------------------===//

void ssmc::packStates(const StateMap &states, const ModelInfo &info,
                      int64_t batch, char *records) {
  for (const StateEntry &entry : info.states) {
    const Array &state = states.at(entry.path);
    int64_t count = *getNumElements(ArrayRef(state.shape).drop_front());
    std::vector<double> values =
        entry.isOfMixer() ? state.view().toF64() : std::vector<double>();
    for (int64_t b = 0; b < batch; ++b) {
      char *record = records + b * info.stateBytes;
      if (entry.isOfMixer())
        packState(entry, ArrayRef(values).slice(b * count, count), record);
      else // f64 sums and an int64 count lie there as they are
        std::memcpy(record + entry.offset, state.bytes.data() + b * count * 8,
                    count * 8);
    }
  }
}

static Array unpackMixer(const StateEntry &entry, const ModelInfo &info,
                         ArrayRef<int64_t> shape, const char *records) {
  int64_t count = *getNumElements(shape.drop_front());
  std::vector<double> values(*getNumElements(shape));
  for (int64_t b = 0; b < shape.front(); ++b)
    unpackState(entry, records + b * info.stateBytes,
                MutableArrayRef(values).slice(b * count, count));
  if (entry.kind == Kind::Oscillator) // carried in f64: nothing is lost
    return Array::fromF64(shape, values);
  std::vector<float> narrow(values.begin(), values.end());
  return Array::fromF32(shape, narrow);
}

static Array unpackPlain(const StateEntry &entry, const ModelInfo &info,
                         ArrayRef<int64_t> shape, const char *records) {
  Array array;
  array.shape.assign(shape.begin(), shape.end());
  array.dtype = entry.kind == Kind::Sums ? DType::F64 : DType::I64;
  for (int64_t b = 0; b < shape.front(); ++b) {
    const char *from = records + b * info.stateBytes + entry.offset;
    array.bytes.insert(array.bytes.end(), from, from + entry.size * 8);
  }
  return array;
}

StateMap ssmc::unpackStates(const ModelInfo &info, int64_t batch,
                            const char *records) {
  StateMap states;
  for (const StateEntry &entry : info.states) {
    SmallVector<int64_t, 4> shape = {batch};
    append_range(shape, getStateShape(entry));
    states[entry.path] = entry.isOfMixer()
                             ? unpackMixer(entry, info, shape, records)
                             : unpackPlain(entry, info, shape, records);
  }
  return states;
}

//===----------------------------------------------------------------------===//
// The interpreter
//===----------------------------------------------------------------------===//

/// (B, channels, modes, [re, im]) to (B, [re, im], 1, modes, channels).
static reference::Tensor moveChannelsLast(const reference::Tensor &state) {
  int64_t batch = state.shape[0], channels = state.shape[1],
          modes = state.shape[2];
  auto moved = reference::Tensor::ofFloats({batch, 2, 1, modes, channels});
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < channels; ++h)
      for (int64_t n = 0; n < modes; ++n)
        for (int64_t part : {0, 1})
          moved.floats()[((b * 2 + part) * modes + n) * channels + h] =
              state.floats()[((b * channels + h) * modes + n) * 2 + part];
  return moved;
}

/// (B, modes, ...) to (B, ..., modes).
static reference::Tensor moveModesLast(const reference::Tensor &state) {
  int64_t batch = state.shape[0], modes = state.shape[1];
  int64_t inner = 1;
  SmallVector<int64_t> shape = {batch};
  for (int64_t size : ArrayRef(state.shape).drop_front(2)) {
    inner *= size;
    shape.push_back(size);
  }
  shape.push_back(modes);
  auto moved = reference::Tensor::ofFloats(shape);
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t m = 0; m < modes; ++m)
      for (int64_t i = 0; i < inner; ++i)
        moved.floats()[(b * inner + i) * modes + m] =
            state.floats()[(b * modes + m) * inner + i];
  return moved;
}

reference::Tensor ssmc::toReference(const Array &x) {
  if (x.dtype != DType::I32)
    return {x.shape, x.view().toF64()};
  std::vector<int32_t> ids = *x.view().toI32();
  return {x.shape, std::vector<int64_t>(ids.begin(), ids.end())};
}

std::map<std::string, reference::Tensor>
ssmc::toReference(const StateMap &states, ArrayRef<StateEntry> entries) {
  std::map<std::string, reference::Tensor> tensors;
  for (const StateEntry &entry : entries) {
    const Array &state = states.at(entry.path);
    if (entry.kind == Kind::Count) {
      std::vector<int64_t> counts(state.view().getNumElements());
      std::memcpy(counts.data(), state.bytes.data(), state.bytes.size());
      tensors[entry.path] = reference::Tensor(state.shape, std::move(counts));
      continue;
    }
    reference::Tensor tensor(state.shape, state.view().toF64());
    if (entry.kind == Kind::Matrices)
      tensor.shape.insert(tensor.shape.begin() + 1, 1);
    tensors[entry.path] =
        entry.kind == Kind::Sums || entry.kind == Kind::Matrices ? tensor
        : entry.kind == Kind::Channels ? moveChannelsLast(tensor)
                                       : moveModesLast(tensor);
  }
  return tensors;
}

StateMap
ssmc::fromReference(const std::map<std::string, reference::Tensor> &states) {
  StateMap arrays;
  for (const auto &[path, state] : states) {
    if (!state.isFloat()) {
      Array counts{{state.shape.begin(), state.shape.end()}, DType::I64, {}};
      counts.bytes.resize(state.ints().size() * sizeof(int64_t));
      std::memcpy(counts.bytes.data(), state.ints().data(),
                  counts.bytes.size());
      arrays[path] = std::move(counts);
      continue;
    }
    reference::Tensor golden =
        state.shape.size() > 2 ? reference::toGoldenLayout(state) : state;
    arrays[path] = Array::fromF64(golden.shape, golden.floats());
  }
  return arrays;
}
