// RUN: ssm-opt %s -convert-recurrence-to-chunk=rows=24 | FileCheck %s

// Channels are lanes: factors are panels of 16 channels, the coefficients as a
// rounded number and what it lacks, and as 1 + m. 17 channels take two panels, and 2 x 5 modes of
// each re and im. What follows reads y again.
// CHECK-LABEL: func.func private @chunk.s4d(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x32xf32> {ssm.rows}, %[[S:[a-z0-9]+]]: tensor<?x320xf32>, %[[RE:[a-z0-9]+]]: tensor<17x5xf64> {ssm.parameter}, %[[IM:[a-z0-9]+]]: tensor<17x5xf64> {ssm.parameter}, %[[CRE:[a-z0-9]+]]: tensor<17x5xf64> {ssm.parameter}, %[[CIM:[a-z0-9]+]]: tensor<17x5xf64> {ssm.parameter})
// CHECK-SAME:    -> (tensor<24x32xf32>, tensor<?x320xf32>)
// CHECK:         %[[M:.+]] = arith.subf %[[RE]], %{{.+}} : tensor<17x5xf64>
// CHECK:         %[[ROUNDED:.+]] = arith.truncf %[[RE]]
// CHECK:         %[[HIGH:.+]] = arith.extf %[[ROUNDED]]
// CHECK:         %[[LOW:.+]] = arith.subf %[[RE]], %[[HIGH]]
// CHECK:         %[[A:.+]] = ssm.pack_panels %[[HIGH]] : tensor<17x5xf64> -> tensor<2x5x16xf32>
// CHECK:         %[[ALOW:.+]] = ssm.pack_panels %[[LOW]] : tensor<17x5xf64> -> tensor<2x5x16xf32>
// CHECK:         arith.truncf %[[M]]
// CHECK:         %[[MLOW:.+]] = arith.subf %[[M]],
// CHECK:         %[[C:.+]] = ssm.pack_panels %[[CRE]]
// CHECK:         %[[D:.+]] = ssm.pack_panels %[[CIM]]
// Where rounding m = a - 1 adds up to too much, for the largest of 16 channels and 4 modes.
// CHECK:         %[[RADIUS:.+]] = math.sqrt
// CHECK:         %[[DECAY:.+]] = arith.subf %{{.+}}, %[[RADIUS]]
// CHECK:         %[[ERROR:.+]] = math.sqrt
// CHECK:         %[[MOST:.+]] = arith.mulf %{{.+}}, %[[DECAY]]
// CHECK:         %[[TOO_LARGE:.+]] = arith.cmpf ugt, %[[ERROR]], %[[MOST]]
// CHECK:         %[[NEEDS:.+]] = arith.select %[[TOO_LARGE]]
// CHECK:         %[[NEEDED:.+]] = ssm.pack_panels %[[NEEDS]] : tensor<17x5xf64> -> tensor<2x5x16xf32>
// CHECK-COUNT-16: tensor.extract_slice %[[NEEDED]]
// CHECK:         tensor.insert_slice %{{.+}} : tensor<2x5xf32> into tensor<2x8xf32>
// CHECK-COUNT-4: tensor.extract_slice %{{.+}} : tensor<2x8xf32> to tensor<2x2xf32>
// CHECK:         %[[FLAGS:.+]] = arith.maximumf %{{.+}} : tensor<2x2xf32>
// CHECK:         %[[Y:.+]] = tensor.empty() : tensor<24x32xf32>
// CHECK:         %[[SCAN:.+]]:2 = ssm.channel_rows %[[X]] : tensor<24x32xf32> factors(%[[A]], %[[ALOW]], %{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}, %[[C]], %[[D]], %[[FLAGS]] :
// CHECK-SAME:      outs(%[[Y]] : tensor<24x32xf32>, %[[S]] : tensor<?x320xf32>)
// CHECK:         %[[OUT:.+]] = ssm.panel_map rows(%[[SCAN]]#0 : tensor<24x32xf32>) outs(%[[X]] : tensor<24x32xf32>)
// CHECK:           math.exp2
// CHECK:         return %[[OUT]], %[[SCAN]]#1
func.func private @s4d(%x: tensor<?x?x17xf32>, %s: tensor<?x2x1x5x17xf32>, %re: tensor<17x5xf64> {ssm.parameter},
    %im: tensor<17x5xf64> {ssm.parameter}, %cre: tensor<17x5xf64> {ssm.parameter}, %cim: tensor<17x5xf64> {ssm.parameter})
    -> (tensor<?x?x17xf32>, tensor<?x2x1x5x17xf32>) attributes {ssm.unit = "block"} {
  %y, %s1 = ssm.channel_scan %x, %s coefficients(%re, %im) readout(%cre, %cim : tensor<17x5xf64>)
    : tensor<?x?x17xf32>, tensor<?x2x1x5x17xf32>
  %g = ssm.gelu %y : tensor<?x?x17xf32>
  return %g, %s1 : tensor<?x?x17xf32>, tensor<?x2x1x5x17xf32>
}
