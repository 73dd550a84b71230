"""Random models on all executors of threads.c.

    threads_random.py WORK FIRST LAST COMPILER CC [argument ...]

Builds models of the seeds FIRST to LAST - 1 (random_models.py) with COMPILER, and with each the
program that CC and its arguments make; what they lack is the model: its header, its
name `m`, and its object. Prints what each program prints.
"""

import json
import pathlib
import subprocess
import sys

from random_models import Chooser, one_way, random_layers


def main() -> int:
    work, first, last, compiler, *cc = sys.argv[1:]
    for number in range(int(first), int(last)):
        folder = pathlib.Path(work) / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        layers = [one_way(layer) for layer in random_layers(Chooser(number), compiler)]
        (folder / "model.json").write_text(json.dumps({"layers": layers}))
        options = ["--name", "m", "--target", "x86-64-v3", "--weights", f"random:{number}"]
        subprocess.run([compiler, "compile", folder, "-o", folder / "m", *options], check=True)
        program = folder / "threads"
        model = ["-DMODEL=m", "-include", folder / "m.h", folder / "m.o", "-o", program]
        subprocess.run([*cc, *model], check=True)
        print(number, *(layer["target"] for layer in layers), flush=True)
        subprocess.run([program], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
