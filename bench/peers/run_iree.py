"""IREE: the functions of run_jax.py by jax.export, StableHLO and iree-compile (llvm-cpu, host).

Variants: discretax, scan8, two, bmm, step_real, step_natural.
"""

import fcntl
import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from bench.peers import common


def export(a, stem: Path) -> None:
    """Runs in a process of its own, so that JAX is not in the one that is timed."""
    import jax

    from bench.peers import rewrites, steps

    p = common.Params(a.data, a.workload)
    if a.variant.startswith("step"):
        f, w, s = getattr(steps, a.variant)(p, a.batch)
        x = p.streams(a.batch)
        plain = f.__wrapped__
        exported = jax.export.export(jax.jit(lambda w, s, x: plain(w, s, x)))(w, s, x[0])
        weights = jax.tree.leaves(w)
        operands = weights + jax.tree.leaves(s)
        np.savez(stem.with_suffix(".npz"), *operands, weights=len(weights))
    else:
        f, w, x = rewrites.build(p, a.variant, a.batch)
        exported = jax.export.export(jax.jit(f))(w, x)
        leaves = jax.tree.leaves(w) + [x]
        used = [v for i, v in enumerate(leaves) if i in exported.module_kept_var_idx]
        np.savez(stem.with_suffix(".npz"), *used)
    stem.with_suffix(".mlir").write_text(str(exported.mlir_module()))


def compile_module(a, stem: Path) -> dict[str, float]:
    """Compiles unless that has been done; what it took the first time."""
    with stem.with_suffix(".lock").open("w") as lock:  # one module serves several programs
        fcntl.flock(lock, fcntl.LOCK_EX)
        return compile_locked(a, stem)


def compile_locked(a, stem: Path) -> dict[str, float]:
    module = stem.with_suffix(".vmfb")
    figures = Path(a.cache) / f"{stem.name}.json"
    if module.exists() and figures.exists():
        return common.remember(a.cache, stem.name, {})
    command = [sys.executable, "-m", "bench.peers.run_iree", *sys.argv[1:]]
    run(command, os.environ | {"SSMC_BENCH_EXPORT": "1"})
    watch = common.Stopwatch()
    options = [
        "--iree-input-type=stablehlo",
        "--iree-hal-target-device=local",
        "--iree-hal-local-target-device-backends=llvm-cpu",
        "--iree-llvmcpu-target-cpu=host",
        "--iree-opt-level=O3",
    ]
    compiler = Path(sys.executable).with_name("iree-compile")
    run([compiler, stem.with_suffix(".mlir"), "-o", module, *options], os.environ)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = watch.read() | {"compiler_peak_mb": children.ru_maxrss / 1024}
    return common.remember(a.cache, stem.name, taken)


def run(command, environment) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{Path(str(command[0])).name}: {done.stderr[-1200:]}")


def load(stem: Path, threads: int):
    """The module's function, and what puts an array on its device."""
    from iree import runtime as rt

    if threads > 1:
        rt.flags.parse_flags(f"--task_topology_group_count={threads}")
    config = rt.Config("local-sync" if threads == 1 else "local-task")
    context = rt.SystemContext(config=config)
    context.add_vm_module(rt.VmModule.mmap(context.instance, str(stem.with_suffix(".vmfb"))))

    def put(v):
        return rt.asdevicearray(config.device, np.array(v, order="C"), implicit_host_transfer=False)

    return list(context.modules.values())[-1]["main"], put


def main(a, stem: Path) -> None:
    figures = compile_module(a, stem)
    f, put = load(stem, a.threads)
    arrays = np.load(stem.with_suffix(".npz"))
    names = sorted((k for k in arrays.files if k.startswith("arr_")), key=lambda k: int(k[4:]))
    operands = [put(arrays[k]) for k in names]
    p = common.Params(a.data, a.workload)
    if not a.variant.startswith("step"):
        err = p.error(f(*operands).to_host())
        common.serve(lambda: f(*operands).to_host(), err=err, **figures)
        return
    count = int(arrays["weights"])
    weights, state = operands[:count], operands[count:]
    sequence = [put(v) for v in p.streams(a.batch)]
    for x in sequence:
        y, *state = f(*weights, *state, x)
    kept = [state]

    def run_step():
        _, *kept[0] = f(*weights, *kept[0], sequence[0])

    common.serve(run_step, err=p.error(y.to_host(), p.truth_of_steps), **figures)


def hash_sources() -> str:
    """Changes with what is exported, so that nothing is loaded that was compiled before."""
    folder = Path(__file__).parent
    names = ("rewrites.py", "steps.py", "run_iree.py", "../workloads.py", "../models.py")
    text = b"".join((folder / name).read_bytes() for name in names)
    return hashlib.sha256(text).hexdigest()[:8]


if __name__ == "__main__":
    arguments = common.arguments()
    # Threads are chosen when it runs: one module serves any number.
    of = f"iree-{arguments.workload}-{arguments.batch}-{arguments.variant}-{hash_sources()}"
    path = Path(arguments.cache) / of
    if os.environ.get("SSMC_BENCH_EXPORT"):
        export(arguments, path)
    else:
        main(arguments, path)
