//===- StateLayoutTest.cpp - States inside and outside of records ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/StateLayout.h"
#include "gtest/gtest.h"
#include <cstring>
#include <numeric>

using namespace ssmc;
using Kind = StateEntry::Kind;

namespace {

float floatAt(const std::vector<char> &record, int64_t offset) {
  float value;
  std::memcpy(&value, record.data() + offset, sizeof value);
  return value;
}

double doubleAt(const std::vector<char> &record, int64_t offset) {
  double value;
  std::memcpy(&value, record.data() + offset, sizeof value);
  return value;
}

std::vector<double> count(int64_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

int64_t bytesOf(Kind kind, int64_t size, std::vector<int64_t> shape = {}) {
  return getPackedBytes({"layers.1", kind, size, 0, std::move(shape)});
}

TEST(StateLayoutTest, packedSizes) {
  EXPECT_EQ(bytesOf(Kind::Diagonal, 0), 0);
  EXPECT_EQ(bytesOf(Kind::Diagonal, 1), 64);
  EXPECT_EQ(bytesOf(Kind::Diagonal, 9), 128);
  EXPECT_EQ(bytesOf(Kind::Oscillator, 9), 512);
  EXPECT_EQ(bytesOf(Kind::Channels, 17, {2, 1, 3, 17}), 2 * 3 * 2 * 64);
  EXPECT_EQ(bytesOf(Kind::Matrices, 5, {1, 2, 5, 5}), 2 * 5 * 64);
  EXPECT_EQ(bytesOf(Kind::Sums, 5), 40);
  EXPECT_EQ(bytesOf(Kind::Count, 1), 8);
}

TEST(StateLayoutTest, diagonalModesLieInBlocksOfEight) {
  StateEntry entry{"layers.1", Kind::Diagonal, 10, 64, {}};
  std::vector<char> record(64 + 128 + 64, 0);
  packState(entry, count(20), record.data());
  EXPECT_EQ(floatAt(record, 64), 1);                // mode 0, re
  EXPECT_EQ(floatAt(record, 64 + 32), 2);           // mode 0, im
  EXPECT_EQ(floatAt(record, 64 + 7 * 4), 15);       // mode 7, re
  EXPECT_EQ(floatAt(record, 64 + 64 + 4), 19);      // mode 9, re
  EXPECT_EQ(floatAt(record, 64 + 64 + 32 + 4), 20); // mode 9, im
  EXPECT_EQ(floatAt(record, 64 + 64 + 2 * 4), 0);   // beyond the last mode
  EXPECT_EQ(floatAt(record, 0), 0);
  EXPECT_EQ(floatAt(record, 192), 0);
}

TEST(StateLayoutTest, oscillatorHasAllPositionsBehindAllVelocities) {
  StateEntry entry{"layers.1", Kind::Oscillator, 9, 0, {}};
  std::vector<char> record(512, 0);
  packState(entry, count(36), record.data());
  EXPECT_EQ(doubleAt(record, 0), 1);               // mode 0, z, re
  EXPECT_EQ(doubleAt(record, 64), 2);              // mode 0, z, im
  EXPECT_EQ(doubleAt(record, 256), 3);             // mode 0, y, re
  EXPECT_EQ(doubleAt(record, 256 + 64), 4);        // mode 0, y, im
  EXPECT_EQ(doubleAt(record, 128), 33);            // mode 8, z, re
  EXPECT_EQ(doubleAt(record, 256 + 128 + 64), 36); // mode 8, y, im
}

TEST(StateLayoutTest, modesOfChannelsLieSideBySideForSixteenChannels) {
  // 18 channels with 3 modes: channel 16 begins the second panel.
  StateEntry entry{"layers.1", Kind::Channels, 18, 64, {2, 1, 3, 18}};
  std::vector<char> record(64 + getPackedBytes(entry), 0);
  packState(entry, count(18 * 3 * 2), record.data());
  EXPECT_EQ(floatAt(record, 64), 1);       // channel 0, mode 0, re
  EXPECT_EQ(floatAt(record, 64 + 64), 2);  // ... im
  EXPECT_EQ(floatAt(record, 64 + 128), 3); // mode 1, re
  EXPECT_EQ(floatAt(record, 64 + 4), 7);   // channel 1, mode 0, re
  EXPECT_EQ(floatAt(record, 64 + 6 * 64 + 4), 17 * 6 + 1); // channel 17
  EXPECT_EQ(floatAt(record, 64 + 6 * 64 + 2 * 4), 0); // beyond the last one
}

TEST(StateLayoutTest, matricesHaveTheirRowsInLanes) {
  // 2 heads of 3 x 3.
  StateEntry entry{"layers.1", Kind::Matrices, 3, 0, {1, 2, 3, 3}};
  std::vector<char> record(getPackedBytes(entry), 0);
  packState(entry, count(18), record.data());
  EXPECT_EQ(floatAt(record, 0), 1);           // v 0, k 0
  EXPECT_EQ(floatAt(record, 64), 2);          // v 0, k 1
  EXPECT_EQ(floatAt(record, 4), 4);           // v 1, k 0
  EXPECT_EQ(floatAt(record, 3 * 64 + 8), 16); // head 1, v 2, k 0
  EXPECT_EQ(floatAt(record, 3 * 4), 0);       // beyond the last v
}

TEST(StateLayoutTest, unpackingUndoesPackingOfPanels) {
  for (int64_t size : {1, 16, 17})
    for (int64_t modes : {1, 5})
      for (bool complex : {true, false}) {
        StateEntry entry{"layers.1", complex ? Kind::Channels : Kind::Matrices,
                         size, 64,
                         complex ? std::vector<int64_t>{2, 1, modes, size}
                                 : std::vector<int64_t>{1, modes, size, size}};
        std::vector<char> record(64 + getPackedBytes(entry), 0);
        std::vector<double> values =
            count(complex ? 2 * modes * size : modes * size * size);
        packState(entry, values, record.data());
        std::vector<double> back(values.size(), -1);
        unpackState(entry, record.data(), back);
        EXPECT_EQ(back, values);
      }
}

TEST(StateLayoutTest, unpackingUndoesPacking) {
  for (Kind kind : {Kind::Diagonal, Kind::Oscillator})
    for (int64_t size : {0, 1, 7, 8, 17}) {
      StateEntry entry{"layers.1", kind, size, 128, {}};
      std::vector<char> record(128 + getPackedBytes(entry), 0);
      std::vector<double> values =
          count(size * (kind == Kind::Diagonal ? 2 : 4));
      packState(entry, values, record.data());
      std::vector<double> back(values.size(), -1);
      unpackState(entry, record.data(), back);
      EXPECT_EQ(back, values);
    }
}

} // namespace
