/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What the C API returns: NAME_OK, NAME_E_ARG, ... of the generated header. */
#ifndef SSMC_ERRORS_H
#define SSMC_ERRORS_H

enum {
  OK = 0,
  E_ARG,
  E_ALIGN,
  E_WORKSPACE,
  E_CPU,
  E_BLOB_SIZE,
  E_BLOB_MAGIC,
  E_BLOB_VERSION,
  E_BLOB_MODEL,
  E_EXECUTOR,
  E_WEIGHTS,
  E_WEIGHTS_FORMAT,
  E_WEIGHTS_TENSOR,
  E_WEIGHTS_SHAPE,
  E_WEIGHTS_NAN,
  E_BIDIRECTIONAL,
  E_COUNT
};

#endif /* SSMC_ERRORS_H */
