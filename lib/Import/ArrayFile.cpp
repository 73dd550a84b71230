//===- ArrayFile.cpp - Reads and writes arrays of many formats ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ArrayFile.h"
#include "lib/Import/ArrayFormats.h"
#include "lib/Import/AtomicFile.h"
#include "lib/Import/Safetensors.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace ssmc;

char TextError::ID;

Expected<ArrayPath> ArrayPath::parse(StringRef text) {
  constexpr StringLiteral kSafetensors = ".safetensors";
  if (text == "-")
    return ArrayPath{Format::Raw, "-", ""};
  if (text.ends_with(".npy"))
    return ArrayPath{Format::Npy, text.str(), ""};
  if (text.ends_with(".csv"))
    return ArrayPath{Format::Csv, text.str(), ""};
  size_t colon = text.find((kSafetensors + ":").str());
  if (colon != StringRef::npos) {
    colon += kSafetensors.size();
    if (colon + 1 < text.size())
      return ArrayPath{Format::Safetensors, text.take_front(colon).str(),
                       text.drop_front(colon + 1).str()};
  }
  if (text.ends_with(kSafetensors) || colon != StringRef::npos)
    return createStringError("no tensor is named; expected "
                             "FILE.safetensors:TENSOR");
  return createStringError("unknown format; expected FILE.npy, FILE.csv, "
                           "FILE.safetensors:TENSOR or -");
}

static Expected<Array> readTensor(const ArrayPath &path) {
  Expected<SafetensorsFile> file = SafetensorsFile::open(path.file);
  if (!file)
    return file.takeError();
  if (const NamedTensor *tensor = file->find(path.tensor))
    return Array::copyOf(tensor->value);
  constexpr size_t kMaxListed = 12;
  auto names = map_range(file->getTensors().take_front(kMaxListed),
                         [](const NamedTensor &t) { return t.name; });
  return createStringError(
      "there is no tensor " + path.tensor + "; the file has " +
      join(names, ", ") +
      (file->getTensors().size() > kMaxListed ? ", ..." : ""));
}

static Expected<Array> parseRaw(StringRef text, DType type) {
  size_t size = getSize(type);
  if (text.size() % size)
    return createStringError(
        formatv("{0} bytes are no whole number of {1} elements", text.size(),
                getName(type))
            .str());
  return Array{{static_cast<int64_t>(text.size() / size)},
               type,
               {text.begin(), text.end()}};
}

