//===- ImportJsonTest.cpp - What the JSON reader accepts and refuses ------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Json.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace ssmc;

/// `LINE:COLUMN: message` of a text that is refused, or `ok`.
static std::string parse(StringRef text) {
  JsonError error;
  if (parseJson(text, error))
    return "ok";
  return formatv("{0}:{1}: {2}", error.position.line, error.position.column,
                 error.message);
}

TEST(ImportJson, KeepsValuesAndPositions) {
  JsonError error;
  auto json =
      parseJson("{\"a\": [1, -2.5e1, true],\n  \"b\": \"\\u00e9\\n\"}", error);
  ASSERT_TRUE(json);
  const JsonMember *a = json->find("a"), *b = json->find("b");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->value.elements[0].integer, 1);
  EXPECT_EQ(a->value.elements[1].number, -25);
  EXPECT_FALSE(a->value.elements[1].integer);
  EXPECT_TRUE(a->value.elements[2].boolean);
  EXPECT_EQ(b->value.text, "\u00e9\n");
  EXPECT_EQ(b->keyPosition.line, 2u);
  EXPECT_EQ(b->keyPosition.column, 3u);
  EXPECT_EQ(b->value.position.column, 8u);
}

TEST(ImportJson, IntegersAreThoseWithoutFraction) {
  JsonError error;
  auto json = parseJson("[64, 64.0, 1e2, 9223372036854775808]", error);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->elements[0].integer, 64);
  for (int i : {1, 2, 3})
    EXPECT_FALSE(json->elements[i].integer);
}

TEST(ImportJson, SurrogatePairsAreOneCharacter) {
  JsonError error;
  auto json = parseJson("\"\\ud83d\\ude00\"", error);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->text, "\U0001F600");
}

TEST(ImportJson, RefusesDuplicateKeys) {
  EXPECT_EQ(parse("{\"a\": 1,\n \"a\": 2}"),
            "2:2: duplicate key 'a'; it is also at 1:2");
  EXPECT_EQ(parse("{\"a\": 1, \"\\u0061\": 2}"),
            "1:10: duplicate key 'a'; it is also at 1:2");
}

TEST(ImportJson, RefusesWhatPythonWrites) {
  EXPECT_EQ(parse("[NaN]"),
            "1:2: NaN is not a number in JSON; expected a finite one");
  EXPECT_EQ(parse("[-Infinity]"),
            "1:3: Infinity is not a number in JSON; expected a finite one");
  EXPECT_EQ(parse("[True]"), "1:2: 'True' is Python; expected true");
  EXPECT_EQ(parse("[None]"), "1:2: 'None' is Python; expected null");
}

TEST(ImportJson, RefusesMalformedText) {
  EXPECT_EQ(parse(""), "1:1: expected a value; found the end of the file");
  EXPECT_EQ(parse("{\"a\": 1,}"),
            "1:9: expected a key in double quotes; found '}'");
  EXPECT_EQ(parse("[1 2]"), "1:4: expected ',' or ']'; found '2'");
  EXPECT_EQ(parse("[1 \"a\"]"), "1:4: expected ',' or ']'; found '\"'");
  EXPECT_EQ(parse("{\"a\" 1}"),
            "1:6: expected ':' after the key 'a'; found '1'");
  EXPECT_EQ(parse("[1] x"), "1:5: text follows the end of the value");
  EXPECT_EQ(parse("[01]"), "1:4: a number starts with 0");
  EXPECT_EQ(parse("[1.]"), "1:4: expected a digit after '.'; found ']'");
  EXPECT_EQ(parse("[1e]"),
            "1:4: expected the digits of the exponent; found ']'");
  EXPECT_EQ(parse("[-]"), "1:3: expected a digit; found ']'");
  EXPECT_EQ(parse("[1e999]"), "1:2: the number 1e999 is out of range");
  EXPECT_EQ(parse("\"a"), "1:3: the string does not end");
  EXPECT_EQ(parse("\"a\tb\""),
            "1:3: control character in a string; write it as \\u0009");
  EXPECT_EQ(parse("\"\\x\""), "1:2: invalid escape sequence in a string");
  EXPECT_EQ(parse("\"\\ud800\""), "1:8: invalid escape sequence in a string");
  EXPECT_EQ(parse("\"\\udc00\""), "1:8: lone surrogate in a string");
  EXPECT_EQ(parse("[\n \"a\xff\"]"), "2:4: invalid UTF-8");
  EXPECT_EQ(parse("\xef\xbb\xbf{}"),
            "1:1: the file starts with a byte order mark; expected plain "
            "UTF-8");
}

TEST(ImportJson, LimitsDepthAndSize) {
  EXPECT_EQ(parse(std::string(100000, '[')),
            "1:66: nested deeper than 64 levels");
  std::string many = "[0";
  for (int i = 0; i < 2'000'000; ++i)
    many += ",0";
  EXPECT_NE(parse(many + "]").find("more than 2000000 values"),
            std::string::npos);
}

/// Every prefix of a valid text is refused, without a crash.
TEST(ImportJson, RefusesEveryPrefix) {
  StringRef text = "{\"a\\n\": [1.5e-3, true, null, \"\\ud83d\\ude00\"], "
                   "\"b\": {\"c\": -0}}";
  EXPECT_EQ(parse(text), "ok");
  for (size_t i = 0; i < text.size(); ++i)
    EXPECT_NE(parse(text.take_front(i)), "ok") << i;
}
