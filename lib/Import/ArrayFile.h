//===- ArrayFile.h - Reads and writes arrays of many formats ----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_ARRAYFILE_H
#define SSMC_LIB_IMPORT_ARRAYFILE_H

#include "lib/Import/Array.h"
#include "llvm/Support/Error.h"

namespace ssmc {

/// An error at a line and column of a text file.
class TextError : public llvm::ErrorInfo<TextError> {
public:
  static char ID;

  TextError(unsigned line, unsigned column, std::string message)
      : line(line), column(column), message(std::move(message)) {}

  void log(llvm::raw_ostream &os) const override { os << message; }
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }

  const unsigned line, column;
  const std::string message;
};

/// Where an array is read from or written to:
///
///     FILE.npy                  NumPy, versions 1 to 3, C order
///     FILE.csv                  numbers; one row per time step
///     FILE.safetensors:TENSOR   one tensor of a file
///     -                         raw little-endian numbers (standard streams)
struct ArrayPath {
  enum class Format { Npy, Csv, Safetensors, Raw };

  Format format;
  /// Without the tensor's name.
  std::string file;
  std::string tensor;

  static llvm::Expected<ArrayPath> parse(llvm::StringRef text);
};

/// Reads the array at `path`. Raw input gives a one-dimensional array of
/// `rawType`. Messages do not name the file.
llvm::Expected<Array> readArray(const ArrayPath &path, DType rawType);

/// Writes `array` in the format of `path`. A safetensors file holds the one
/// tensor afterwards; CSV takes at most two dimensions.
llvm::Error writeArray(llvm::raw_ostream &os, const ArrayPath &path,
                       const ArrayView &array);

/// Writes `array` to `path`: whole or not at all.
llvm::Error writeArray(const ArrayPath &path, const ArrayView &array);

/// What a model is run on.
struct ModelInput {
  /// (B, L, F) F32, or (B, L) I32 of tokens.
  Array array;
  /// False: the file holds one sequence, without the axis B.
  bool isBatched = false;

  /// The shape that the file has: "[0,3]".
  std::string describeShape() const {
    llvm::ArrayRef<int64_t> shape = array.shape;
    return formatShape(isBatched ? shape : shape.drop_front());
  }
};

/// Reads the input of a model that takes `features` numbers per time step, or
/// tokens when `features` is 0, and checks type and shape.
llvm::Expected<ModelInput> readModelInput(const ArrayPath &path,
                                          int64_t features);

/// Reads the time deltas that go with `input`: F32, (B, L). The file has shape
/// (L) or (B, L), as the input has.
llvm::Expected<Array> readTimeSteps(const ArrayPath &path,
                                    const ModelInput &input);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_ARRAYFILE_H
