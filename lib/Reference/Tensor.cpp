//===- Tensor.cpp - Values of the reference interpreter -------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/InterleavedRange.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace ssmc::reference;

bool ssmc::reference::hasType(const Tensor &tensor, Type type) {
  ArrayRef<int64_t> shape;
  if (auto ranked = dyn_cast<RankedTensorType>(type)) {
    shape = ranked.getShape();
    type = ranked.getElementType();
  }
  if (isa<FloatType>(type)
          ? !tensor.isFloat()
          : !isa<IntegerType, IndexType>(type) || tensor.isFloat())
    return false;
  if (shape.size() != tensor.shape.size())
    return false;
  for (auto [wanted, found] : llvm::zip_equal(shape, tensor.shape))
    if (wanted != found && !ShapedType::isDynamic(wanted))
      return false;
  return true;
}

std::string ssmc::reference::describe(const Tensor &tensor) {
  std::string text;
  llvm::raw_string_ostream(text) << (tensor.isFloat() ? "float[" : "int[")
                                 << llvm::interleaved(tensor.shape) << "]";
  return text;
}

Tensor ssmc::reference::toGoldenLayout(const Tensor &state) {
  size_t rank = state.shape.size();
  if (rank == 5 && state.shape[1] == 2) { // modes (B, 2, 1, N, H) of channels
    int64_t batch = state.shape[0], modes = state.shape[3],
            channels = state.shape[4];
    Tensor result = Tensor::ofFloats({batch, channels, modes, 2});
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t part : {0, 1})
        for (int64_t n = 0; n < modes; ++n)
          for (int64_t h = 0; h < channels; ++h)
            result.floats()[((b * channels + h) * modes + n) * 2 + part] =
                state.floats()[((b * 2 + part) * modes + n) * channels + h];
    return result;
  }
  if (rank == 5) { // matrices (B, 1, heads, v, k): one plane
    Tensor result = state;
    result.shape.erase(result.shape.begin() + 1);
    return result;
  }
  if (!state.isFloat() || (rank != 3 && rank != 4))
    return state;
  // Modes come last in the IR and second in the files.
  int64_t batch = state.shape.front(), modes = state.shape.back();
  int64_t planes = rank == 3 ? state.shape[1] : state.shape[1] * state.shape[2];
  Tensor result = state;
  result.shape.pop_back();
  result.shape.insert(result.shape.begin() + 1, modes);
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t n = 0; n < modes; ++n)
        result.floats()[(b * modes + n) * planes + plane] =
            state.floats()[(b * planes + plane) * modes + n];
  return result;
}
