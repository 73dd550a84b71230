//===- ImportDocsTest.cpp - The documentation of options is up to date ----===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportTestHelpers.h"
#include "lib/Import/Options.h"

using namespace llvm;
using namespace ssmc;
using namespace ssmc::test;

/// docs/model-format.md holds the tables that printOptionTables gives. With
/// SSMC_UPDATE_DOCS set, writes them there.
TEST(ImportDocs, OptionTablesAreUpToDate) {
  std::string path = getTestData() + "/../../docs/model-format.md";
  std::string text = readFile(path);
  StringRef startMark = "SSMC_UPDATE_DOCS=1. -->\n\n",
            endMark = "<!-- End of what is generated. -->";
  size_t start = text.find(startMark), end = text.find(endMark);
  ASSERT_NE(start, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  start += startMark.size();
  std::string tables;
  raw_string_ostream os(tables);
  printOptionTables(os);
  if (std::getenv("SSMC_UPDATE_DOCS"))
    std::ofstream(path) << text.replace(start, end - start, tables);
  else
    EXPECT_EQ(text.substr(start, end - start), tables);
}
