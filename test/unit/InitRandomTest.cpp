//===- InitRandomTest.cpp - Random numbers as JAX draws them --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/Hippo.h"
#include "lib/Init/Random.h"
#include <gtest/gtest.h>

using namespace ssmc;

/// Elements 1 ulp or less apart; `float` literals are JAX's own numbers.
static void expectClose(const std::vector<float> &got,
                        const std::vector<float> &wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_FLOAT_EQ(got[i], wanted[i]) << "element " << i;
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

TEST(Threefry, KnownAnswersOfRandom123) {
  auto check = [](RandomKey key, uint64_t counter, RandomKey wanted) {
    RandomKey words = threefry(key, counter);
    EXPECT_EQ(words.high, wanted.high);
    EXPECT_EQ(words.low, wanted.low);
  };
  check({0, 0}, 0, {0x6b200159, 0x99ba4efe});
  check({0xffffffff, 0xffffffff}, 0xffffffffffffffff, {0x1cb996fc, 0xbb002be7});
  check({0x13198a2e, 0x03707344}, 0x243f6a8885a308d3, {0xc4923a9c, 0x483df7a0});
}

TEST(Threefry, KeysSplitAsJaxSplitsThem) {
  const RandomKey wanted[] = {
      {1832780943, 270669613}, {64467757, 2916123636}, {2465931498, 255383827}};
  std::vector<RandomKey> keys = split(makeKey(42), 3);
  ASSERT_EQ(keys.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(keys[i].high, wanted[i].high);
    EXPECT_EQ(keys[i].low, wanted[i].low);
  }
}

TEST(Threefry, BitsAreJaxs) {
  const uint32_t wanted[] = {2098992034, 2919706841, 2646866425, 2409546199,
                             1935504149};
  for (size_t i = 0; i < std::size(wanted); ++i)
    EXPECT_EQ(drawBits(makeKey(42), i), wanted[i]);
  EXPECT_EQ(drawBits(makeKey(0xffffffff), 2), 2002407339u);
}

//===----------------------------------------------------------------------===//
// Distributions, of jax.random.PRNGKey(42)
//===----------------------------------------------------------------------===//

TEST(Random, UniformIsJaxsBitForBit) {
  EXPECT_EQ(drawUniform(makeKey(42), 4),
            (std::vector<float>{0x1.f47048p-2f, 0x1.5c0e6p-1f, 0x1.3b87fp-1f,
                                0x1.1f3d8p-1f}));
}

TEST(Random, UniformRoundsOnceForAnInterval) {
  EXPECT_EQ(drawUniform(makeKey(42), 4, -0.123f, 0.123f),
            (std::vector<float>{-0x1.6c0bap-9f, 0x1.6a5542p-5f, 0x1.d4a0cap-6f,
                                0x1.ebd8a4p-7f}));
}

TEST(Random, NormalIsJaxs) {
  expectClose(drawNormal(makeKey(42), 5),
              {-0x1.cfbe2ap-6f, 0x1.de57dp-2f, 0x1.2eccc2p-2f, 0x1.3a7648p-3f,
               -0x1.fc09d6p-4f});
}

TEST(Random, TruncatedNormalIsJaxs) {
  expectClose(drawTruncatedNormal(makeKey(42), 5),
              {-0x1.baa368p-6f, 0x1.c70bc4p-2f, 0x1.20a462p-2f, 0x1.2c0c6ap-3f,
               -0x1.e4cfdep-4f});
}

TEST(Random, TruncatedNormalStaysInside) {
  for (float value : drawTruncatedNormal(makeKey(1), 100000))
    ASSERT_LT(std::fabs(value), 2);
}

TEST(Random, LecunNormalIsJaxs) {
  std::vector<float> drawn = drawLecunNormal(makeKey(42), 12, 6);
  drawn.resize(4);
  expectClose(drawn,
              {-0x1.9adefap-7f, 0x1.a6636p-3f, 0x1.0bed44p-3f, 0x1.1683bcp-4f});
}

TEST(Random, InverseOfErfIsXlas) {
  const std::pair<float, float> points[] = {{-0x1.fffffep-1f, -0x1.ea8f94p+1f},
                                            {-0.5f, -0x1.e861fcp-2f},
                                            {0.0f, 0.0f},
                                            {1e-3f, 0x1.d0a364p-11f},
                                            {0.9f, 0x1.29c012p+0f},
                                            {0.9986f, 0x1.2125a2p+1f},
                                            {0x1.fffffep-1f, 0x1.ea8f94p+1f}};
  for (auto [x, wanted] : points)
    EXPECT_FLOAT_EQ(invertErf(x), wanted) << "erfinv of " << x;
  EXPECT_EQ(invertErf(-1), -std::numeric_limits<float>::infinity());
}

//===----------------------------------------------------------------------===//
// HiPPO
//===----------------------------------------------------------------------===//

/// Entry (i, j) of the matrix that the basis diagonalizes, without its decay:
/// HiPPO-LegS plus p p^T is -1/2 on the diagonal and -+p_i p_j beside it.
static double getSkewEntry(int64_t i, int64_t j) {
  double product = std::sqrt((i + 0.5) * (j + 0.5));
  return i == j ? 0 : i > j ? -product : product;
}

TEST(Hippo, VectorsDiagonalizeTheMatrix) {
  for (int64_t size : {1, 2, 7, 32}) {
    HippoBasis basis = makeHippoBasis(size);
    ASSERT_EQ(basis.getSize(), size);
    EXPECT_NEAR(basis.decay, -0.5, 1e-6);
    double scale = 1e-6 * size * size;
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j) {
        std::complex<double> product = 0;
        for (int64_t k = 0; k < size; ++k)
          product += basis.getVector(i, k) *
                     std::complex<double>(0, basis.frequencies[k]) *
                     std::conj(basis.getVector(j, k));
        EXPECT_NEAR(product.real(), getSkewEntry(i, j), scale);
        EXPECT_NEAR(product.imag(), 0, scale);
      }
    }
  }
}

TEST(Hippo, FrequenciesAscendAndVectorsStartPositive) {
  HippoBasis basis = makeHippoBasis(16);
  for (int64_t k = 0; k < 16; ++k) {
    EXPECT_NEAR(basis.frequencies[k], -basis.frequencies[15 - k], 1e-4);
    EXPECT_GT(basis.getVector(0, k).real(), 0);
    EXPECT_NEAR(basis.getVector(0, k).imag(), 0, 1e-15);
    if (k > 0)
      EXPECT_GT(basis.frequencies[k], basis.frequencies[k - 1]);
  }
}
