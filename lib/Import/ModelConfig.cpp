//===- ModelConfig.cpp - Reads a model.json -------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ModelConfig.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace mlir;
using namespace ssmc;

//===----------------------------------------------------------------------===//
// LayerConfig
//===----------------------------------------------------------------------===//

const LayerConfig::Setting &LayerConfig::getSetting(StringRef option) const {
  const OptionSpec *found = spec->find(option);
  assert(found && "the class has no such option");
  return settings[found - spec->options.data()];
}

int64_t LayerConfig::getInteger(StringRef option) const {
  return std::get<int64_t>(getSetting(option).value);
}

std::optional<int64_t> LayerConfig::getOptionalInteger(StringRef option) const {
  const OptionValue &value = getSetting(option).value;
  if (std::holds_alternative<Null>(value))
    return std::nullopt;
  return std::get<int64_t>(value);
}

double LayerConfig::getNumber(StringRef option) const {
  return std::get<double>(getSetting(option).value);
}

bool LayerConfig::getBoolean(StringRef option) const {
  return std::get<bool>(getSetting(option).value);
}

StringRef LayerConfig::getChoice(StringRef option) const {
  return std::get<std::string>(getSetting(option).value);
}

bool LayerConfig::isGiven(StringRef option) const {
  return getSetting(option).position.has_value();
}

JsonPosition LayerConfig::getPosition(StringRef option) const {
  return getSetting(option).position.value_or(position);
}

//===----------------------------------------------------------------------===//
// JsonDiagnostics
//===----------------------------------------------------------------------===//

Location JsonDiagnostics::getLocation(JsonPosition position) const {
  return FileLineColLoc::get(context, file, position.line, position.column);
}

InFlightDiagnostic JsonDiagnostics::error(JsonPosition position) const {
  return emitError(getLocation(position));
}

InFlightDiagnostic JsonDiagnostics::error(JsonPosition position,
                                          const Twine &path) const {
  return emitError(getLocation(position)) << path.str() << ": ";
}

