//===- UseTensorCores.cpp - Products that tensor cores compute ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %w = ssm.pack_panels %c : tensor<32x20xf64> -> tensor<2x20x16xf32>
//   %y = ssm.panel_map product(%x : ..., %w : tensor<2x20x16xf32>) ...
// After:
//   %w = ssm.pack_panels %c fragments bf16x3
//       : tensor<32x20xf64> -> tensor<2x32x16xf32>
//   %y = ssm.panel_map product(%x : ..., %w : tensor<2x32x16xf32>)
//       tensor_cores(bf16x3 depth 20) ...
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Transforms/Passes.h"
#include "llvm/Support/MathExtras.h"

namespace ssmc {
#define GEN_PASS_DEF_USETENSORCORES
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// Products that are less deep leave more than half of a fragment empty.
static constexpr int64_t kLeastDepth = kPanelLanes / 2;

/// The weights of `pack` in the order of fragments.
static Value packFragments(PackPanelsOp pack, TensorProducts products) {
  OpBuilder builder(pack);
  auto type = cast<RankedTensorType>(pack.getResult().getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[1] = llvm::alignTo(shape[1], kPanelLanes);
  return PackPanelsOp::create(
      builder, pack.getLoc(),
      RankedTensorType::get(shape, type.getElementType()), pack.getWeight(),
      pack.getPairedOut(), pack.getPairedIn(),
      TensorProductsAttr::get(pack.getContext(), products));
}

namespace {
struct UseTensorCores : ssmc::impl::UseTensorCoresBase<UseTensorCores> {
  using UseTensorCoresBase::UseTensorCoresBase;

  void runOnOperation() override {
    std::optional<TensorProducts> kind = symbolizeTensorProducts(products);
    if (!kind) {
      getOperation()->emitError() << "products is '" << products.getValue()
                                  << "'; expected 'bf16x3' or 'tf32'";
      return signalPassFailure();
    }
    llvm::MapVector<PackPanelsOp, Value> packed;
    getOperation()->walk([&](PanelMapOp map) {
      auto pack = map.getW() ? map.getW().getDefiningOp<PackPanelsOp>()
                             : PackPanelsOp();
      if (!pack || map.getTensorCores() || pack.getFragments() ||
          map.getProductDepth() < kLeastDepth)
        return;
      int64_t depth = map.getProductDepth();
      Value &fragments = packed[pack];
      if (!fragments)
        fragments = packFragments(pack, *kind);
      map.getWMutable().assign(fragments);
      map.setTensorCores(*kind);
      map.setDepth(depth);
    });
    for (auto &[pack, fragments] : packed)
      if (pack->use_empty())
        pack->erase();
  }
};
} // namespace
