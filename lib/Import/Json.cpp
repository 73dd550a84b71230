//===- Json.cpp - Strict JSON with source positions -----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Json.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;
using namespace ssmc;

/// Far more than a model needs; what keeps a hostile file from exhausting the
/// stack or the memory.
static constexpr unsigned kMaxDepth = 64;
static constexpr unsigned kMaxValues = 2'000'000;

const JsonMember *JsonValue::find(StringRef key) const {
  for (const JsonMember &member : members)
    if (member.key == key)
      return &member;
  return nullptr;
}

std::string JsonValue::describe() const {
  switch (kind) {
  case Kind::Null:
    return "null";
  case Kind::Boolean:
    return boolean ? "true" : "false";
  case Kind::Number:
    return text;
  case Kind::String:
    return '"' + (text.size() > 60 ? text.substr(0, 57) + "..." : text) + '"';
  case Kind::Array:
    return "a list";
  case Kind::Object:
    return "an object";
  }
  llvm_unreachable("all kinds are handled");
}

namespace {
class Parser {
public:
  Parser(StringRef text, JsonError &error) : text(text), error(error) {}

  bool parseDocument(JsonValue &value) {
    if (text.starts_with("\xef\xbb\xbf"))
      return fail("the file starts with a byte order mark; expected plain "
                  "UTF-8");
    if (!checkUtf8() || !parseValue(value, 0))
      return false;
    skipSpace();
    return offset == text.size() || fail("text follows the end of the value");
  }

private:
  StringRef text;
  JsonError &error;
  size_t offset = 0, lineStart = 0;
  unsigned line = 1, numValues = 0;

  JsonPosition position() const {
    return {line, static_cast<unsigned>(offset - lineStart + 1)};
  }

  bool fail(const Twine &message) {
    error = {position(), message.str()};
    return false;
  }

  /// What stands at the current offset, for messages.
  std::string found() const {
    if (offset >= text.size())
      return "the end of the file";
    std::string printed;
    raw_string_ostream stream(printed);
    stream << "'";
    if (isPrint(text[offset]))
      stream << text[offset];
    else
      printEscapedString(text.substr(offset, 1), stream);
    stream << "'";
    return printed;
  }

  bool checkUtf8() {
    size_t bad = 0;
    if (json::isUTF8(text, &bad))
      return true;
    for (; offset < bad; ++offset)
      countLine();
    return fail("invalid UTF-8");
  }

  void countLine() {
    if (text[offset] == '\n') {
      ++line;
      lineStart = offset + 1;
    }
  }

  void skipSpace() {
    for (; offset < text.size() && StringRef(" \t\r\n").contains(text[offset]);
         ++offset)
      countLine();
  }

  bool consume(char c) {
    skipSpace();
    if (offset >= text.size() || text[offset] != c)
      return false;
    ++offset;
    return true;
  }

  bool parseValue(JsonValue &value, unsigned depth) {
    skipSpace();
    value.position = position();
    if (depth > kMaxDepth)
      return fail("nested deeper than " + Twine(kMaxDepth) + " levels");
    if (++numValues > kMaxValues)
      return fail("more than " + Twine(kMaxValues) + " values");
    char c = offset < text.size() ? text[offset] : '\0';
    if (c == '{')
      return parseObject(value, depth);
    if (c == '[')
      return parseArray(value, depth);
    if (c == '"') {
      value.kind = JsonValue::Kind::String;
      return parseString(value.text);
    }
    if (c == '-' || isDigit(c))
      return parseNumber(value);
    return parseWord(value);
  }

  bool parseObject(JsonValue &value, unsigned depth) {
    value.kind = JsonValue::Kind::Object;
    ++offset;
    if (consume('}'))
      return true;
    StringMap<JsonPosition> seen;
    do {
      skipSpace();
      JsonMember member;
      member.keyPosition = position();
      if (offset >= text.size() || text[offset] != '"')
        return fail("expected a key in double quotes; found " + found());
      if (!parseString(member.key))
        return false;
      auto [entry, isNew] = seen.try_emplace(member.key, member.keyPosition);
      if (!isNew) {
        error = {member.keyPosition,
                 formatv("duplicate key '{0}'; it is also at {1}:{2}",
                         member.key, entry->second.line, entry->second.column)};
        return false;
      }
      if (!consume(':'))
        return fail("expected ':' after the key '" + member.key + "'; found " +
                    found());
      if (!parseValue(member.value, depth + 1))
        return false;
      value.members.push_back(std::move(member));
    } while (consume(','));
    return consume('}') || fail("expected ',' or '}'; found " + found());
  }

