//===- ExpandMathTest.cpp - Accuracy and bits of elementary functions -----===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs what expand-math generates, compiled in memory, against the C library's
// long double functions; at several vector widths, whose bits must agree.
//
//===----------------------------------------------------------------------===//

#include "test/unit/KernelTest.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <limits>
#include <random>
#include <type_traits>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using namespace mlir;

namespace {

/// Numbers per call of a compiled kernel.
constexpr int64_t count = 4096;
constexpr int widths[] = {1, 4, 16};
const char *const functions[] = {"exp",   "exp2", "expm1", "log",
                                 "log1p", "tanh", "sin",   "cos"};

template <class T>
constexpr const char *typeName = std::is_same_v<T, float> ? "f32" : "f64";

std::string kernelName(StringRef function, StringRef type, int width) {
  return llvm::formatv("{0}_{1}_{2}", function, type, width);
}

/// All kernels, expanded and compiled once for all tests: scalar ones as they
/// are, vector ones optimised, so that comparing their bits compares both.
class ExpandMath : public ssmc::testing::KernelTest {
public:
  static void SetUpTestSuite() {
    KernelTest::SetUpTestSuite();
    std::string scalar, vectors;
    for (StringRef function : functions)
      for (StringRef type : {"f32", "f64"})
        for (int width : widths)
          (width == 1 ? scalar : vectors) += ssmc::testing::kernel(
              kernelName(function, type, width), ("math." + function).str(),
              type, width, count);
    plain = compileSource(scalar, 0);
    optimised = compileSource(vectors, 3);
    ASSERT_TRUE(plain && optimised);
  }
  static void TearDownTestSuite() {
    plain.reset();
    optimised.reset();
    KernelTest::TearDownTestSuite();
  }

  static std::unique_ptr<ExecutionEngine>
  compileSource(const std::string &source, int level) {
    auto module = parseSourceString<ModuleOp>(source, context.get());
    return module ? compile(*module, level) : nullptr;
  }

  template <class T>
  static std::vector<T> run(StringRef function, std::vector<T> in,
                            int width = 16) {
    in.resize(count, T(1));
    std::vector<T> out;
    call(width == 1 ? *plain : *optimised,
         kernelName(function, typeName<T>, width), in, out);
    return out;
  }

