//===- CommandLine.cpp - Options of a subcommand --------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/CommandLine.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;
using namespace ssmc;

static constexpr Flag kHelp = {"--help", "", "print this"};

std::string ssmc::suggest(StringRef word, ArrayRef<StringRef> known) {
  const StringRef *nearest =
      llvm::min_element(known, [&](StringRef a, StringRef b) {
        return word.edit_distance(a) < word.edit_distance(b);
      });
  if (nearest == known.end() ||
      word.edit_distance(*nearest) > std::max<size_t>(1, word.size() / 3))
    return "";
  return "; did you mean '" + nearest->str() + "'?";
}

static const Flag *findFlag(const CommandSpec &spec, StringRef name) {
  if (name == kHelp.name || name == "-h")
    return &kHelp;
  const Flag *flag =
      llvm::find_if(spec.flags, [&](const Flag &f) { return f.name == name; });
  return flag == spec.flags.end() ? nullptr : flag;
}

Error CommandLine::addFlag(const CommandSpec &spec, StringRef text,
                           ArrayRef<char *> &rest) {
  auto [name, value] = text.split('=');
  const Flag *flag = findFlag(spec, name);
  if (!flag) {
    SmallVector<StringRef> known = {kHelp.name};
    for (const Flag &candidate : spec.flags)
      known.push_back(candidate.name);
    return createStringError("unknown option '" + name + "'" +
                             suggest(name, known));
  }
  bool hasValue = text.contains('=');
  if (flag->value.empty() && hasValue)
    return createStringError("option '" + name + "' takes no value");
  if (!flag->value.empty() && !hasValue) {
    if (rest.empty() || StringRef(rest.front()).starts_with("--") ||
        findFlag(spec, rest.front()))
      return createStringError("option '" + name + "' needs a value: " + name +
                               " " + flag->value);
    value = rest.front();
    rest = rest.drop_front();
  }
  if (!flag->value.empty() && value.empty())
    return createStringError("the value of '" + name + "' is empty");
  if (!values.try_emplace(flag->name, value.str()).second)
    return createStringError("option '" + name + "' is given twice");
  return Error::success();
}

Expected<CommandLine> CommandLine::parse(const CommandSpec &spec,
                                         ArrayRef<char *> arguments) {
  CommandLine line;
  while (!arguments.empty()) {
    StringRef text = arguments.front();
    arguments = arguments.drop_front();
    if (text.starts_with("-") && text != "-") {
      if (Error error = line.addFlag(spec, text, arguments))
        return error;
      if (line.wantsHelp())
        return line;
    } else if (spec.argument.empty() || !line.argument.empty()) {
      return createStringError("unexpected argument '" + text + "'");
    } else {
      line.argument = text.str();
    }
  }
  if (!spec.argument.empty() && line.argument.empty())
    return createStringError("no " + spec.argument + " is given");
  return line;
}

StringRef CommandLine::get(StringRef flag, StringRef otherwise) const {
  auto found = values.find(flag);
  return found == values.end() ? otherwise : StringRef(found->second);
}

static void printFlag(raw_ostream &os, const Flag &flag) {
  constexpr size_t kColumn = 26;
  std::string head = "  " + flag.name.str();
  if (!flag.value.empty())
    head += " " + flag.value.str();
  os << head;
  size_t width = head.size();
  if (width + 2 > kColumn) {
    os << "\n";
    width = 0;
  }
  SmallVector<StringRef> lines;
  flag.help.split(lines, '\n');
  for (StringRef line : lines) {
    os.indent(kColumn - width) << line << "\n";
    width = 0;
  }
}

void ssmc::printHelp(raw_ostream &os, const CommandSpec &spec) {
  os << "usage: ssmc " << spec.name;
  if (!spec.argument.empty())
    os << " " << spec.argument;
  os << " [options]\n\n" << spec.summary << "\n\noptions:\n";
  for (const Flag &flag : spec.flags)
    printFlag(os, flag);
  printFlag(os, kHelp);
  if (!spec.notes.empty())
    os << "\n" << spec.notes;
}

Expected<int64_t> ssmc::parseInteger(StringRef what, StringRef text,
                                     int64_t least) {
  int64_t value;
  if (text.getAsInteger(10, value) || value < least)
    return createStringError(what + " is '" + text +
                             "'; expected an integer of at least " +
                             Twine(least));
  return value;
}
