//===- ScalarOps.cpp - Arithmetic on single values ------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/ScalarOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace mlir;
using namespace ssmc::reference;

namespace {
using FloatUnary = double (*)(double);
using FloatBinary = double (*)(double, double);
using IntBinary = int64_t (*)(int64_t, int64_t);
} // namespace

/// Maximum and minimum as arith.maximumf has them: NaN wins.
static double maximum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : a > b ? a : b;
}
static double minimum(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : a < b ? a : b;
}

static const llvm::StringMap<FloatUnary> &getFloatUnary() {
  static const llvm::StringMap<FloatUnary> table = {
      {"arith.negf", [](double x) { return -x; }},
      {"arith.extf", [](double x) { return x; }},
      {"arith.truncf", [](double x) { return x; }},
      {"math.absf", [](double x) { return std::fabs(x); }},
      {"math.ceil", [](double x) { return std::ceil(x); }},
      {"math.cos", [](double x) { return std::cos(x); }},
      {"math.erf", [](double x) { return std::erf(x); }},
      {"math.exp", [](double x) { return std::exp(x); }},
      {"math.exp2", [](double x) { return std::exp2(x); }},
      {"math.expm1", [](double x) { return std::expm1(x); }},
      {"math.floor", [](double x) { return std::floor(x); }},
      {"math.log", [](double x) { return std::log(x); }},
      {"math.log1p", [](double x) { return std::log1p(x); }},
      {"math.log2", [](double x) { return std::log2(x); }},
      {"math.roundeven", [](double x) { return std::nearbyint(x); }},
      {"math.rsqrt", [](double x) { return 1.0 / std::sqrt(x); }},
      {"math.sin", [](double x) { return std::sin(x); }},
      {"math.sqrt", [](double x) { return std::sqrt(x); }},
      {"math.tan", [](double x) { return std::tan(x); }},
      {"math.tanh", [](double x) { return std::tanh(x); }},
  };
  return table;
}

static const llvm::StringMap<FloatBinary> &getFloatBinary() {
  static const llvm::StringMap<FloatBinary> table = {
      {"arith.addf", [](double a, double b) { return a + b; }},
      {"arith.subf", [](double a, double b) { return a - b; }},
      {"arith.mulf", [](double a, double b) { return a * b; }},
      {"arith.divf", [](double a, double b) { return a / b; }},
      {"arith.remf", [](double a, double b) { return std::fmod(a, b); }},
      {"arith.maximumf", maximum},
      {"arith.minimumf", minimum},
      {"arith.maxnumf", [](double a, double b) { return std::fmax(a, b); }},
      {"arith.minnumf", [](double a, double b) { return std::fmin(a, b); }},
      {"math.atan2", [](double a, double b) { return std::atan2(a, b); }},
      {"math.copysign", [](double a, double b) { return std::copysign(a, b); }},
      {"math.powf", [](double a, double b) { return std::pow(a, b); }},
  };
  return table;
}

/// A quotient towards zero, that wraps and gives 0 by 0.
static int64_t divide(int64_t a, int64_t b) {
  return b == -1 ? uint64_t(0) - uint64_t(a) : b ? a / b : 0;
}
static bool isExact(int64_t a, int64_t b) {
  return b == 0 || b == -1 || a % b == 0;
}
static int64_t floorDivide(int64_t a, int64_t b) {
  return divide(a, b) - (!isExact(a, b) && (a < 0) != (b < 0));
}
static int64_t ceilDivide(int64_t a, int64_t b) {
  return divide(a, b) + (!isExact(a, b) && (a < 0) == (b < 0));
}

// Sums and products are taken unsigned: they wrap.
static const llvm::StringMap<IntBinary> &getIntBinary() {
  using U = uint64_t;
  static const llvm::StringMap<IntBinary> table = {
      {"arith.addi",
       [](int64_t a, int64_t b) -> int64_t { return U(a) + U(b); }},
      {"arith.subi",
       [](int64_t a, int64_t b) -> int64_t { return U(a) - U(b); }},
      {"arith.muli",
       [](int64_t a, int64_t b) -> int64_t { return U(a) * U(b); }},
      {"arith.andi", [](int64_t a, int64_t b) { return a & b; }},
      {"arith.ori", [](int64_t a, int64_t b) { return a | b; }},
      {"arith.xori", [](int64_t a, int64_t b) { return a ^ b; }},
      {"arith.divsi", divide},
      {"arith.remsi",
       [](int64_t a, int64_t b) -> int64_t {
         return b == -1 || b == 0 ? 0 : a % b;
       }},
      {"arith.floordivsi", floorDivide},
      {"arith.ceildivsi", ceilDivide},
      {"arith.maxsi", [](int64_t a, int64_t b) { return std::max(a, b); }},
      {"arith.minsi", [](int64_t a, int64_t b) { return std::min(a, b); }},
  };
  return table;
}

