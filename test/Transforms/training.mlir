// RUN: ssm-opt %s -ssm-training -split-input-file -verify-diagnostics | FileCheck %s

// A norm in front: what it adds and multiplies by, and the key of a dropout with
// the splits that make it, become arguments. Dropout at rate 0 goes away.
// CHECK-LABEL: func.func @model(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[S:[a-z0-9]+]]: tensor<?x2x2xf32> {ssm.state = "layers.0"},
// CHECK-SAME:    %[[SHIFT:[a-z0-9]+]]: tensor<4xf32> {ssm.columns = 0 : i64}, %[[SCALE:[a-z0-9]+]]: tensor<4xf32> {ssm.columns = 1 : i64},
// CHECK-SAME:    %[[KEY:[a-z0-9]+]]: tensor<?x2xi32> {ssm.key = array<i64: 3, 1>})
// CHECK-SAME:    -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
// CHECK-NEXT:    ssm.block "layers.0"(%[[X]], %[[S]])
// CHECK-NEXT:    ^bb0(%[[U:.+]]: tensor<?x?x4xf32>, %[[C:.+]]: tensor<?x2x2xf32>):
// CHECK-NEXT:      %[[M:.+]] = ssm.shift %[[U]] by %[[SHIFT]]
// CHECK-NEXT:      %[[N:.+]] = ssm.scale %[[M]] by %[[SCALE]]
// CHECK-NEXT:      %[[D:.+]] = ssm.dropout %[[N]], %[[KEY]] rate 1.000000e-01
// CHECK-NEXT:      ssm.yield %[[D]], %[[C]]
func.func @model(%x: tensor<?x?x4xf32>, %keys: tensor<?x2xi32> {ssm.keys}, %s: tensor<?x2x2xf32> {ssm.state = "layers.0"})
    -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<4xf32> {ssm.statistic = "mean"}, tensor<4xf32> {ssm.statistic = "var"}) {
  %mean = ssm.parameter "mean" : tensor<4xf32>
  %var = ssm.parameter "var" : tensor<4xf32>
  %first = ssm.parameter "first_time" : tensor<i1>
  %key = ssm.split_key %keys[3 of 4] : tensor<?x2xi32>
  %y:4 = ssm.block "layers.0" (%x, %s) : (tensor<?x?x4xf32>, tensor<?x2x2xf32>)
      -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>, %c: tensor<?x2x2xf32>):
    %n, %mean1, %var1 = ssm.batch_norm_training %u, %mean, %var, %first epsilon 1.0e-5 momentum 0.99
      : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<i1>
    %k = ssm.split_key %key[1 of 3] : tensor<?x2xi32>
    %d = ssm.dropout %n, %k rate 0.1 : tensor<?x?x4xf32>, tensor<?x2xi32>
    %e = ssm.dropout %d, %key rate 0.0 : tensor<?x?x4xf32>, tensor<?x2xi32>
    ssm.yield %e, %c, %mean1, %var1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %y#0, %y#1, %y#2, %y#3 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// A norm behind gets a block of its own.
// CHECK-LABEL: func.func @behind(
// CHECK:         %[[B:.+]] = ssm.block "layers.0"(%{{.+}}) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
// CHECK-NEXT:    ^bb0(%[[U:.+]]: tensor<?x?x4xf32>):
// CHECK-NEXT:      %[[G:.+]] = ssm.gelu %[[U]]
// CHECK-NEXT:      ssm.yield %[[G]]
// CHECK:         %[[N:.+]] = ssm.block "layers.0"(%[[B]]) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
// CHECK-NEXT:    ^bb0(%[[V:.+]]: tensor<?x?x4xf32>):
// CHECK-NEXT:      %[[M:.+]] = ssm.shift %[[V]] by
// CHECK-NEXT:      %[[T:.+]] = ssm.scale %[[M]] by
// CHECK-NEXT:      ssm.yield %[[T]]
// CHECK:         return %[[N]]
func.func @behind(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %mean = ssm.parameter "mean" : tensor<4xf32>
  %var = ssm.parameter "var" : tensor<4xf32>
  %first = ssm.parameter "first_time" : tensor<i1>
  %y:3 = ssm.block "layers.0" (%x) : (tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>):
    %g = ssm.gelu %u : tensor<?x?x4xf32>
    %n, %mean1, %var1 = ssm.batch_norm_training %g, %mean, %var, %first epsilon 1.0e-5 momentum 0.99
      : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<i1>
    ssm.yield %n, %mean1, %var1 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %y#0 : tensor<?x?x4xf32>
}

// -----

// A norm elsewhere has no unit whose input it could be.
func.func @between(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %mean = ssm.parameter "mean" : tensor<4xf32>
  %var = ssm.parameter "var" : tensor<4xf32>
  %first = ssm.parameter "first_time" : tensor<i1>
  // expected-error @+1 {{is neither the first operation of a block nor its last}}
  %n, %mean1, %var1 = ssm.batch_norm_training %x, %mean, %var, %first epsilon 1.0e-5 momentum 0.99
      : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<i1>
  return %n : tensor<?x?x4xf32>
}

// -----

func.func @other_key(%x: tensor<?x?x4xf32>, %key: tensor<?x2xi32>) -> tensor<?x?x4xf32> {
  // expected-error @+1 {{draws from a key that is no split of the model's keys}}
  %d = ssm.dropout %x, %key rate 0.1 : tensor<?x?x4xf32>, tensor<?x2xi32>
  return %d : tensor<?x?x4xf32>
}
