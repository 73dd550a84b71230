// RUN: ssm-opt %s | ssm-opt | FileCheck %s
// RUN: ssm-opt %s -mlir-print-op-generic | ssm-opt | FileCheck %s

// CHECK-LABEL: func.func @delta_net
// CHECK-NEXT:    ssm.delta_net %{{.+}}, %{{.+}} q(%{{.+}}) k(%{{.+}}) v(%{{.+}}) beta(%{{.+}}) out(%{{.+}}) heads 2 : (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<1x4xf32>, tensor<4x6xf32>) -> (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>)
func.func @delta_net(%u: tensor<?x?x4xf32>, %s: tensor<?x1x2x3x3xf32>, %p: tensor<6x4xf32>,
    %b: tensor<1x4xf32>, %o: tensor<4x6xf32>) -> (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>) {
  %y, %s1 = ssm.delta_net %u, %s q(%p) k(%p) v(%p) beta(%b) out(%o) heads 2
    : (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>,
       tensor<1x4xf32>, tensor<4x6xf32>) -> (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>)
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>
}

// CHECK-LABEL: func.func @delta_rule
// CHECK-NEXT:    ssm.delta_rule %{{.+}}, %{{.+}} epsilon 9.9999999999999995E-7 : tensor<?x?x19xf32>, tensor<?x1x2x3x3xf32> -> tensor<?x?x6xf32>
func.func @delta_rule(%x: tensor<?x?x19xf32>, %s: tensor<?x1x2x3x3xf32>)
    -> (tensor<?x?x6xf32>, tensor<?x1x2x3x3xf32>) {
  %y, %s1 = ssm.delta_rule %x, %s epsilon 1.0e-6
    : tensor<?x?x19xf32>, tensor<?x1x2x3x3xf32> -> tensor<?x?x6xf32>
  return %y, %s1 : tensor<?x?x6xf32>, tensor<?x1x2x3x3xf32>
}

// A head of 17 features has two panels.
// CHECK-LABEL: func.func @delta_rows
// CHECK-NEXT:    ssm.delta_rows %{{.+}} : tensor<4x208xf32> outs(%{{.+}} : tensor<4x64xf32>, %{{.+}} : tensor<4x16xf32>, %{{.+}} : tensor<?x1088xf32>) heads 2 size 17 epsilon 9.9999999999999995E-7 -> tensor<4x64xf32>, tensor<4x16xf32>, tensor<?x1088xf32>
// CHECK-NEXT:    return
func.func @delta_rows(%x: tensor<4x208xf32>, %y: tensor<4x64xf32>, %f: tensor<4x16xf32>,
    %s: tensor<?x1088xf32>) -> tensor<4x64xf32> {
  %r:3 = ssm.delta_rows %x : tensor<4x208xf32> outs(%y : tensor<4x64xf32>, %f : tensor<4x16xf32>,
    %s : tensor<?x1088xf32>) heads 2 size 17 epsilon 1.0e-6
    -> tensor<4x64xf32>, tensor<4x16xf32>, tensor<?x1088xf32>
  return %r#0 : tensor<4x64xf32>
}

// CHECK-LABEL: func.func @on_memory
// CHECK:         ssm.delta_rows {{.*}} streams(%{{.+}} : memref<4xindex>) count %{{.+}}
func.func @on_memory(%x: memref<4x64xf32>, %y: memref<4x16xf32>, %f: memref<4x16xf32>,
    %s: memref<?x48xf32>, %streams: memref<4xindex>, %n: index) {
  ssm.delta_rows %x : memref<4x64xf32> outs(%y : memref<4x16xf32>, %f : memref<4x16xf32>, %s : memref<?x48xf32>)
    heads 1 size 3 epsilon 1.0e-6 streams(%streams : memref<4xindex>) count %n
  return
}
