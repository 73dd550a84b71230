// RUN: ssm-opt %s -ssm-specialize-rows -split-input-file -verify-diagnostics

// A declaration has no rows to fill.
func.func private @chunk.declared() attributes {ssm.kind = "block"}

// -----

// expected-error @below {{does not take rows of static shape}}
func.func private @chunk.no_rows(%n: index) attributes {ssm.kind = "block"} {
  return
}
