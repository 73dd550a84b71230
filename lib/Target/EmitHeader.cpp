//===- EmitHeader.cpp - The C header of a compiled model ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitHeader.h"
#include "lib/Target/RuntimeConstants.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ssmc;

/// runtime/ssmc_executor.h.
static const char kExecutor[] = {
#include "lib/Target/Executor.h.inc"
};

/// Header.h.template: the header, with $word where the model decides.
static const char kTemplate[] = {
#include "lib/Target/Header.h.inc"
};

/// What is added where weights come at run time.
static const char kLoadTemplate[] = {
#include "lib/Target/LoadHeader.h.inc"
};

/// What it says of models that run streams, and of those that run whole
/// sequences only: the words of the template that differ, see addSections.
static const char kStreamWords[] = {
#include "lib/Target/StreamWords.h.inc"
};
static const char kWholeWords[] = {
#include "lib/Target/WholeWords.h.inc"
};

/// And for objects that run a model in training mode, too.
static const char kTrainTemplate[] = {
#include "lib/Target/TrainHeader.h.inc"
};

/// The same for objects with code for GPUs.
static const char kCudaTemplate[] = {
#include "lib/Target/CudaHeader.h.inc"
};
static const char kCudaLoadTemplate[] = {
#include "lib/Target/CudaLoadHeader.h.inc"
};

/// A line of prose for every state of a record.
static std::string describeStates(const ModelInfo &info) {
  std::string text;
  raw_string_ostream stream(text);
  for (const StateEntry &entry : info.states) {
    // A path comes from IR: it must not end the comment.
    StringRef path = entry.path;
    stream << formatv(" *   {0,6}  {1}: ", entry.offset,
                      path.contains("*/") ? "?" : path);
    switch (entry.kind) {
    case StateEntry::Kind::Diagonal:
      stream << entry.size << " complex modes (float)";
      break;
    case StateEntry::Kind::Oscillator:
      stream << entry.size << " complex oscillators, z then y (double)";
      break;
    case StateEntry::Kind::Channels:
      stream << entry.shape[2] << " complex modes of each of " << entry.size
             << " channels (float)";
      break;
    case StateEntry::Kind::Matrices:
      stream << entry.shape[1] << " matrices of " << entry.shape[2] << " x "
             << entry.shape[3] << " (float)";
      break;
    case StateEntry::Kind::Sums:
      stream << entry.size << " sums over time (double)";
      break;
    case StateEntry::Kind::Count:
      stream << "time steps seen (int64_t)";
      break;
    }
    stream << "\n";
  }
  return text.empty() ? " *        0  nothing: the model has no memory\n"
                      : text;
}

/// Text as lines of a comment; a `*/` inside would end it.
static std::string asComment(StringRef text) {
  std::string lines;
  SmallVector<StringRef> split;
  text.rtrim().split(split, '\n');
  for (StringRef line : split)
    lines += StringRef((" * " + line).str()).rtrim().str() + "\n";
  for (size_t at; (at = lines.find("*/")) != std::string::npos;)
    lines.replace(at, 2, "* /");
  return lines;
}

/// The longest word that `text` starts with; words are letters and '_', so
/// "$name_step" is the word "name", then "_step".
static StringRef findWord(StringRef text, const StringMap<std::string> &words) {
  StringRef candidate =
      text.take_while([](char c) { return isAlpha(c) || c == '_'; });
  while (!candidate.empty() && !words.contains(candidate))
    candidate = candidate.drop_back();
  return candidate;
}

static std::string replaceWords(StringRef rest,
                                const StringMap<std::string> &words) {
  std::string header;
  while (!rest.empty()) {
    auto [text, after] = rest.split('$');
    header += text;
    StringRef word = findWord(after, words);
    if (!word.empty())
      header += words.lookup(word);
    rest = after.drop_front(word.size());
  }
  return header;
}

