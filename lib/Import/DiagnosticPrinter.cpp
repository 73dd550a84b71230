//===- DiagnosticPrinter.cpp - Prints diagnostics for users ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/DiagnosticPrinter.h"
#include "lib/Import/ArrayFile.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"

using namespace llvm;
using namespace mlir;
using namespace ssmc;

static StringRef getKind(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Remark:
    return "remark";
  }
  llvm_unreachable("all severities are handled");
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, raw_ostream &os)
    : ScopedDiagnosticHandler(context), context(context), os(os),
      printedOperations(context->shouldPrintOpOnDiagnostic()) {
  context->printOpOnDiagnostic(false);
  setHandler([this](Diagnostic &diagnostic) {
    numErrors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
    print(diagnostic);
    for (const Diagnostic &note : diagnostic.getNotes())
      print(note);
  });
}

DiagnosticPrinter::~DiagnosticPrinter() {
  context->printOpOnDiagnostic(printedOperations);
}

void DiagnosticPrinter::print(const Diagnostic &diagnostic) {
  // Inlining and fusion wrap locations: the first file and name are the
  // layer's.
  FileLineColLoc file;
  NameLoc name;
  diagnostic.getLocation()->walk([&](Location location) {
    if (auto found = dyn_cast<FileLineColLoc>(location); found && !file)
      file = found;
    if (auto found = dyn_cast<NameLoc>(location); found && !name)
      name = found;
    return WalkResult::advance();
  });
  if (file) {
    os << file.getFilename().getValue() << ":";
    if (file.getLine())
      os << file.getLine() << ":" << file.getColumn() << ":";
    os << " ";
  }
  os << getKind(diagnostic.getSeverity()) << ": ";
  if (name)
    os << name.getName().getValue() << ": ";
  os << diagnostic << "\n";
  os.flush();
}

LogicalResult ssmc::emitFileError(MLIRContext *context, StringRef file,
                                  Error error) {
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    if (info.isA<FileError>()) {
      auto &other = static_cast<const FileError &>(info);
      emitError(FileLineColLoc::get(context, other.getFileName(), 0, 0))
          << other.messageWithoutFileInfo();
      return;
    }
    unsigned line = 0, column = 0;
    if (info.isA<TextError>()) {
      line = static_cast<const TextError &>(info).line;
      column = static_cast<const TextError &>(info).column;
    }
    emitError(FileLineColLoc::get(context, file, line, column))
        << info.message();
  });
  return failure();
}
