//===- StateLayout.h - Where states lie in a stream's record ----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one place that knows the inside of a record. Complex values come in
// blocks of 16 numbers: the real parts of modes 8g .. 8g + 7, then their
// imaginary parts; the last block is filled up with zeros. Diagonal scans are
// carried in f32. An oscillator, carried in f64, has the blocks of all its z,
// then those of all its y. Modes of channels are panels of 16 channels: for
// each mode the real parts of all 16, then their imaginary parts. A head's
// matrix is, for each 16 of its v, their elements k = 0, then k = 1 ... Sums
// are f64[features], a count is one int64.
//
// Outside of records states have the layout of the reference: (modes, 2) for
// diagonal scans, (modes, 2, 2) = [mode][z, y][re, im] for oscillators,
// (channels, modes, 2) for modes of channels, (heads, v, k) for matrices.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_STATELAYOUT_H
#define SSMC_LIB_TARGET_STATELAYOUT_H

#include "lib/Target/ModelInfo.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace ssmc {

/// Bytes that a state takes in a record.
int64_t getPackedBytes(const StateEntry &entry);

/// Shape of a state outside of records: (modes, 2), (modes, 2, 2), (channels,
/// modes, 2), (heads, v, k), (features) or ().
llvm::SmallVector<int64_t> getStateShape(const StateEntry &entry);

/// Copies a mixer's state from a record into the reference's layout; `values`
/// has as many elements as getStateShape says.
void unpackState(const StateEntry &entry, const char *record,
                 llvm::MutableArrayRef<double> values);

/// Copies a mixer's state from the reference's layout into a record.
void packState(const StateEntry &entry, llvm::ArrayRef<double> values,
               char *record);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_STATELAYOUT_H
