//===- Safetensors.cpp - Reads and writes .safetensors files --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Safetensors.h"
#include "lib/Import/Json.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace ssmc;

/// The limit of the reference implementation.
static constexpr uint64_t kMaxHeaderBytes = 100'000'000;
static constexpr uint64_t kLengthBytes = 8;

template <typename... Ts>
static Error makeError(const char *format, Ts &&...values) {
  return createStringError(formatv(format, std::forward<Ts>(values)...).str());
}

/// Reads member `key` of the entry of tensor `name`: a list of non-negative
/// integers.
static Error parseIntegers(const JsonMember &entry, StringRef key,
                           SmallVectorImpl<int64_t> &result) {
  const JsonMember *member = entry.value.find(key);
  if (!member || !member->value.isArray())
    return makeError("the header's entry of {0} has no list '{1}'", entry.key,
                     key);
  for (const JsonValue &element : member->value.elements) {
    if (!element.integer || *element.integer < 0)
      return makeError("the header's entry of {0} has {1} in '{2}'; expected "
                       "an integer of at least 0 that fits 64 bits",
                       entry.key, element.describe(), key);
    result.push_back(*element.integer);
  }
  return Error::success();
}

/// Reads one tensor of the header; `data` is everything behind the header.
static Expected<NamedTensor> parseTensor(const JsonMember &entry,
                                         ArrayRef<char> data) {
  NamedTensor tensor;
  tensor.name = entry.key;
  if (!entry.value.isObject())
    return makeError("the header's entry of {0} is {1}; expected an object",
                     entry.key, entry.value.describe());
  const JsonMember *type = entry.value.find("dtype");
  std::optional<DType> dtype;
  if (type && type->value.isString())
    dtype = parseDType(type->value.text);
  if (!dtype)
    return makeError("{0} has dtype {1}; expected F32, F64, F16, BF16, BOOL, "
                     "I32, I64, U32 or U8",
                     entry.key,
                     !type                    ? std::string("nothing")
                     : type->value.isString() ? type->value.text
                                              : type->value.describe());
  tensor.value.dtype = *dtype;
  if (Error error = parseIntegers(entry, "shape", tensor.value.shape))
    return std::move(error);
  SmallVector<int64_t, 2> offsets;
  if (Error error = parseIntegers(entry, "data_offsets", offsets))
    return std::move(error);
  size_t size = getSize(*dtype);
  std::optional<int64_t> count = getNumElements(tensor.value.shape, size);
  if (!count)
    return makeError("{0} has shape {1}: its size overflows", entry.key,
                     formatShape(tensor.value.shape));
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    return makeError("{0} has data_offsets {1}; expected its begin and end",
                     entry.key, formatShape(offsets));
  if (static_cast<uint64_t>(offsets[1]) > data.size())
    return makeError("{0} has data_offsets {1}, but the file holds {2} bytes "
                     "of data: it is truncated, or the header is wrong",
                     entry.key, formatShape(offsets), data.size());
  int64_t bytes = *count * static_cast<int64_t>(size);
  if (offsets[1] - offsets[0] != bytes)
    return makeError("{0} has {1} bytes of data; expected {2} ({3}, shape {4})",
                     entry.key, offsets[1] - offsets[0], bytes, getName(*dtype),
                     formatShape(tensor.value.shape));
  tensor.value.bytes = data.slice(offsets[0], bytes);
  return tensor;
}

/// Every byte of data belongs to exactly one tensor, as in the reference
/// implementation: nothing can be hidden in a file.
static Error checkCoverage(ArrayRef<NamedTensor> tensors, ArrayRef<char> data) {
  std::vector<const NamedTensor *> sorted;
  for (const NamedTensor &tensor : tensors)
    if (!tensor.value.bytes.empty())
      sorted.push_back(&tensor);
  llvm::sort(sorted, [](const NamedTensor *a, const NamedTensor *b) {
    return a->value.bytes.data() < b->value.bytes.data();
  });
  const char *end = data.data();
  StringRef before;
  for (const NamedTensor *tensor : sorted) {
    ArrayRef<char> bytes = tensor->value.bytes;
    if (bytes.data() < end)
      return makeError("the data of {0} and {1} overlap", before, tensor->name);
    if (bytes.data() > end)
      return makeError("{0} bytes before the data of {1} belong to no tensor",
                       bytes.data() - end, tensor->name);
    end = bytes.end();
    before = tensor->name;
  }
  if (end != data.end())
    return makeError("{0} bytes at the end of the file belong to no tensor",
                     data.end() - end);
  return Error::success();
}