  bool parseArray(JsonValue &value, unsigned depth) {
    value.kind = JsonValue::Kind::Array;
    ++offset;
    if (consume(']'))
      return true;
    do {
      if (!parseValue(value.elements.emplace_back(), depth + 1))
        return false;
    } while (consume(','));
    return consume(']') || fail("expected ',' or ']'; found " + found());
  }

  bool parseString(std::string &result) {
    ++offset;
    while (true) {
      if (offset >= text.size())
        return fail("the string does not end");
      unsigned char c = text[offset];
      if (c < 0x20)
        return fail("control character in a string; write it as \\u" +
                    utohexstr(c, true, 4));
      if (c == '"') {
        ++offset;
        return true;
      }
      if (c == '\\') {
        if (!parseEscape(result))
          return false;
        continue;
      }
      result += c;
      ++offset;
    }
  }

  bool parseEscape(std::string &result) {
    char c = offset + 1 < text.size() ? text[offset + 1] : '\0';
    size_t index = StringRef("\"\\/bfnrt").find(c);
    if (c && index != StringRef::npos) {
      result += "\"\\/\b\f\n\r\t"[index];
      offset += 2;
      return true;
    }
    uint32_t code = 0, low = 0;
    if (!parseHexEscape(code))
      return false;
    if (code >= 0xD800 && code < 0xDC00) {
      if (!parseHexEscape(low))
        return false;
      if (low < 0xDC00 || low > 0xDFFF)
        return fail("lone surrogate in a string");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
      return fail("lone surrogate in a string");
    }
    char buffer[UNI_MAX_UTF8_BYTES_PER_CODE_POINT], *end = buffer;
    ConvertCodePointToUTF8(code, end);
    result.append(buffer, end);
    return true;
  }

  /// Parses `\uXXXX`.
  bool parseHexEscape(uint32_t &code) {
    StringRef escape = text.substr(offset, 6);
    if (escape.size() != 6 || !escape.starts_with("\\u") ||
        escape.drop_front(2).getAsInteger(16, code) ||
        !llvm::all_of(escape.drop_front(2),
                      [](char c) { return isHexDigit(c); }))
      return fail("invalid escape sequence in a string");
    offset += 6;
    return true;
  }

  size_t skipDigits() {
    size_t start = offset;
    while (offset < text.size() && isDigit(text[offset]))
      ++offset;
    return offset - start;
  }

  bool parseNumber(JsonValue &value) {
    value.kind = JsonValue::Kind::Number;
    size_t start = offset;
    if (text[offset] == '-')
      ++offset;
    bool leadingZero = offset < text.size() && text[offset] == '0';
    size_t digits = skipDigits();
    if (text.substr(offset).starts_with("Infinity"))
      return parseWord(value);
    if (!digits || (leadingZero && digits > 1))
      return fail(digits ? "a number starts with 0"
                         : "expected a digit; found " + found());
    bool isInteger = true;
    if (offset < text.size() && text[offset] == '.') {
      isInteger = false;
      ++offset;
      if (!skipDigits())
        return fail("expected a digit after '.'; found " + found());
    }
    if (offset < text.size() && (text[offset] | 0x20) == 'e') {
      isInteger = false;
      ++offset;
      if (offset < text.size() && StringRef("+-").contains(text[offset]))
        ++offset;
      if (!skipDigits())
        return fail("expected the digits of the exponent; found " + found());
    }
    value.text = text.slice(start, offset).str();
    int64_t integer;
    if (isInteger && !StringRef(value.text).getAsInteger(10, integer))
      value.integer = integer;
    if (StringRef(value.text).getAsDouble(value.number) ||
        !std::isfinite(value.number)) {
      error = {value.position, "the number " + value.text + " is out of range"};
      return false;
    }
    return true;
  }

  bool parseWord(JsonValue &value) {
    StringRef rest = text.substr(offset);
    StringRef word = rest.take_while([](char c) { return isAlnum(c); });
    offset += word.size();
    value.boolean = word == "true";
    value.kind =
        word == "null" ? JsonValue::Kind::Null : JsonValue::Kind::Boolean;
    if (word == "null" || word == "true" || word == "false")
      return true;
    offset -= word.size();
    if (word == "NaN" || word == "Infinity")
      return fail(word + " is not a number in JSON; expected a finite one");
    if (word == "True" || word == "False" || word == "None")
      return fail("'" + word + "' is Python; expected " +
                  (word == "None" ? Twine("null") : Twine(word.lower())));
    return fail(
        "expected a value; found " +
        (word.empty() ? found() : ("'" + word.take_front(20) + "'").str()));
  }
};
} // namespace

std::optional<JsonValue> ssmc::parseJson(StringRef text, JsonError &error) {
  JsonValue value;
  if (!Parser(text, error).parseDocument(value))
    return std::nullopt;
  return value;
}