// Operands come zero-extended from their width.
static const llvm::StringMap<IntBinary> &getUnsignedBinary() {
  using U = uint64_t;
  static const llvm::StringMap<IntBinary> table = {
      {"arith.divui",
       [](int64_t a, int64_t b) -> int64_t { return b ? U(a) / U(b) : 0; }},
      {"arith.remui",
       [](int64_t a, int64_t b) -> int64_t { return b ? U(a) % U(b) : 0; }},
      {"arith.ceildivui",
       [](int64_t a, int64_t b) -> int64_t {
         return b ? U(a) / U(b) + (U(a) % U(b) != 0) : 0;
       }},
      {"arith.maxui",
       [](int64_t a, int64_t b) -> int64_t { return std::max(U(a), U(b)); }},
      {"arith.minui",
       [](int64_t a, int64_t b) -> int64_t { return std::min(U(a), U(b)); }},
      {"arith.shli",
       [](int64_t a, int64_t b) -> int64_t {
         return U(b) < 64 ? U(a) << b : 0;
       }},
      {"arith.shrui",
       [](int64_t a, int64_t b) -> int64_t {
         return U(b) < 64 ? U(a) >> b : 0;
       }},
  };
  return table;
}

static unsigned getWidth(Type type) {
  type = getElementTypeOrSelf(type);
  return type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
}

/// `value` as an integer of `width` bits is held: i1 as 0 or 1, others
/// sign-extended.
static int64_t wrap(int64_t value, unsigned width) {
  if (width == 1)
    return value & 1;
  return width >= 64 ? value : llvm::SignExtend64(value, width);
}

static int64_t zeroExtend(int64_t value, unsigned width) {
  return width >= 64 ? value : value & llvm::maskTrailingOnes<uint64_t>(width);
}
static int64_t signExtend(int64_t value, unsigned width) {
  return width >= 64 ? value : llvm::SignExtend64(value, width);
}

static bool compareFloats(arith::CmpFPredicate predicate, double a, double b) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::OEQ:
    return a == b;
  case P::OGT:
    return a > b;
  case P::OGE:
    return a >= b;
  case P::OLT:
    return a < b;
  case P::OLE:
    return a <= b;
  case P::ONE:
    return !unordered && a != b;
  case P::ORD:
    return !unordered;
  case P::UEQ:
    return unordered || a == b;
  case P::UGT:
    return !(a <= b);
  case P::UGE:
    return !(a < b);
  case P::ULT:
    return !(a >= b);
  case P::ULE:
    return !(a > b);
  case P::UNE:
    return a != b;
  case P::UNO:
    return unordered;
  case P::AlwaysTrue:
    return true;
  }
  return false;
}

static bool compareIntegers(arith::CmpIPredicate predicate, int64_t a,
                            int64_t b, unsigned width) {
  using P = arith::CmpIPredicate;
  int64_t s = signExtend(a, width), t = signExtend(b, width);
  uint64_t u = zeroExtend(a, width), v = zeroExtend(b, width);
  switch (predicate) {
  case P::eq:
    return u == v;
  case P::ne:
    return u != v;
  case P::slt:
    return s < t;
  case P::sle:
    return s <= t;
  case P::sgt:
    return s > t;
  case P::sge:
    return s >= t;
  case P::ult:
    return u < v;
  case P::ule:
    return u <= v;
  case P::ugt:
    return u > v;
  case P::uge:
    return u >= v;
  }
  return false;
}

static Scalar ofReal(double value) {
  Scalar scalar;
  scalar.real = value;
  return scalar;
}
static Scalar ofInteger(int64_t value) {
  Scalar scalar;
  scalar.integer = value;
  return scalar;
}

