//===- TargetDescription.cpp - What loops need to know of a CPU -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TargetDescription.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ssmc;

namespace {
/// A key, the member that it sets, and which values make sense.
struct Key {
  llvm::StringLiteral name;
  int64_t TargetDescription::*member;
  int64_t least, most;
  bool powerOfTwo;
};
} // namespace

// A panel has 16 lanes, and sums, weights and an input take a register each.
static constexpr Key kKeys[] = {
    {"ssm.f32_lanes", &TargetDescription::f32Lanes, 1, 16, true},
    {"ssm.vector_registers", &TargetDescription::vectorRegisters, 8, 1024,
     false},
    {"ssm.fmas_per_cycle", &TargetDescription::fmasPerCycle, 1, 16, false},
    {"ssm.fma_latency", &TargetDescription::fmaLatency, 1, 64, false},
    {"ssm.loads_per_cycle", &TargetDescription::loadsPerCycle, 1, 16, false},
    {"ssm.l1d_bytes", &TargetDescription::l1Bytes, 1 << 10, 1 << 30, false},
    {"ssm.l2_bytes", &TargetDescription::l2Bytes, 1 << 10, 1 << 30, false},
    {"ssm.l3_bytes", &TargetDescription::l3Bytes, 0, int64_t(1) << 40, false},
    {"ssm.cache_line_bytes", &TargetDescription::cacheLineBytes, 16, 1024,
     true},
};

static constexpr llvm::StringLiteral kPrefix = "ssm.", kDevice = "CPU";

bool TargetDescription::operator==(const TargetDescription &other) const {
  return llvm::all_of(kKeys, [&](const Key &key) {
    return this->*key.member == other.*key.member;
  });
}

/// The entry's key when it is one of ours, else empty.
static StringRef ownKey(DataLayoutEntryInterface entry) {
  auto key = dyn_cast<StringAttr>(entry.getKey());
  return key && key.getValue().starts_with(kPrefix) ? key.getValue() : "";
}

static LogicalResult reportUnknownKey(ModuleOp module, StringRef name) {
  InFlightDiagnostic error = module.emitError()
                             << "target description has the key '" << name
                             << "'; expected one of ";
  llvm::interleaveComma(kKeys, error, [&](const Key &key) {
    error << "'" << StringRef(key.name) << "'";
  });
  return error;
}

static LogicalResult readEntry(ModuleOp module, DataLayoutEntryInterface entry,
                               TargetDescription &target) {
  StringRef name = ownKey(entry);
  const Key *key =
      llvm::find_if(kKeys, [&](const Key &key) { return key.name == name; });
  if (key == std::end(kKeys))
    return reportUnknownKey(module, name);
  auto value = dyn_cast<IntegerAttr>(entry.getValue());
  auto inRange = [&](const APInt &number) {
    if (number.getSignificantBits() > 64)
      return false;
    int64_t found = number.getSExtValue();
    return found >= key->least && found <= key->most &&
           (!key->powerOfTwo || llvm::isPowerOf2_64(found));
  };
  if (!value || !inRange(value.getValue()))
    return module.emitError()
           << "target description has '" << name << "' = " << entry.getValue()
           << "; expected " << (key->powerOfTwo ? "a power of two" : "a number")
           << " from " << key->least << " to " << key->most;
  target.*key->member = value.getInt();
  return success();
}

static TargetSystemSpecInterface getSystem(ModuleOp module) {
  return module->getAttrOfType<TargetSystemSpecInterface>(
      DLTIDialect::kTargetSystemDescAttrName);
}

FailureOr<TargetDescription> TargetDescription::fromModule(ModuleOp module) {
  TargetDescription target;
  TargetSystemSpecInterface system = getSystem(module);
  auto device = system ? system.getDeviceSpecForDeviceID(
                             StringAttr::get(module.getContext(), kDevice))
                       : std::nullopt;
  if (!device)
    return target;
  for (DataLayoutEntryInterface entry : device->getEntries())
    if (!ownKey(entry).empty() && failed(readEntry(module, entry, target)))
      return failure();
  return target;
}

void TargetDescription::attachTo(ModuleOp module) const {
  MLIRContext *context = module.getContext();
  context->getOrLoadDialect<DLTIDialect>();
  Builder builder(context);
  SmallVector<DataLayoutEntryInterface> keys, devices;
  for (const Key &key : kKeys)
    keys.push_back(
        DataLayoutEntryAttr::get(builder.getStringAttr(key.name),
                                 builder.getI64IntegerAttr(this->*key.member)));
  StringAttr cpu = builder.getStringAttr(kDevice);
  if (TargetSystemSpecInterface system = getSystem(module))
    for (DataLayoutEntryInterface device : system.getEntries()) {
      if (device.getKey() != DataLayoutEntryKey(cpu)) {
        devices.push_back(device);
        continue;
      }
      auto spec = cast<TargetDeviceSpecInterface>(device.getValue());
      for (DataLayoutEntryInterface entry : spec.getEntries())
        if (ownKey(entry).empty())
          keys.push_back(entry);
    }
  devices.push_back(
      DataLayoutEntryAttr::get(cpu, TargetDeviceSpecAttr::get(context, keys)));
  module->setAttr(DLTIDialect::kTargetSystemDescAttrName,
                  TargetSystemSpecAttr::get(context, devices));
}
