/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A sentence for each error; a part of the files with entry points. */
#ifndef SSMC_MESSAGES_H
#define SSMC_MESSAGES_H

#include "errors.h"

/* One block of characters: a table of pointers would need relocations. */
static const char messages[E_COUNT + 1][64] = {
    "no error",
    "argument out of range, or a null pointer where data is needed",
    "pointer not aligned as required",
    "workspace too small",
    "this CPU lacks instructions that the model was compiled for",
    "saved state has the wrong size",
    "not a saved state",
    "saved state is of another version of the format",
    "saved state is of another model, or of other weights",
    "executor did not run all of its work",
    "not a set of weights that was loaded by this model",
    "weights are no whole safetensors file",
    "weights lack a tensor, or have one that the model has not",
    "a tensor of the weights has another dtype or shape",
    "a tensor of the weights holds NaN, or what is no variance",
    "bidirectional model: whole sequences only, by NAME_forward",
    "unknown error"};

static const char *get_message(int error) {
  return messages[error < 0 || error > E_COUNT ? E_COUNT : error];
}

#endif /* SSMC_MESSAGES_H */
