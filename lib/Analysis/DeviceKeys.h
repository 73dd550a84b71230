//===- DeviceKeys.h - Numbers about a device in the IR ----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How descriptions of devices are read from `#dlti.target_system_spec` and
// written to it: each is a struct of numbers and a table of keys, one for each
// of its members.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_DEVICEKEYS_H
#define SSMC_LIB_ANALYSIS_DEVICEKEYS_H

#include "mlir/IR/BuiltinOps.h"

namespace ssmc {

/// A key and which values make sense.
struct KeyRange {
  llvm::StringLiteral name;
  int64_t least, most;
  bool powerOfTwo = false;
};

/// A key and the member of `Description` that it sets.
template <typename Description> struct DeviceKey {
  KeyRange range;
  int64_t Description::*member;
};

/// A device of the target system, and what the keys that are ours start with.
struct DeviceName {
  llvm::StringLiteral device, prefix;
};

/// Whether `module` describes `device` at all.
bool hasDevice(mlir::ModuleOp module, llvm::StringRef device);

/// Calls `found` with the position in `ranges`, and the value, of each key of
/// the device that starts with the prefix. Emits an error at the module and
/// fails on a key that is not in `ranges` or a value that is out of range.
mlir::LogicalResult
readDeviceKeys(mlir::ModuleOp module, DeviceName name,
               llvm::ArrayRef<KeyRange> ranges,
               llvm::function_ref<void(size_t, int64_t)> found);

/// Sets the keys of `ranges` to `values`; what `module` says of other devices,
/// and under keys without the prefix, stays.
void writeDeviceKeys(mlir::ModuleOp module, DeviceName name,
                     llvm::ArrayRef<KeyRange> ranges,
                     llvm::ArrayRef<int64_t> values);

template <typename Description, size_t N>
llvm::SmallVector<KeyRange> getRanges(const DeviceKey<Description> (&keys)[N]) {
  return llvm::map_to_vector(
      keys, [](const DeviceKey<Description> &key) { return key.range; });
}

/// Reads into `description` what `module` says; other members keep their
/// values.
template <typename Description, size_t N>
mlir::LogicalResult readDevice(mlir::ModuleOp module, DeviceName name,
                               const DeviceKey<Description> (&keys)[N],
                               Description &description) {
  return readDeviceKeys(
      module, name, getRanges(keys),
      [&](size_t i, int64_t value) { description.*(keys[i].member) = value; });
}

/// Writes all members of `description`.
template <typename Description, size_t N>
void writeDevice(mlir::ModuleOp module, DeviceName name,
                 const DeviceKey<Description> (&keys)[N],
                 const Description &description) {
  auto values =
      llvm::map_to_vector(keys, [&](const DeviceKey<Description> &key) {
        return description.*(key.member);
      });
  writeDeviceKeys(module, name, getRanges(keys), values);
}

template <typename Description, size_t N>
bool areEqual(const DeviceKey<Description> (&keys)[N], const Description &a,
              const Description &b) {
  return llvm::all_of(keys, [&](const DeviceKey<Description> &key) {
    return a.*(key.member) == b.*(key.member);
  });
}

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_DEVICEKEYS_H
