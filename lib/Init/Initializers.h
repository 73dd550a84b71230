//===- Initializers.h - Initial values of each class ------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per kind of class. Each sets all parameters that the model has
// below a path; shapes come from the parameters, so that what the list of a
// model's parameters says is said once.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_INIT_INITIALIZERS_H
#define SSMC_LIB_INIT_INITIALIZERS_H

#include "lib/Init/Hippo.h"
#include "lib/Init/ModelValues.h"
#include "lib/Init/Threefry.h"
#include <map>

namespace ssmc {

/// Bases by their size; models need the same one in every block.
using HippoBases = std::map<int64_t, HippoBasis>;

/// What an initializer gets.
struct Initialization {
  /// The class with its options: of a model, those of its mixers.
  const LayerConfig &layer;
  RandomKey key;
  ValueScope values;
  HippoBases &bases;
};

/// eqx.nn.Linear, alone or several: of more than one, each has a key split off
/// in the order of the parameters (Lister, lib/Import/Parameters.cpp).
void initializeLinears(const Initialization &init);
/// eqx.nn.Embedding: a standard normal distribution.
void initializeEmbedding(const Initialization &init);
/// S5SequenceMixer: HiPPO, in its eigenbasis, in each of ssm_blocks blocks.
void initializeS5(const Initialization &init);
/// S4DSequenceMixer.
void initializeS4d(const Initialization &init);
/// LRUSequenceMixer: eigenvalues uniform on a ring.
void initializeLru(const Initialization &init);
/// LinOSSSequenceMixer.
void initializeLinoss(const Initialization &init);

} // namespace ssmc

#endif // SSMC_LIB_INIT_INITIALIZERS_H
