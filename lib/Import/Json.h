//===- Json.h - Strict JSON with source positions ---------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// llvm/Support/JSON keeps neither positions nor duplicate keys; messages about
// a model need the first and must reject the second.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_JSON_H
#define SSMC_LIB_IMPORT_JSON_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ssmc {

/// A place in a text: line and column (in bytes) count from 1.
struct JsonPosition {
  unsigned line = 1, column = 1;
};

struct JsonMember;

/// A JSON value and where it starts.
struct JsonValue {
  enum class Kind { Null, Boolean, Number, String, Array, Object };

  Kind kind = Kind::Null;
  JsonPosition position;
  bool boolean = false;
  /// Of a number: its value; infinite numbers do not occur.
  double number = 0;
  /// Of a number written without fraction and exponent that fits: its value.
  std::optional<int64_t> integer;
  /// A string's characters (UTF-8), or a number as it was written.
  std::string text;
  std::vector<JsonValue> elements;
  std::vector<JsonMember> members;

  bool isObject() const { return kind == Kind::Object; }
  bool isArray() const { return kind == Kind::Array; }
  bool isString() const { return kind == Kind::String; }

  /// The member of an object called `key`, or null.
  const JsonMember *find(llvm::StringRef key) const;
  /// What a message calls the value: `true`, `"text"`, `64.0`, `a list`...
  std::string describe() const;
};

/// One `"key": value` of an object. Keys are unique within their object.
struct JsonMember {
  std::string key;
  JsonPosition keyPosition;
  JsonValue value;
};

/// Why a text is not accepted, and where.
struct JsonError {
  JsonPosition position;
  std::string message;
};

/// Parses exactly one value. Rejected, besides what RFC 8259 forbids:
/// duplicate keys, NaN and Infinity, invalid UTF-8, lone surrogates, a byte
/// order mark, numbers beyond the range of a double, and texts nested deeper or
/// with more values than any model has.
std::optional<JsonValue> parseJson(llvm::StringRef text, JsonError &error);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_JSON_H
