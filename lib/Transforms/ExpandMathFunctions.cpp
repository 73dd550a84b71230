//===- ExpandMathFunctions.cpp - Elementary functions ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Argument reductions are Cody and Waite's with FMA; log follows Tang and
// fdlibm (log(1+f) = 2 atanh(f / (2+f))), as do the corrected kernels of sin
// and cos. The polynomials are our own: Remez exchange in 200-bit arithmetic
// for the least relative error of the whole function on the reduced interval
// (widened by 0.01 to 2 %, since the reduction rounds), then rounded to the
// format. Those of the fast exp2 were improved by a random search over
// neighbouring floats for the least error in ulp as evaluated, with 1 kept as
// the constant term: powers at integers are exact, and so is sigmoid(0).
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ExpandMathFunctions.h"
#include "llvm/ADT/bit.h"
#include <limits>

using namespace mlir;
using namespace ssmc;
using arith::CmpFPredicate;

namespace {

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

/// What the functions need to know of a floating-point format.
struct Format {
  unsigned width, mantissaBits;
  int bias;
  /// 1.5 * 2^mantissaBits: x + magic has the integer nearest x in its low bits.
  double magic;
  /// ln(2) = ln2Hi + ln2Lo; integer exponents times ln2Hi are exact.
  double ln2Hi, ln2Lo;
  /// exp is zero below, infinite above: normal results only.
  double expLowest, expHighest;
  /// expm1 is -1 below and overflows by itself above, in reach of one exponent.
  double expm1Lowest, expm1Highest;
  /// expm1, log1p and tanh are x, rounded, up to here.
  double tiny;
  /// The bit patterns of 1 and sqrt(1/2), the smallest normal number.
  uint64_t one, sqrtHalf;
  double smallestNormal;
  /// (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2.
  ArrayRef<double> expm1;
  /// (2 atanh(s) - 2 s) / s^3 in s^2, for |s| <= (sqrt(2) - 1)^2.
  ArrayRef<double> atanh;
};

// Error 2^-31.9.
constexpr double expm1F32[] = {0x1.000000p-1, 0x1.555554p-3,  0x1.5554b2p-5,
                               0x1.11118ap-7, 0x1.6d71f8p-10, 0x1.a032c0p-13};
// Error 2^-61.7.
constexpr double expm1F64[] = {
    0x1.0000000000000p-1,  0x1.5555555555559p-3,  0x1.555555555553fp-5,
    0x1.111111110f6dap-7,  0x1.6c16c16c1f076p-10, 0x1.a01a01afd3e59p-13,
    0x1.a01a017bc7290p-16, 0x1.71ddf87eaf7c3p-19, 0x1.27e5362aaa782p-22,
    0x1.af5e7517940eap-26, 0x1.1ee88a23d3096p-29};
// Error 2^-30.2.
constexpr double atanhF32[] = {0x1.55557ap-1, 0x1.995e92p-2, 0x1.31e7ecp-2};
// Error 2^-59.4.
constexpr double atanhF64[] = {0x1.5555555555593p-1, 0x1.999999997f9ddp-2,
                               0x1.249249422dbf1p-2, 0x1.c71c51d37d047p-3,
                               0x1.74664adc8b4cbp-3, 0x1.39a0702568b38p-3,
                               0x1.2f133bc9e2dc0p-3};
// 2^r for |r| <= 1/2, error 2^-23.4.
constexpr double fastExp2F32[] = {0x1.000000p+0, 0x1.62e428p-1, 0x1.ebf9b6p-3,
                                  0x1.c6b766p-5, 0x1.3cea00p-7, 0x1.5bc11ep-10};
// (2^r - 1) / r for |r| <= 1/2, error 2^-64.
constexpr double exp2F64[] = {
    0x1.62e42fefa39efp-1,  0x1.ebfbdff82c58fp-3,  0x1.c6b08d704a0cfp-5,
    0x1.3b2ab6fba4e22p-7,  0x1.5d87fe78a26afp-10, 0x1.430912f883d8ep-13,
    0x1.ffcbfc74deaa2p-17, 0x1.62c021e25400bp-20, 0x1.b524dd41d5b7cp-24,
    0x1.e4d06cab47959p-28, 0x1.ea016e6a45dcfp-32, 0x1.c2ce8656b8ecfp-36};
// (sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4 in r^2 for |r| <= pi / 4;
// errors 2^-57.5 and 2^-63.5.
constexpr double sinF64[] = {-0x1.5555555555545p-3,  0x1.111111110f242p-7,
                             -0x1.a01a019b48bd1p-13, 0x1.71de34c84feb9p-19,
                             -0x1.ae5ddc2e36420p-26, 0x1.5d6ad57f2d16dp-33};
constexpr double cosF64[] = {0x1.5555555555548p-5,  -0x1.6c16c16c14939p-10,
                             0x1.a01a019be495dp-16, -0x1.27e4f776c03fep-22,
                             0x1.1ee9888544c39p-29, -0x1.8f7b7ab9e9e7ep-37};

constexpr double log2E = 0x1.71547652b82fep+0;
constexpr double ln2 = 0x1.62e42fefa39efp-1;
constexpr double infinity = std::numeric_limits<double>::infinity();

const Format f32Format = {32,
                          23,
                          127,
                          0x1.8p23,
                          0x1.62e4p-1,
                          0x1.7f7d1cp-20,
                          -0x1.5d589ep+6,
                          0x1.62e42ep+6,
                          -20,
                          89,
                          0x1p-26,
                          0x3f800000,
                          0x3f3504f3,
                          0x1p-126,
                          expm1F32,
                          atanhF32};
const Format f64Format = {64,
                          52,
                          1023,
                          0x1.8p52,
                          0x1.62e42feep-1,
                          0x1.a39ef35793c76p-33,
                          -0x1.6232bdd7abcd1p+9,
                          0x1.62e42fefa39efp+9,
                          -40,
                          710,
                          0x1p-55,
                          0x3ff0000000000000,
                          0x3fe6a09e667f3bcd,
                          0x1p-1022,
                          expm1F64,
                          atanhF64};

const Format &formatOf(Elementwise &e) {
  return e.getElementType().isF32() ? f32Format : f64Format;
}

//===----------------------------------------------------------------------===//
// Shared parts
//===----------------------------------------------------------------------===//

/// The integer k nearest to a number: as a float, and in the low bits of
/// `bits`.
struct Rounded {
  Value k, bits;
};

/// Rounds x * scale. The bits hold k + offset.
Rounded roundScaled(Elementwise &e, Value x, double scale, int offset = 0) {
  Value magic = e.constant(formatOf(e).magic + offset);
  Value sum = e.fma(x, e.constant(scale), magic);
  return {e.sub(sum, magic), e.bits(sum)};
}

/// e^x = 2^k e^(r + ...), |r| <= ln(2) / 2: e^(r + ...) - 1 is r + tail.
struct ExpReduced {
  Rounded exponent;
  Value r, tail;
};

ExpReduced reduceExp(Elementwise &e, Value x, int offset = 0) {
  const Format &format = formatOf(e);
  Rounded exponent = roundScaled(e, x, log2E, offset);
  Value minusLo = e.constant(-format.ln2Lo);
  Value coarse = e.fma(exponent.k, e.constant(-format.ln2Hi), x);
  Value r = e.fma(exponent.k, minusLo, coarse);
  Value lost = e.fma(exponent.k, minusLo, e.sub(coarse, r));
  Value tail = e.fma(e.mul(r, r), e.polynomial(format.expm1, r), lost);
  return {exponent, r, tail};
}

/// Sum of big + small + rest with one rounding that matters; |big| >= |small|
/// or big = 0 (Dekker's fast two-sum).
Value addInOrder(Elementwise &e, Value big, Value small, Value rest) {
  Value high = e.add(big, small);
  Value low = e.sub(small, e.sub(high, big));
  return e.add(high, e.add(low, rest));
}

/// mantissa * 2^k by adding to the exponent, for normal results; infinity where
/// x > highest, zero where x < lowest, NaN where x is.
Value scaleInRange(Elementwise &e, Value mantissa, Value k, Value x,
                   double lowest, double highest) {
  Value shifted = e.shiftLeft(k, formatOf(e).mantissaBits);
  Value scaled = e.fromBits(e.addBits(e.bits(mantissa), shifted));
  Value low = e.compare(CmpFPredicate::OLT, x, e.constant(lowest));
  scaled = e.select(low, e.constant(0), scaled);
  Value high = e.compare(CmpFPredicate::OGT, x, e.constant(highest));
  scaled = e.select(high, e.constant(infinity), scaled);
  // Adding to the exponent of a NaN may turn it into a number.
  return e.select(e.compare(CmpFPredicate::UNO, x, x), x, scaled);
}

/// x where |x| <= limit: the result rounds to x there, and intermediate values
/// would be lost to underflow, or the sign of zero to an addition.
Value keepTiny(Elementwise &e, Value x, Value result, double limit) {
  Value tiny = e.compare(CmpFPredicate::OLE, e.abs(x), e.constant(limit));
  return e.select(tiny, x, result);
}

} // namespace