/// What a header says of weights; empty where the object has them.
static void addWeightsWords(const ModelInfo &info,
                            StringMap<std::string> &words) {
  for (StringRef word : {"weights_doc", "weights_example", "weights_given",
                         "weights_taken", "weights_errors", "load"})
    words[word] = "";
  words["load_example"] = " *     int error = 0;\n";
  words["print_error"] = "fprintf(stderr, \"%s\\n\", $name_strerror(error));";
  if (!info.takesWeights)
    return;
  words["weights_bytes"] = std::to_string(getWeightsBytes(info));
  words["load_bytes"] = std::to_string(getLoadWorkspaceBytes(info));
  words["weights_doc"] =
      " *   weights  a packed set that $name_load made, aligned to $NAME_ALIGN "
      "bytes\n";
  words["load_example"] =
      " *     static _Alignas($NAME_ALIGN) char weights[$NAME_WEIGHTS_BYTES];\n"
      " *     static _Alignas($NAME_ALIGN) char "
      "load_ws[$NAME_LOAD_WORKSPACE_BYTES];\n"
      " *     static char file[$NAME_LOAD_WORKSPACE_BYTES + (1 << 20)], "
      "problem[256];\n"
      " *     FILE *opened = fopen(\"model.safetensors\", \"rb\");\n"
      " *     size_t n = opened ? fread(file, 1, sizeof file, opened) : 0;\n"
      " *     int error = $name_load(weights, sizeof weights, file, n, "
      "load_ws,\n"
      " *                            sizeof load_ws, problem, sizeof "
      "problem);\n";
  words["print_error"] =
      "fprintf(stderr, \"%s: %s\\n\", $name_strerror(error), problem);";
  words["weights_given"] = "weights, ";
  words["weights_taken"] = "const void *weights, ";
  words["weights_errors"] =
      "  $NAME_E_WEIGHTS = 10,        /* weights: not loaded by this model */\n"
      "  $NAME_E_WEIGHTS_FORMAT = 11, /* file: no whole safetensors file */\n"
      "  $NAME_E_WEIGHTS_TENSOR = 12, /* file: tensor missing or unknown */\n"
      "  $NAME_E_WEIGHTS_SHAPE = 13,  /* file: another dtype or shape */\n"
      "  $NAME_E_WEIGHTS_NAN = 14,    /* file: NaN, or no variance */\n";
  words["load"] = std::string(kLoadTemplate, sizeof(kLoadTemplate));
  words["states_fit"] =
      info.isBidirectional()
          ? ""
          : " Streams' states fit the weights they were\n"
            " * computed with, which $name_state_load checks.";
  for (StringRef word :
       {"weights_doc", "load_example", "weights_errors", "states_fit", "load"})
    words[word] = replaceWords(std::string(words[word]), words);
}

/// What a header says of time deltas; empty where the model takes none.
static void addTimeStepWords(const ModelInfo &info,
                             StringMap<std::string> &words) {
  bool takes = info.takesTimeSteps;
  words["dt_taken"] = takes ? "const float *dt, " : "";
  words["dt_given"] = takes ? "dt, " : "";
  words["dt_step"] = takes ? " *     const float dt[1] = {1};\n" : "";
  words["dt_sequence"] = takes ? " *     static float dt[1000];\n"
                                 " *     for (int l = 0; l < 1000; ++l)\n"
                                 " *       dt[l] = 1;\n"
                               : "";
  words["dt_doc"] =
      takes
          ? " *   dt       time since the step before, in units of the trained "
            "step: a float\n"
            " *            per time step, shared by all layers; never NULL "
            "where "
            "x is read.\n"
            " *            It multiplies each mode's own step size. 1 is the "
            "model "
            "as it was\n"
            " *            trained, 0 leaves states as they are, negative "
            "numbers "
            "compute as\n"
            " *            the formulas say; NaN and infinity make the "
            "stream's "
            "states NaN\n"
          : "";
  if (takes && info.isBidirectional())
    words["dt_doc"] +=
        " *            Going backwards, the number of step l stands for the "
        "time from step\n"
        " *            l + 1 to l, too\n";
}

/// Adds the words that `text` defines and returns their names. A line `@word`
/// begins one that is the lines up to the next such line; with text behind the
/// word, it is this text, and the line break before the next `@` is not part of
/// it.
static SmallVector<StringRef> addSections(StringRef text,
                                          StringMap<std::string> &words) {
  SmallVector<StringRef> names;
  while (text.consume_front("@")) {
    StringRef section = text.take_front(text.find("\n@") + 1);
    if (section.empty())
      section = text;
    text = text.drop_front(section.size());
    StringRef name = section.take_until([](char c) { return isSpace(c); });
    section = section.drop_front(name.size());
    words[name] = section.consume_front(" ") ? section.drop_back().str()
                                             : section.drop_front().str();
    names.push_back(name);
  }
  return names;
}

