//===- Layout.h - How rows, states and columns lie in memory ----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_LAYOUT_H
#define SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_LAYOUT_H

#include "dialect/SsmDialect.h"

namespace ssmc {

/// Floats of a row of `features` in the workspace: whole panels, and no
/// multiple of 1 KB, which would put every fourth row of a tile into the same
/// sets of an L1 cache.
inline int64_t paddedWidth(int64_t features) {
  int64_t width = llvm::alignTo(features, kPanelLanes);
  return width % 256 == 0 && width > 0 ? width + kPanelLanes : width;
}

/// Lanes that `modes` complex modes take: groups of 8 re then 8 im.
inline int64_t pairedLanes(int64_t modes) {
  return llvm::divideCeil(modes, kHalfPanel) * kPanelLanes;
}

/// Lanes that the `size` features of a head take: whole panels.
inline int64_t headLanes(int64_t size) {
  return llvm::alignTo(size, kPanelLanes);
}

/// The types of the carries that hold a recurrence-level state (per stream and
/// part): (B, 2, N) one, (B, 2, 2, N) two, modes
/// of channels (B, 2, 1, N, H) one, matrices (B, 1, heads, v, k) one,
/// sums (B, H) and count (B) one each.
inline llvm::SmallVector<mlir::RankedTensorType>
getCarryTypes(mlir::RankedTensorType state) {
  constexpr int64_t kAny = mlir::ShapedType::kDynamic;
  mlir::Type element = state.getElementType();
  if (!element.isF32())
    return {mlir::RankedTensorType::get(
        {kAny, state.getRank() == 1 ? 1 : state.getDimSize(1)}, element)};
  // Modes of each channel's own: for each panel of channels and mode, a panel
  // of real parts and one of imaginary parts.
  if (state.getRank() == 5 && state.getDimSize(3) == 0)
    return {};
  if (state.getRank() == 5 && state.getDimSize(1) == 2)
    return {mlir::RankedTensorType::get(
        {kAny, 2 * headLanes(state.getDimSize(4)) * state.getDimSize(3)},
        element)};
  // Matrices: for each head and panel of v, k rows of lanes.
  if (state.getRank() == 5)
    return {mlir::RankedTensorType::get(
        {kAny, state.getDimSize(2) * headLanes(state.getDimSize(3)) *
                   state.getDimSize(4)},
        element)};
  int64_t lanes = pairedLanes(state.getShape().back());
  if (!lanes) // an empty state
    return {};
  // Oscillators carry f64 (RecurrenceOpInterface::needsWideState).
  if (state.getRank() == 4)
    element = mlir::Float64Type::get(state.getContext());
  auto carry = mlir::RankedTensorType::get({kAny, lanes}, element);
  return llvm::SmallVector<mlir::RankedTensorType>(state.getRank() - 2, carry);
}

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_LAYOUT_H
