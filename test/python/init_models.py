"""Fifty configurations whose initial values are compared with discretax's.

Every class and every option that shapes initial values; sizes are shared, for
JAX compiles each function of the initialization once per shape.
"""

WIDTH = 8
LINEAR = {"target": "LinearEncoder", "in_features": 3, "out_features": WIDTH}
TOKENS = {"target": "EmbeddingEncoder", "num_classes": 9, "out_features": WIDTH}
CLASSES = {"target": "ClassificationHead", "in_features": WIDTH, "out_features": 5}
VALUES = {"target": "RegressionHead", "in_features": WIDTH, "out_features": 5}
GLU = {"target": "GLU"}
IDENTITY = {"target": "IdentitySequenceMixer"}


def model(target, encoder=LINEAR, head=CLASSES, **options):
    options = {"hidden_dim": WIDTH, "num_blocks": 1} | options
    if target != "DeltaNet":
        options = {"state_dim": 16} | options
    return [encoder, {"target": target} | options, head]


def block(mixer, channel=GLU, width=WIDTH, **options):
    if isinstance(mixer, str):
        mixer = {"target": mixer} | options
    return {
        "target": "StandardBlock",
        "in_features": width,
        "sequence_mixer": mixer,
        "channel_mixer": channel,
    }


MODELS = {
    "s5": model("S5"),
    "s5-two-blocks": model("S5", num_blocks=2),
    "s5-ssm-blocks-2": model("S5", ssm_blocks=2),
    "s5-ssm-blocks-8-of-64": model("S5", state_dim=64, ssm_blocks=8),
    "s5-state-64": model("S5", state_dim=64),
    "s5-no-conj-sym": model("S5", conj_sym=False),
    "s5-odd-state": model("S5", conj_sym=False, state_dim=7),
    "s5-empty-state": model("S5", state_dim=2, ssm_blocks=2),
    "s5-truncated-normal": model("S5", C_init="trunc_standard_normal"),
    "s5-truncated-normal-blocks": model(
        "S5", C_init="trunc_standard_normal", conj_sym=False, ssm_blocks=4
    ),
    "s5-complex-normal": model("S5", C_init="complex_normal"),
    "s5-complex-normal-no-conj-sym": model("S5", C_init="complex_normal", conj_sym=False),
    "s5-steps": model("S5", dt_min=0.01, dt_max=0.02),
    "s5-no-bias": model("S5", use_bias=False),
    "s5-mixer": [block("S5SequenceMixer", state_dim=16)],
    "s5-mixer-options": [block("S5SequenceMixer", state_dim=16, ssm_blocks=2, dt_min=0.5)],
    "lru": model("LRU"),
    "lru-two-blocks": model("LRU", num_blocks=2),
    "lru-tokens": model("LRU", encoder=TOKENS),
    "lru-ring": model("LRU", r_min=0.8, r_max=0.99),
    "lru-circle": model("LRU", r_min=0.5, r_max=0.5),
    "lru-slow": model("LRU", r_min=0.99, r_max=0.999),
    "lru-radius-0": model("LRU", r_min=0, r_max=0),
    "lru-phase": model("LRU", max_phase=0.1),
    "lru-phase-0": model("LRU", max_phase=0),
    "lru-state-1": model("LRU", state_dim=1),
    "lru-mixer": [block("LRUSequenceMixer", state_dim=16)],
    "linoss": model("LinOSS"),
    "linoss-state-64": model("LinOSS", state_dim=64),
    "linoss-undamped": model("LinOSS", damping=False),
    "linoss-im": model("LinOSS", damping=False, discretization="IM"),
    "linoss-radius": model("LinOSS", r_min=0.1),
    "linoss-radius-1": model("LinOSS", r_min=1),
    "linoss-angle": model("LinOSS", theta_max=1),
    "linoss-angle-0": model("LinOSS", theta_max=0),
    "linoss-mixer": [block("LinOSSSequenceMixer", state_dim=16)],
    "s4d": [block("S4DSequenceMixer", state_dim=16)],
    "s4d-steps": [block("S4DSequenceMixer", state_dim=16, dt_min=0.01, dt_max=0.02)],
    "s4d-odd-state": [block("S4DSequenceMixer", state_dim=7)],
    "delta-net": model("DeltaNet", chunk_size=4),
    "delta-net-heads": model("DeltaNet", chunk_size=4, n_heads=2, head_dim=3),
    "delta-net-mixer": [block("DeltaNetSequenceMixer", n_heads=3, chunk_size=4)],
    "swiglu": [block(IDENTITY, {"target": "SwiGLU"})],
    "swiglu-bias": [block(IDENTITY, {"target": "SwiGLU", "use_bias": True})],
    "swiglu-width": [block(IDENTITY, {"target": "SwiGLU", "intermediate_dim": 16})],
    "mlp": [block(IDENTITY, {"target": "MLPChannelMixer"})],
    "mlp-bias": [block(IDENTITY, {"target": "MLPChannelMixer", "use_bias": True})],
    "broadcast-glu": [block(IDENTITY, GLU | {"out_features": 1, "use_bias": False})],
    "only-encoder-and-head": [LINEAR | {"use_bias": True}, VALUES],
    "composed": [
        LINEAR,
        model("S5", num_blocks=0)[1],
        block("LRUSequenceMixer", state_dim=16),
        block(IDENTITY, {"target": "IdentityChannelMixer"}),
        model("LinOSS")[1],
        VALUES,
    ],
}
