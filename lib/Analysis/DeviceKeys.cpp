//===- DeviceKeys.cpp - Numbers about a device in the IR ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/DeviceKeys.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ssmc;

/// The entry's key when it starts with `prefix`, else empty.
static StringRef ownKey(DataLayoutEntryInterface entry, StringRef prefix) {
  auto key = dyn_cast<StringAttr>(entry.getKey());
  return key && key.getValue().starts_with(prefix) ? key.getValue() : "";
}

static LogicalResult reportUnknownKey(ModuleOp module, StringRef name,
                                      ArrayRef<KeyRange> ranges) {
  InFlightDiagnostic error = module.emitError()
                             << "target description has the key '" << name
                             << "'; expected one of ";
  llvm::interleaveComma(ranges, error, [&](const KeyRange &range) {
    error << "'" << StringRef(range.name) << "'";
  });
  return error;
}

/// The value of `entry`, which is to be in `range`.
static FailureOr<int64_t> readValue(ModuleOp module,
                                    DataLayoutEntryInterface entry,
                                    const KeyRange &range) {
  auto value = dyn_cast<IntegerAttr>(entry.getValue());
  auto inRange = [&](const APInt &number) {
    if (number.getSignificantBits() > 64)
      return false;
    int64_t found = number.getSExtValue();
    return found >= range.least && found <= range.most &&
           (!range.powerOfTwo || llvm::isPowerOf2_64(found));
  };
  if (!value || !inRange(value.getValue()))
    return module.emitError()
           << "target description has '" << StringRef(range.name)
           << "' = " << entry.getValue() << "; expected "
           << (range.powerOfTwo ? "a power of two" : "a number") << " from "
           << range.least << " to " << range.most;
  return value.getInt();
}

static TargetSystemSpecInterface getSystem(ModuleOp module) {
  return module->getAttrOfType<TargetSystemSpecInterface>(
      DLTIDialect::kTargetSystemDescAttrName);
}

static std::optional<TargetDeviceSpecInterface> getDevice(ModuleOp module,
                                                          StringRef device) {
  TargetSystemSpecInterface system = getSystem(module);
  return system ? system.getDeviceSpecForDeviceID(
                      StringAttr::get(module.getContext(), device))
                : std::nullopt;
}

bool ssmc::hasDevice(ModuleOp module, StringRef device) {
  return getDevice(module, device).has_value();
}

LogicalResult
ssmc::readDeviceKeys(ModuleOp module, DeviceName name,
                     ArrayRef<KeyRange> ranges,
                     llvm::function_ref<void(size_t, int64_t)> found) {
  auto device = getDevice(module, name.device);
  if (!device)
    return success();
  for (DataLayoutEntryInterface entry : device->getEntries()) {
    StringRef key = ownKey(entry, name.prefix);
    if (key.empty())
      continue;
    const KeyRange *range = llvm::find_if(
        ranges, [&](const KeyRange &range) { return range.name == key; });
    if (range == ranges.end())
      return reportUnknownKey(module, key, ranges);
    auto value = readValue(module, entry, *range);
    if (failed(value))
      return failure();
    found(range - ranges.begin(), *value);
  }
  return success();
}

void ssmc::writeDeviceKeys(ModuleOp module, DeviceName name,
                           ArrayRef<KeyRange> ranges,
                           ArrayRef<int64_t> values) {
  MLIRContext *context = module.getContext();
  context->getOrLoadDialect<DLTIDialect>();
  Builder builder(context);
  SmallVector<DataLayoutEntryInterface> keys, devices;
  for (auto [range, value] : llvm::zip_equal(ranges, values))
    keys.push_back(DataLayoutEntryAttr::get(builder.getStringAttr(range.name),
                                            builder.getI64IntegerAttr(value)));
  StringAttr id = builder.getStringAttr(name.device);
  if (TargetSystemSpecInterface system = getSystem(module))
    for (DataLayoutEntryInterface device : system.getEntries()) {
      if (device.getKey() != DataLayoutEntryKey(id)) {
        devices.push_back(device);
        continue;
      }
      auto spec = cast<TargetDeviceSpecInterface>(device.getValue());
      for (DataLayoutEntryInterface entry : spec.getEntries())
        if (ownKey(entry, name.prefix).empty())
          keys.push_back(entry);
    }
  devices.push_back(
      DataLayoutEntryAttr::get(id, TargetDeviceSpecAttr::get(context, keys)));
  module->setAttr(DLTIDialect::kTargetSystemDescAttrName,
                  TargetSystemSpecAttr::get(context, devices));
}
