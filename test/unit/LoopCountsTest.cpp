//===- LoopCountsTest.cpp - Counting bytes and operations of loops --------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/LoopCounts.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace ssmc;

namespace {

class LoopCountsTest : public testing::Test {
protected:
  LoopCountsTest() {
    context.loadDialect<affine::AffineDialect, arith::ArithDialect,
                        func::FuncDialect, math::MathDialect,
                        memref::MemRefDialect, scf::SCFDialect,
                        vector::VectorDialect>();
  }

  /// Counts @f of `text`; one phase unless there are calls.
  FailureOr<SmallVector<PhaseCounts>>
  count(StringRef text, ArrayRef<std::optional<int64_t>> arguments = {}) {
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return failure();
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      message = diagnostic.str();
      return success();
    });
    return countLoops(module->lookupSymbol<func::FuncOp>("f"), arguments);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string message;
};

} // namespace

/// A product's loops: 2 tiles of 2 rows, 8 deep, one panel.
TEST_F(LoopCountsTest, AccessesTimesTrips) {
  auto counts = count(R"(
    func.func @f(%x: memref<4x8xf32>, %w: memref<8x16xf32>, %y: memref<4x16xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c4 = arith.constant 4 : index
      %zero = arith.constant dense<0.0> : vector<16xf32>
      scf.for %row = %c0 to %c4 step %c2 {
        %next = arith.addi %row, %c1 : index
        %sums:2 = affine.for %k = 0 to 8 iter_args(%a = %zero, %b = %zero)
            -> (vector<16xf32>, vector<16xf32>) {
          %weights = vector.load %w[%k, %c0] : memref<8x16xf32>, vector<16xf32>
          %x0 = memref.load %x[%row, %k] : memref<4x8xf32>
          %x1 = memref.load %x[%next, %k] : memref<4x8xf32>
          %v0 = vector.broadcast %x0 : f32 to vector<16xf32>
          %v1 = vector.broadcast %x1 : f32 to vector<16xf32>
          %s0 = math.fma %v0, %weights, %a : vector<16xf32>
          %s1 = math.fma %v1, %weights, %b : vector<16xf32>
          affine.yield %s0, %s1 : vector<16xf32>, vector<16xf32>
        }
        %d = arith.divf %sums#0, %sums#1 : vector<16xf32>
        vector.store %d, %y[%row, %c0] : memref<4x16xf32>, vector<16xf32>
      }
      return
    })");
  ASSERT_TRUE(succeeded(counts));
  ASSERT_EQ(counts->size(), 1u);
  const PhaseCounts &f = counts->front();
  EXPECT_EQ(f.executions, 1);
  ASSERT_EQ(f.buffers.size(), 3u);
  const Traffic &w = f.buffers[0].bytes, &x = f.buffers[1].bytes,
                &y = f.buffers[2].bytes;
  EXPECT_EQ(w.loaded, 2 * 8 * 64); // again for each tile
  EXPECT_EQ(w.read, 8 * 64);
  EXPECT_EQ(x.loaded, 4 * 8 * 4);
  EXPECT_EQ(x.read, 4 * 8 * 4);
  EXPECT_EQ(y.stored, 2 * 64);
  EXPECT_EQ(y.written, 2 * 64);
  EXPECT_EQ(y.loaded + y.read + x.stored + w.stored, 0);
  EXPECT_EQ(f.flops, 2 * (8 * 2 * 16 * 2 + 16));
  EXPECT_EQ(f.vectorBits, 2 * 8 * 2 * 512);
  EXPECT_EQ(f.divisionBits, 2 * 512);
}

TEST_F(LoopCountsTest, TripsFromArguments) {
  const char *text = R"(
    func.func @f(%x: memref<24xf32>, %n: i64) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c6 = arith.constant 6 : index
      %count = arith.index_cast %n : i64 to index
      %rest = arith.remui %count, %c6 : index
      %full = arith.subi %count, %rest : index
      scf.for %i = %full to %count step %c1 {
        %v = memref.load %x[%i] : memref<24xf32>
        memref.store %v, %x[%i] : memref<24xf32>
      }
      return
    })";
  auto counts = count(text, {std::nullopt, 23});
  ASSERT_TRUE(succeeded(counts));
  EXPECT_EQ(counts->front().totalBytes().loaded, 5 * 4);
  EXPECT_EQ(counts->front().totalBytes().stored, 5 * 4);
  EXPECT_TRUE(failed(count(text)));
  EXPECT_EQ(message, "cannot count the trips of 'scf.for': its bounds are not "
                     "known");
}