InFlightDiagnostic JsonDiagnostics::warning(JsonPosition position,
                                            const Twine &path) const {
  return emitWarning(getLocation(position)) << path.str() << ": ";
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Appends what a mistyped name may have meant; returns whether it is like any.
template <typename Range>
static bool suggest(InFlightDiagnostic &diagnostic, StringRef name,
                    const Range &candidates) {
  SmallVector<StringRef> names(candidates.begin(), candidates.end());
  StringRef similar = findSimilar(name, names);
  if (!similar.empty())
    diagnostic << "; did you mean '" << similar << "'?";
  return !similar.empty();
}

static auto namesOf(ArrayRef<OptionSpec> options) {
  return map_range(options, [](const OptionSpec &spec) { return spec.name; });
}

/// The value of an option as `json` gives it, or nothing if it is not legal.
static std::optional<OptionValue> readValue(const OptionSpec &spec,
                                            const JsonValue &json) {
  auto inRange = [&](double value) {
    return (spec.aboveMin ? value > spec.min : value >= spec.min) &&
           value <= spec.max;
  };
  switch (spec.type) {
  case OptionSpec::Type::IntegerOrNull:
    if (json.kind == JsonValue::Kind::Null)
      return Null();
    [[fallthrough]];
  case OptionSpec::Type::Integer:
    // 64.0, "64" and true are not integers, though Python takes some of them.
    if (!json.integer || !inRange(static_cast<double>(*json.integer)))
      return std::nullopt;
    return *json.integer;
  case OptionSpec::Type::Number:
    if (json.kind != JsonValue::Kind::Number || !inRange(json.number))
      return std::nullopt;
    return json.number;
  case OptionSpec::Type::Boolean:
    if (json.kind != JsonValue::Kind::Boolean)
      return std::nullopt;
    return json.boolean;
  case OptionSpec::Type::Choice:
    if (!json.isString() || !is_contained(spec.choices, json.text))
      return std::nullopt;
    return json.text;
  case OptionSpec::Type::Mixer:
    if (!json.isObject())
      return std::nullopt;
    return Null(); // Read as a layer of its own.
  }
  llvm_unreachable("all types are handled");
}

namespace {
class Reader {
public:
  Reader(const JsonDiagnostics &diagnostics, bool ignoreUnknown)
      : diagnostics(diagnostics), ignoreUnknown(ignoreUnknown) {}

  FailureOr<ModelConfig> readModel(const JsonValue &json);

private:
  const JsonDiagnostics &diagnostics;
  bool ignoreUnknown;

  LogicalResult checkFormat(const JsonValue &json);
  FailureOr<const ClassSpec *> readTarget(const JsonValue &json, StringRef path,
                                          ArrayRef<Role> roles);
  /// `overrides` are members that take the place of the object's own.
  LogicalResult readLayer(const JsonValue &json, StringRef path,
                          ArrayRef<Role> roles,
                          ArrayRef<const JsonMember *> overrides,
                          LayerConfig &layer);
  LogicalResult readOption(const OptionSpec &spec, const JsonMember &member,
                           LayerConfig &layer);
  LogicalResult handleUnknown(const JsonMember &member,
                              const LayerConfig &layer);
  LogicalResult readMixers(const JsonValue &json,
                           ArrayRef<const JsonMember *> passedOn,
                           LayerConfig &block);
};
} // namespace

LogicalResult Reader::checkFormat(const JsonValue &json) {
  if (!json.isObject())
    return diagnostics.error(json.position)
           << "found " << json.describe()
           << "; expected an object with \"layers\"";
  for (const JsonMember &member : json.members) {
    if (member.key == "layers")
      continue;
    if (member.key == "format") {
      if (member.value.integer != 1)
        return diagnostics.error(member.value.position, "format")
               << "is " << member.value.describe()
               << "; this version reads format 1";
      continue;
    }
    if (ignoreUnknown) {
      diagnostics.warning(member.keyPosition, member.key)
          << "unknown key ignored";
      continue;
    }
    InFlightDiagnostic error = diagnostics.error(member.keyPosition, member.key)
                               << "unknown key; expected \"layers\" and, "
                                  "optionally, \"format\"";
    return error;
  }
  return success();
}

FailureOr<ModelConfig> Reader::readModel(const JsonValue &json) {
  if (failed(checkFormat(json)))
    return failure();
  const JsonMember *layers = json.find("layers");
  if (!layers)
    return diagnostics.error(json.position) << "there are no \"layers\"";
  if (!layers->value.isArray() || layers->value.elements.empty())
    return diagnostics.error(layers->value.position, "layers")
           << "expected a list of at least one layer; found "
           << (layers->value.isArray() ? std::string("an empty one")
                                       : layers->value.describe());
  ModelConfig model;
  for (auto [i, element] : llvm::enumerate(layers->value.elements)) {
    if (failed(readLayer(element, ("layers[" + Twine(i) + "]").str(),
                         {Role::Encoder, Role::Model, Role::Block, Role::Head},
                         {}, model.layers.emplace_back())))
      return failure();
  }
  if (failed(checkWidths(model, diagnostics)))
    return failure();
  return model;
}

FailureOr<const ClassSpec *> Reader::readTarget(const JsonValue &json,
                                                StringRef path,
                                                ArrayRef<Role> roles) {
  if (!json.isObject())
    return diagnostics.error(json.position, path)
           << "found " << json.describe()
           << "; expected an object with a \"target\"";
  const JsonMember *target = json.find("target");
  if (!target)
    return diagnostics.error(json.position, path)
           << "has no \"target\", the name of a class";
  if (!target->value.isString())
    return diagnostics.error(target->value.position, path + ".target")
           << "found " << target->value.describe()
           << "; expected the name of a class";
  const ClassSpec *spec = findClass(target->value.text);
  auto fitting = llvm::make_filter_range(getClasses(), [&](const ClassSpec &c) {
    return is_contained(roles, c.role);
  });
  auto names = map_range(fitting, [](const ClassSpec &c) { return c.name; });
  if (spec && is_contained(roles, spec->role))
    return spec;

  InFlightDiagnostic error =
      diagnostics.error(target->value.position, path + ".target");
  if (spec)
    error << spec->name << " is " << describe(spec->role);
  else
    error << "there is no class '" << target->value.text << "'";
  if (spec || !suggest(error, target->value.text, names))
    error << "; expected " << join(names, ", ");
  return error;
}

LogicalResult Reader::handleUnknown(const JsonMember &member,
                                    const LayerConfig &layer) {
  std::string path = layer.path + "." + member.key;
  auto describe = [&](InFlightDiagnostic &diagnostic) {
    diagnostic << layer.spec->name << " has no option '" << member.key << "'";
  };
  if (ignoreUnknown) {
    InFlightDiagnostic warning = diagnostics.warning(member.keyPosition, path);
    describe(warning);
    warning << (layer.spec->role == Role::Block
                    ? "; it is passed on to both mixers"
                    : "; it is ignored");
    return success();
  }
  InFlightDiagnostic error = diagnostics.error(member.keyPosition, path);
  describe(error);
  suggest(error, member.key, namesOf(layer.spec->options));
  return error;
}

LogicalResult Reader::readOption(const OptionSpec &spec,
                                 const JsonMember &member, LayerConfig &layer) {
  LayerConfig::Setting &setting =
      layer.settings[&spec - layer.spec->options.data()];
  if (std::optional<OptionValue> value = readValue(spec, member.value)) {
    setting = {*value, member.value.position};
    return success();
  }
  InFlightDiagnostic error =
      diagnostics.error(member.value.position, layer.path + "." + member.key);
  error << "found " << member.value.describe() << "; expected "
        << spec.describeLegal();
  if (spec.type == OptionSpec::Type::Choice && member.value.isString())
    suggest(error, member.value.text, spec.choices);
  return error;
}

LogicalResult Reader::readLayer(const JsonValue &json, StringRef path,
                                ArrayRef<Role> roles,
                                ArrayRef<const JsonMember *> overrides,
                                LayerConfig &layer) {
  FailureOr<const ClassSpec *> spec = readTarget(json, path, roles);
  if (failed(spec))
    return failure();
  layer.spec = *spec;
  layer.path = path.str();
  layer.position = json.position;
  for (const OptionSpec &option : layer.spec->options)
    layer.settings.push_back({option.defaultValue, std::nullopt});

  SmallVector<const JsonMember *> passedOn;
  for (const JsonMember &member : json.members) {
    if (member.key == "target")
      continue;
    const OptionSpec *option = layer.spec->find(member.key);
    if (!option) {
      if (failed(handleUnknown(member, layer)))
        return failure();
      passedOn.push_back(&member);
    } else if (failed(readOption(*option, member, layer))) {
      return failure();
    }
  }
  for (const JsonMember *member : overrides)
    if (const OptionSpec *option = layer.spec->find(member->key))
      if (failed(readOption(*option, *member, layer)))
        return failure();
  for (auto [option, setting] : zip_equal(layer.spec->options, layer.settings))
    if (option.isRequired() && !setting.position)
      return diagnostics.error(layer.position, layer.path)
             << layer.spec->name << " needs the option '" << option.name
             << "': " << option.describeLegal();
  if (layer.spec->role == Role::Block &&
      failed(readMixers(json, passedOn, layer)))
    return failure();
  return checkRules(layer, diagnostics);
}

LogicalResult Reader::readMixers(const JsonValue &json,
                                 ArrayRef<const JsonMember *> passedOn,
                                 LayerConfig &block) {
  block.sequenceMixer = std::make_unique<LayerConfig>();
  block.channelMixer = std::make_unique<LayerConfig>();
  if (failed(readLayer(json.find("sequence_mixer")->value,
                       block.path + ".sequence_mixer", Role::SequenceMixer,
                       passedOn, *block.sequenceMixer)))
    return failure();
  return readLayer(json.find("channel_mixer")->value,
                   block.path + ".channel_mixer", Role::ChannelMixer, passedOn,
                   *block.channelMixer);
}

FailureOr<ModelConfig> ssmc::readModelConfig(const JsonValue &json,
                                             const JsonDiagnostics &diagnostics,
                                             bool ignoreUnknown) {
  return Reader(diagnostics, ignoreUnknown).readModel(json);
}
