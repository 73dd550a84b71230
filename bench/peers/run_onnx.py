"""ONNX Runtime on graphs made by hand, in real arithmetic.

Variants: bmm (scan as recursive batched products), step (one streaming step).
"""

import numpy as np
import onnxruntime as ort

from bench.peers import common, graphs


def make_session(model, threads: int):
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [i.name for i in session.get_inputs()]
    return lambda values: session.run(None, dict(zip(names, values, strict=True)))


def main(a) -> None:
    p = common.Params(a.data, a.workload)
    if a.variant == "bmm":
        model, x = graphs.build_sequence(p, a.batch)
        watch = common.Stopwatch()
        f = make_session(model, a.threads)
        figures = watch.read()
        common.serve(lambda: f([x]), err=p.error(f([x])[0]), **figures)
        return
    model = graphs.build_step(p, a.batch)
    watch = common.Stopwatch()
    f = make_session(model, a.threads)
    figures = watch.read()
    sequence = p.streams(a.batch)
    state = [np.zeros((a.batch, 2 * p.P), np.float32) for _ in p.blocks]
    state += [np.zeros((a.batch, p.H), np.float32), np.zeros(1, np.float32)]
    for x in sequence:
        y, *state = f([x, *state])
    kept = [state]

    def run():
        _, *kept[0] = f([sequence[0], *kept[0]])

    common.serve(run, err=p.error(y, p.truth_of_steps), **figures)


if __name__ == "__main__":
    main(common.arguments())
