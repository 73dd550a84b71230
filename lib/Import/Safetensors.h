//===- Safetensors.h - Reads and writes .safetensors files ------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_SAFETENSORS_H
#define SSMC_LIB_IMPORT_SAFETENSORS_H

#include "lib/Import/Array.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>

namespace ssmc {

struct NamedTensor {
  std::string name;
  ArrayView value;
};

/// A safetensors file, mapped into memory; its tensors point into it.
///
/// Nothing in the file is trusted: a header that is truncated, too long (100
/// MB) or no JSON, duplicate names, unknown types, shapes whose product
/// overflows or does not match the data, and data that overlaps, leaves gaps or
/// lies outside of the file are errors. Messages do not name the file.
class SafetensorsFile {
public:
  static llvm::Expected<SafetensorsFile> open(llvm::StringRef path);
  static llvm::Expected<SafetensorsFile>
  parse(std::unique_ptr<llvm::MemoryBuffer> buffer);

  /// In the order of the header.
  llvm::ArrayRef<NamedTensor> getTensors() const { return tensors; }
  /// The tensor called `name`, or null.
  const NamedTensor *find(llvm::StringRef name) const;

private:
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  std::vector<NamedTensor> tensors;
  llvm::StringMap<size_t> indices;
};

/// Writes tensors, in the order given, with data aligned to 8 bytes.
void writeSafetensors(llvm::raw_ostream &os,
                      llvm::ArrayRef<NamedTensor> tensors);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_SAFETENSORS_H
