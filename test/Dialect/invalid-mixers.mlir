// One test per constraint of mixers, blocks and scans, named for it.
// RUN: ssm-opt %s --split-input-file --verify-diagnostics

func.func @s5_c1(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %re: tensor<3xf32>, %im: tensor<4xf32>, %b: tensor<3x2x2xf32>,
                 %c: tensor<2x3x2xf32>, %d: tensor<2xf32>, %ls: tensor<3x1xf32>) {
  // expected-error @+1 {{(C1) lambda_im has shape [4]; expected [3]}}
  %0:2 = ssm.s5 %u, %s lambda(%re, %im) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<4xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  return
}

// -----

func.func @s5_c1_log_step(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %l: tensor<3xf32>, %b: tensor<3x2x2xf32>,
                 %c: tensor<2x3x2xf32>, %d: tensor<2xf32>, %ls: tensor<3xf32>) {
  // expected-error @+1 {{(C1) log_step has shape [3]; expected [3, 1]}}
  %0:2 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3xf32>
  return
}

// -----

func.func @s5_c2(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %l: tensor<3xf32>, %b: tensor<3x2x2xf32>,
                 %c: tensor<2x6x2xf32>, %d: tensor<2xf32>, %ls: tensor<3x1xf32>) {
  // expected-error @+1 {{(C2) c has shape [2, 6, 2]; expected [2, 3, 2]}}
  %0:2 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x6x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  return
}

// -----

func.func @s5_c2_b(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %l: tensor<3xf32>, %b: tensor<2x3x2xf32>,
                 %c: tensor<2x3x2xf32>, %d: tensor<2xf32>, %ls: tensor<3x1xf32>) {
  // expected-error @+1 {{(C2) b has shape [2, 3, 2]; expected [3, 2, 2]}}
  %0:2 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<2x3x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  return
}

// -----

func.func @s5_c3(%u: tensor<?x?x2xf32>, %s: tensor<?x3x2xf32>, %l: tensor<3xf32>, %b: tensor<3x2x2xf32>,
                 %c: tensor<2x3x2xf32>, %d: tensor<2xf32>, %ls: tensor<3x1xf32>) {
  // expected-error @+1 {{(C3) state has shape [?, 3, 2]; expected [?, 2, 3]}}
  %0:2 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh
    : tensor<?x?x2xf32>, tensor<?x3x2xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  return
}

// -----

func.func @s5_c4(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %l: tensor<3xf32>, %b: tensor<3x2x2xf32>,
                 %c: tensor<2x3x2xf32>, %d: tensor<2xf32>, %ls: tensor<3x1xf32>) {
  // expected-error @+1 {{(C4) step_rescale is 0.000000e+00; expected a positive finite number}}
  %0:2 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh {step_rescale = 0.0}
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  return
}

// -----

func.func @s5_c4_infinite(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %l: tensor<3xf32>, %b: tensor<3x2x2xf32>,
                 %c: tensor<2x3x2xf32>, %d: tensor<2xf32>, %ls: tensor<3x1xf32>) {
  // expected-error @+1 {{(C4) step_rescale is INF}}
  %0:2 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh {step_rescale = 0x7FF0000000000000 : f64}
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  return
}

// -----

func.func @lru_c1(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %p: tensor<3xf32>, %g: tensor<1xf32>, %b: tensor<3x2xf32>,
                  %c: tensor<2x3xf32>, %d: tensor<2xf32>) {
  // expected-error @+1 {{(C1) gamma_log has shape [1]; expected [3]}}
  %0:2 = ssm.lru %u, %s nu_log(%p) theta_log(%p) gamma_log(%g) b(%b, %b) c(%c, %c) d(%d)
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<1xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xf32>
  return
}

// -----

func.func @lru_c2(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %p: tensor<3xf32>, %b: tensor<3x2xf32>,
                  %c: tensor<2x3xf32>, %d: tensor<2xf32>) {
  // expected-error @+1 {{(C2) c_im has shape [3, 2]; expected [2, 3]}}
  %0:2 = ssm.lru %u, %s nu_log(%p) theta_log(%p) gamma_log(%p) b(%b, %b) c(%c, %b) d(%d)
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<2x3xf32>, tensor<3x2xf32>, tensor<2xf32>
  return
}

// -----

func.func @lru_c2_d(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %p: tensor<3xf32>, %b: tensor<3x2xf32>,
                  %c: tensor<2x3xf32>) {
  // expected-error @+1 {{(C2) d has shape [3]; expected [2]}}
  %0:2 = ssm.lru %u, %s nu_log(%p) theta_log(%p) gamma_log(%p) b(%b, %b) c(%c, %c) d(%p)
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<3xf32>
  return
}

// -----

