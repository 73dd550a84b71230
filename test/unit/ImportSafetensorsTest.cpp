//===- ImportSafetensorsTest.cpp - What the safetensors reader accepts ----===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportTestHelpers.h"
#include <cmath>

using namespace llvm;
using namespace ssmc;
using namespace ssmc::test;

/// The message about a file that is refused, or `ok`.
static std::string parse(StringRef bytes) {
  auto file = SafetensorsFile::parse(
      MemoryBuffer::getMemBufferCopy(bytes, "W.safetensors"));
  return file ? "ok" : toString(file.takeError());
}

static std::string parse(StringRef header, StringRef data) {
  return parse(makeSafetensors(header, data));
}

static std::string entry(StringRef dtype, StringRef shape, StringRef offsets) {
  return ("{\"t\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
          ",\"data_offsets\":" + offsets + "}}")
      .str();
}

TEST(ImportSafetensors, ReadsEveryType) {
  // 1.5 in each floating-point type, 2 (or true) in the others.
  const std::pair<StringRef, std::string> cases[] = {
      {"F32", std::string("\0\0\xc0\x3f", 4)},
      {"F64", std::string("\0\0\0\0\0\0\xf8\x3f", 8)},
      {"F16", std::string("\x00\x3e", 2)},
      {"BF16", std::string("\xc0\x3f", 2)},
      {"I32", std::string("\2\0\0\0", 4)},
      {"I64", std::string("\2\0\0\0\0\0\0\0", 8)},
      {"U32", std::string("\2\0\0\0", 4)},
      {"U8", "\2"},
      {"BOOL", "\1"}};
  for (const auto &[dtype, bytes] : cases) {
    std::string size = std::to_string(bytes.size());
    auto file = SafetensorsFile::parse(MemoryBuffer::getMemBufferCopy(
        makeSafetensors(entry(dtype, "[1]", "[0," + size + "]"), bytes)));
    ASSERT_TRUE(bool(file)) << toString(file.takeError());
    const NamedTensor *tensor = file->find("t");
    ASSERT_TRUE(tensor);
    EXPECT_EQ(tensor->value.getDouble(0), isFloat(tensor->value.dtype) ? 1.5
                                          : dtype == "BOOL"            ? 1
                                                                       : 2)
        << dtype.str();
  }
}

TEST(ImportSafetensors, WhatIsWrittenReadsBack) {
  Array a = Array::fromF32({2, 2}, {1.0f, -0.0f, INFINITY, 4.5f});
  Array b = Array::fromI32({}, {7});
  Array empty = Array::fromF32({0, 3}, {});
  std::string bytes;
  raw_string_ostream os(bytes);
  writeSafetensors(os, {NamedTensor{"a", a.view()}, NamedTensor{"b", b.view()},
                        NamedTensor{"empty \"é\"", empty.view()}});
  auto file = SafetensorsFile::parse(MemoryBuffer::getMemBufferCopy(os.str()));
  ASSERT_TRUE(bool(file)) << toString(file.takeError());
  ASSERT_EQ(file->getTensors().size(), 3u);
  EXPECT_EQ(file->find("a")->value.shape, ArrayRef<int64_t>({2, 2}));
  EXPECT_EQ(file->find("a")->value.toF32(), a.view().toF32());
  EXPECT_EQ(file->find("b")->value.toI32(), std::vector<int32_t>{7});
  EXPECT_EQ(file->find("empty \"é\"")->value.shape, ArrayRef<int64_t>({0, 3}));
  EXPECT_FALSE(file->find("c"));
}

/// Half precision is exact in f32, subnormals included.
TEST(ImportSafetensors, WidensHalfPrecisionExactly) {
  ArrayView half{{3}, DType::F16, {"\x01\x00\xff\x7b\x00\xfc", 6}};
  EXPECT_EQ(half.toF32(), (std::vector<float>{0x1p-24f, 65504, -INFINITY}));
  ArrayView brain{{2}, DType::BF16, {"\x01\x00\x80\x7f", 4}};
  EXPECT_EQ(brain.toF32(), (std::vector<float>{0x1p-133f, INFINITY}));
}

TEST(ImportSafetensors, UnalignedDataIsRead) {
  std::string header = entry("F32", "[1]", "[0,4]");
  for (int i = 0; i < 8; ++i, header += ' ')
    EXPECT_EQ(parse(header, StringRef("\0\0\xc0\x3f", 4)), "ok");
}