/// Rounds towards zero; what does not fit saturates, NaN gives 0.
static int64_t toInteger(double value) {
  if (std::isnan(value))
    return 0;
  if (std::fabs(value) < 0x1p63)
    return static_cast<int64_t>(value);
  return value < 0 ? INT64_MIN : INT64_MAX;
}

/// Conversions between widths and between floats and integers.
static ScalarFunction getConversion(Operation *op) {
  if (op->getNumOperands() != 1 || op->getNumResults() != 1)
    return nullptr;
  auto isNumber = [](Type type) {
    return getElementTypeOrSelf(type).isIntOrIndexOrFloat();
  };
  Type from = op->getOperand(0).getType(), to = op->getResult(0).getType();
  if (!isNumber(from) || !isNumber(to))
    return nullptr;
  unsigned in = getWidth(from), out = getWidth(to);
  if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op))
    return [=](const Scalar *x) {
      return ofInteger(wrap(zeroExtend(x->integer, in), out));
    };
  if (isa<arith::ExtSIOp, arith::IndexCastOp, arith::TruncIOp>(op))
    return [=](const Scalar *x) {
      return ofInteger(wrap(signExtend(x->integer, in), out));
    };
  if (isa<arith::SIToFPOp>(op))
    return [=](const Scalar *x) {
      return ofReal(static_cast<double>(signExtend(x->integer, in)));
    };
  if (isa<arith::UIToFPOp>(op))
    return [=](const Scalar *x) {
      return ofReal(static_cast<double>(
          static_cast<uint64_t>(zeroExtend(x->integer, in))));
    };
  if (isa<arith::FPToSIOp, arith::FPToUIOp>(op))
    return [=](const Scalar *x) {
      return ofInteger(wrap(toInteger(x->real), out));
    };
  // The bits of an f32 are not there to be cast: all floats are f64.
  if (isa<arith::BitcastOp>(op) && in == 64 && out == 64)
    return [](const Scalar *x) { return *x; };
  return nullptr;
}

static ScalarFunction getInteger(Operation *op) {
  StringRef name = op->getName().getStringRef();
  auto isInteger = [](Type type) {
    return getElementTypeOrSelf(type).isIntOrIndex();
  };
  if (op->getNumOperands() != 2 || op->getNumResults() != 1 ||
      !isInteger(op->getResult(0).getType()) ||
      !isInteger(op->getOperand(0).getType()))
    return nullptr;
  unsigned width = getWidth(op->getOperand(0).getType());
  if (IntBinary compute = getIntBinary().lookup(name))
    return [=](const Scalar *x) {
      return ofInteger(wrap(compute(signExtend(x[0].integer, width),
                                    signExtend(x[1].integer, width)),
                            width));
    };
  if (IntBinary compute = getUnsignedBinary().lookup(name))
    return [=](const Scalar *x) {
      return ofInteger(wrap(compute(zeroExtend(x[0].integer, width),
                                    zeroExtend(x[1].integer, width)),
                            width));
    };
  if (isa<arith::ShRSIOp>(op))
    return [=](const Scalar *x) {
      uint64_t places = zeroExtend(x[1].integer, width);
      return ofInteger(wrap(signExtend(x[0].integer, width) >>
                                std::min<uint64_t>(places, 63),
                            width));
    };
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return [=, predicate = compare.getPredicate()](const Scalar *x) {
      return ofInteger(
          compareIntegers(predicate, x[0].integer, x[1].integer, width));
    };
  return nullptr;
}

ScalarFunction ssmc::reference::getScalarFunction(Operation *op) {
  StringRef name = op->getName().getStringRef();
  if (FloatUnary compute = getFloatUnary().lookup(name))
    return [=](const Scalar *x) { return ofReal(compute(x[0].real)); };
  if (FloatBinary compute = getFloatBinary().lookup(name))
    return
        [=](const Scalar *x) { return ofReal(compute(x[0].real, x[1].real)); };
  if (isa<math::FmaOp>(op))
    return [](const Scalar *x) {
      return ofReal(std::fma(x[0].real, x[1].real, x[2].real));
    };
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return [predicate = compare.getPredicate()](const Scalar *x) {
      return ofInteger(compareFloats(predicate, x[0].real, x[1].real));
    };
  if (isa<arith::SelectOp>(op))
    return [](const Scalar *x) { return x[0].integer ? x[1] : x[2]; };
  if (ScalarFunction integer = getInteger(op))
    return integer;
  return getConversion(op);
}