//===----------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------===//

/// 2^k 2^r for |r| <= 1/2 and a `sum` of k, the exponent's bias and the magic
/// number, whose low bits shift into 2^k itself. Multiplying by it costs what
/// adding to the mantissa's exponent would, keeps NaNs of any payload NaN, and
/// may be fused into a following addition.
static ScaledPower buildFastPower(Elementwise &e, Value sum, Value r) {
  Value power = e.fromBits(e.shiftLeft(e.bits(sum), formatOf(e).mantissaBits));
  return {e.polynomial(fastExp2F32, r), power};
}

ScaledPower ssmc::buildFastExp2(Elementwise &e, Value t) {
  const Format &format = formatOf(e);
  t = e.clamp(t, -fastExp2Limit, fastExp2Limit);
  Value magic = e.constant(format.magic + format.bias);
  Value sum = e.add(t, magic);
  // Not t - (sum - magic), which LLVM would give a second constant, -magic.
  return buildFastPower(e, sum, e.add(t, e.sub(magic, sum)));
}

ScaledPower ssmc::buildFastExp2OfProduct(Elementwise &e, Value a, Value b) {
  const Format &format = formatOf(e);
  Value magic = e.constant(format.magic + format.bias);
  Value sum = e.fma(a, b, magic);
  return buildFastPower(e, sum, e.fma(a, b, e.sub(magic, sum)));
}

