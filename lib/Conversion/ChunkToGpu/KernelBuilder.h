//===- KernelBuilder.h - Pointers, loops and calls of a kernel --*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOGPU_KERNELBUILDER_H
#define SSMC_LIB_CONVERSION_CHUNKTOGPU_KERNELBUILDER_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

namespace ssmc {

/// Bytes of dynamic shared memory that a block of a kernel takes: an attribute
/// of its gpu.func.
inline constexpr llvm::StringLiteral kSharedBytesAttr = "ssm.shared_bytes";

/// A parameter of a kernel: a pointer, or a count or offset.
struct KernelParameter {
  KernelParameter(llvm::StringRef name) : name(name) {}
  KernelParameter(const char *name) : name(name) {}

  static KernelParameter i64(llvm::StringRef name) {
    KernelParameter parameter(name);
    parameter.isNumber = true;
    return parameter;
  }

  llvm::StringRef name;
  bool isNumber = false;
};

/// Emits kernels into a gpu.module. Numbers are i64, pointers generic.
class KernelBuilder {
public:
  using Values = llvm::SmallVector<mlir::Value>;

  explicit KernelBuilder(mlir::gpu::GPUModuleOp kernels)
      : builder(kernels.getContext()), loc(kernels.getLoc()), kernels(kernels) {
  }

  /// Starts a kernel with these parameters, which then have their values by
  /// name.
  void begin(llvm::StringRef name, llvm::ArrayRef<KernelParameter> given);
  void end();
  mlir::Value operator[](llvm::StringRef name) { return parameters.at(name); }

  mlir::Value number(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value subtract(mlir::Value a, mlir::Value b);
  mlir::Value multiply(mlir::Value a, mlir::Value b);
  mlir::Value divide(mlir::Value a, mlir::Value b);
  mlir::Value remainder(mlir::Value a, mlir::Value b);
  mlir::Value smaller(mlir::Value a, mlir::Value b);
  mlir::Value isLess(mlir::Value a, mlir::Value b);
  mlir::Value toIndex(mlir::Value number);

  mlir::Value null();
  mlir::Value isGiven(mlir::Value pointer);
  /// `pointer` + `bytes`, or null where `pointer` is.
  mlir::Value advance(mlir::Value pointer, mlir::Value bytes);
  /// `pointer[i]`, an i64, or `otherwise` without a pointer.
  mlir::Value loadOr(mlir::Value pointer, mlir::Value i, mlir::Value otherwise);
  /// The block's dynamic shared memory from `offset` on, `bytes` of it.
  mlir::Value shared(int64_t offset, int64_t bytes);
  /// What lies at `pointer`, as a function takes it. `rowStride` is the stride,
  /// in elements, of rows of a layout that leaves it open.
  mlir::Value buffer(mlir::Value pointer, mlir::MemRefType type,
                     mlir::Value rowStride = {});

  void onlyIf(mlir::Value condition, llvm::function_ref<void()> body);
  /// Runs `body(i)` for i = from, from + step, ... below `to`.
  void loop(mlir::Value from, mlir::Value to, mlir::Value step,
            llvm::function_ref<void(mlir::Value)> body);
  mlir::Value countBlocks();
  /// The same for i = block, block + blocks, ...
  void forBlocks(mlir::Value count, llvm::function_ref<void(mlir::Value)> body);
  /// The same for numbers that blocks draw one after the other from a counter,
  /// an i32 that is zero at first. Takes kTicketBytes of shared memory at 0.
  void forTickets(mlir::Value counter, mlir::Value count,
                  llvm::function_ref<void(mlir::Value)> body);
  static constexpr int64_t kTicketBytes = 64;
  /// Copies `count` rows of `width` f32, `pitch` apart, the first at a cache
  /// line, by all threads of the block.
  void copyRows(mlir::Value from, mlir::Value to, mlir::Value count,
                int64_t width, int64_t pitch);
  /// All threads of the block see what all have written before.
  void barrier();
  /// Calls a function of this module after a barrier.
  void call(llvm::StringRef name, llvm::ArrayRef<mlir::Value> operands);

  mlir::OpBuilder builder;
  mlir::Location loc;

private:
  mlir::Type pointerType();
  mlir::Value thread();

  mlir::gpu::GPUModuleOp kernels;
  mlir::gpu::GPUFuncOp kernel;
  llvm::StringMap<mlir::Value> parameters;
  mlir::Value sharedBase;
  int64_t sharedBytes = 0;
};

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOGPU_KERNELBUILDER_H
