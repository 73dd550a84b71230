"""torch_without_cuda.py: lets PyTorch's wheel for Linux load without CUDA's libraries.

PyPI has PyTorch for Linux only as a build that links to some gigabytes of CUDA
libraries. The benchmark uses the CPU alone, so that an empty library stands in
for each: every function that PyTorch takes from them returns an error, as they
do on a machine without a GPU. Run in the environment that has torch, installed
without its dependencies.
"""

import importlib.util
import pathlib
import subprocess
import sys
import tempfile

NO_DEVICE = 100  # cudaErrorNoDevice, CUDA_ERROR_NO_DEVICE


def folder_of_torch() -> pathlib.Path:
    found = importlib.util.find_spec("torch")
    if not found:
        sys.exit("torch is not installed in this environment")
    return pathlib.Path(found.origin).parent / "lib"


def read_needed(library: pathlib.Path) -> set[str]:
    text = subprocess.run(["readelf", "-dW", library], capture_output=True, text=True).stdout
    return {line.split("[")[1].split("]")[0] for line in text.splitlines() if "(NEEDED)" in line}


def read_versions(library: pathlib.Path) -> dict[str, str]:
    """The library that each version of a symbol is asked of."""
    text = subprocess.run(["readelf", "-VW", library], capture_output=True, text=True).stdout
    versions, file = {}, ""
    for line in text.split("Version needs section")[-1].splitlines():
        file = line.split("File: ")[1].split()[0] if "File: " in line else file
        if "Name: " in line:
            versions[line.split("Name: ")[1].split()[0]] = file
    return versions


def read_symbols(library: pathlib.Path, which: str) -> set[str]:
    """Names of dynamic symbols, those that are asked for with @ and a version."""
    command = ["nm", "-D", which, library]
    text = subprocess.run(command, capture_output=True, text=True).stdout
    return {line.split()[-1].replace("@@", "@") for line in text.splitlines()}


def is_cuda(symbol: str) -> bool:
    return symbol.lstrip("_").startswith(("cu", "nccl", "nvrtc", "nvtx", "nvshmem"))


def write_library(path: pathlib.Path, symbols: dict[str, list[str]], scratch: pathlib.Path) -> None:
    """`symbols` are functions by version; the version "" is none."""
    code = [f"int {f}(void) {{ return {NO_DEVICE}; }}\n" for v in symbols.values() for f in v]
    (scratch / "stub.c").write_text("".join(code))
    nodes = [f"{v} {{ global: {'; '.join(f)}; }};\n" for v, f in symbols.items() if v and f]
    (scratch / "stub.map").write_text("".join(nodes))
    command = ["cc", "-w", "-shared", "-fPIC", f"-Wl,-soname,{path.name}", scratch / "stub.c"]
    if nodes:
        command.append(f"-Wl,--version-script,{scratch / 'stub.map'}")
    subprocess.run([*command, "-o", path], check=True)


def main() -> None:
    folder = folder_of_torch()
    libraries = sorted(folder.glob("*.so*"))
    needed = set().union(*map(read_needed, libraries))
    missing = [n for n in sorted(needed) if not (folder / n).exists()]
    missing = [n for n in missing if n.startswith(("libcu", "libnccl", "libnv"))]
    if not missing:
        return
    owners = {k: v for lib in libraries for k, v in read_versions(lib).items() if v in missing}
    wanted = set().union(*(read_symbols(lib, "--undefined-only") for lib in libraries))
    defined = set().union(*(read_symbols(lib, "--defined-only") for lib in libraries))
    stubs: dict[str, dict[str, list[str]]] = {name: {} for name in missing}
    unversioned = next(name for name in missing if name.startswith("libcudart"))
    for symbol in sorted(wanted - defined):
        name, _, version = symbol.partition("@")
        if version in owners or (is_cuda(name) and not version):
            stubs[owners.get(version, unversioned)].setdefault(version, []).append(name)
    with tempfile.TemporaryDirectory() as scratch:
        for name, symbols in stubs.items():
            write_library(folder / name, symbols, pathlib.Path(scratch))
    count = sum(len(f) for s in stubs.values() for f in s.values())
    print(f"{len(missing)} libraries with {count} functions stand in for CUDA")


if __name__ == "__main__":
    main()
