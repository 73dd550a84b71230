"""The pictures of docs/benchmarks.md."""

from pathlib import Path

import matplotlib
import numpy as np

from bench.report.figures import Row, find, job_name, jobs, share, title

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "ssmc", "font.size": 9, "svg.fonttype": "none"})
import matplotlib.pyplot as plt  # noqa: E402 - after its backend

OURS, HAND = "#c0392b", "#7f8c8d"


def save(figure, path: Path) -> None:
    # No date: the same figures give the same file.
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def roofline_points(results: Row) -> list[tuple[float, float, str, str, str]]:
    """FLOP per byte of weights, GFLOP/s, label, marker and colour of each program."""
    points = []
    for section, marker in (("sequences", "o"), ("steps", "s")):
        for job in jobs(results, section):
            numbers = job.get("inspect", {})
            rows = numbers.get("time steps per chunk", 24)
            if section == "steps":
                rows = min(job["batch"], numbers.get("streams per group", 24))
            for program, color in (("by hand@1", HAND), ("ssmc@1", OURS)):
                row = find(job, program)
                if not row or not numbers:
                    continue
                x = numbers["operations per step"] * rows / numbers["packed weights"]
                what = "stream" if section == "steps" else "sequence"
                name = f"{job['workload']}, {job['batch']} {what}{'s' * (job['batch'] > 1)}"
                label = name if program == "ssmc@1" else ""
                points.append((x, job["flops"] / row["min"] / 1e9, label, marker, color))
    return points


def plot_roofline(results: Row, path: Path) -> None:
    """FLOPs per byte of weights that are read, against GFLOP/s."""
    machine = results["scaling"]["machine"]
    peak = machine["peak"]["1"][0]
    figure, axes = plt.subplots(figsize=(8, 4.6))
    x = np.logspace(-0.8, 2, 100)
    shown = {2**18: "-", 2**20: "--", 2**23: "-.", 2**28: ":"}
    for read in machine["read"]:
        if read["bytes"] in shown:
            kilobytes = read["bytes"] // 1024
            name = f"{kilobytes} KB" if kilobytes < 1024 else f"{kilobytes // 1024} MB"
            axes.plot(
                x,
                np.minimum(x * read["gb_per_s"], peak),
                color="0.6",
                linestyle=shown[read["bytes"]],
                label=f"{name} read at {read['gb_per_s']:.0f} GB/s",
                zorder=1,
            )
    axes.axhline(peak, color="0.3", zorder=1, label=f"FMA peak, {peak:.0f} GFLOP/s")
    lowest: dict[bool, float] = {}  # where the last label of steps, and of all else, is
    points = roofline_points(results)
    for at, value, label, marker, color in sorted(points, key=lambda p: -p[1]):
        axes.plot(at, value, marker, color=color, markersize=5)
        if label:
            y = min(value, lowest.get(at < 2, 1e9) / 1.16)
            lowest[at < 2] = y
            ends = (at, value), ((1.0 if at < 2 else 45), y)
            axes.annotate(
                label,
                *ends,
                fontsize=7,
                va="center",
                arrowprops={"arrowstyle": "-", "color": "0.8", "lw": 0.5},
            )
    axes.set(xscale="log", yscale="log", xlim=(x[0], 150))
    axes.set_xlabel("FLOP per byte of weights (a chunk, or a group of streams, reads them once)")
    axes.set_ylabel("GFLOP/s, one thread")
    axes.set_title("Sequences (dots) and steps (squares); red: ssmc, grey: by hand", fontsize=9)
    axes.legend(fontsize=7, loc="lower right", frameon=False)
    save(figure, path)


def plot_ratios(results: Row, path: Path) -> None:
    """Time relative to ssmc's, of all programs on one thread."""
    shown = [j for j in jobs(results, "sequences") if find(j, "ssmc@1") and len(j["rows"]) > 3]
    if not shown:
        return
    figure, panels = plt.subplots(1, len(shown), figsize=(2.3 * len(shown), 3), sharey=True)
    names = []
    for job in shown:
        for row in job["rows"]:
            if row["program"].endswith("@1") and row["program"] not in names:
                names.append(row["program"])
    names = [n for n in names if n != "build@1"][::-1]
    for job, axes in zip(shown, np.atleast_1d(panels), strict=True):
        ours = find(job, "ssmc@1")
        for i, name in enumerate(names):
            row = find(job, name)
            if row:
                times = row["min"] / ours["min"]
                color = (
                    OURS if name.startswith("ssmc") else HAND if name == "by hand@1" else "#2c6fa6"
                )
                axes.barh(i, times, color=color)
                axes.annotate(f"{times:.2f}", (times, i), fontsize=7, va="center")
        axes.set_title(job_name(job), fontsize=9)
        axes.set_yticks(range(len(names)), [title(n).replace("*", "") for n in names], fontsize=7)
        axes.margins(x=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("time / time of ssmc, one thread, fastest runs", fontsize=8, y=-0.04)
    save(figure, path)


def plot_sweep(results: Row, path: Path) -> None:
    """A picture for each code that was measured."""
    measured = [r for r in jobs(results, "sweep") if "min" in r]
    codes = sorted({r.get("code", "") for r in measured})
    figure, panels = plt.subplots(len(codes), 1, figsize=(8, 3 * len(codes)), squeeze=False)
    for code, axes in zip(codes, panels[:, 0], strict=True):
        rows = [r for r in measured if r.get("code", "") == code]
        widths, states = (sorted({r[k] for r in rows}) for k in ("hidden", "state"))
        values = np.full((len(states), len(widths)), np.nan)
        for r in rows:
            values[states.index(r["state"]), widths.index(r["hidden"])] = share(r, r)
        axes.imshow(values, vmin=20, vmax=100, cmap="RdYlGn", aspect="auto")
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                axes.annotate(f"{value:.0f}", (j, i), ha="center", va="center", fontsize=8)
        axes.set_xticks(range(len(widths)), widths)
        axes.set_yticks(range(len(states)), states)
        axes.set(xlabel="hidden_dim", ylabel="state_dim")
        what = f"{code} code, % of AVX2's FMA peak" if code else "% of FMA peak"
        axes.set_title(f"S5, two blocks: {what}, per FLOP that is needed", fontsize=9)
    figure.tight_layout()
    save(figure, path)


def plot_all(results: Row, folder: Path) -> dict[str, Path]:
    """The pictures that the results have the figures for."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        "roofline": (plot_roofline, "machine" in (results.get("scaling") or {})),
        "ratios": (plot_ratios, bool(jobs(results, "sequences"))),
        "sweep": (plot_sweep, any("min" in r for r in jobs(results, "sweep"))),
    }
    drawn = {}
    for name, (plot, possible) in wanted.items():
        drawn[name] = folder / f"{name}.svg"
        drawn[name].unlink(missing_ok=True)  # no picture of other results than the page's
        if possible:
            plot(results, drawn[name])
    return {name: path for name, path in drawn.items() if path.exists()}
