// Operations with modes of each channel's own survive printing, parsing and bytecode.
// RUN: ssm-opt %s | FileCheck %s
// RUN: ssm-opt %s | ssm-opt | FileCheck %s
// RUN: ssm-opt %s --emit-bytecode | ssm-opt | FileCheck %s
// RUN: ssm-opt %s --mlir-print-op-generic | ssm-opt | FileCheck %s

// CHECK-LABEL: func @s4d
func.func @s4d(%u: tensor<?x?x4xf32>, %s: tensor<?x2x1x3x4xf32>, %dt: tensor<4xf32>, %a: tensor<4x3xf32>,
               %c: tensor<4x3x2xf32>) {
  // CHECK: ssm.s4d %{{.*}}, %{{.*}} log_dt(%{{.*}}) a(%{{.*}}, %{{.*}}) c(%{{.*}}) : (tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>, tensor<4xf32>
  %0:2 = ssm.s4d %u, %s log_dt(%dt) a(%a, %a) c(%c)
    : (tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>, tensor<4xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3x2xf32>)
      -> (tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>)
  return
}

// CHECK-LABEL: func @channel_scan
func.func @channel_scan(%x: tensor<?x?x4xf32>, %s: tensor<?x2x1x3x4xf32>, %f: tensor<4x3xf64>) {
  // CHECK: ssm.channel_scan %{{.*}}, %{{.*}} coefficients(%{{.*}}, %{{.*}}) readout(%{{.*}}, %{{.*}} : tensor<4x3xf64>) : tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>
  %0:2 = ssm.channel_scan %x, %s coefficients(%f, %f) readout(%f, %f : tensor<4x3xf64>)
    : tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>
  return
}

// CHECK-LABEL: func @channel_rows
func.func @channel_rows(%x: tensor<24x32xf32>, %f: tensor<2x3x16xf32>, %k: tensor<2x1xf32>, %y: tensor<24x32xf32>,
                        %s: tensor<?x192xf32>, %streams: tensor<24xindex>, %n: index,
                        %mx: memref<24x32xf32>, %mf: memref<2x3x16xf32>, %mk: memref<2x1xf32>, %my: memref<24x32xf32>, %ms: memref<1x192xf32>) {
  // CHECK: ssm.channel_rows %{{.*}} : tensor<24x32xf32> factors({{.*}}) outs(%{{.*}} : tensor<24x32xf32>, %{{.*}} : tensor<?x192xf32>)
  // CHECK-SAME: streams(%{{.*}} : tensor<24xindex>) count %{{.*}} -> tensor<24x32xf32>, tensor<?x192xf32>
  %0:2 = ssm.channel_rows %x : tensor<24x32xf32>
    factors(%f, %f, %f, %f, %f, %f, %f, %f, %k : tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x3x16xf32>, tensor<2x1xf32>)
    outs(%y : tensor<24x32xf32>, %s : tensor<?x192xf32>) streams(%streams : tensor<24xindex>) count %n
    -> tensor<24x32xf32>, tensor<?x192xf32>
  // CHECK: ssm.channel_rows %{{.*}} : memref<24x32xf32> factors({{.*}}) outs(%{{.*}} : memref<24x32xf32>, %{{.*}} : memref<1x192xf32>){{$}}
  ssm.channel_rows %mx : memref<24x32xf32>
    factors(%mf, %mf, %mf, %mf, %mf, %mf, %mf, %mf, %mk : memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x3x16xf32>, memref<2x1xf32>)
    outs(%my : memref<24x32xf32>, %ms : memref<1x192xf32>)
  return
}