/// What a header says of the ways in which sequences can be run: all of them,
/// or whole ones alone.
static void addDirectionWords(const ModelInfo &info,
                              StringMap<std::string> &words) {
  words["example_outputs"] =
      info.pooled ? "$NAME_OUTPUT_FEATURES" : "1000 * $NAME_OUTPUT_FEATURES";
  StringRef sections = info.isBidirectional()
                           ? StringRef(kWholeWords, sizeof(kWholeWords))
                           : StringRef(kStreamWords, sizeof(kStreamWords));
  SmallVector<StringRef> names = addSections(sections, words);
  names.insert(names.begin(), {"print_error", "example_outputs", "step_y",
                               "chunk_y", "chunk_note"});
  names.append({"y_doc", "per_output", "forward_y"});
  for (StringRef name : names)
    words[name] = replaceWords(std::string(words[name]), words);
}

/// What stands for each $word of the template. NAME and name are the same: the
/// two spellings only keep the template readable.
static StringMap<std::string> getWords(const ModelInfo &info) {
  std::string inputs = std::to_string(info.inputFeatures);
  std::string outputs = std::to_string(info.outputFeatures);
  StringMap<std::string> words;
  words["name"] = words["NAME"] = info.name;
  words["guard"] = "SSMC_MODEL_" + info.name + "_H";
  words["description"] = asComment(info.description);
  words["executor"] = std::string(kExecutor, sizeof(kExecutor));
  words["inputs"] = inputs;
  words["outputs"] = outputs;
  words["pooled"] = info.pooled ? "1" : "0";
  addTimeStepWords(info, words);
  words["element"] = info.tokens ? "int32_t" : "float";
  words["element_doc"] = info.tokens ? "a token id." : "a feature.";
  words["per_output"] = info.pooled ? "$one_output" : "time step";
  words["state_bytes"] = std::to_string(info.stateBytes);
  words["blob_bytes"] = std::to_string(info.stateBytes + 32);
  words["states"] = StringRef(describeStates(info)).rtrim().str();
  words["x_doc"] =
      info.tokens
          ? "token ids, one per time step. Negative ids count from the end\n"
            " *            of the table, and ids outside of it are clamped"
          : "inputs, " + inputs + " floats per time step, time before features";
  if (info.pooled) {
    words["y_doc"] = outputs + " floats per $one_output: $pooled_y";
    words["step_y"] = "y is (n, " + outputs + ") or NULL";
    words["chunk_y"] = "y is (n, " + outputs + ") or NULL";
    words["chunk_note"] = " A stream that has seen nothing answers\n * NaN.";
    words["forward_y"] = "y is (batch, " + outputs + ")$or_null";
    words["forward_note"] = "\n * The mean over no time steps is an error: L "
                            "and all lengths are at least 1.";
  } else {
    words["y_doc"] =
        "outputs, " + outputs + " floats per time step, time before features";
    words["step_y"] = "y is (n, " + outputs + ")";
    words["chunk_y"] = "y is (n, T, " + outputs + ")";
    words["chunk_note"] = "";
    words["forward_y"] = "y is (batch, L, " + outputs + ")";
    words["forward_note"] = "";
  }
  addWeightsWords(info, words);
  addDirectionWords(info, words);
  return words;
}

/// What a header says of training mode; empty where there is none.
static void addTrainingWords(const ModelInfo &info,
                             StringMap<std::string> &words) {
  words["training"] = "";
  if (!info.training)
    return;
  std::string statistics;
  raw_string_ostream stream(statistics);
  int64_t offset = 0;
  for (const TrainingNorm &norm : info.training->norms) {
    // A path comes from IR: it must not end the comment.
    StringRef path = norm.path;
    stream << formatv(" *   {0,6}  {1}: {2} features\n", offset,
                      path.contains("*/") ? "?" : path, norm.features);
    offset += norm.getBytes();
  }
  words["training_statistics"] =
      statistics.empty() ? " *        0  nothing: the model has no such norm"
                         : StringRef(statistics).rtrim().str();
  words["training_bytes"] = std::to_string(offset);
  words["training_y"] = "y is (batch, " +
                        std::string(info.pooled ? "" : "L, ") +
                        std::to_string(info.outputFeatures) + ")";
  words["training"] =
      replaceWords(StringRef(kTrainTemplate, sizeof(kTrainTemplate)), words);
}