TEST(ImportSafetensors, RefusesTruncatedFiles) {
  EXPECT_EQ(parse("abc"), "is no safetensors file: it has 3 bytes");
  EXPECT_EQ(parse(StringRef("\x10\0\0\0\0\0\0\0{}", 10)),
            "is truncated: the header has 16 bytes but 2 follow");
  EXPECT_EQ(parse(StringRef("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10)),
            "is no safetensors file: its header would have "
            "18446744073709551615 bytes; expected at most 100000000");
  EXPECT_EQ(parse(entry("F32", "[2]", "[0,8]"), "1234"),
            "t has data_offsets [0,8], but the file holds 4 bytes of data: it "
            "is truncated, or the header is wrong");
  // Every prefix of a good file is refused.
  std::string good = makeSafetensors(entry("F32", "[2]", "[0,8]"), "12345678");
  EXPECT_EQ(parse(good), "ok");
  for (size_t i = 0; i < good.size(); ++i)
    EXPECT_NE(parse(StringRef(good).take_front(i)), "ok") << i;
}

TEST(ImportSafetensors, RefusesLyingHeaders) {
  EXPECT_EQ(parse(entry("F32", "[2]", "[0,4]"), "1234"),
            "t has 4 bytes of data; expected 8 (F32, shape [2])");
  EXPECT_EQ(parse(entry("F32", "[1]", "[4,0]"), "1234"),
            "t has data_offsets [4,0]; expected its begin and end");
  EXPECT_EQ(parse(entry("F32", "[1]", "[0,4,8]"), "1234"),
            "t has data_offsets [0,4,8]; expected its begin and end");
  EXPECT_EQ(parse(entry("F32", "[4294967296,4294967296]", "[0,4]"), "1234"),
            "t has shape [4294967296,4294967296]: its size overflows");
  EXPECT_EQ(parse(entry("F32", "[0,4294967296,4294967296]", "[0,0]"), ""),
            "t has shape [0,4294967296,4294967296]: its size overflows");
  EXPECT_EQ(parse(entry("F32", "[-1]", "[0,4]"), "1234"),
            "the header's entry of t has -1 in 'shape'; expected an integer of "
            "at least 0 that fits 64 bits");
  EXPECT_EQ(parse(entry("F32", "[1.0]", "[0,4]"), "1234"),
            "the header's entry of t has 1.0 in 'shape'; expected an integer "
            "of at least 0 that fits 64 bits");
  EXPECT_EQ(parse(entry("F32", "3", "[0,4]"), "1234"),
            "the header's entry of t has no list 'shape'");
  EXPECT_EQ(parse(entry("C64", "[1]", "[0,8]"), "12345678"),
            "t has dtype C64; expected F32, F64, F16, BF16, BOOL, I32, I64, "
            "U32 or U8");
  EXPECT_EQ(parse("{\"t\":{\"shape\":[],\"data_offsets\":[0,4]}}", "1234"),
            "t has dtype nothing; expected F32, F64, F16, BF16, BOOL, I32, "
            "I64, U32 or U8");
  EXPECT_EQ(parse("{\"t\":3}", ""),
            "the header's entry of t is 3; expected an object");
  EXPECT_EQ(parse("[]", ""), "the header is a list; expected an object");
  EXPECT_EQ(parse("{\"__metadata__\":{\"a\":1}}", ""),
            "the header's __metadata__ is not an object of strings");
  EXPECT_EQ(parse("{\"t\":{},\"t\":{}}", ""),
            "header, 1:9: duplicate key 't'; it is also at 1:2");
  EXPECT_EQ(parse("{\"\xff\":{}}", ""), "header, 1:3: invalid UTF-8");
}

TEST(ImportSafetensors, RefusesOverlapsAndGaps) {
  auto two = [](StringRef first, StringRef second, StringRef data) {
    return parse(
        ("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + first +
         "},\"b\":{\"dtype\":\"U8\",\"shape\":[4],"
         "\"data_offsets\":" +
         second + "}}")
            .str(),
        data);
  };
  EXPECT_EQ(two("[0,4]", "[4,8]", "12345678"), "ok");
  EXPECT_EQ(two("[4,8]", "[0,4]", "12345678"), "ok");
  EXPECT_EQ(two("[0,4]", "[3,7]", "1234567"), "the data of a and b overlap");
  EXPECT_EQ(two("[0,4]", "[5,9]", "123456789"),
            "1 bytes before the data of b belong to no tensor");
  EXPECT_EQ(two("[0,4]", "[4,8]", "123456789"),
            "1 bytes at the end of the file belong to no tensor");
}
