//===- CudaTools.cpp - What is taken of a CUDA toolkit --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CudaTools.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include <deque>

using namespace llvm;
using namespace ssmc;

/// Where toolkits keep their programs, beside PATH.
static SmallVector<std::string> getFolders() {
  SmallVector<std::string> folders;
  if (auto home = sys::Process::GetEnv("CUDA_HOME"); home && !home->empty())
    folders.push_back(*home + "/bin");
  constexpr StringLiteral kUsual = "/usr/local/cuda/bin";
  if (!llvm::is_contained(folders, kUsual))
    folders.push_back(kUsual.str());
  return folders;
}

/// The program's path, or empty.
static std::string findTool(StringRef name, StringRef beside) {
  if (!beside.empty())
    if (auto found = sys::findProgramByName(name, {beside}))
      return *found;
  if (auto found = sys::findProgramByName(name))
    return *found;
  for (const std::string &folder : getFolders())
    if (auto found = sys::findProgramByName(name, {folder}))
      return *found;
  return "";
}

static Error checkPtxas(StringRef ptxas);

Expected<CudaTools> CudaTools::find(StringRef named) {
  CudaTools tools;
  if (named.empty()) {
    tools.ptxas = findTool("ptxas", "");
    if (tools.ptxas.empty())
      return createStringError(
          "machine code for GPUs, and an image of several kinds of code, need "
          "ptxas of the CUDA toolkit: there is none in PATH, " +
          llvm::join(getFolders(), " or ") +
          "; name it with --ptxas PATH, or set CUDA_HOME, or compile to one "
          "PTX (--target cuda:compute_NN), which needs no toolkit");
  } else {
    if (!sys::fs::can_execute(named))
      return createStringError("--ptxas: '" + named +
                               "' is no program; expected the path of ptxas");
    tools.ptxas = named.str();
  }
  if (Error error = checkPtxas(tools.ptxas))
    return error;
  tools.fatbinary = findTool("fatbinary", sys::path::parent_path(tools.ptxas));
  return tools;
}

namespace {
/// Temporary files that disappear with the object.
class Scratch {
public:
  /// A new file; the path stays valid.
  Expected<StringRef> add(StringRef suffix, ArrayRef<char> content = {}) {
    SmallString<128> path;
    int descriptor;
    if (std::error_code error =
            sys::fs::createTemporaryFile("ssmc", suffix, descriptor, path))
      return createStringError("cannot create a temporary file: " +
                               error.message());
    files.emplace_back(path.str().str());
    removers.emplace_back(path);
    raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream.write(content.data(), content.size());
    stream.flush();
    if (std::error_code error = stream.error()) {
      stream.clear_error();
      return createStringError("cannot write '" + path +
                               "': " + error.message());
    }
    return StringRef(files.back());
  }

private:
  std::deque<std::string> files;
  std::deque<FileRemover> removers;
};
} // namespace

static Expected<SmallVector<char, 0>> readAll(StringRef path) {
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
  if (!file)
    return createStringError("cannot read '" + path +
                             "': " + file.getError().message());
  StringRef bytes = (*file)->getBuffer();
  return SmallVector<char, 0>(bytes.begin(), bytes.end());
}

/// Runs a tool and returns what it printed; an error holds that.
static Expected<std::string> askTool(Scratch &scratch, StringRef tool,
                                     ArrayRef<StringRef> arguments,
                                     const Twine &task) {
  auto log = scratch.add("log");
  if (!log)
    return log.takeError();
  SmallVector<StringRef> command = {tool};
  llvm::append_range(command, arguments);
  std::optional<StringRef> redirects[] = {StringRef(""), *log, *log};
  std::string problem;
  int status = sys::ExecuteAndWait(tool, command, std::nullopt, redirects, 0, 0,
                                   &problem);
  auto said = readAll(*log);
  if (!said)
    return said.takeError();
  StringRef text = StringRef(said->data(), said->size()).trim();
  if (status == 0)
    return text.str();
  return createStringError("'" + tool + "' failed to " + task + ": " +
                           (problem.empty() ? text : StringRef(problem)));
}

static Error runTool(Scratch &scratch, StringRef tool,
                     ArrayRef<StringRef> arguments, const Twine &task) {
  return askTool(scratch, tool, arguments, task).takeError();
}

/// Whether a program says that it is ptxas, before anything is compiled.
static Error checkPtxas(StringRef ptxas) {
  Scratch scratch;
  auto said = askTool(scratch, ptxas, {"--version"}, "say its version");
  std::string found = said ? *said : toString(said.takeError());
  constexpr StringLiteral kPtxasSays = "ptx optimizing assembler";
  if (StringRef(found).lower().find(kPtxasSays) != std::string::npos)
    return Error::success();
  StringRef line = StringRef(found).split('\n').first;
  return createStringError(
      "'" + ptxas +
      "' is not ptxas of the CUDA toolkit: asked for --version, "
      "it says '" +
      line.take_front(200) +
      "'; expected 'NVIDIA (R) Ptx optimizing assembler', as ptxas of CUDA 11 "
      "and later says; name it with --ptxas PATH, or compile to PTX (--target "
      "cuda:compute_NN), which needs no toolkit");
}

Error CudaTools::requireFatbinary() const {
  if (!fatbinary.empty())
    return Error::success();
  return createStringError("an image with code for GPUs needs fatbinary of "
                           "the CUDA toolkit: it is not beside '" +
                           ptxas + "', nor in PATH or " +
                           llvm::join(getFolders(), " or "));
}

Expected<SmallVector<char, 0>> CudaTools::assemble(StringRef ptx,
                                                   unsigned sm) const {
  Scratch scratch;
  auto input = scratch.add("ptx", ArrayRef(ptx.data(), ptx.size()));
  if (!input)
    return input.takeError();
  auto output = scratch.add("cubin");
  if (!output)
    return output.takeError();
  std::string name = "sm_" + utostr(sm), arch = "-arch=" + name;
  if (Error error =
          runTool(scratch, ptxas, {"-O3", arch, *input, "-o", *output},
                  "assemble PTX for " + name)) {
    std::string text = toString(std::move(error));
    // Toolkits know the architectures of their time, under its names.
    if (StringRef(text).contains("is not defined for option"))
      text += "; this ptxas does not know " + name +
              ": name one that does with --ptxas, another architecture, or "
              "compute_" +
              utostr(sm);
    return createStringError(text);
  }
  return readAll(*output);
}

Expected<SmallVector<char, 0>>
CudaTools::bundle(ArrayRef<CudaCode> parts) const {
  if (Error error = requireFatbinary())
    return error;
  Scratch scratch;
  auto output = scratch.add("fatbin");
  if (!output)
    return output.takeError();
  // Drivers older than the toolkit do not know its way of compressing.
  std::deque<std::string> options = {"--64", "--compress=false",
                                     "--create=" + output->str()};
  for (const CudaCode &part : parts) {
    auto file = scratch.add(part.isPtx ? "ptx" : "cubin", part.bytes);
    if (!file)
      return file.takeError();
    options.push_back(("--image3=kind=" + Twine(part.isPtx ? "ptx" : "elf") +
                       ",sm=" + Twine(part.architecture) + ",file=" + *file)
                          .str());
  }
  SmallVector<StringRef> arguments(options.begin(), options.end());
  if (Error error = runTool(scratch, fatbinary, arguments, "write the image"))
    return error;
  return readAll(*output);
}
