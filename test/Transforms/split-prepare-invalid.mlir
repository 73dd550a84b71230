// RUN: ssm-opt %s -ssm-split-prepare -verify-diagnostics

// The blob holds packed f32; an f64 parameter that rows would read is not packed.
func.func private @chunk.pool(%x: tensor<24x8xf32> {ssm.rows}, %log: tensor<2x8xf64> {ssm.parameter}, %n: tensor<2x1xi64>) -> tensor<2x8xf64> attributes {ssm.kind = "pool"} {
  // expected-error @below {{a parameter of type 'tensor<2x8xf64>' reaches the rows; expected packed f32}}
  %e = math.exp %log : tensor<2x8xf64>
  %y:2 = ssm.pool_rows %x : tensor<24x8xf32> outs(%e : tensor<2x8xf64>, %n : tensor<2x1xi64>) -> tensor<2x8xf64>, tensor<2x1xi64>
  return %y#0 : tensor<2x8xf64>
}