Value ssmc::buildExp(Elementwise &e, Value x) {
  ExpReduced reduced = reduceExp(e, x);
  Value mantissa = addInOrder(e, e.constant(1), reduced.r, reduced.tail);
  const Format &format = formatOf(e);
  return scaleInRange(e, mantissa, reduced.exponent.bits, x, format.expLowest,
                      format.expHighest);
}

Value ssmc::buildExp2(Elementwise &e, Value x) {
  Rounded exponent = roundScaled(e, x, 1);
  Value r = e.sub(x, exponent.k);
  Value mantissa = e.fma(r, e.polynomial(exp2F64, r), e.constant(1));
  // The largest double below 1024 overflows nothing: its mantissa is below 1.
  return scaleInRange(e, mantissa, exponent.bits, x, -1022,
                      0x1.fffffffffffffp+9);
}

Value ssmc::buildExpM1(Elementwise &e, Value x) {
  const Format &format = formatOf(e);
  Value clamped = e.clamp(x, format.expm1Lowest, format.expm1Highest);
  // Half of 2^k, which is in range for the largest k too; doubled at the end.
  ExpReduced reduced = reduceExp(e, clamped, format.bias - 1);
  Value half =
      e.fromBits(e.shiftLeft(reduced.exponent.bits, format.mantissaBits));
  // (2^k - 1) / 2 is exact or beyond reach of the rest; it outweighs 2^k r / 2.
  Value sum = addInOrder(e, e.sub(half, e.constant(0.5)),
                         e.mul(half, reduced.r), e.mul(half, reduced.tail));
  return keepTiny(e, x, e.add(sum, sum), format.tiny);
}

Value ssmc::buildTanh(Elementwise &e, Value x) {
  // With t = e^(-2|x|) - 1 in [-1, 0], |tanh(x)| = -t / (2 + t).
  Value t = buildExpM1(e, e.mul(e.abs(x), e.constant(-2)));
  Value quotient = e.div(t, e.sub(e.constant(-2), t));
  return e.copySign(quotient, x);
}