std::string ssmc::emitHeader(const ModelInfo &info) {
  StringMap<std::string> words = getWords(info);
  addTrainingWords(info, words);
  return replaceWords(StringRef(kTemplate, sizeof(kTemplate)), words);
}

/// " code for sm_80, and PTX for all GPUs from compute capability 8.0 on".
static std::string describeArchitectures(const CudaTarget &target) {
  std::string text;
  for (unsigned number : target.cubins)
    text += (text.empty() ? " code for sm_" : " sm_") + utostr(number) + ",";
  if (!text.empty())
    text += " and";
  unsigned oldest = target.ptx.front();
  return text + "\n * PTX for all GPUs from compute capability " +
         utostr(oldest / 10) + "." + utostr(oldest % 10) + " on";
}

/// "sm_80,sm_90,compute_90".
static std::string listCode(const CudaTarget &target) {
  SmallVector<std::string> names;
  for (unsigned number : target.cubins)
    names.push_back("sm_" + utostr(number));
  for (unsigned number : target.ptx)
    names.push_back("compute_" + utostr(number));
  return llvm::join(names, ",");
}

static StringRef describeProducts(StringRef products) {
  if (products == "fma")
    return "as chains of fused multiply-adds of f32 (fma)";
  if (products == "bf16x3")
    return "on tensor cores, of sums of two bf16 (bf16x3)";
  if (products == "tf32")
    return "on tensor cores, of factors rounded to 11 bits (tf32)";
  llvm_unreachable("products of this name are not computed");
}

/// What a header for GPUs says of weights, with the object or not.
static void addCudaWeightsWords(const ModelInfo &info,
                                StringMap<std::string> &words) {
  words["weight_bytes"] = std::to_string(info.packedBytes);
  words["with_weights"] = ", and its weights in the device's memory";
  words["opened_weights"] =
      ", the code and " + words["weight_bytes"] + " bytes of weights";
  words["opened_what"] = "they are";
  words["cpu_error"] = words["unload_example"] = "";
  if (!info.takesWeights)
    return;
  words["with_weights"] = "; its weights are loaded with $name_cuda_load";
  words["opened_weights"] = " and the code";
  words["opened_what"] = "it is";
  words["cpu_error"] =
      "  $NAME_E_CPU = 4,             /* the host cannot pack weights: an "
      "x86-64 CPU\n"
      "                                * without AVX2 and FMA */\n";
  words["unload_example"] = " *   $name_cuda_unload(weights);\n";
  words["weights_doc"] =
      " *   weights  a set that $name_cuda_load made with this handle\n";
  words["weights_example"] =
      " *   $name_cuda_weights *weights;\n"
      " *   error = $name_cuda_load(model, &weights, file, file_bytes, NULL, "
      "0);\n";
  words["weights_taken"] = "const $name_cuda_weights *weights, ";
  words["load_bytes"] =
      std::to_string(getWeightsBytes(info) + getLoadWorkspaceBytes(info));
  words["load"] = std::string(kCudaLoadTemplate, sizeof(kCudaLoadTemplate));
  for (StringRef word :
       {"with_weights", "cpu_error", "unload_example", "weights_doc",
        "weights_example", "weights_taken", "load"})
    words[word] = replaceWords(std::string(words[word]), words);
}

std::string ssmc::emitCudaHeader(const ModelInfo &info,
                                 const CudaTarget &target, StringRef products) {
  StringMap<std::string> words = getWords(info);
  addCudaWeightsWords(info, words);
  words["architectures"] = describeArchitectures(target);
  words["products"] = describeProducts(products);
  words["code"] = listCode(target);
  words["how"] = products;
  return replaceWords(StringRef(kCudaTemplate, sizeof(kCudaTemplate)), words);
}
