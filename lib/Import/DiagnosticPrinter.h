//===- DiagnosticPrinter.h - Prints diagnostics for users -------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_DIAGNOSTICPRINTER_H
#define SSMC_LIB_IMPORT_DIAGNOSTICPRINTER_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace ssmc {

/// While it lives, prints the context's diagnostics in the form
///
///     model.json:9:7: error: layers[1].state_dmi: S5 has no option ...
///     W.safetensors: error: layers.0.linear.weight has shape ...
///     error: ...
///
/// with line and column, or without them, or without any place, as the
/// location knows. Messages about operations of an imported model start with
/// the layer's path; the operations themselves are not printed. Notes and
/// remarks are printed likewise.
class DiagnosticPrinter : public mlir::ScopedDiagnosticHandler {
public:
  DiagnosticPrinter(mlir::MLIRContext *context, llvm::raw_ostream &os);

  ~DiagnosticPrinter();

  unsigned getNumErrors() const { return numErrors; }

private:
  mlir::MLIRContext *context;
  llvm::raw_ostream &os;
  bool printedOperations;
  unsigned numErrors = 0;

  void print(const mlir::Diagnostic &diagnostic);
};

/// Emits `error` as a diagnostic about `file`, or, if it is a FileError, about
/// the file that this one names, and returns failure.
mlir::LogicalResult emitFileError(mlir::MLIRContext *context,
                                  llvm::StringRef file, llvm::Error error);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_DIAGNOSTICPRINTER_H
