// RUN: ssm-opt %s -convert-recurrence-to-chunk=rows=24 | FileCheck %s

// Channels are lanes: factors are panels of 16 channels, the coefficients as a
// rounded number and what it lacks. 17 channels take two panels, and 2 x 5 modes of
// each re and im. What follows reads y again.
// CHECK-LABEL: func.func private @chunk.s4d(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x32xf32> {ssm.rows}, %[[S:[a-z0-9]+]]: tensor<?x320xf32>, %[[RE:[a-z0-9]+]]: tensor<17x5xf64> {ssm.parameter}, %[[IM:[a-z0-9]+]]: tensor<17x5xf64> {ssm.parameter}, %[[CRE:[a-z0-9]+]]: tensor<17x5xf64> {ssm.parameter}, %[[CIM:[a-z0-9]+]]: tensor<17x5xf64> {ssm.parameter})
// CHECK-SAME:    -> (tensor<24x32xf32>, tensor<?x320xf32>)
// CHECK:         %[[ROUNDED:.+]] = arith.truncf %[[RE]]
// CHECK:         %[[HIGH:.+]] = arith.extf %[[ROUNDED]]
// CHECK:         %[[LOW:.+]] = arith.subf %[[RE]], %[[HIGH]]
// CHECK:         %[[A:.+]] = ssm.pack_panels %[[HIGH]] : tensor<17x5xf64> -> tensor<2x5x16xf32>
// CHECK:         %[[ALOW:.+]] = ssm.pack_panels %[[LOW]] : tensor<17x5xf64> -> tensor<2x5x16xf32>
// CHECK:         %[[C:.+]] = ssm.pack_panels %[[CRE]]
// CHECK:         %[[D:.+]] = ssm.pack_panels %[[CIM]]
// CHECK:         %[[Y:.+]] = tensor.empty() : tensor<24x32xf32>
// CHECK:         %[[SCAN:.+]]:2 = ssm.channel_rows %[[X]] : tensor<24x32xf32> factors(%[[A]], %[[ALOW]], %{{[0-9]+}}, %{{[0-9]+}}, %[[C]], %[[D]] :
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
