// RUN: ssm-opt %s -ssm-fold-norms -cse -split-input-file | FileCheck %s

// The residual stream: the encoder's bias starts it at -m1, block 1 moves it by
// m1 - m2, and block 2 adds m2 back: the sums of a pooled head are a carried
// state, which must be those of the model.
// CHECK-LABEL: func.func @model(
// CHECK-DAG:   %[[M1:.+]] = ssm.parameter "m1"
// CHECK-DAG:   %[[M2:.+]] = ssm.parameter "m2"
// CHECK-DAG:   %[[V1:.+]] = ssm.parameter "v1"
// CHECK-DAG:   %[[D1:.+]] = ssm.parameter "d1"
// CHECK-DAG:   %[[WH:.+]] = ssm.parameter "wh"
// CHECK-DAG:   %[[BH:.+]] = ssm.parameter "bh"
// CHECK:       %[[X1:.+]] = arith.extf %[[M1]] : tensor<4xf32> to tensor<4xf64>
// CHECK:       %[[BIAS:.+]] = arith.negf %[[X1]]
// CHECK:       %[[IN:.+]] = ssm.linear %{{.+}}, %{{.+}} bias %[[BIAS]]
// CHECK-DAG:   %[[EPS:.+]] = arith.constant dense<1.000000e-05> : tensor<4xf64>
// CHECK-DAG:   %[[VX:.+]] = arith.extf %[[V1]]
// CHECK:       %[[VE:.+]] = arith.addf %[[VX]], %[[EPS]]
// CHECK:       %[[ROOT:.+]] = math.sqrt %[[VE]]
// CHECK:       %[[S:.+]] = arith.divf %{{.+}}, %[[ROOT]]
// The scale goes into the projection's columns and the feed-through.
// CHECK-DAG:   %[[COLUMNS:.+]] = linalg.broadcast ins(%[[S]] : tensor<4xf64>) outs(%{{.+}} : tensor<6x4xf64>) dimensions = [0]
// CHECK-DAG:   %[[W:.+]] = arith.mulf %[[COLUMNS]], %{{.+}} : tensor<6x4xf64>
// CHECK-DAG:   %[[DX:.+]] = arith.extf %[[D1]]
// CHECK-DAG:   %[[D:.+]] = arith.mulf %[[S]], %[[DX]]
// CHECK-DAG:   %[[X2:.+]] = arith.extf %[[M2]]
// CHECK-DAG:   %[[AMOUNT:.+]] = arith.subf %[[X1]], %[[X2]]
// CHECK:       %[[B1:.+]]:2 = ssm.block "b1"(%[[IN]],
// CHECK-NEXT:  ^bb0(%[[U:.+]]: tensor<?x?x4xf32>, %{{.+}}: tensor<?x2x3xf32>):
// CHECK-NEXT:    ssm.linear %[[U]], %[[W]]
// CHECK-NEXT:    ssm.scan
// CHECK-NEXT:    %[[P:.+]] = ssm.linear
// CHECK-NEXT:    %[[Q:.+]] = ssm.skip %[[P]], %[[U]] by %[[D]]
// CHECK-NEXT:    %[[R:.+]] = ssm.add %[[U]], %[[Q]]
// CHECK-NEXT:    %[[SHIFTED:.+]] = ssm.shift %[[R]] by %[[AMOUNT]]
// CHECK-NEXT:    ssm.yield %[[SHIFTED]]
// CHECK:       %[[B2:.+]]:2 = ssm.block "b2"(%[[B1]]#0,
// CHECK:         ssm.shift %{{.+}} by %[[X2]]
// CHECK:       %[[POOL:.+]], %{{.+}}, %{{.+}} = ssm.mean_pool %[[B2]]#0
// CHECK:       ssm.linear %[[POOL]], %[[WH]] bias %[[BH]]
func.func @model(%in: tensor<?x?x1xf32>, %s1: tensor<?x2x3xf32>, %s2: tensor<?x2x3xf32>,
    %sums: tensor<?x4xf64>, %count: tensor<?xi64>, %a: tensor<3xf64>, %b: tensor<6x4xf64>, %c: tensor<4x6xf64>)
    -> tensor<?x2xf32> {
  %w = ssm.parameter "w" : tensor<4x1xf32>
  %x = ssm.linear %in, %w : (tensor<?x?x1xf32>, tensor<4x1xf32>) -> tensor<?x?x4xf32>
  %m1 = ssm.parameter "m1" : tensor<4xf32>
  %v1 = ssm.parameter "v1" : tensor<4xf32>
  %d1 = ssm.parameter "d1" : tensor<4xf32>
  %y:2 = ssm.block "b1" (%x, %s1) : (tensor<?x?x4xf32>, tensor<?x2x3xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x3xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>, %s: tensor<?x2x3xf32>):
    %n = ssm.batch_norm %u, %m1, %v1 epsilon 1.0e-5 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>
    %f = ssm.linear %n, %b : (tensor<?x?x4xf32>, tensor<6x4xf64>) -> tensor<?x?x6xf32>
    %h, %t = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<3xf64>, tensor<3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
    %p = ssm.linear %h, %c : (tensor<?x?x6xf32>, tensor<4x6xf64>) -> tensor<?x?x4xf32>
    %q = ssm.skip %p, %n by %d1 : tensor<?x?x4xf32>, tensor<4xf32>
    %r = ssm.add %u, %q : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r, %t : tensor<?x?x4xf32>, tensor<?x2x3xf32>
  }
  %m2 = ssm.parameter "m2" : tensor<4xf32>
  %v2 = ssm.parameter "v2" : tensor<4xf32>
  %d2 = ssm.parameter "d2" : tensor<4xf32>
  %z:2 = ssm.block "b2" (%y#0, %s2) : (tensor<?x?x4xf32>, tensor<?x2x3xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x3xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>, %s: tensor<?x2x3xf32>):
    %n = ssm.batch_norm %u, %m2, %v2 epsilon 1.0e-5 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>
    %f = ssm.linear %n, %b : (tensor<?x?x4xf32>, tensor<6x4xf64>) -> tensor<?x?x6xf32>
    %h, %t = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<3xf64>, tensor<3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
    %p = ssm.linear %h, %c : (tensor<?x?x6xf32>, tensor<4x6xf64>) -> tensor<?x?x4xf32>
    %q = ssm.skip %p, %n by %d2 : tensor<?x?x4xf32>, tensor<4xf32>
    %r = ssm.add %u, %q : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r, %t : tensor<?x?x4xf32>, tensor<?x2x3xf32>
  }
  %mean, %sums1, %count1 = ssm.mean_pool %z#0, %sums, %count
    : tensor<?x?x4xf32>, tensor<?x4xf64>, tensor<?xi64> -> tensor<?x4xf32>
  %wh = ssm.parameter "wh" : tensor<2x4xf32>
  %bh = ssm.parameter "bh" : tensor<2xf32>
  %logits = ssm.linear %mean, %wh bias %bh : (tensor<?x4xf32>, tensor<2x4xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %logits : tensor<?x2xf32>
}

