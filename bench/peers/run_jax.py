"""jax.jit peers: discretax as it is, rewritten scans, one streaming step.

Variants: discretax; scan8 (lax.scan); two (two-level real scan); bmm (scan as
recursive batched products); fft, blocks (S4D, see s4d.py);
chunk8, chunk16, chunk32, recurrence (DeltaNet, see deltanet.py); step_natural
(complex state, weights as arguments); step_real (real state, weights baked in).
"""

import os

from bench.peers import common

if __name__ == "__main__":
    a = common.arguments()
    if a.threads == 1:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false"

import jax
import numpy as np

from bench.peers import deltanet, rewrites, s4d, steps


def time_step(p: common.Params, a) -> None:
    watch = common.Stopwatch()
    f, w, s = getattr(steps, a.variant)(p, a.batch)
    sequence = [jax.device_put(x) for x in p.streams(a.batch)]
    y, s = f(w, s, sequence[0])
    y.block_until_ready()
    figures = watch.read()
    for x in sequence[1:]:
        y, s = f(w, s, x)
    kept = [s]

    def run():
        y, kept[0] = f(w, kept[0], sequence[0])
        y.block_until_ready()

    common.serve(run, err=p.error(np.asarray(y), p.truth_of_steps), **figures)


def time_sequence(p: common.Params, a) -> None:
    build = rewrites.build
    for family in (s4d, deltanet):
        if a.variant in family.VARIANTS:
            build = family.build
    f, w, x = build(p, a.variant, a.batch)
    w, x = jax.device_put(w), jax.device_put(x)
    watch = common.Stopwatch()
    compiled = jax.jit(f).lower(w, x).compile()
    figures = watch.read()
    err = p.error(np.asarray(compiled(w, x)))
    common.serve(lambda: compiled(w, x).block_until_ready(), err=err, **figures)


if __name__ == "__main__":
    params = common.Params(a.data, a.workload)
    (time_step if a.variant.startswith("step") else time_sequence)(params, a)