Value ssmc::buildFastTanh(Elementwise &e, Value x) {
  const Format &format = formatOf(e);
  // With b = -2|x| and t = e^b - 1, |tanh(x)| = -t / (2 + t). Below -20 t is
  // -1.
  Value b = e.raise(e.mul(e.abs(x), e.constant(-2)), -20);
  Rounded exponent = roundScaled(e, b, log2E, format.bias);
  Value power = e.fromBits(e.shiftLeft(exponent.bits, format.mantissaBits));
  // One constant for ln(2): what it errs by k times is lost beside 2^-k - 1.
  Value r = e.fma(exponent.k, e.constant(-ln2), b);
  Value rest = e.fma(e.mul(r, r), e.polynomial(format.expm1, r), r);
  Value t = e.fma(power, rest, e.sub(power, e.constant(1)));
  return e.copySign(e.div(t, e.sub(e.constant(-2), t)), x);
}

//===----------------------------------------------------------------------===//
// Logarithms
//===----------------------------------------------------------------------===//

/// log(x) + correction for a normal, positive x.
static Value buildLogOfNormal(Elementwise &e, Value x, Value correction) {
  const Format &format = formatOf(e);
  // x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)).
  Value moved = e.addBits(e.bits(x), e.integer(format.one - format.sqrtHalf));
  Value biased = e.shiftRight(moved, format.mantissaBits);
  // k by the magic number: vectors of i64 have no cheap conversion to f64.
  Value magicBits = e.bits(e.constant(format.magic));
  Value k = e.sub(e.fromBits(e.addBits(biased, magicBits)),
                  e.constant(format.magic + format.bias));
  Value fraction =
      e.andBits(moved, e.integer((uint64_t(1) << format.mantissaBits) - 1));
  Value f = e.sub(e.fromBits(e.addBits(fraction, e.integer(format.sqrtHalf))),
                  e.constant(1));
  // log(1+f) = f - (f^2/2 - s (f^2/2 + R)), s = f / (2+f).
  Value s = e.div(f, e.add(f, e.constant(2)));
  Value z = e.mul(s, s);
  Value halfSquare = e.mul(e.mul(f, f), e.constant(0.5));
  Value inner = e.fma(z, e.polynomial(format.atanh, z), halfSquare);
  Value rest = e.fma(s, inner, e.fma(k, e.constant(format.ln2Lo), correction));
  return addInOrder(e, e.mul(k, e.constant(format.ln2Hi)), f,
                    e.sub(rest, halfSquare));
}

/// The values of the logarithm where x is no normal, positive number.
static Value fixLog(Elementwise &e, Value x, Value result) {
  const Format &format = formatOf(e);
  Value nan = e.constant(std::numeric_limits<double>::quiet_NaN());
  Value tooSmall =
      e.compare(CmpFPredicate::OLT, x, e.constant(format.smallestNormal));
  result = e.select(tooSmall, e.constant(-infinity), result);
  Value negative =
      e.compare(CmpFPredicate::OLE, x, e.constant(-format.smallestNormal));
  result = e.select(negative, nan, result);
  // Neither infinity nor NaN is below infinity: both are their own logarithm.
  Value special = e.compare(CmpFPredicate::UGE, x, e.constant(infinity));
  return e.select(special, x, result);
}

Value ssmc::buildLog(Elementwise &e, Value x) {
  return fixLog(e, x, buildLogOfNormal(e, x, e.constant(0)));
}

Value ssmc::buildLog1P(Elementwise &e, Value x) {
  // log(1+x) = log(u) + (1 + x - u) / u with u = 1 + x rounded.
  Value one = e.constant(1);
  Value u = e.add(one, x);
  Value large = e.compare(CmpFPredicate::OGE, x, one);
  Value lost =
      e.select(large, e.sub(one, e.sub(u, x)), e.sub(x, e.sub(u, one)));
  Value result = fixLog(e, u, buildLogOfNormal(e, u, e.div(lost, u)));
  return keepTiny(e, x, result, formatOf(e).tiny);
}

//===----------------------------------------------------------------------===//
// Sine and cosine
//===----------------------------------------------------------------------===//