func.func @lru_c3(%u: tensor<?x?x2xf32>, %s: tensor<1x2x2xf32>, %p: tensor<3xf32>, %b: tensor<3x2xf32>,
                  %c: tensor<2x3xf32>, %d: tensor<2xf32>) {
  // expected-error @+1 {{(C3) state has shape [1, 2, 2]; expected [1, 2, 3]}}
  %0:2 = ssm.lru %u, %s nu_log(%p) theta_log(%p) gamma_log(%p) b(%b, %b) c(%c, %c) d(%d)
    : tensor<?x?x2xf32>, tensor<1x2x2xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xf32>
  return
}

// -----

func.func @linoss_c1(%u: tensor<?x?x2xf32>, %s: tensor<?x2x2x3xf32>, %p: tensor<3xf32>, %q: tensor<2xf32>, %b: tensor<3x2x2xf32>,
                     %c: tensor<2x3x2xf32>, %d: tensor<2xf32>) {
  // expected-error @+1 {{(C1) steps has shape [2]; expected [3]}}
  %0:2 = ssm.linoss IM %u, %s a_diag(%p) steps(%q) b(%b) c(%c) d(%d)
    : (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<2xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  return
}

// -----

func.func @linoss_c1_damping(%u: tensor<?x?x2xf32>, %s: tensor<?x2x2x3xf32>, %p: tensor<3xf32>, %q: tensor<2xf32>, %b: tensor<3x2x2xf32>,
                     %c: tensor<2x3x2xf32>, %d: tensor<2xf32>) {
  // expected-error @+1 {{(C1) g_diag has shape [2]; expected [3]}}
  %0:2 = ssm.linoss damped_IMEX %u, %s a_diag(%p) steps(%p) g_diag(%q) b(%b) c(%c) d(%d)
    : (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<2xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  return
}

// -----

func.func @linoss_c2_missing(%u: tensor<?x?x2xf32>, %s: tensor<?x2x2x3xf32>, %p: tensor<3xf32>, %b: tensor<3x2x2xf32>,
                     %c: tensor<2x3x2xf32>, %d: tensor<2xf32>) {
  // expected-error @+1 {{(C2) scheme damped_IMEX needs g_diag}}
  %0:2 = ssm.linoss damped_IMEX %u, %s a_diag(%p) steps(%p) b(%b) c(%c) d(%d)
    : (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  return
}

// -----

func.func @linoss_c2_extra(%u: tensor<?x?x2xf32>, %s: tensor<?x2x2x3xf32>, %p: tensor<3xf32>, %b: tensor<3x2x2xf32>,
                     %c: tensor<2x3x2xf32>, %d: tensor<2xf32>) {
  // expected-error @+1 {{(C2) scheme IM has no g_diag}}
  %0:2 = ssm.linoss IM %u, %s a_diag(%p) steps(%p) g_diag(%p) b(%b) c(%c) d(%d)
    : (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  return
}

// -----

func.func @linoss_c3(%u: tensor<?x?x2xf32>, %s: tensor<?x2x2x3xf32>, %p: tensor<3xf32>, %b: tensor<3x1x2xf32>,
                     %c: tensor<2x3x2xf32>, %d: tensor<2xf32>) {
  // expected-error @+1 {{(C3) b has shape [3, 1, 2]; expected [3, 2, 2]}}
  %0:2 = ssm.linoss IM %u, %s a_diag(%p) steps(%p) b(%b) c(%c) d(%d)
    : (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x1x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  return
}

// -----

func.func @linoss_c4(%u: tensor<?x?x2xf32>, %s: tensor<1x2x3xf32>, %p: tensor<3xf32>, %b: tensor<3x2x2xf32>,
                     %c: tensor<2x3x2xf32>, %d: tensor<2xf32>) {
  // expected-error @+1 {{(C4) state has shape [1, 2, 3]; expected [1, 2, 2, 3]}}
  %0:2 = ssm.linoss IM %u, %s a_diag(%p) steps(%p) b(%b) c(%c) d(%d)
    : (tensor<?x?x2xf32>, tensor<1x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>)
    -> (tensor<?x?x2xf32>, tensor<1x2x3xf32>)
  return
}

// -----

func.func @block_c1(%x: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>) {
  // expected-error @+1 {{(C1) body takes ('tensor<?x?x2xf32>'); expected ('tensor<?x?x2xf32>', 'tensor<?x2x3xf32>')}}
  %0:2 = ssm.block "layers.0" (%x, %s) : (tensor<?x?x2xf32>, tensor<?x2x3xf32>) -> (tensor<?x?x2xf32>, tensor<?x2x3xf32>) {
  ^bb0(%u: tensor<?x?x2xf32>):
    ssm.yield %u, %s : tensor<?x?x2xf32>, tensor<?x2x3xf32>
  }
  return
}

// -----

func.func @block_c2(%x: tensor<?x?x2xf32>) {
  // expected-error @+1 {{(C2) body yields (); expected ('tensor<?x?x2xf32>')}}
  %0 = ssm.block "layers.0" (%x) : (tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>) {
  ^bb0(%u: tensor<?x?x2xf32>):
    ssm.yield
  }
  return
}

// -----

func.func @block_c3(%x: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>) {
  // expected-error @+1 {{(C3) has 1 results for 2 operands}}
  %0 = ssm.block "layers.0" (%x, %s) : (tensor<?x?x2xf32>, tensor<?x2x3xf32>) -> (tensor<?x?x2xf32>) {
  ^bb0(%u: tensor<?x?x2xf32>, %c: tensor<?x2x3xf32>):
    ssm.yield %u : tensor<?x?x2xf32>
  }
  return
}

// -----

func.func @block_c3_order(%x: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>) {
  // expected-error @+1 {{(C3) carried state 0 goes in as 'tensor<?x2x3xf32>' and comes out as 'tensor<?x?x2xf32>'}}
  %0:2 = ssm.block "layers.0" (%x, %s) : (tensor<?x?x2xf32>, tensor<?x2x3xf32>) -> (tensor<?x2x3xf32>, tensor<?x?x2xf32>) {
  ^bb0(%u: tensor<?x?x2xf32>, %c: tensor<?x2x3xf32>):
    ssm.yield %c, %u : tensor<?x2x3xf32>, tensor<?x?x2xf32>
  }
  return
}

// -----

func.func @yield_outside(%x: tensor<?x?x2xf32>) {
  // expected-error @+1 {{expects parent op to be one of}}
  ssm.yield %x : tensor<?x?x2xf32>
}

// -----

func.func @scan_c1(%f: tensor<?x?x5xf32>, %s: tensor<?x2x3xf32>, %a: tensor<3xf64>) {
  // expected-error @+1 {{(C1) f has 5 features; expected 2 x 3}}
  %0:2 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<3xf64>, tensor<3xf64>) : tensor<?x?x5xf32>, tensor<?x2x3xf32>
  return
}

// -----

func.func @scan_c2(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %a: tensor<3xf64>, %b: tensor<?x?x3xf64>) {
  // expected-error @+1 {{(C2) coefficients differ in type: 'tensor<3xf64>' and 'tensor<?x?x3xf64>'}}
  %0:2 = ssm.scan diagonal %f, %s coefficients(%a, %b : tensor<3xf64>, tensor<?x?x3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  return
}

// -----

func.func @scan_c2_rank(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %a: tensor<?x3xf64>) {
  // expected-error @+1 {{(C2) coefficients have rank 2; expected 1 or 3}}
  %0:2 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<?x3xf64>, tensor<?x3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  return
}

// -----

func.func @scan_c2_precision(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %a: tensor<3xf32>) {
  // expected-error @+1 {{must be variadic of ranked tensor of 64-bit float values}}
  %0:2 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<3xf32>, tensor<3xf32>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  return
}

// -----

func.func @scan_c3(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %a: tensor<3xf64>) {
  // expected-error @+1 {{(C3) has 3 coefficients; diagonal has 2}}
  %0:2 = ssm.scan diagonal %f, %s coefficients(%a, %a, %a : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  return
}

// -----

func.func @scan_c3_none(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>) {
  // expected-error @+1 {{(C3) has 0 coefficients; diagonal has 2}}
  %0:2 = "ssm.scan"(%f, %s) {kind = 0 : i32, operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<?x?x6xf32>, tensor<?x2x3xf32>) -> (tensor<?x?x6xf32>, tensor<?x2x3xf32>)
  return
}

// -----

func.func @scan_c3_state(%f: tensor<?x?x6xf32>, %s: tensor<?x2x2x3xf32>, %a: tensor<3xf64>) {
  // expected-error @+1 {{(C3) state is 'tensor<?x2x2x3xf32>'; expected (batch, 2, 3)}}
  %0:2 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<3xf64>, tensor<3xf64>) : tensor<?x?x6xf32>, tensor<?x2x2x3xf32>
  return
}

// -----

func.func @scan_c4(%f: tensor<?x?x6xf32>, %s: tensor<?x2x2x3xf32>, %a: tensor<3xf64>) {
  // expected-error @+1 {{(C4) has 2 coefficients; oscillator has 3}}
  %0:2 = ssm.scan oscillator %f, %s coefficients(%a, %a : tensor<3xf64>, tensor<3xf64>) : tensor<?x?x6xf32>, tensor<?x2x2x3xf32>
  return
}

// -----

func.func @scan_c4_state(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %a: tensor<3xf64>) {
  // expected-error @+1 {{(C4) state is 'tensor<?x2x3xf32>'; expected (batch, 2, 2, 3)}}
  %0:2 = ssm.scan oscillator %f, %s coefficients(%a, %a, %a : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  return
}