// -----

// A head per step takes the mean into its bias, b + W m; the block's shift
// stays, by m - m, so that it has the shape of every other block.
// CHECK-LABEL: func.func @head_per_step(
// CHECK-SAME:    %{{.+}}: tensor<?x?x4xf32>, %[[M:[a-z0-9]+]]: tensor<4xf32>
// CHECK:       %[[MEAN:.+]] = arith.extf %[[M]]
// CHECK:       %[[NONE:.+]] = arith.subf %[[MEAN]], %[[MEAN]]
// CHECK:       %[[B:.+]] = ssm.block "b"
// CHECK:         ssm.shift %{{.+}} by %[[NONE]]
// CHECK:       %[[WM:.+]] = linalg.matvec ins(%{{.+}}, %[[MEAN]] : tensor<2x4xf64>, tensor<4xf64>)
// CHECK:       %[[HB:.+]] = arith.addf %{{.+}}, %[[WM]]
// CHECK:       ssm.linear %[[B]], %{{.+}} bias %[[HB]]
func.func @head_per_step(%x: tensor<?x?x4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>,
    %wh: tensor<2x4xf32>, %bh: tensor<2xf32>) -> tensor<?x?x2xf32> {
  %y = ssm.block "b" (%x) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%u: tensor<?x?x4xf32>):
    %n = ssm.batch_norm %u, %m, %v epsilon 1.0e-5 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>
    %g = ssm.gelu %n : tensor<?x?x4xf32>
    %r = ssm.add %u, %g : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r : tensor<?x?x4xf32>
  }
  %z = ssm.linear %y, %wh bias %bh : (tensor<?x?x4xf32>, tensor<2x4xf32>, tensor<2xf32>) -> tensor<?x?x2xf32>
  return %z : tensor<?x?x2xf32>
}

// -----

// A bare block: nothing absorbs the mean, so a shift stays in front, and the
// epilogue adds the mean back. What cannot take the scale gets it explicitly.
// CHECK-LABEL: func.func @bare(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[M:[a-z0-9]+]]: tensor<4xf32>
// CHECK:       %[[MEAN:.+]] = arith.extf %[[M]]
// CHECK:       %[[MINUS:.+]] = arith.negf %[[MEAN]]
// CHECK:       %[[C:.+]] = ssm.shift %[[X]] by %[[MINUS]]
// CHECK:       %[[S:.+]] = arith.divf
// CHECK:       ssm.block "b"(%[[C]])
// CHECK-NEXT:  ^bb0(%[[U:.+]]: tensor<?x?x4xf32>):
// CHECK-NEXT:    %[[N:.+]] = ssm.scale %[[U]] by %[[S]]
// CHECK-NEXT:    %[[G:.+]] = ssm.gelu %[[N]]
// CHECK-NEXT:    %[[R:.+]] = ssm.add %[[U]], %[[G]]
// CHECK-NEXT:    ssm.shift %[[R]] by %[[MEAN]]
func.func @bare(%x: tensor<?x?x4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>) -> tensor<?x?x4xf32> {
  %y = ssm.block "b" (%x) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%u: tensor<?x?x4xf32>):
    %n = ssm.batch_norm %u, %m, %v epsilon 1.0e-5 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>
    %g = ssm.gelu %n : tensor<?x?x4xf32>
    %r = ssm.add %u, %g : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r : tensor<?x?x4xf32>
  }
  return %y : tensor<?x?x4xf32>
}

