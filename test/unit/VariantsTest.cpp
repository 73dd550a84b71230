//===- VariantsTest.cpp - Variants share weights and records --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Variants.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace ssmc;

namespace {

/// What checkSameLayout says of a plan and that plan changed; empty: nothing.
std::string complaint(llvm::function_ref<void(ModelPlan &)> change) {
  static const int64_t carries[] = {0, 64};
  ModelPlan first;
  first.blobBytes = 256;
  first.stateBytes = 128;
  first.steps.resize(2);
  first.steps[1].blob = 64;
  first.steps[1].carries = carries;
  ModelPlan plan = first;
  change(plan);
  MLIRContext context;
  std::string text;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    text = diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  LogicalResult result = checkSameLayout(*module, first, plan);
  EXPECT_EQ(failed(result), !text.empty());
  return text;
}

TEST(Variants, AcceptsTheSameLayout) {
  static const int64_t same[] = {0, 64};
  EXPECT_EQ(complaint([](ModelPlan &plan) { plan.steps[1].carries = same; }),
            "");
}

TEST(Variants, RefusesOtherSizes) {
  EXPECT_EQ(complaint([](ModelPlan &plan) { plan.blobBytes = 320; }),
            "packed weights and records of CPUs differ: 256 and 128 bytes, 320 "
            "and 128 bytes");
  EXPECT_EQ(complaint([](ModelPlan &plan) { plan.stateBytes = 192; }),
            "packed weights and records of CPUs differ: 256 and 128 bytes, 256 "
            "and 192 bytes");
}

TEST(Variants, RefusesOtherPlaces) {
  static const int64_t moved[] = {64, 0};
  std::string expected = "packed weights or records of CPUs differ: the same "
                         "sizes, with units at other places";
  EXPECT_EQ(complaint([](ModelPlan &plan) { plan.steps[1].blob = 128; }),
            expected);
  EXPECT_EQ(complaint([](ModelPlan &plan) { plan.steps[1].carries = moved; }),
            expected);
  EXPECT_EQ(complaint([](ModelPlan &plan) { plan.steps.pop_back(); }),
            expected);
}

} // namespace
