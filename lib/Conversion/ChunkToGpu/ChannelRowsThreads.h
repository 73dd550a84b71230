//===- ChannelRowsThreads.h - Recurrences of channels on threads -*- C++
//-*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOGPU_CHANNELROWSTHREADS_H
#define SSMC_LIB_CONVERSION_CHUNKTOGPU_CHANNELROWSTHREADS_H

#include "lib/Conversion/ChunkToGpu/LookBack.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace ssmc {

/// Emits a channel_rows as the work of threads.
class ChannelRowsThreads {
public:
  ChannelRowsThreads(ChannelRowsOp op, int64_t threads,
                     mlir::OpBuilder &builder)
      : op(op), rows(builder, op.getLoc(), threads), builder(builder),
        loc(op.getLoc()), panels(op.getNumPanels()), modes(op.getNumModes()),
        available(
            llvm::cast<mlir::MemRefType>(op.getX().getType()).getDimSize(0)) {}

  void emitStreams();
  void emitTimeSteps();
  void emitLinked(const ChunkLink &link);

private:
  using Values = llvm::SmallVector<mlir::Value>;
  /// A channel: its number and where it lies in panels.
  struct Channel {
    mlir::Value number, panel, lane;
  };
  /// (re, im).
  using Complex = std::pair<mlir::Value, mlir::Value>;
  /// What a mode of a channel begins with, and what it ends with.
  using LoadStates = llvm::function_ref<Complex(const Channel &, mlir::Value)>;
  using StoreStates =
      llvm::function_ref<void(const Channel &, mlir::Value, Complex)>;

  void forEachChannel(llvm::function_ref<void(const Channel &)> body);
  void forEachMode(llvm::function_ref<void(const Channel &, mlir::Value)> body);
  void forSomeModes(llvm::function_ref<void(mlir::Value, int64_t, bool)> body);
  /// Threads of a channel, and modes of each at a time.
  struct Turns {
    int64_t threads, modes;
  };
  std::optional<Turns> planTurns() const;
  void emitInTurns(const Turns &turns, LoadStates load, StoreStates store);
  void emitAllRows(LoadStates load, StoreStates store);
  Values loadFactors(const Channel &channel, mlir::Value mode, size_t count);
  mlir::Value loadFeature(mlir::Value buffer, mlir::Value row,
                          const Channel &channel);
  void storeFeature(mlir::Value value, mlir::Value row, const Channel &channel);
  mlir::Value statePlace(const Channel &channel, mlir::Value mode,
                         int64_t plane);
  Complex loadState(mlir::Value buffer, mlir::Value row, const Channel &channel,
                    mlir::Value mode);
  void storeState(mlir::Value buffer, mlir::Value row, const Channel &channel,
                  mlir::Value mode, Complex state);
  Complex emitStep(llvm::ArrayRef<mlir::Value> factors, Complex state,
                   mlir::Value x);
  mlir::Value emitReadout(llvm::ArrayRef<mlir::Value> factors, Complex state,
                          mlir::Value y);
  llvm::SmallVector<Values> loadAllFactors(const Channel &channel,
                                           mlir::Value mode, int64_t count);
  Values emitRow(llvm::ArrayRef<Values> factors, const Channel &channel,
                 mlir::Value row, mlir::Value before, mlir::ValueRange states);
  Complex emitStatesOnly(const Channel &channel, mlir::Value mode);

  Complex toWide(Complex state);
  Complex multiply(Complex a, Complex b, Complex added = {});
  Complex emitTransition(const Channel &channel, mlir::Value mode);
  Complex emitIncoming(const ChunkLink &link, const Channel &channel,
                       mlir::Value mode, llvm::function_ref<Complex()> ofChunk);
  Complex narrow(Complex state);

  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value sum) {
    return mlir::math::FmaOp::create(builder, loc, a, b, sum);
  }
  mlir::Value times(mlir::Value a, mlir::Value b) {
    return mlir::arith::MulFOp::create(builder, loc, a, b);
  }
  mlir::Value zero() {
    return mlir::arith::ConstantOp::create(builder, loc,
                                           builder.getF32FloatAttr(0));
  }

  ChannelRowsOp op;
  ThreadBuilder rows;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  int64_t panels, modes, available;
};

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOGPU_CHANNELROWSTHREADS_H
