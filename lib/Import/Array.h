//===- Array.h - Element types and arrays of files --------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_ARRAY_H
#define SSMC_LIB_IMPORT_ARRAY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ssmc {

/// Element types of tensors in files; names are those of safetensors.
enum class DType { F32, F64, F16, BF16, Bool, I32, I64, U32, U8 };

/// "F32", "BOOL"...
llvm::StringRef getName(DType dtype);
/// The inverse of getName.
std::optional<DType> parseDType(llvm::StringRef name);
/// Bytes of one element.
size_t getSize(DType dtype);
/// F32, F64, F16 or BF16.
bool isFloat(DType dtype);

/// The product of `shape`, or nothing when a dimension is negative or the
/// product, times `elementSize`, does not fit an int64_t.
std::optional<int64_t> getNumElements(llvm::ArrayRef<int64_t> shape,
                                      size_t elementSize = 1);

/// `[32,64,2]`, as messages write shapes.
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// `[3,0,1]`: the place of element `position` (in C order).
std::string formatIndex(int64_t position, llvm::ArrayRef<int64_t> shape);

/// The least magnitude that rounds to infinity as a float.
inline constexpr double kOverflowsF32 = 0x1.ffffffp127;

/// Elements in C order, little-endian, owned by somebody else and perhaps
/// unaligned.
struct ArrayView {
  llvm::SmallVector<int64_t, 4> shape;
  DType dtype = DType::F32;
  llvm::ArrayRef<char> bytes;

  int64_t getNumElements() const { return bytes.size() / getSize(dtype); }
  /// Element `index` (in C order) as a double; exact but for large I64.
  double getDouble(int64_t index) const;

  /// Of the first element that is finite and would be infinite as a float: "is
  /// 1e+39 at [3,0]; expected ...".
  std::optional<std::string> describeOverflow() const;

  /// All elements, each rounded to nearest.
  std::vector<float> toF32() const;
  std::vector<double> toF64() const;
  /// All elements as int32, or nothing when one is not an integer in range.
  std::optional<std::vector<int32_t>> toI32() const;
};

/// An array that owns its elements.
struct Array {
  llvm::SmallVector<int64_t, 4> shape;
  DType dtype = DType::F32;
  std::vector<char> bytes;

  ArrayView view() const { return {shape, dtype, bytes}; }

  static Array copyOf(const ArrayView &view);
  static Array fromF32(llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<float> values);
  static Array fromF64(llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<double> values);
  static Array fromI32(llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int32_t> values);
};

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_ARRAY_H
