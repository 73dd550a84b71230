//===- ModelValues.h - The parameters that are being filled -----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_INIT_MODELVALUES_H
#define SSMC_LIB_INIT_MODELVALUES_H

#include "lib/Import/Array.h"
#include "lib/Import/Parameters.h"
#include "llvm/ADT/StringMap.h"
#include <optional>

namespace ssmc {

/// A value for each of a model's parameters.
class ModelValues {
public:
  explicit ModelValues(llvm::ArrayRef<ParameterSpec> specs);

  /// In the order of the specs; nothing where none is set yet.
  llvm::MutableArrayRef<std::optional<Array>> getArrays() { return arrays; }

private:
  friend class ValueScope;
  llvm::ArrayRef<ParameterSpec> specs;
  std::vector<std::optional<Array>> arrays;
  llvm::StringMap<size_t> indices;
  /// By path: the parameters of its parts.
  llvm::StringMap<std::vector<size_t>> partIndices;
};

/// The parameters below one path, by what their names add to it.
class ValueScope {
public:
  ValueScope(ModelValues &values, std::string path)
      : values(values), path(std::move(path)) {}

  ValueScope operator/(const llvm::Twine &name) const {
    return {values, (path + "." + name).str()};
  }
  bool has(llvm::StringRef name) const { return find(name) != nullptr; }
  /// The shape of a parameter that the model has.
  llvm::ArrayRef<int64_t> getShape(llvm::StringRef name) const;
  /// The number of elements of a parameter that the model has.
  int64_t getSize(llvm::StringRef name) const;
  /// Sets a parameter that the model has; one number per element, C order.
  void set(llvm::StringRef name, llvm::ArrayRef<float> numbers) const;
  /// Sets a BOOL of shape ().
  void setFlag(llvm::StringRef name, bool value) const;
  /// The parts that have a parameter called `name`, in the model's order:
  /// `w1` and `w2` of a GLU for `weight`.
  std::vector<std::string> findParts(llvm::StringRef name) const;

private:
  ModelValues &values;
  std::string path;

  const ParameterSpec *find(llvm::StringRef name) const;
  std::optional<Array> &getSlot(const ParameterSpec *spec) const;
};

} // namespace ssmc

#endif // SSMC_LIB_INIT_MODELVALUES_H