static Error checkMetadata(const JsonValue &value) {
  if (!value.isObject() ||
      llvm::any_of(value.members, [](const JsonMember &member) {
        return !member.value.isString();
      }))
    return makeError("the header's __metadata__ is not an object of strings");
  return Error::success();
}

Expected<SafetensorsFile> SafetensorsFile::open(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(buffer.getError(),
                             "cannot be read: " + buffer.getError().message());
  return parse(std::move(*buffer));
}

Expected<SafetensorsFile>
SafetensorsFile::parse(std::unique_ptr<MemoryBuffer> buffer) {
  ArrayRef<char> bytes(buffer->getBufferStart(), buffer->getBufferSize());
  if (bytes.size() < kLengthBytes)
    return makeError("is no safetensors file: it has {0} bytes", bytes.size());
  uint64_t headerBytes = support::endian::read64le(bytes.data());
  if (headerBytes > kMaxHeaderBytes)
    return makeError("is no safetensors file: its header would have {0} bytes; "
                     "expected at most {1}",
                     headerBytes, kMaxHeaderBytes);
  if (headerBytes > bytes.size() - kLengthBytes)
    return makeError("is truncated: the header has {0} bytes but {1} follow",
                     headerBytes, bytes.size() - kLengthBytes);
  StringRef header(bytes.data() + kLengthBytes, headerBytes);
  ArrayRef<char> data = bytes.drop_front(kLengthBytes + headerBytes);

  JsonError jsonError;
  std::optional<JsonValue> json = parseJson(header, jsonError);
  if (!json)
    return makeError("header, {0}:{1}: {2}", jsonError.position.line,
                     jsonError.position.column, jsonError.message);
  if (!json->isObject())
    return makeError("the header is {0}; expected an object", json->describe());

  SafetensorsFile file;
  for (const JsonMember &entry : json->members) {
    if (entry.key == "__metadata__") {
      if (Error error = checkMetadata(entry.value))
        return std::move(error);
      continue;
    }
    Expected<NamedTensor> tensor = parseTensor(entry, data);
    if (!tensor)
      return tensor.takeError();
    file.indices[entry.key] = file.tensors.size();
    file.tensors.push_back(std::move(*tensor));
  }
  if (Error error = checkCoverage(file.tensors, data))
    return std::move(error);
  file.buffer = std::move(buffer);
  return file;
}

const NamedTensor *SafetensorsFile::find(StringRef name) const {
  auto it = indices.find(name);
  return it == indices.end() ? nullptr : &tensors[it->second];
}

void ssmc::writeSafetensors(raw_ostream &os, ArrayRef<NamedTensor> tensors) {
  std::string header;
  raw_string_ostream headerStream(header);
  json::OStream json(headerStream);
  int64_t offset = 0;
  json.object([&] {
    for (const NamedTensor &tensor : tensors)
      json.attributeObject(tensor.name, [&] {
        json.attribute("dtype", getName(tensor.value.dtype));
        json.attribute("shape", json::Array(tensor.value.shape));
        int64_t end = offset + tensor.value.bytes.size();
        json.attribute("data_offsets", json::Array({offset, end}));
        offset = end;
      });
  });
  header.append(-header.size() & 7, ' ');
  char length[kLengthBytes];
  support::endian::write64le(length, header.size());
  os.write(length, kLengthBytes);
  os << header;
  for (const NamedTensor &tensor : tensors)
    os.write(tensor.value.bytes.data(), tensor.value.bytes.size());
}