Expected<Array> ssmc::readArray(const ArrayPath &path, DType rawType) {
  if (path.format == ArrayPath::Format::Safetensors)
    return readTensor(path);
  auto buffer = path.format == ArrayPath::Format::Raw
                    ? MemoryBuffer::getSTDIN()
                    : MemoryBuffer::getFile(path.file, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(buffer.getError(),
                             "cannot be read: " + buffer.getError().message());
  StringRef text = (*buffer)->getBuffer();
  switch (path.format) {
  case ArrayPath::Format::Npy:
    return parseNpy(text);
  case ArrayPath::Format::Csv:
    return parseCsv(text);
  case ArrayPath::Format::Raw:
    return parseRaw(text, rawType);
  case ArrayPath::Format::Safetensors:
    break;
  }
  llvm_unreachable("all formats are handled");
}

Error ssmc::writeArray(raw_ostream &os, const ArrayPath &path,
                       const ArrayView &array) {
  if (path.format == ArrayPath::Format::Csv && array.shape.size() > 2)
    return createStringError("a CSV file holds rows of one sequence, not the "
                             "shape " +
                             formatShape(array.shape) +
                             "; write .npy or .safetensors");
  switch (path.format) {
  case ArrayPath::Format::Npy:
    writeNpy(os, array);
    break;
  case ArrayPath::Format::Csv:
    writeCsv(os, array);
    break;
  case ArrayPath::Format::Safetensors:
    writeSafetensors(os, NamedTensor{path.tensor, array});
    break;
  case ArrayPath::Format::Raw:
    os.write(array.bytes.data(), array.bytes.size());
    break;
  }
  return Error::success();
}

Error ssmc::writeArray(const ArrayPath &path, const ArrayView &array) {
  return writeFile(path.file, [&](raw_pwrite_stream &os) {
    return writeArray(os, path, array);
  });
}

//===----------------------------------------------------------------------===//
// Model inputs
//===----------------------------------------------------------------------===//

/// Converts to f32; fails where a number would become infinity.
static Expected<Array> convertToF32(Array array) {
  if (array.dtype == DType::F32)
    return array;
  ArrayView view = array.view();
  if (std::optional<std::string> problem = view.describeOverflow())
    return createStringError(*problem);
  return Array::fromF32(view.shape, view.toF32());
}

/// Brings raw and CSV input, which do not know their shape, into (L, F) or
/// (L).
static Error reshape(Array &array, ArrayPath::Format format, int64_t features) {
  bool takesTokens = features == 0;
  if (format == ArrayPath::Format::Raw && !takesTokens) {
    int64_t count = array.shape.front();
    if (count % features)
      return createStringError(
          formatv("{0} numbers are no whole number of time steps of {1}", count,
                  features)
              .str());
    array.shape = {count / features, features};
  }
  if (format == ArrayPath::Format::Csv && takesTokens && array.shape[1] == 1)
    array.shape = {array.shape[0]};
  // A file without rows cannot say how long they are.
  if (format == ArrayPath::Format::Csv && array.shape[0] == 0 && !takesTokens)
    array.shape[1] = features;
  return Error::success();
}

Expected<ModelInput> ssmc::readModelInput(const ArrayPath &path,
                                          int64_t features) {
  bool takesTokens = features == 0;
  Expected<Array> array =
      readArray(path, takesTokens ? DType::I32 : DType::F32);
  if (!array)
    return array.takeError();
  if (Error error = reshape(*array, path.format, features))
    return std::move(error);
  ModelInput input;
  auto &shape = array->shape;
  size_t rank = takesTokens ? 1 : 2;
  input.isBatched = shape.size() == rank + 1;
  bool isRightShape = (input.isBatched || shape.size() == rank) &&
                      (takesTokens || shape.back() == features);
  if (!isRightShape)
    return createStringError(
        "has shape " + formatShape(shape) + "; expected " +
        (takesTokens ? std::string("(L) or (B, L) token ids")
                     : formatv("(L, {0}) or (B, L, {0})", features).str()));
  if (!takesTokens) {
    // Before there is a batch: places are those of the file.
    Expected<Array> converted = convertToF32(std::move(*array));
    if (!converted)
      return converted.takeError();
    *array = std::move(*converted);
  }
  if (!input.isBatched)
    shape.insert(shape.begin(), 1);
  if (!takesTokens) {
    input.array = std::move(*array);
    return input;
  }
  std::optional<std::vector<int32_t>> tokens;
  if (!isFloat(array->dtype) || path.format == ArrayPath::Format::Csv)
    tokens = array->view().toI32();
  if (!tokens)
    return createStringError("has elements that are no token ids (" +
                             getName(array->dtype) +
                             "); expected integers of 32 bits");
  input.array = Array::fromI32(shape, *tokens);
  return input;
}

Expected<Array> ssmc::readTimeSteps(const ArrayPath &path,
                                    const ModelInput &input) {
  Expected<Array> array = readArray(path, DType::F32);
  if (!array)
    return array.takeError();
  int64_t batch = input.array.shape[0], length = input.array.shape[1];
  SmallVector<int64_t, 4> both{batch, length}, own = both;
  if (!input.isBatched)
    own = {length};
  auto &shape = array->shape;
  // Raw numbers have no shape, and a line of a table is a time step.
  bool isColumn = path.format == ArrayPath::Format::Csv && shape.size() == 2 &&
                  shape[1] == 1;
  bool isFlat = (path.format == ArrayPath::Format::Raw || isColumn) &&
                shape[0] == batch * length;
  if (shape != own && !isFlat)
    return createStringError("has shape " + formatShape(shape) +
                             "; expected a time delta for each step of the "
                             "input, " +
                             formatShape(own));
  Expected<Array> converted = convertToF32(std::move(*array));
  if (converted)
    converted->shape = both;
  return converted;
}
