//===- ChannelScanToRows.cpp - Modes of each channel's own, on rows -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %y, %s1 = ssm.channel_scan %x, %s coefficients(%a_re, %a_im)
//       readout(%c_re, %c_im)
// After, with every factor as panels of channels, a as (hi, lo) and as 1 + m:
//   %y, %s1 = ssm.channel_rows %x factors(%a_re, %a_re_lo, %a_im, %a_im_lo,
//       %m_re, %m_im, %c_re, %c_im, %corrected) outs(%empty, %s)
//
// What follows is an epilogue of no product, which reads y again: a few
// instructions against some hundred for each output.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RecurrenceToChunk/Layout.h"
#include "lib/Conversion/RecurrenceToChunk/PackedParameters.h"
#include "lib/Conversion/RecurrenceToChunk/UnitConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ssmc;

/// The error of a mode's response that rounding m = a - 1 may make, as a share
/// of the largest response. What rounding the state makes is about 1e-6.
static constexpr double kLargestError = 4e-6;

/// Modes that share a flag: those that loops take together.
static constexpr int64_t kFlagModes = 4;

namespace {
/// Arithmetic on coefficients (H, N) in f64.
class Coefficients {
public:
  Coefficients(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  Value filled(Value like, double number) {
    auto value =
        DenseElementsAttr::get(cast<ShapedType>(like.getType()), number);
    return arith::ConstantOp::create(builder, loc, value);
  }
  Value minus(Value a, Value b) {
    return arith::SubFOp::create(builder, loc, a, b);
  }
  Value times(Value a, Value b) {
    return arith::MulFOp::create(builder, loc, a, b);
  }
  Value larger(Value a, Value b) {
    return arith::MaximumFOp::create(builder, loc, a, b);
  }
  Value length(Value re, Value im) {
    Value squares =
        arith::AddFOp::create(builder, loc, times(re, re), times(im, im));
    return math::SqrtOp::create(builder, loc, squares);
  }
  Value needsCorrection(Value aRe, Value aIm, Value errorRe, Value errorIm);
  Value slice(Value x, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
              ArrayRef<int64_t> strides, ArrayRef<int64_t> shape);
  Value largestOfGroups(Value panels);

private:
  OpBuilder &builder;
  Location loc;
};
} // namespace

/// 1 where errors of m add up to more than they may until they have decayed,
/// which takes 1 / (1 - |a|) steps.
Value Coefficients::needsCorrection(Value aRe, Value aIm, Value errorRe,
                                    Value errorIm) {
  Value decay = minus(filled(aRe, 1), length(aRe, aIm));
  Value tooLarge = arith::CmpFOp::create(
      builder, loc, arith::CmpFPredicate::UGT, length(errorRe, errorIm),
      times(filled(aRe, kLargestError), decay));
  return arith::SelectOp::create(builder, loc, tooLarge, filled(aRe, 1),
                                 filled(aRe, 0));
}

Value Coefficients::slice(Value x, ArrayRef<int64_t> offsets,
                          ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides,
                          ArrayRef<int64_t> shape) {
  auto numbers = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(builder.getContext(), values);
  };
  return tensor::ExtractSliceOp::create(
      builder, loc, RankedTensorType::get(shape, builder.getF32Type()), x,
      numbers(offsets), numbers(sizes), numbers(strides));
}

/// The largest number of all lanes of kFlagModes modes of (P, N, 16).
Value Coefficients::largestOfGroups(Value panels) {
  ArrayRef<int64_t> shape = cast<ShapedType>(panels.getType()).getShape();
  int64_t count = shape[0], modes = shape[1];
  Value largest;
  for (int64_t lane = 0; lane < kPanelLanes; ++lane) {
    Value of = slice(panels, {0, 0, lane}, {count, modes, 1}, {1, 1, 1},
                     {count, modes});
    largest = largest ? larger(largest, of) : of;
  }
  int64_t groups = llvm::divideCeil(modes, kFlagModes);
  auto padded =
      RankedTensorType::get({count, groups * kFlagModes}, builder.getF32Type());
  Value zeros = arith::ConstantOp::create(builder, loc,
                                          DenseElementsAttr::get(padded, 0.0f));
  SmallVector<OpFoldResult> offsets(2, builder.getIndexAttr(0)),
      strides(2, builder.getIndexAttr(1)),
      sizes{builder.getIndexAttr(count), builder.getIndexAttr(modes)};
  Value all = tensor::InsertSliceOp::create(builder, loc, largest, zeros,
                                            offsets, sizes, strides);
  Value result;
  for (int64_t mode = 0; mode < kFlagModes; ++mode) {
    Value of = slice(all, {0, mode}, {count, groups}, {1, kFlagModes},
                     {count, groups});
    result = result ? larger(result, of) : of;
  }
  return result;
}

LogicalResult UnitConverter::convertChannelScan(ChannelScanOp op) {
  FailureOr<Value> x = getRows(op.getX());
  if (failed(x))
    return failure();
  ParameterPacker packer(builder, op.getLoc());
  SmallVector<Value> factors;
  auto add = [&](Value factor) {
    factors.push_back(packer.pack(factor, /*pairedOut=*/false,
                                  /*pairedIn=*/false));
  };
  Coefficients coefficients(builder, op.getLoc());
  Value aRe = parameters.lookup(op.getARe()),
        aIm = parameters.lookup(op.getAIm());
  Value mRe = coefficients.minus(aRe, coefficients.filled(aRe, 1));
  for (Value coefficient : {aRe, aIm}) {
    auto [high, low] = packer.split(coefficient);
    add(high);
    add(low);
  }
  auto [mReHigh, mReLow] = packer.split(mRe);
  auto [mImHigh, mImLow] = packer.split(aIm);
  add(mReHigh);
  add(mImHigh);
  add(parameters.lookup(op.getCRe()));
  add(parameters.lookup(op.getCIm()));
  Value needed = coefficients.needsCorrection(aRe, aIm, mReLow, mImLow);
  factors.push_back(coefficients.largestOfGroups(
      packer.pack(needed, /*pairedOut=*/false, /*pairedIn=*/false)));
  Value y = createEmpty(paddedWidth(getNumFeatures(op.getY().getType())));
  Value carry = carries[op.getState()].front();
  auto scan = ChannelRowsOp::create(builder, op.getLoc(),
                                    TypeRange{y.getType(), carry.getType()}, *x,
                                    factors, y, carry, Value(), Value());
  materialized[op.getY()] = scan.getResult(0);
  carries[op.getNewState()] = {scan.getResult(1)};
  return success();
}
