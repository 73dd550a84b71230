//===- CsvFile.cpp - Rows of numbers --------------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ArrayFile.h"
#include "lib/Import/ArrayFormats.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace llvm;
using namespace ssmc;

/// Whether `value` is no infinity as it is written, but would be one as a
/// float: models take no others.
static bool overflows(StringRef cell, double value) {
  return std::abs(value) >= kOverflowsF32 &&
         cell.find_first_of("0123456789") != StringRef::npos;
}

/// Appends the numbers of one row.
static Error parseRow(StringRef row, unsigned line,
                      std::vector<double> &values) {
  StringRef rest = row;
  while (true) {
    StringRef cell = rest.take_until([](char c) { return c == ','; });
    double value;
    bool isNumber = !cell.trim().getAsDouble(value);
    if (!isNumber || overflows(cell, value)) {
      unsigned column = cell.trim().empty() ? cell.data() - row.data()
                                            : cell.ltrim().data() - row.data();
      std::string shown;
      raw_string_ostream stream(shown);
      printEscapedString(cell.trim().take_front(40), stream);
      return make_error<TextError>(line, column + 1,
                                   "found '" + shown + "'; expected a number" +
                                       (isNumber ? " that a float can hold, "
                                                   "or inf"
                                                 : ""));
    }
    values.push_back(value);
    if (cell.size() == rest.size())
      return Error::success();
    rest = rest.drop_front(cell.size() + 1);
  }
}

Expected<Array> ssmc::parseCsv(StringRef text) {
  std::vector<double> values;
  int64_t rows = 0, columns = 0;
  for (unsigned line = 1; !text.empty(); ++line) {
    StringRef row;
    std::tie(row, text) = text.split('\n');
    row = row.rtrim("\r");
    if (row.trim().empty())
      continue;
    size_t before = values.size();
    if (Error error = parseRow(row, line, values))
      return std::move(error);
    int64_t found = values.size() - before;
    if (rows++ == 0)
      columns = found;
    if (found != columns)
      return make_error<TextError>(
          line, 1,
          formatv("the row has {0} numbers; expected {1}, as in the rows "
                  "before",
                  found, columns)
              .str());
  }
  return Array::fromF64({rows, columns}, values);
}

void ssmc::writeCsv(raw_ostream &os, const ArrayView &array) {
  int64_t columns = array.shape.empty() ? 1 : array.shape.back();
  bool isDouble = array.dtype == DType::F64;
  for (int64_t i = 0, e = array.getNumElements(); i < e; ++i) {
    // As many digits as it takes to read the same number back.
    os << format("%.*g", isDouble ? 17 : 9, array.getDouble(i))
       << ((i + 1) % columns ? ',' : '\n');
  }
}