/// sin(x + quarters pi / 2) where |x| <= 2^48, else NaN.
static Value buildSinShifted(Elementwise &e, Value x, int quarters) {
  // x = k pi/2 + r + low. The first step is exact. The second may cancel, so it
  // keeps the errors of its product and of its difference (Knuth's two-sum);
  // the third leaves 2^-160 k.
  constexpr double piHalves[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54,
                                 -0x1.f1976b7ed8fbcp-110};
  Rounded quadrant = roundScaled(e, x, 0x1.45f306dc9c883p-1, quarters);
  Value k = quadrant.k;
  Value coarse = e.fma(k, e.constant(-piHalves[0]), x);
  Value middle = e.constant(-piHalves[1]);
  Value product = e.mul(k, middle);
  Value r = e.add(coarse, product);
  Value taken = e.sub(r, coarse);
  Value low = e.add(e.sub(coarse, e.sub(r, taken)), e.sub(product, taken));
  Value productLow = e.fma(k, middle, e.sub(e.constant(0), product));
  low = e.fma(k, e.constant(-piHalves[2]), e.add(low, productLow));

  // sin(r + low) = r + (low + r^3 S - low r^2 / 2).
  Value z = e.mul(r, r);
  Value halfZ = e.mul(z, e.constant(0.5));
  Value sine = e.fma(e.mul(z, r), e.polynomial(sinF64, z),
                     e.sub(low, e.mul(halfZ, low)));
  sine = e.add(r, sine);
  // cos(r + low) = 1 - r^2 / 2 + (r^4 C - r low), with what 1 - r^2/2 lost.
  Value one = e.constant(1);
  Value main = e.sub(one, halfZ);
  Value lost = e.sub(e.sub(one, main), halfZ);
  Value minusLow = e.sub(e.constant(0), low);
  Value rest =
      e.fma(e.mul(z, z), e.polynomial(cosF64, z), e.fma(r, minusLow, lost));
  Value cosine = e.add(main, rest);

  Value odd = e.isNonZero(e.andBits(quadrant.bits, e.integer(1)));
  Value result = e.select(odd, cosine, sine);
  Value sign = e.shiftLeft(e.andBits(quadrant.bits, e.integer(2)), 62);
  result = e.fromBits(e.xorBits(e.bits(result), sign));
  Value reached = e.compare(CmpFPredicate::OLE, e.abs(x), e.constant(0x1p48));
  Value nan = e.constant(std::numeric_limits<double>::quiet_NaN());
  return e.select(reached, result, nan);
}

std::pair<Value, Value> ssmc::buildSinCos(Elementwise &e, Value x) {
  Value reached = e.compare(CmpFPredicate::OLE, e.abs(x), e.constant(0x1p48));
  Value nan = e.constant(std::numeric_limits<double>::quiet_NaN());
  x = e.select(reached, x, nan);
  // x = k pi/2 + r; the first step is exact.
  Rounded quadrant = roundScaled(e, x, 0x1.45f306dc9c883p-1);
  Value coarse = e.fma(quadrant.k, e.constant(-0x1.921fb54442d18p+0), x);
  Value r = e.fma(quadrant.k, e.constant(-0x1.1a62633145c07p-54), coarse);
  Value z = e.mul(r, r);
  Value sine = e.fma(e.mul(z, r), e.polynomial(sinF64, z), r);
  Value cosine = e.fma(e.mul(z, z), e.polynomial(cosF64, z),
                       e.fma(z, e.constant(-0.5), e.constant(1)));
  // Odd quadrants exchange the two; sin is negative in quadrants 2 and 3, cos
  // in 1 and 2.
  Value odd = e.isNonZero(e.andBits(quadrant.bits, e.integer(1)));
  auto withSign = [&](Value value, Value bits) {
    Value sign = e.andBits(e.shiftLeft(bits, 62), e.integer(uint64_t(1) << 63));
    return e.fromBits(e.xorBits(e.bits(value), sign));
  };
  return {withSign(e.select(odd, cosine, sine), quadrant.bits),
          withSign(e.select(odd, sine, cosine),
                   e.addBits(quadrant.bits, e.integer(1)))};
}

Value ssmc::buildSin(Elementwise &e, Value x) {
  return keepTiny(e, x, buildSinShifted(e, x, 0), 0x1p-27);
}

Value ssmc::buildCos(Elementwise &e, Value x) {
  return buildSinShifted(e, x, 1);
}
