//===- NpyFile.cpp - NumPy's array files ----------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ArrayFormats.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace ssmc;

static constexpr StringLiteral kMagic("\x93NUMPY");

namespace {
struct TypeCode {
  StringLiteral code;
  DType dtype;
};

/// The dictionary at the start of a file, as its text.
struct Header {
  StringRef descr, order, shape;
};
} // namespace

static constexpr TypeCode kTypeCodes[] = {
    {"<f4", DType::F32}, {"<f8", DType::F64}, {"<f2", DType::F16},
    {"<i4", DType::I32}, {"<i8", DType::I64}, {"<u4", DType::U32},
    {"|u1", DType::U8},  {"|b1", DType::Bool}};

/// Cuts the value of `'key': value` off the dictionary `text`. Values are
/// strings, words and tuples; a comma ends them outside of a bracket.
static Expected<StringRef> findValue(StringRef text, StringRef key) {
  size_t start = text.find(("'" + key + "'").str());
  if (start == StringRef::npos)
    return createStringError("the .npy header has no '" + key + "'");
  StringRef rest = text.drop_front(start + key.size() + 2).ltrim();
  if (!rest.consume_front(":"))
    return createStringError("the .npy header is malformed");
  rest = rest.ltrim();
  size_t end = rest.starts_with("(")   ? rest.find(')')
               : rest.starts_with("[") ? rest.find(']')
                                       : rest.find_first_of(",}");
  if (end == StringRef::npos)
    return createStringError("the .npy header is malformed");
  bool isBracketed = rest.starts_with("(") || rest.starts_with("[");
  return rest.take_front(end + isBracketed).trim();
}

static Expected<Header> parseHeader(StringRef text) {
  Header header;
  for (auto [key, value] :
       {std::pair<StringRef, StringRef *>{"descr", &header.descr},
        {"fortran_order", &header.order},
        {"shape", &header.shape}}) {
    Expected<StringRef> found = findValue(text, key);
    if (!found)
      return found.takeError();
    *value = *found;
  }
  return header;
}

static Expected<SmallVector<int64_t, 4>> parseShape(StringRef text) {
  SmallVector<int64_t, 4> shape;
  StringRef rest = text;
  bool isTuple = rest.consume_front("(") && rest.consume_back(")");
  SmallVector<StringRef> parts;
  rest.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    int64_t dimension;
    if (part.trim().empty())
      continue;
    isTuple &= !part.trim().getAsInteger(10, dimension) && dimension >= 0;
    if (isTuple)
      shape.push_back(dimension);
  }
  if (!isTuple)
    return createStringError("the .npy header has shape " +
                             text.take_front(40) +
                             "; expected a tuple of sizes");
  return shape;
}

static Expected<DType> parseDescr(StringRef descr) {
  StringRef code = descr.trim("'\"");
  for (const TypeCode &entry : kTypeCodes)
    if (entry.code == code)
      return entry.dtype;
  return createStringError("holds elements of type " + descr.take_front(40) +
                           "; expected <f4, <f8, <f2, <i4, <i8, <u4, |u1 or "
                           "|b1 (little-endian)");
}

/// Cuts the header off `text`; leaves the data.
static Expected<StringRef> takeHeader(StringRef &text) {
  if (!text.consume_front(kMagic) || text.size() < 2)
    return createStringError("is no .npy file");
  unsigned version = static_cast<unsigned char>(text[0]);
  if (version < 1 || version > 3)
    return createStringError("has .npy version " + Twine(version) +
                             "; expected 1, 2 or 3");
  text = text.drop_front(2);
  size_t lengthBytes = version == 1 ? 2 : 4;
  if (text.size() < lengthBytes)
    return createStringError("is truncated");
  size_t length = version == 1 ? support::endian::read16le(text.data())
                               : support::endian::read32le(text.data());
  text = text.drop_front(lengthBytes);
  if (text.size() < length)
    return createStringError("is truncated");
  StringRef header = text.take_front(length);
  text = text.drop_front(length);
  return header;
}

Expected<Array> ssmc::parseNpy(StringRef text) {
  Expected<StringRef> headerText = takeHeader(text);
  if (!headerText)
    return headerText.takeError();
  Expected<Header> header = parseHeader(*headerText);
  if (!header)
    return header.takeError();
  Expected<DType> dtype = parseDescr(header->descr);
  if (!dtype)
    return dtype.takeError();
  if (header->order != "False")
    return createStringError(
        "is in Fortran order; expected C order (numpy.ascontiguousarray)");
  Expected<SmallVector<int64_t, 4>> shape = parseShape(header->shape);
  if (!shape)
    return shape.takeError();
  size_t size = getSize(*dtype);
  std::optional<int64_t> count = getNumElements(*shape, size);
  if (!count || *count * size != text.size())
    return createStringError(
        formatv("holds {0} bytes of data, which do not fit shape {1} of {2}",
                text.size(), formatShape(*shape), getName(*dtype))
            .str());
  return Array{*shape, *dtype, {text.begin(), text.end()}};
}

void ssmc::writeNpy(raw_ostream &os, const ArrayView &array) {
  const auto *entry = llvm::find_if(kTypeCodes, [&](const TypeCode &code) {
    return code.dtype == array.dtype;
  });
  if (entry == std::end(kTypeCodes))
    return writeNpy(os, Array::fromF32(array.shape, array.toF32()).view());
  std::string header = "{'descr': '" + entry->code.str() +
                       "', 'fortran_order': False, 'shape': (";
  for (int64_t dimension : array.shape)
    header += itostr(dimension) + ", ";
  header += "), }";
  // "(), " is a tuple, "(1, )" too; the data starts at a multiple of 64.
  constexpr size_t kPreamble = kMagic.size() + 4;
  header.append(63 - (kPreamble + header.size()) % 64, ' ');
  header += '\n';
  char length[2];
  support::endian::write16le(length, header.size());
  os << kMagic;
  os.write("\x01\x00", 2);
  os.write(length, 2);
  os << header;
  os.write(array.bytes.data(), array.bytes.size());
}
