"""The models and lengths that are measured, and how their FLOPs are counted."""

import dataclasses

STEPS = 100  # after which the answers of programs that run step by step are compared


@dataclasses.dataclass(frozen=True)
class Workload:
    """LinearEncoder -> blocks of one family -> ClassificationHead, on whole sequences."""

    kind: str  # s5, lru, linoss, s4d or deltanet
    features: int
    hidden: int
    state: int
    blocks: int
    classes: int
    length: int
    batch: int = 1  # the widest that is measured
    levels: tuple[int, ...] = ()  # chunk lengths of the recursive batched products
    two: tuple[int, int] = (1, 1)  # steps of a chunk and chunks of the two-level scan
    heads: int = 4  # of DeltaNet, each with hidden / heads features

    @property
    def modes(self) -> int:
        """Complex modes of a block: S5 keeps one of each conjugate pair."""
        if self.kind == "s4d":  # every channel has its own
            return self.hidden * (self.state // 2)
        return self.state // 2 if self.kind == "s5" else self.state

    @property
    def has_expert(self) -> bool:
        """Whether there is code by hand (bench/expert) for the family."""
        return self.kind in ("s5", "lru")

    def flops_of_step(self) -> int:
        """Multiply-adds of one time step, without the head.

        A block: B 2 H 2P, C 2 2P H, GLU 2 H 2H, D 2 H; the recurrence 8 P, or for
        LinOSS 20 P (a real 2x2 on a complex pair 16 P, the input's two factors 4 P).
        DeltaNet: q, k, v and out 2 H H each, beta 2 H, the GLU, and 6 for each number of
        the states (S k, S q, and adding to S). S4D: the recurrence 8 and its readout 4 per
        mode, and the GLU; no B, C or D.
        Then the encoder 2 F H and the mean H. Nothing for norms, gelu and sigmoid.
        """
        if self.kind == "deltanet":
            states = self.hidden * self.hidden // self.heads
            block = 12 * self.hidden**2 + 2 * self.hidden + 6 * states
            return self.blocks * block + 2 * self.features * self.hidden + self.hidden
        if self.kind == "s4d":
            block = 12 * self.modes + 4 * self.hidden**2
            return self.blocks * block + 2 * self.features * self.hidden + self.hidden
        recurrence = (20 if self.kind == "linoss" else 8) * self.modes
        block = 8 * self.hidden * self.modes + 4 * self.hidden**2 + 2 * self.hidden + recurrence
        return self.blocks * block + 2 * self.features * self.hidden + self.hidden

    def flops(self, batch: int = 1, length: int | None = None) -> int:
        """`batch` sequences with one answer each; length 1 is a step that answers."""
        steps = self.length if length is None else length
        return batch * (self.flops_of_step() * steps + 2 * self.hidden * self.classes)

    def model_json(self) -> dict:
        """The model as ssmc reads it, for use with random weights."""
        encoder = {
            "target": "LinearEncoder",
            "in_features": self.features,
            "out_features": self.hidden,
        }
        head = {
            "target": "ClassificationHead",
            "in_features": self.hidden,
            "out_features": self.classes,
        }
        return {"format": 1, "layers": [encoder, *self._blocks_json(), head]}

    def _blocks_json(self) -> list[dict]:
        if self.kind == "s4d":
            mixer = {"target": "S4DSequenceMixer", "state_dim": self.state}
            block = {
                "target": "StandardBlock",
                "in_features": self.hidden,
                "sequence_mixer": mixer,
                "channel_mixer": {"target": "GLU"},
            }
            return [block] * self.blocks
        classes = {"s5": "S5", "lru": "LRU", "linoss": "LinOSS", "deltanet": "DeltaNet"}
        model = {
            "target": classes[self.kind],
            "hidden_dim": self.hidden,
            "num_blocks": self.blocks,
        }
        return [model | self.mixer_options()]

    def mixer_options(self) -> dict[str, int]:
        """What the family's class takes besides widths and blocks."""
        return {"n_heads": self.heads} if self.kind == "deltanet" else {"state_dim": self.state}


WORKLOADS = {
    "W1": Workload("s5", 1, 64, 64, 4, 10, 784, 32, (28, 28), (28, 28)),
    "W2": Workload("s5", 1, 96, 128, 6, 35, 16000, 1, (16, 40, 25), (125, 128)),
    "W3": Workload("linoss", 6, 128, 64, 4, 5, 17984, 1, (16, 25, 45), (281, 64)),
    "W4": Workload("lru", 2, 256, 256, 6, 10, 4096, 8, (16, 16, 16), (64, 64)),
    "S4D": Workload("s4d", 1, 64, 64, 4, 10, 4096),
    "DeltaNet": Workload("deltanet", 1, 64, 0, 4, 10, 4096),
    # W4's widths with S5, for the comparison with code written by hand.
    "W4s5": Workload("s5", 2, 256, 256, 6, 10, 4096, 1, (16, 16, 16), (64, 64)),
    # W1 with nothing that keeps its states from decaying to zero: no norm's shift, no bias.
    "W1decay": Workload("s5", 1, 64, 64, 4, 10, 784),
    # 100 MB of weights.
    "big": Workload("lru", 2, 1024, 1024, 4, 10, 64),
    # For the smoke test: models that need no more than NumPy.
    "tiny": Workload("s5", 1, 32, 32, 2, 10, 100, 2),
}