// -----

// An embedding's table takes the mean off; a per-step head takes W m.
// CHECK-LABEL: func.func @tokens(
// CHECK:       %[[ROWS:.+]] = linalg.broadcast ins(%{{.+}} : tensor<4xf64>) outs(%{{.+}} : tensor<7x4xf64>) dimensions = [0]
// CHECK:       %[[TABLE:.+]] = arith.subf %{{.+}}, %[[ROWS]]
// CHECK:       %[[X:.+]] = ssm.embedding %{{.+}}, %[[TABLE]]
// CHECK:       ssm.block "b"(%[[X]])
// CHECK:       linalg.matvec
// CHECK:       ssm.linear %{{.+}} bias
func.func @tokens(%ids: tensor<?x?xi32>, %table: tensor<7x4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>,
    %w: tensor<2x4xf32>) -> tensor<?x?x2xf32> {
  %x = ssm.embedding %ids, %table : (tensor<?x?xi32>, tensor<7x4xf32>) -> tensor<?x?x4xf32>
  %y = ssm.block "b" (%x) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%u: tensor<?x?x4xf32>):
    %n = ssm.batch_norm %u, %m, %v epsilon 1.0e-5 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>
    %g = ssm.gelu %n : tensor<?x?x4xf32>
    %r = ssm.add %u, %g : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r : tensor<?x?x4xf32>
  }
  %z = ssm.linear %y, %w : (tensor<?x?x4xf32>, tensor<2x4xf32>) -> tensor<?x?x2xf32>
  return %z : tensor<?x?x2xf32>
}

// -----

// Postnorm: the norm is over the sum, so the stream cannot be kept centred; the
// mean is subtracted first, in place, and the encoder is left alone.
// CHECK-LABEL: func.func @postnorm(
// CHECK:       ssm.linear %{{.+}}, %{{[a-z0-9]+}} :
// CHECK:       ssm.block
// CHECK-NEXT:  ^bb0(%[[U:.+]]: tensor<?x?x4xf32>):
// CHECK-NEXT:    %[[G:.+]] = ssm.gelu %[[U]]
// CHECK-NEXT:    %[[R:.+]] = ssm.add %[[U]], %[[G]]
// CHECK-NEXT:    %[[C:.+]] = ssm.shift %[[R]]
// CHECK-NEXT:    %[[N:.+]] = ssm.scale %[[C]]
// CHECK-NEXT:    ssm.yield %[[N]]
func.func @postnorm(%in: tensor<?x?x1xf32>, %w: tensor<4x1xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>)
    -> tensor<?x?x4xf32> {
  %x = ssm.linear %in, %w : (tensor<?x?x1xf32>, tensor<4x1xf32>) -> tensor<?x?x4xf32>
  %y = ssm.block "b" (%x) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%u: tensor<?x?x4xf32>):
    %g = ssm.gelu %u : tensor<?x?x4xf32>
    %r = ssm.add %u, %g : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    %n = ssm.batch_norm %r, %m, %v epsilon 1.0e-5 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>
    ssm.yield %n : tensor<?x?x4xf32>
  }
  return %y : tensor<?x?x4xf32>
}

// -----

// An identity as sequence mixer has no projection that could take the scale; it
// carries nothing, and the stream is centred all the same.
// CHECK-LABEL: func.func @identity(
// CHECK:         %[[BIAS:.+]] = arith.negf
// CHECK:         %[[IN:.+]] = ssm.linear %{{.+}}, %{{.+}} bias %[[BIAS]]
// CHECK:         %[[S:.+]] = arith.divf
// CHECK:         ssm.block "b"(%[[IN]])
// CHECK-NEXT:    ^bb0(%[[U:.+]]: tensor<?x?x4xf32>):
// CHECK-NEXT:      %[[N:.+]] = ssm.scale %[[U]] by %[[S]]
// CHECK-NEXT:      %[[G:.+]] = ssm.gelu %[[N]]
// CHECK-NEXT:      %[[R:.+]] = ssm.add %[[U]], %[[G]]
// CHECK-NEXT:      ssm.shift %[[R]]
func.func @identity(%x: tensor<?x?x2xf32>) -> tensor<?x?x4xf32> {
  %w = ssm.parameter "w" : tensor<4x2xf32>
  %m = ssm.parameter "m" : tensor<4xf32>
  %v = ssm.parameter "v" : tensor<4xf32>
  %e = ssm.linear %x, %w : (tensor<?x?x2xf32>, tensor<4x2xf32>) -> tensor<?x?x4xf32>
  %r = ssm.block "b" (%e) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%u: tensor<?x?x4xf32>):
    %n = ssm.batch_norm %u, %m, %v epsilon 1.0e-5 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>
    %g = ssm.gelu %n : tensor<?x?x4xf32>
    %y = ssm.add %u, %g : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %y : tensor<?x?x4xf32>
  }
  return %r : tensor<?x?x4xf32>
}
