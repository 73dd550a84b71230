// One test per constraint of the model level's layers, named for it.
// RUN: ssm-opt %s --split-input-file --verify-diagnostics

func.func @parameter_c1() {
  // expected-error @+1 {{(C1) value of type 'tensor<2xf32>' does not match the result 'tensor<3xf32>'}}
  %0 = "ssm.parameter"() {name = "w", value = dense<0.0> : tensor<2xf32>} : () -> tensor<3xf32>
  return
}

// -----

func.func @parameter_c2() {
  // expected-error @+1 {{(C2) 'tensor<?xf32>' is not static}}
  %0 = ssm.parameter "w" : tensor<?xf32>
  return
}

// -----

func.func @parameter_c3() {
  // expected-error @+1 {{(C3) the name is empty}}
  %0 = ssm.parameter "" : tensor<2xf32>
  return
}

// -----

func.func @linear_c1(%x: tensor<?x?x3xf32>, %w: tensor<4x2xf32>) {
  // expected-error @+1 {{(C1) x has 3 features but the weight takes 2}}
  %0 = ssm.linear %x, %w : (tensor<?x?x3xf32>, tensor<4x2xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @linear_c1_vector(%x: tensor<?x?x3xf32>, %w: tensor<3xf32>) {
  // expected-error @+1 {{(C1) the weight has rank 1; expected 2}}
  %0 = ssm.linear %x, %w : (tensor<?x?x3xf32>, tensor<3xf32>) -> tensor<?x?x3xf32>
  return
}

// -----

func.func @linear_c2(%x: tensor<?x?x3xf32>, %w: tensor<4x3xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{(C2) bias has shape [3]; expected [4]}}
  %0 = ssm.linear %x, %w bias %b : (tensor<?x?x3xf32>, tensor<4x3xf32>, tensor<3xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @linear_c3(%x: tensor<3xf32>, %w: tensor<4x3xf32>) {
  // expected-error @+1 {{(C3) x has rank 1; expected 2 or 3}}
  %0 = ssm.linear %x, %w : (tensor<3xf32>, tensor<4x3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @linear_infers_its_type(%x: tensor<?x?x3xf32>, %w: tensor<4x3xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<?x?x4xf32>' are incompatible with return type(s) of operation 'tensor<?x?x5xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = ssm.linear %x, %w : (tensor<?x?x3xf32>, tensor<4x3xf32>) -> tensor<?x?x5xf32>
  return
}

// -----

func.func @scalars_are_no_sequences(%x: tensor<f32>) {
  // expected-error @+1 {{must be ranked tensor of 32-bit float values of rank 1 or more, but got 'tensor<f32>'}}
  %0 = ssm.gelu %x : tensor<f32>
  return
}

// -----

func.func @embedding_c1(%ids: tensor<?x?xi32>, %t: tensor<4xf32>) {
  // expected-error @+1 {{(C1) the table has rank 1; expected 2}}
  %0 = ssm.embedding %ids, %t : (tensor<?x?xi32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @glu_c1(%x: tensor<?x?x3xf32>, %w1: tensor<4x3xf32>, %w2: tensor<5x3xf32>) {
  // expected-error @+1 {{(C1) w2 has shape [5, 3]; expected [4, 3]}}
  %0 = ssm.glu %x, %w1, %w2 : (tensor<?x?x3xf32>, tensor<4x3xf32>, tensor<5x3xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @glu_c1_rank(%x: tensor<?x?x3xf32>, %w: tensor<4xf32>) {
  // expected-error @+1 {{(C1) w1 has shape [4]; expected [4, 3]}}
  %0 = ssm.glu %x, %w, %w : (tensor<?x?x3xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @glu_c1_features(%x: tensor<?x?x3xf32>, %w: tensor<4x2xf32>) {
  // expected-error @+1 {{(C1) w1 has shape [4, 2]; expected [4, 3]}}
  %0 = ssm.glu %x, %w, %w : (tensor<?x?x3xf32>, tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @glu_c2(%x: tensor<?x?x3xf32>, %w: tensor<4x3xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{(C2) b1 has shape [3]; expected [4]}}
  %0 = ssm.glu %x, %w, %w bias %b, %b : (tensor<?x?x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @glu_c2_one_bias(%x: tensor<?x?x3xf32>, %w: tensor<4x3xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{(C2) has one bias; expected two or none}}
  %0 = "ssm.glu"(%x, %w, %w, %b) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>}
    : (tensor<?x?x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @add_c1(%a: tensor<?x?x3xf32>, %b: tensor<?x?x2xf32>) {
  // expected-error @+1 {{(C1) b has 2 features; expected 3 or 1}}
  %0 = ssm.add %a, %b : (tensor<?x?x3xf32>, tensor<?x?x2xf32>) -> tensor<?x?x3xf32>
  return
}

// -----

func.func @shift_c1(%x: tensor<?x?x3xf32>, %c: tensor<2xf64>) {
  // expected-error @+1 {{(C1) the amount has shape [2]; expected [3]}}
  %0 = ssm.shift %x by %c : tensor<?x?x3xf32>, tensor<2xf64>
  return
}

// -----

func.func @scale_c1(%x: tensor<?x?x3xf32>, %c: tensor<2xf64>) {
  // expected-error @+1 {{(C1) the amount has shape [2]; expected [3]}}
  %0 = ssm.scale %x by %c : tensor<?x?x3xf32>, tensor<2xf64>
  return
}

// -----

func.func @skip_c1(%x: tensor<?x?x3xf32>, %d: tensor<2xf64>) {
  // expected-error @+1 {{(C1) d has shape [2]; expected [3]}}
  %0 = ssm.skip %x, %x by %d : tensor<?x?x3xf32>, tensor<2xf64>
  return
}

// -----

func.func @batch_norm_c1(%x: tensor<?x?x3xf32>, %m: tensor<3xf32>, %v: tensor<2xf32>) {
  // expected-error @+1 {{(C1) var has shape [2]; expected [3]}}
  %0 = ssm.batch_norm %x, %m, %v epsilon 1.0e-5 : tensor<?x?x3xf32>, tensor<3xf32>, tensor<2xf32>
  return
}

// -----

func.func @batch_norm_c2(%x: tensor<?x?x3xf32>, %m: tensor<3xf32>) {
  // expected-error @+1 {{(C2) epsilon is 0.000000e+00; expected a positive number}}
  %0 = ssm.batch_norm %x, %m, %m epsilon 0.0 : tensor<?x?x3xf32>, tensor<3xf32>, tensor<3xf32>
  return
}

// -----

func.func @batch_norm_training_c1(%x: tensor<?x?x3xf32>, %m: tensor<2xf32>, %v: tensor<3xf32>, %f: tensor<i1>) {
  // expected-error @+1 {{(C1) mean has shape [2]; expected [3]}}
  %0:3 = ssm.batch_norm_training %x, %m, %v, %f epsilon 1.0e-5 momentum 0.99
    : tensor<?x?x3xf32>, tensor<2xf32>, tensor<3xf32>, tensor<i1>
  return
}

// -----

func.func @batch_norm_training_c2(%x: tensor<?x?x3xf32>, %m: tensor<3xf32>, %f: tensor<i1>) {
  // expected-error @+1 {{(C2) epsilon must be positive and momentum lie in [0, 1]; found 1.000000e-05 and 2.000000e+00}}
  %0:3 = ssm.batch_norm_training %x, %m, %m, %f epsilon 1.0e-5 momentum 2.0
    : tensor<?x?x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<i1>
  return
}

// -----

func.func @split_key_c1(%k: tensor<?x2xi32>) {
  // expected-error @+1 {{(C1) index 3 is not in the range of the count 3}}
  %0 = ssm.split_key %k[3 of 3] : tensor<?x2xi32>
  return
}

// -----

func.func @split_key_c1_negative(%k: tensor<?x2xi32>) {
  // expected-error @+1 {{(C1) index -1}}
  %0 = ssm.split_key %k[-1 of 3] : tensor<?x2xi32>
  return
}

// -----

func.func @dropout_c1(%x: tensor<?x?x3xf32>, %k: tensor<?x2xi32>) {
  // expected-error @+1 {{(C1) rate is 1.500000e+00; expected a number in [0, 1]}}
  %0 = ssm.dropout %x, %k rate 1.5 : tensor<?x?x3xf32>, tensor<?x2xi32>
  return
}

// -----

func.func @dropout_c1_nan(%x: tensor<?x?x3xf32>, %k: tensor<?x2xi32>) {
  // expected-error @+1 {{(C1) rate is nan}}
  %0 = ssm.dropout %x, %k rate 0x7FF8000000000000 : tensor<?x?x3xf32>, tensor<?x2xi32>
  return
}

// -----

func.func @mean_pool_c1(%x: tensor<?x?x4xf32>, %sums: tensor<?x3xf64>, %count: tensor<?xi64>) {
  // expected-error @+1 {{(C1) sums has shape [?, 3]; expected [?, 4]}}
  %0:3 = ssm.mean_pool %x, %sums, %count : tensor<?x?x4xf32>, tensor<?x3xf64>, tensor<?xi64> -> tensor<?x4xf32>
  return
}

// -----

func.func @mean_pool_c1_rank(%x: tensor<?x4xf32>, %sums: tensor<?x4xf64>, %count: tensor<?xi64>) {
  // expected-error @+1 {{(C1) x has rank 2; expected 3}}
  %0:3 = ssm.mean_pool %x, %sums, %count : tensor<?x4xf32>, tensor<?x4xf64>, tensor<?xi64> -> tensor<?x4xf32>
  return
}

// -----

func.func @mean_pool_c1_batch(%x: tensor<2x?x4xf32>, %sums: tensor<2x4xf64>, %count: tensor<3xi64>) {
  // expected-error @+1 {{(C1) count has shape [3]; expected [2]}}
  %0:3 = ssm.mean_pool %x, %sums, %count : tensor<2x?x4xf32>, tensor<2x4xf64>, tensor<3xi64> -> tensor<2x4xf32>
  return
}
