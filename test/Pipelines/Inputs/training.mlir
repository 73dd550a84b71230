module attributes {ssm.name = "m"} {
func.func @model(%x: tensor<?x?x3xf32>, %keys: tensor<?x2xi32> {ssm.keys}, %s: tensor<?x2x2xf32> {ssm.state = "layers.1"})
    -> (tensor<?x?x5xf32>, tensor<?x2x2xf32>, tensor<4xf32> {ssm.statistic = "mean"}, tensor<4xf32> {ssm.statistic = "var"}) {
  %mean = ssm.parameter "layers.1.norm.running_mean" = dense<0.0> : tensor<4xf32>
  %var = ssm.parameter "layers.1.norm.running_var" = dense<1.0> : tensor<4xf32>
  %first = ssm.parameter "first_time" = dense<true>: tensor<i1>
  %w0 = ssm.parameter "w0" = dense<1.0>: tensor<4x3xf32>
  %w1 = ssm.parameter "w1" = dense<1.0>: tensor<5x4xf32>
  %nu = ssm.parameter "nu" = dense<1.0>: tensor<2xf32>
  %b = ssm.parameter "b" = dense<1.0>: tensor<2x4xf32>
  %c = ssm.parameter "c" = dense<1.0>: tensor<4x2xf32>
  %dd = ssm.parameter "d" = dense<1.0>: tensor<4xf32>
  %g1 = ssm.parameter "g1" = dense<1.0>: tensor<4x4xf32>
  %key = ssm.split_key %keys[1 of 3] : tensor<?x2xi32>
  %e = ssm.linear %x, %w0 : (tensor<?x?x3xf32>, tensor<4x3xf32>) -> tensor<?x?x4xf32>
  %y:4 = ssm.block "layers.1" (%e, %s) : (tensor<?x?x4xf32>, tensor<?x2x2xf32>)
      -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>, %st: tensor<?x2x2xf32>):
    %n, %mean1, %var1 = ssm.batch_norm_training %u, %mean, %var, %first epsilon 1.0e-5 momentum 0.99
      : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<i1>
    %m, %s1 = ssm.lru %n, %st nu_log(%nu) theta_log(%nu) gamma_log(%nu) b(%b, %b) c(%c, %c) d(%dd) : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2x4xf32>, tensor<2x4xf32>, tensor<4x2xf32>, tensor<4x2xf32>, tensor<4xf32>
    %g = ssm.gelu %m : tensor<?x?x4xf32>
    %k = ssm.split_key %key[1 of 3] : tensor<?x2xi32>
    %d = ssm.dropout %g, %k rate 0.1 : tensor<?x?x4xf32>, tensor<?x2xi32>
    %gl = ssm.glu %d, %g1, %g1 : (tensor<?x?x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<?x?x4xf32>
    %k2 = ssm.split_key %key[2 of 3] : tensor<?x2xi32>
    %d2 = ssm.dropout %gl, %k2 rate 0.1 : tensor<?x?x4xf32>, tensor<?x2xi32>
    %r = ssm.add %u, %d2 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r, %s1, %mean1, %var1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<4xf32>, tensor<4xf32>
  }
  %h = ssm.linear %y#0, %w1 : (tensor<?x?x4xf32>, tensor<5x4xf32>) -> tensor<?x?x5xf32>
  return %h, %y#1, %y#2, %y#3 : tensor<?x?x5xf32>, tensor<?x2x2xf32>, tensor<4xf32>, tensor<4xf32>
}
}