  static inline std::unique_ptr<ExecutionEngine> plain, optimised;
};

//===----------------------------------------------------------------------===//
// Accuracy
//===----------------------------------------------------------------------===//

/// |value - exact| in units of the last place of `exact`.
template <class T> double errorInUlp(T value, long double exact) {
  int exponent;
  std::frexp(exact, &exponent);
  int lowest = std::numeric_limits<T>::min_exponent;
  int digits = std::numeric_limits<T>::digits;
  return double(std::abs(value - exact) /
                std::ldexp(1.0L, std::max(exponent, lowest) - digits));
}

/// Random numbers in [low, high]; if low > 0 or high < 0, in equal measure at
/// every order of magnitude.
template <class T>
std::vector<T> sample(double low, double high, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<T> numbers;
  for (int64_t i = 0; i < count; ++i) {
    double t = uniform(random);
    double size = std::abs(low), other = std::abs(high);
    numbers.push_back(
        T(low * high > 0
              ? std::copysign(std::pow(size, 1 - t) * std::pow(other, t), low)
              : low + t * (high - low)));
  }
  return numbers;
}

struct Interval {
  const char *function;
  long double (*exact)(long double);
  double low, high;
  double bound; ///< in ulp
};

template <class T> double largestError(const Interval &interval) {
  double worst = 0;
  T at = 0;
  std::vector<T> in = sample<T>(interval.low, interval.high, 1);
  std::vector<T> out = ExpandMath::run(interval.function, in);
  for (int64_t i = 0; i < count; ++i) {
    double error = errorInUlp(out[i], interval.exact(in[i]));
    if (!(error <= worst)) {
      worst = error;
      at = in[i];
    }
  }
  return worst;
}

// The bounds are those of docs/accuracy.md.
const Interval intervalsF64[] = {
    {"exp", expl, -708, 709.7, 0.7},     {"exp", expl, -1, 1, 0.7},
    {"exp2", exp2l, -1022, 1023.9, 0.9}, {"expm1", expm1l, -45, 709.7, 1.2},
    {"expm1", expm1l, -2, 2, 1.2},       {"expm1", expm1l, -1e-300, -1, 1.2},
    {"log", logl, 1e-307, 1e308, 0.9},   {"log", logl, 0.5, 2, 0.9},
    {"log1p", log1pl, 1e-300, 1e300, 1}, {"log1p", log1pl, -0.999, 1, 1},
    {"tanh", tanhl, 1e-300, 30, 2.6},    {"sin", sinl, -1e5, 1e5, 0.8},
    {"sin", sinl, 1e-300, 1e14, 0.8},    {"cos", cosl, -1e5, 1e5, 0.8},
    {"cos", cosl, 1e-300, 1e14, 0.8},
};
const Interval intervalsF32[] = {
    {"exp2", exp2l, -126, 126, 2.0},   {"exp", expl, -87, 88.7, 0.7},
    {"expm1", expm1l, -20, 88.7, 1.2}, {"expm1", expm1l, 1e-37, 1, 1.2},
    {"log", logl, 1.2e-38, 1e38, 0.9}, {"log", logl, 0.5, 2, 0.9},
    {"log1p", log1pl, 1e-37, 1e37, 1}, {"log1p", log1pl, -0.999, 1, 1},
    {"tanh", tanhl, 1e-37, 20, 2.6},   {"sin", sinl, -1e5, 1e5, 0.51},
    {"cos", cosl, -1e5, 1e5, 0.51},
};

TEST_F(ExpandMath, AccuracyF64) {
  for (const Interval &interval : intervalsF64)
    EXPECT_LE(largestError<double>(interval), interval.bound)
        << interval.function << " on [" << interval.low << ", " << interval.high
        << "]";
}

TEST_F(ExpandMath, AccuracyF32) {
  for (const Interval &interval : intervalsF32)
    EXPECT_LE(largestError<float>(interval), interval.bound)
        << interval.function << " on [" << interval.low << ", " << interval.high
        << "]";
}

// Where nearly all of the argument cancels: sin and cos are as accurate there,
// relative to results as small as 1e-17.
TEST_F(ExpandMath, NearMultiplesOfHalfPi) {
  std::vector<double> in;
  for (int64_t i = 0; i < count; ++i)
    in.push_back(
        double(0xc.90fdaa22168c235p-3L * ((i + 1) * (i < 100 ? 1 : i))));
  std::vector<double> sine = run("sin", in), cosine = run("cos", in);
  for (int64_t i = 0; i < count; ++i) {
    EXPECT_LE(errorInUlp(sine[i], sinl(in[i])), 0.8) << "sin " << in[i];
    EXPECT_LE(errorInUlp(cosine[i], cosl(in[i])), 0.8) << "cos " << in[i];
  }
}

//===----------------------------------------------------------------------===//
// Special values
//===----------------------------------------------------------------------===//

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Special {
  const char *function;
  double x, expected;
};

/// Valid in f32 and f64.
const Special specials[] = {
    {"exp", infinity, infinity},
    {"exp", -infinity, 0},
    {"exp", 1e4, infinity},
    {"exp", -1e4, 0},
    {"exp", 0, 1},
    {"expm1", infinity, infinity},
    {"expm1", -infinity, -1},
    {"expm1", 1e4, infinity},
    {"expm1", -1e4, -1},
    {"expm1", -0.0, -0.0},
    {"expm1", 1e-30, 1e-30},
    {"log", 0, -infinity},
    {"log", -0.0, -infinity},
    {"log", infinity, infinity},
    {"log", -1, nan},
    {"log", -infinity, nan},
    {"log", 1, 0},
    {"log1p", -1, -infinity},
    {"log1p", -2, nan},
    {"log1p", infinity, infinity},
    {"log1p", -0.0, -0.0},
    {"log1p", 1e-30, 1e-30},
    {"tanh", infinity, 1},
    {"tanh", -infinity, -1},
    {"tanh", -0.0, -0.0},
    {"tanh", 1e-30, 1e-30},
    {"sin", infinity, nan},
    {"sin", -infinity, nan},
    {"sin", -0.0, -0.0},
    {"sin", 0x1p50, nan},
    {"cos", infinity, nan},
    {"cos", 0, 1},
    {"exp2", 0, 1},
    {"exp2", -7, 0x1p-7},
    {"exp2", 100, 0x1p100},
};
const Special specialsF64[] = {
    {"exp2", infinity, infinity},
    {"exp2", 1024, infinity},
    {"exp2", 1023, 0x1p1023},
    {"exp2", -1022, 0x1p-1022},
    {"exp2", -1023, 0},
    {"exp2", -infinity, 0},
    {"exp", 709.79, infinity},
    {"exp", -708.4, 0},
    {"expm1", 709.79, infinity},
    {"exp2", 0x1.fffffffffffffp9, 0x1.ffffffffffd3ap1023},
    {"log", 0x1p-1022, -0x1.6232bdd7abcd2p9},
};
// The form for hot loops saturates.
const Special specialsF32[] = {
    {"exp2", infinity, 0x1p126}, {"exp2", -infinity, 0x1p-126},
    {"exp2", 1000, 0x1p126},     {"exp2", -1000, 0x1p-126},
    {"exp", 88.73, infinity},    {"exp", -87.34, 0},
    {"expm1", 88.73, infinity},
};

template <class T> void expectSpecials(ArrayRef<Special> cases) {
  for (const Special &special : cases) {
    T result = ExpandMath::run<T>(special.function, {T(special.x)})[0];
    T expected = T(special.expected);
    if (std::isnan(expected))
      EXPECT_TRUE(std::isnan(result)) << special.function << " " << special.x;
    else
      EXPECT_TRUE(result == expected &&
                  std::signbit(result) == std::signbit(expected))
          << special.function << "(" << special.x << ") = " << result;
  }
}

TEST_F(ExpandMath, SpecialValuesF64) {
  expectSpecials<double>(specials);
  expectSpecials<double>(specialsF64);
}

TEST_F(ExpandMath, SpecialValuesF32) {
  expectSpecials<float>(specials);
  expectSpecials<float>(specialsF32);
}

/// NaNs of both signs, quiet and signalling, with every single bit of payload.
template <class T, class Bits> void expectNaNs() {
  constexpr int mantissa = std::numeric_limits<T>::digits - 1;
  const Bits quiet = llvm::bit_cast<Bits>(std::numeric_limits<T>::quiet_NaN());
  const Bits first = Bits(1) << (mantissa - 1);
  const Bits sign = Bits(1) << (8 * sizeof(T) - 1);
  std::vector<T> in;
  for (int bit = 0; bit < mantissa - 1; ++bit)
    for (Bits base : {quiet, quiet ^ first, quiet ^ sign})
      in.push_back(llvm::bit_cast<T>(base | Bits(1) << bit));
  size_t filled = in.size();
  for (const char *function : functions) {
    std::vector<T> out = ExpandMath::run(function, in);
    for (size_t i = 0; i < filled; ++i)
      EXPECT_TRUE(std::isnan(out[i]))
          << function << " of NaN " << llvm::bit_cast<Bits>(in[i]);
  }
}

TEST_F(ExpandMath, NaNIsNeverSwallowed) {
  expectNaNs<float, uint32_t>();
  expectNaNs<double, uint64_t>();
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

/// Any bit pattern but NaN's and subnormals, and numbers of moderate size.
template <class T, class Bits> std::vector<T> anyNumbers() {
  std::mt19937_64 random(2);
  std::vector<T> numbers;
  while (numbers.size() < count) {
    T any = llvm::bit_cast<T>(Bits(random()));
    if (std::isnormal(any))
      numbers.push_back(any);
    numbers.push_back(T((double(random()) / 0x1p64 - 0.5) * 200));
  }
  return numbers;
}

template <class T>
bool sameBits(const std::vector<T> &a, const std::vector<T> &b) {
  for (size_t i = 0; i < count; ++i)
    if (memcmp(&a[i], &b[i], sizeof(T)) != 0 &&
        !(std::isnan(a[i]) && std::isnan(b[i])))
      return false;
  return true;
}

template <class T> void expectSameBits(const std::vector<T> &in) {
  for (const char *function : functions) {
    std::vector<T> expected = ExpandMath::run(function, in, 1);
    for (int width : widths)
      EXPECT_TRUE(sameBits(ExpandMath::run(function, in, width), expected))
          << function << " at width " << width;
#if defined(__x86_64__)
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040); // flush to zero, denormals are zero
    std::vector<T> flushed = ExpandMath::run(function, in);
    _mm_setcsr(mode);
    EXPECT_TRUE(sameBits(flushed, expected)) << function << " flushing";
#endif
  }
}

TEST_F(ExpandMath, SameBitsAtEveryWidthAndMode) {
  expectSameBits(anyNumbers<float, uint32_t>());
  expectSameBits(anyNumbers<double, uint64_t>());
}

} // namespace
