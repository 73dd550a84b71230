//===- Options.h - The classes of a model.json and their options -*- C++
//-*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_OPTIONS_H
#define SSMC_LIB_IMPORT_OPTIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace ssmc {

/// No default: the option must be given.
using Required = std::monostate;
/// null.
using Null = std::nullptr_t;
/// The value of an option.
using OptionValue =
    std::variant<Required, Null, bool, int64_t, double, std::string>;

/// One constructor argument of a class.
struct OptionSpec {
  enum class Type { Integer, IntegerOrNull, Number, Boolean, Choice, Mixer };

  llvm::StringRef name;
  Type type;
  OptionValue defaultValue;
  /// Of integers and numbers: the legal range.
  double min = 0, max = 0;
  /// The range does not hold `min` itself.
  bool aboveMin = false;
  /// Of choices: the legal names.
  std::vector<llvm::StringRef> choices;
  /// One sentence for documentation.
  llvm::StringRef doc;

  bool isRequired() const {
    return std::holds_alternative<Required>(defaultValue);
  }
  /// What would be accepted: `an integer from 1 to 100`.
  std::string describeLegal() const;
};

/// What a class can be in a model.
enum class Role { Encoder, Model, Block, Head, SequenceMixer, ChannelMixer };
/// What a mixer computes; of a model: the mixers of its blocks.
enum class Family {
  None,
  S5,
  LRU,
  LinOSS,
  S4D,
  DeltaNet,
  Identity,
  GLU,
  HalfGLU,
  SwiGLU,
  MLP
};

/// A class of discretax, or an extension, by the name that "target" gives.
struct ClassSpec {
  llvm::StringRef name;
  Role role;
  Family family;
  llvm::StringRef doc;
  std::vector<OptionSpec> options;

  const OptionSpec *find(llvm::StringRef option) const;
  /// Whether it takes tokens.
  bool isEmbedding() const { return name == "EmbeddingEncoder"; }
};

/// All classes of discretax, and extensions, in the order of documentation.
/// Defaults are those of the class named: a model's may differ from those of
/// its mixer.
llvm::ArrayRef<ClassSpec> getClasses();

/// The class called `name`, or null. Dotted names inside discretax are
/// accepted by their last part.
const ClassSpec *findClass(llvm::StringRef name);

/// A number as messages write it: `0.001`.
std::string formatNumber(double value);

/// `Encoder`: "an encoder"...
llvm::StringRef describe(Role role);

/// The candidate closest to `name`, or nothing when none is similar.
llvm::StringRef findSimilar(llvm::StringRef name,
                            llvm::ArrayRef<llvm::StringRef> candidates);

/// Prints the JSON schema (draft 2020-12) of model.json.
void printSchema(llvm::raw_ostream &os);

/// Prints the options of all classes as Markdown tables.
void printOptionTables(llvm::raw_ostream &os);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_OPTIONS_H