/// Inner loops whose trips depend on the outer one's counter: of which bytes
/// they access, only the bound is known that no byte is accessed twice.
TEST_F(LoopCountsTest, Triangle) {
  auto counts = count(R"(
    func.func @f(%x: memref<?xf32>) {
      affine.for %i = 0 to 4 {
        affine.for %j = 0 to affine_map<(i) -> (i)>(%i) {
          %v = memref.load %x[%j] : memref<?xf32>
        }
      }
      return
    })");
  ASSERT_TRUE(succeeded(counts));
  EXPECT_EQ(counts->front().totalBytes().loaded, (0 + 1 + 2 + 3) * 4);
  EXPECT_EQ(counts->front().totalBytes().read, (0 + 1 + 2 + 3) * 4);
}

/// Two nests that read the same array: no byte of it is read twice.
TEST_F(LoopCountsTest, DifferentBytesAreAtMostTheArray) {
  auto counts = count(R"(
    func.func @f(%x: memref<4xf32>) {
      affine.for %i = 0 to 4 { %v = memref.load %x[%i] : memref<4xf32> }
      affine.for %i = 1 to 4 { %v = memref.load %x[%i] : memref<4xf32> }
      return
    })");
  ASSERT_TRUE(succeeded(counts));
  EXPECT_EQ(counts->front().totalBytes().loaded, 7 * 4);
  EXPECT_EQ(counts->front().totalBytes().read, 4 * 4);
}

/// A layer's function: called three times, on different parts of one buffer
/// and on all of another.
TEST_F(LoopCountsTest, CallsInLoops) {
  auto counts = count(R"(
    func.func @f(%blob: memref<1xi8>, %h: memref<4xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c3 = arith.constant 3 : index
      %c16 = arith.constant 16 : index
      %all = memref.reinterpret_cast %blob to offset: [0], sizes: [9223372036854775807], strides: [1]
        : memref<1xi8> to memref<9223372036854775807xi8, strided<[1]>>
      scf.for %layer = %c0 to %c3 step %c1 {
        %offset = arith.muli %layer, %c16 : index
        %w = memref.view %all[%offset][] : memref<9223372036854775807xi8, strided<[1]>> to memref<4xf32>
        func.call @layer(%w, %h) : (memref<4xf32>, memref<4xf32>) -> ()
      }
      return
    }
    func.func @layer(%w: memref<4xf32>, %h: memref<4xf32>) {
      affine.for %i = 0 to 4 {
        %a = memref.load %w[%i] : memref<4xf32>
        %b = memref.load %h[%i] : memref<4xf32>
        %c = arith.mulf %a, %b : f32
        memref.store %c, %h[%i] : memref<4xf32>
      }
      return
    })");
  ASSERT_TRUE(succeeded(counts));
  ASSERT_EQ(counts->size(), 1u);
  PhaseCounts &layer = counts->front();
  auto f = module->lookupSymbol<func::FuncOp>("f");
  EXPECT_EQ(layer.function.getName(), "layer");
  EXPECT_EQ(layer.executions, 3);
  EXPECT_EQ(layer.flops, 12);
  ASSERT_EQ(layer.buffers.size(), 2u);
  EXPECT_EQ(layer.buffers[0].buffer, f.getArgument(0));
  EXPECT_EQ(layer.buffers[0].bytes.read, 3 * 16);
  EXPECT_EQ(layer.buffers[1].buffer, f.getArgument(1));
  EXPECT_EQ(layer.buffers[1].bytes.read, 3 * 16);
  EXPECT_EQ(layer.buffers[1].bytes.written, 3 * 16);
}

TEST_F(LoopCountsTest, OfUnknownBranchesTheOneWithMoreBytes) {
  const char *text = R"(
    func.func @f(%x: memref<4xf32>, %choice: i1) {
      %c0 = arith.constant 0 : index
      scf.if %choice {
        %v = memref.load %x[%c0] : memref<4xf32>
      } else {
        affine.for %i = 0 to 4 { %v = memref.load %x[%i] : memref<4xf32> }
      }
      return
    })";
  auto unknown = count(text);
  ASSERT_TRUE(succeeded(unknown));
  EXPECT_EQ(unknown->front().totalBytes().loaded, 16);
  auto taken = count(text, {std::nullopt, 1});
  ASSERT_TRUE(succeeded(taken));
  EXPECT_EQ(taken->front().totalBytes().loaded, 4);
}

TEST_F(LoopCountsTest, RefusesWhatItDoesNotKnow) {
  EXPECT_TRUE(failed(count(R"(
    func.func @f(%x: memref<4xf32>, %y: memref<4xf32>) {
      memref.copy %x, %y : memref<4xf32> to memref<4xf32>
      return
    })")));
  EXPECT_EQ(message, "cannot count what 'memref.copy' accesses; expected loops "
                     "with vectors");
  EXPECT_TRUE(failed(count(R"(
    func.func private @g(memref<4xf32>)
    func.func @f(%x: memref<4xf32>) {
      call @g(%x) : (memref<4xf32>) -> ()
      return
    })")));
  EXPECT_EQ(message, "cannot count what 'g' accesses; expected a function with "
                     "a body");
}
