// One test per constraint of the operations with modes of each channel's own.
// RUN: ssm-opt %s --split-input-file --verify-diagnostics

func.func @s4d_c1(%u: tensor<?x?x4xf32>, %s: tensor<?x2x1x3x4xf32>, %dt: tensor<3xf32>, %a: tensor<4x3xf32>, %c: tensor<4x3x2xf32>) {
  // expected-error @+1 {{(C1) log_dt has shape [3]; expected [4]}}
  %0:2 = ssm.s4d %u, %s log_dt(%dt) a(%a, %a) c(%c)
    : (tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>, tensor<3xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3x2xf32>)
      -> (tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>)
  return
}

// -----

func.func @s4d_c2(%u: tensor<?x?x4xf32>, %s: tensor<?x2x1x3x4xf32>, %dt: tensor<4xf32>, %a: tensor<4x3xf32>, %c: tensor<3x4x2xf32>) {
  // expected-error @+1 {{(C2) c has shape [3, 4, 2]; expected [4, 3, 2]}}
  %0:2 = ssm.s4d %u, %s log_dt(%dt) a(%a, %a) c(%c)
    : (tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>, tensor<4xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<3x4x2xf32>)
      -> (tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>)
  return
}

// -----

func.func @s4d_c3(%u: tensor<?x?x4xf32>, %s: tensor<?x2x1x4x3xf32>, %dt: tensor<4xf32>, %a: tensor<4x3xf32>, %c: tensor<4x3x2xf32>) {
  // expected-error @+1 {{(C3) state has shape [?, 2, 1, 4, 3]; expected [?, 2, 1, 3, 4]}}
  %0:2 = ssm.s4d %u, %s log_dt(%dt) a(%a, %a) c(%c)
    : (tensor<?x?x4xf32>, tensor<?x2x1x4x3xf32>, tensor<4xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3x2xf32>)
      -> (tensor<?x?x4xf32>, tensor<?x2x1x4x3xf32>)
  return
}

// -----

func.func @channel_scan_c1(%x: tensor<?x?x4xf32>, %s: tensor<?x2x1x3x4xf32>, %f: tensor<3x4xf64>) {
  // expected-error @+1 {{(C1) coefficients are 'tensor<3x4xf64>'; expected (4, N), N positive}}
  %0:2 = ssm.channel_scan %x, %s coefficients(%f, %f) readout(%f, %f : tensor<3x4xf64>)
    : tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>
  return
}

// -----

func.func @channel_scan_c1_no_modes(%x: tensor<?x?x4xf32>, %s: tensor<?x2x1x0x4xf32>, %f: tensor<4x0xf64>) {
  // expected-error @+1 {{(C1) coefficients are 'tensor<4x0xf64>'; expected (4, N), N positive}}
  %0:2 = ssm.channel_scan %x, %s coefficients(%f, %f) readout(%f, %f : tensor<4x0xf64>)
    : tensor<?x?x4xf32>, tensor<?x2x1x0x4xf32>
  return
}

// -----

func.func @channel_scan_c2(%x: tensor<?x?x4xf32>, %s: tensor<?x2x3x4xf32>, %f: tensor<4x3xf64>) {
  // expected-error @+1 {{(C2) state is 'tensor<?x2x3x4xf32>'; expected (batch, 2, 1, 3, 4)}}
  %0:2 = ssm.channel_scan %x, %s coefficients(%f, %f) readout(%f, %f : tensor<4x3xf64>)
    : tensor<?x?x4xf32>, tensor<?x2x3x4xf32>
  return
}

// -----

func.func @channel_rows_c1(%x: memref<24x32xf32>, %f: memref<2x3x16xf32>, %y: memref<24x32xf32>, %s: memref<1x192xf32>) {
  // expected-error @+1 {{(C1) has 5 factors; expected 9}}
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%f, %f, %f, %f, %f : memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>)
    outs(%y : memref<24x32xf32>, %s : memref<1x192xf32>)
  return
}

// -----

func.func @channel_rows_c1_shapes(%x: memref<24x32xf32>, %f: memref<2x3x16xf32>, %g: memref<2x2x16xf32>, %k: memref<2x1xf32>, %y: memref<24x32xf32>, %s: memref<1x192xf32>) {
  // expected-error @+1 {{(C1) factor 'memref<2x2x16xf32>'; expected [P, N, 16], all alike}}
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%f, %f, %f, %f, %f, %f, %f, %g, %k : memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x2x16xf32>, memref<2x1xf32>)
    outs(%y : memref<24x32xf32>, %s : memref<1x192xf32>)
  return
}

// -----

func.func @channel_rows_c1_flags(%x: memref<24x32xf32>, %f: memref<2x3x16xf32>, %k: memref<2x3xf32>, %y: memref<24x32xf32>, %s: memref<1x192xf32>) {
  // expected-error @+1 {{(C1) corrected is 'memref<2x3xf32>'; expected [2, 1]}}
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%f, %f, %f, %f, %f, %f, %f, %f, %k : memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3xf32>)
    outs(%y : memref<24x32xf32>, %s : memref<1x192xf32>)
  return
}

// -----

func.func @channel_rows_c2(%x: memref<24x32xf32>, %f: memref<2x3x16xf32>, %k: memref<2x1xf32>, %y: memref<24x16xf32>, %s: memref<1x192xf32>) {
  // expected-error @+1 {{(C2) x [24, 32], y [24, 16]; expected [R, more than 16] for both}}
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%f, %f, %f, %f, %f, %f, %f, %f, %k : memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x1xf32>)
    outs(%y : memref<24x16xf32>, %s : memref<1x192xf32>)
  return
}

// -----

func.func @channel_rows_c2_in_place(%x: memref<24x32xf32>, %f: memref<2x3x16xf32>, %k: memref<2x1xf32>, %s: memref<1x192xf32>) {
  // expected-error @+1 {{(C2) x is y; expected different buffers}}
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%f, %f, %f, %f, %f, %f, %f, %f, %k : memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x1xf32>)
    outs(%x : memref<24x32xf32>, %s : memref<1x192xf32>)
  return
}

// -----

func.func @channel_rows_c3(%x: memref<24x32xf32>, %f: memref<2x3x16xf32>, %k: memref<2x1xf32>, %y: memref<24x32xf32>, %s: memref<1x96xf32>) {
  // expected-error @+1 {{(C3) carry [1, 96]; expected [S, 192]}}
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%f, %f, %f, %f, %f, %f, %f, %f, %k : memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x1xf32>)
    outs(%y : memref<24x32xf32>, %s : memref<1x96xf32>)
  return
}

// -----

func.func @channel_rows_c4(%x: tensor<24x32xf32>, %f: tensor<2x3x16xf32>, %k: tensor<2x1xf32>, %y: tensor<24x32xf32>, %s: tensor<1x192xf32>) {
  // expected-error @+1 {{(C4) results ('tensor<24x32xf32>') differ from y and carry}}
  %0 = ssm.channel_rows %x : tensor<24x32xf32>
    factors(%f, %f, %f, %f, %f, %f, %f, %f, %k : tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x1xf32>)
    outs(%y : tensor<24x32xf32>, %s : tensor<1x192xf32>) -> tensor<24x32xf32>
  return
}
