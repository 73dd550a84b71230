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
// After, with every factor as panels of channels and a as (hi, lo):
//   %y, %s1 = ssm.channel_rows %x factors(%a_re, %a_re_lo, %a_im, %a_im_lo,
//       %c_re, %c_im) outs(%empty, %s)
//
// What follows is an epilogue of no product, which reads y again: a few
// instructions against some hundred for each output.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RecurrenceToChunk/Layout.h"
#include "lib/Conversion/RecurrenceToChunk/PackedParameters.h"
#include "lib/Conversion/RecurrenceToChunk/UnitConverter.h"

using namespace mlir;
using namespace ssmc;

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
  for (Value coefficient : {op.getARe(), op.getAIm()}) {
    auto [high, low] = packer.split(parameters.lookup(coefficient));
    add(high);
    add(low);
  }
  add(parameters.lookup(op.getCRe()));
  add(parameters.lookup(op.getCIm()));
  Value y = createEmpty(paddedWidth(getNumFeatures(op.getY().getType())));
  Value carry = carries[op.getState()].front();
  auto scan = ChannelRowsOp::create(
      builder, op.getLoc(), TypeRange{y.getType(), carry.getType()}, *x,
      factors, y, carry, Value(), Value());
  materialized[op.getY()] = scan.getResult(0);
  carries[op.getNewState()] = {scan.getResult(1)};
  return success();
}
