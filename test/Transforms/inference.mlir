// RUN: ssm-opt %s -ssm-inference -split-input-file | FileCheck %s

// Keys and new statistics leave the signature; the norm reads the running
// statistics; the carried state stays.
// CHECK-LABEL: func.func @model(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[S:[a-z0-9]+]]: tensor<?x2x2xf32> {ssm.state = "layers.0"})
// CHECK-SAME:    -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
// CHECK-NEXT:    %[[MEAN:.+]] = ssm.parameter "mean"
// CHECK-NEXT:    %[[VAR:.+]] = ssm.parameter "var"
// CHECK-NEXT:    %[[Y:.+]]:2 = ssm.block "layers.0"(%[[X]], %[[S]]) : (tensor<?x?x4xf32>, tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
// CHECK-NEXT:    ^bb0(%[[U:.+]]: tensor<?x?x4xf32>, %[[C:.+]]: tensor<?x2x2xf32>):
// CHECK-NEXT:      %[[N:.+]] = ssm.batch_norm %[[U]], %[[MEAN]], %[[VAR]] epsilon 1.000000e-05
// CHECK-NEXT:      ssm.yield %[[N]], %[[C]]
// CHECK:         return %[[Y]]#0, %[[Y]]#1
func.func @model(%x: tensor<?x?x4xf32>, %keys: tensor<?x2xi32> {ssm.keys}, %s: tensor<?x2x2xf32> {ssm.state = "layers.0"})
    -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<4xf32> {ssm.statistic = "mean"}, tensor<4xf32> {ssm.statistic = "var"}) {
  %mean = ssm.parameter "mean" : tensor<4xf32>
  %var = ssm.parameter "var" : tensor<4xf32>
  %first = ssm.parameter "first_time" : tensor<i1>
  %y:4 = ssm.block "layers.0" (%x, %s) : (tensor<?x?x4xf32>, tensor<?x2x2xf32>)
      -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>, %c: tensor<?x2x2xf32>):
    %n, %mean1, %var1 = ssm.batch_norm_training %u, %mean, %var, %first epsilon 1.0e-5 momentum 0.99
      : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<i1>
    %d = ssm.dropout %n, %keys rate 0.1 : tensor<?x?x4xf32>, tensor<?x2xi32>
    ssm.yield %d, %c, %mean1, %var1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %y#0, %y#1, %y#2, %y#3 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// A model in inference form stays as it is.
// CHECK-LABEL: func.func @inference(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[M:[a-z0-9]+]]: tensor<4xf32>, %[[V:[a-z0-9]+]]: tensor<4xf32>)
// CHECK-NEXT:    %[[N:.+]] = ssm.batch_norm %[[X]], %[[M]], %[[V]]
// CHECK-NEXT:    return %[[N]]
func.func @inference(%x: tensor<?x?x4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>) -> tensor<?x?x4xf32> {
  %n = ssm.batch_norm %x, %m, %v epsilon 1.0e-5 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>
  return %n : tensor<?x?x4xf32>
}

// -----

// So does a declaration, whose callers are elsewhere.
// CHECK-LABEL: func.func private @declared(tensor<2x2xui32> {ssm.keys})
func.func private @declared(%keys: tensor<2x2xui32> {ssm.keys})
