//===- Schema.cpp - The options as JSON schema and as Markdown ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Options.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace ssmc;

static json::Value toJson(const OptionValue &value) {
  if (auto *boolean = std::get_if<bool>(&value))
    return *boolean;
  if (auto *integer = std::get_if<int64_t>(&value))
    return *integer;
  if (auto *number = std::get_if<double>(&value))
    return *number;
  if (auto *text = std::get_if<std::string>(&value))
    return *text;
  return nullptr;
}

static void printReferences(json::OStream &json, ArrayRef<Role> roles) {
  json.attributeArray("oneOf", [&] {
    for (const ClassSpec &spec : getClasses())
      if (is_contained(roles, spec.role))
        json.object(
            [&] { json.attribute("$ref", ("#/$defs/" + spec.name).str()); });
  });
}

static void printRange(json::OStream &json, const OptionSpec &option) {
  json.attribute(option.aboveMin ? "exclusiveMinimum" : "minimum", option.min);
  // The largest double stands for no bound.
  if (option.max < std::numeric_limits<double>::max())
    json.attribute("maximum", option.max);
}

static void printOption(json::OStream &json, const OptionSpec &option) {
  using Type = OptionSpec::Type;
  switch (option.type) {
  case Type::Integer:
    json.attribute("type", "integer");
    printRange(json, option);
    break;
  case Type::IntegerOrNull:
    json.attributeArray("type", [&] {
      json.value("integer");
      json.value("null");
    });
    printRange(json, option);
    break;
  case Type::Number:
    json.attribute("type", "number");
    printRange(json, option);
    break;
  case Type::Boolean:
    json.attribute("type", "boolean");
    break;
  case Type::Choice:
    json.attributeArray("enum", [&] {
      for (StringRef choice : option.choices)
        json.value(choice);
    });
    break;
  case Type::Mixer:
    printReferences(json, option.name == "sequence_mixer" ? Role::SequenceMixer
                                                          : Role::ChannelMixer);
    break;
  }
  if (!option.isRequired())
    json.attribute("default", toJson(option.defaultValue));
  json.attribute("description", option.doc);
}

static void printClass(json::OStream &json, const ClassSpec &spec) {
  json.attribute("type", "object");
  json.attribute("description", spec.doc);
  json.attributeObject("properties", [&] {
    json.attributeObject("target", [&] {
      // A name inside discretax, dotted or not.
      json.attribute(
          "pattern",
          ("^(discretax\\.([A-Za-z0-9_]+\\.)*)?" + spec.name + "$").str());
    });
    for (const OptionSpec &option : spec.options)
      json.attributeObject(option.name, [&] { printOption(json, option); });
  });
  json.attributeArray("required", [&] {
    json.value("target");
    for (const OptionSpec &option : spec.options)
      if (option.isRequired())
        json.value(option.name);
  });
  json.attribute("additionalProperties", false);
}

void ssmc::printSchema(raw_ostream &os) {
  json::OStream json(os, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("$schema", "https://json-schema.org/draft/2020-12/schema");
    json.attribute("title", "model.json");
    json.attribute("type", "object");
    json.attributeObject("properties", [&] {
      json.attributeObject("format", [&] { json.attribute("const", 1); });
      json.attributeObject("layers", [&] {
        json.attribute("type", "array");
        json.attribute("minItems", 1);
        json.attributeObject("items", [&] {
          printReferences(
              json, {Role::Encoder, Role::Model, Role::Block, Role::Head});
        });
      });
    });
    json.attributeArray("required", [&] { json.value("layers"); });
    json.attribute("additionalProperties", false);
    json.attributeObject("$defs", [&] {
      for (const ClassSpec &spec : getClasses())
        json.attributeObject(spec.name, [&] { printClass(json, spec); });
    });
  });
  os << "\n";
}

//===----------------------------------------------------------------------===//
// Markdown
//===----------------------------------------------------------------------===//

static std::string formatDefault(const OptionSpec &option) {
  if (option.isRequired())
    return "required";
  std::string text;
  raw_string_ostream os(text);
  if (auto *number = std::get_if<double>(&option.defaultValue))
    os << "`" << format("%.16g", *number) << "`";
  else
    os << "`" << toJson(option.defaultValue) << "`";
  return text;
}

void ssmc::printOptionTables(raw_ostream &os) {
  for (const ClassSpec &spec : getClasses()) {
    os << "### " << spec.name << "\n\n" << spec.doc << "\n\n";
    if (spec.options.empty()) {
      os << "No options.\n\n";
      continue;
    }
    os << "| option | default | legal | meaning |\n|---|---|---|---|\n";
    for (const OptionSpec &option : spec.options)
      os << "| `" << option.name << "` | " << formatDefault(option) << " | "
         << option.describeLegal() << " | " << option.doc << " |\n";
    os << "\n";
  }
}
