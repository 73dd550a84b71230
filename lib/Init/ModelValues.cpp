//===- ModelValues.cpp - The parameters that are being filled -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/ModelValues.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace ssmc;

ModelValues::ModelValues(ArrayRef<ParameterSpec> specs)
    : specs(specs), arrays(specs.size()) {
  for (auto [i, spec] : llvm::enumerate(specs)) {
    indices[spec.name] = i;
    StringRef part = StringRef(spec.name).rsplit('.').first;
    partIndices[part.rsplit('.').first].push_back(i);
  }
}

const ParameterSpec *ValueScope::find(StringRef name) const {
  auto it = values.indices.find((path + "." + name).str());
  return it == values.indices.end() ? nullptr : &values.specs[it->second];
}

std::optional<Array> &ValueScope::getSlot(const ParameterSpec *spec) const {
  assert(spec && "the model has the parameter");
  return values.arrays[spec - values.specs.data()];
}

ArrayRef<int64_t> ValueScope::getShape(StringRef name) const {
  const ParameterSpec *spec = find(name);
  assert(spec && "the model has the parameter");
  return spec->shape;
}

int64_t ValueScope::getSize(StringRef name) const {
  return *getNumElements(getShape(name));
}

void ValueScope::set(StringRef name, ArrayRef<float> numbers) const {
  assert(int64_t(numbers.size()) == getSize(name) && "one number per element");
  getSlot(find(name)) = Array::fromF32(getShape(name), numbers);
}

void ValueScope::setFlag(StringRef name, bool value) const {
  getSlot(find(name)) = Array{{}, DType::Bool, {char(value)}};
}

std::vector<std::string> ValueScope::findParts(StringRef name) const {
  std::vector<std::string> parts;
  for (size_t index : values.partIndices.lookup(path)) {
    auto [part, last] = StringRef(values.specs[index].name).rsplit('.');
    if (last == name)
      parts.push_back(part.rsplit('.').second.str());
  }
  return parts;
}
