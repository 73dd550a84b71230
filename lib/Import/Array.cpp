//===- Array.cpp - Element types and arrays of files ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Array.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace ssmc;

namespace {
struct DTypeEntry {
  StringLiteral name;
  size_t size;
};
} // namespace

/// In the order of DType.
static constexpr DTypeEntry kDTypes[] = {{"F32", 4},  {"F64", 8},  {"F16", 2},
                                         {"BF16", 2}, {"BOOL", 1}, {"I32", 4},
                                         {"I64", 8},  {"U32", 4},  {"U8", 1}};

StringRef ssmc::getName(DType dtype) {
  return kDTypes[static_cast<size_t>(dtype)].name;
}

std::optional<DType> ssmc::parseDType(StringRef name) {
  for (size_t i = 0; i < std::size(kDTypes); ++i)
    if (kDTypes[i].name == name)
      return static_cast<DType>(i);
  return std::nullopt;
}

size_t ssmc::getSize(DType dtype) {
  return kDTypes[static_cast<size_t>(dtype)].size;
}

bool ssmc::isFloat(DType dtype) {
  return dtype == DType::F32 || dtype == DType::F64 || dtype == DType::F16 ||
         dtype == DType::BF16;
}

std::optional<int64_t> ssmc::getNumElements(ArrayRef<int64_t> shape,
                                            size_t elementSize) {
  // A zero anywhere does not excuse an absurd dimension beside it.
  bool isEmpty = false;
  int64_t product = 1, bytes = 0;
  for (int64_t dimension : shape) {
    if (dimension < 0)
      return std::nullopt;
    isEmpty |= dimension == 0;
    if (dimension && MulOverflow(product, dimension, product))
      return std::nullopt;
  }
  if (MulOverflow(product, static_cast<int64_t>(elementSize), bytes))
    return std::nullopt;
  return isEmpty ? 0 : product;
}

std::string ssmc::formatShape(ArrayRef<int64_t> shape) {
  return "[" +
         join(map_range(shape, [](int64_t d) { return itostr(d); }), ",") + "]";
}

std::string ssmc::formatIndex(int64_t position, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> index(shape.size());
  for (size_t i = shape.size(); i-- > 0; position /= shape[i])
    index[i] = position % shape[i];
  return formatShape(index);
}

template <typename T> static T readAt(ArrayRef<char> bytes, int64_t index) {
  return support::endian::read<T, endianness::little>(bytes.data() +
                                                      index * sizeof(T));
}

static double widen(const fltSemantics &semantics, uint16_t bits) {
  APFloat value(semantics, APInt(16, bits));
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

double ArrayView::getDouble(int64_t index) const {
  switch (dtype) {
  case DType::F32:
    return readAt<float>(bytes, index);
  case DType::F64:
    return readAt<double>(bytes, index);
  case DType::F16:
    return widen(APFloat::IEEEhalf(), readAt<uint16_t>(bytes, index));
  case DType::BF16:
    return widen(APFloat::BFloat(), readAt<uint16_t>(bytes, index));
  case DType::I32:
    return readAt<int32_t>(bytes, index);
  case DType::I64:
    return readAt<int64_t>(bytes, index);
  case DType::U32:
    return readAt<uint32_t>(bytes, index);
  case DType::Bool:
  case DType::U8:
    return readAt<uint8_t>(bytes, index);
  }
  llvm_unreachable("all types are handled");
}

std::optional<std::string> ArrayView::describeOverflow() const {
  if (dtype != DType::F64)
    return std::nullopt;
  for (int64_t i = 0, e = getNumElements(); i < e; ++i) {
    double value = getDouble(i);
    if (std::abs(value) < kOverflowsF32 || std::isinf(value) ||
        std::isnan(value))
      continue;
    std::string text;
    raw_string_ostream(text)
        << "is " << format("%g", value) << " at " << formatIndex(i, shape)
        << "; expected numbers that a float can hold, or infinity";
    return text;
  }
  return std::nullopt;
}

std::vector<float> ArrayView::toF32() const {
  std::vector<float> result(getNumElements());
  if (dtype == DType::F32) {
    // NaNs keep their payload.
    if (!bytes.empty())
      std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
  }
  for (auto [i, value] : enumerate(result))
    value = static_cast<float>(getDouble(i));
  return result;
}

std::vector<double> ArrayView::toF64() const {
  std::vector<double> result(getNumElements());
  for (auto [i, value] : enumerate(result))
    value = getDouble(i);
  return result;
}

std::optional<std::vector<int32_t>> ArrayView::toI32() const {
  std::vector<int32_t> result(getNumElements());
  for (auto [i, value] : enumerate(result)) {
    double element = getDouble(i);
    if (!(element >= INT32_MIN && element <= INT32_MAX) ||
        element != std::floor(element))
      return std::nullopt;
    value = static_cast<int32_t>(element);
  }
  return result;
}

Array Array::copyOf(const ArrayView &view) {
  return {view.shape, view.dtype, {view.bytes.begin(), view.bytes.end()}};
}

template <typename T>
static Array fromValues(DType dtype, ArrayRef<int64_t> shape,
                        ArrayRef<T> values) {
  auto *data = reinterpret_cast<const char *>(values.data());
  Array array;
  array.shape.assign(shape.begin(), shape.end());
  array.dtype = dtype;
  array.bytes.assign(data, data + values.size() * sizeof(T));
  return array;
}

Array Array::fromF32(ArrayRef<int64_t> shape, ArrayRef<float> values) {
  return fromValues(DType::F32, shape, values);
}
Array Array::fromF64(ArrayRef<int64_t> shape, ArrayRef<double> values) {
  return fromValues(DType::F64, shape, values);
}
Array Array::fromI32(ArrayRef<int64_t> shape, ArrayRef<int32_t> values) {
  return fromValues(DType::I32, shape, values);
}
