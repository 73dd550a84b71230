// RUN: ssm-opt %s -ssm-plan-workspace -split-input-file -verify-diagnostics

func.func private @chunk.loop() attributes {ssm.kind = "block"} {
  affine.for %i = 0 to 4 {
    // expected-error @below {{lies inside a loop; a function's buffers are allocated at its top level}}
    %a = memref.alloc() : memref<24x16xf32>
  }
  return
}

// -----

func.func private @chunk.dynamic(%n: index) attributes {ssm.kind = "block"} {
  // expected-error @below {{has no static size}}
  %a = memref.alloc(%n) : memref<?x16xf32>
  return
}
