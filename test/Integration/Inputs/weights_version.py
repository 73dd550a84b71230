"""weights_version.py COMPILER GOLDENS WORK CASE...: see weights-version.test."""

import hashlib
import pathlib
import struct
import sys

from runtime_weights import Late, compile_model

HEADER_BYTES = 64  # struct weights_header of runtime/weights_header.h


def main() -> None:
    compiler, goldens, work, *cases = sys.argv[1:]
    for case in cases:
        folder, prefix = pathlib.Path(goldens, case), pathlib.Path(work, case)
        compile_model(compiler, folder / "model.json", prefix, "--weights", "runtime")
        packed = Late(prefix, "m").load(folder / "model.safetensors").tobytes()
        (version,) = struct.unpack_from("<I", packed, 8)
        digest = hashlib.sha256(packed[HEADER_BYTES:]).hexdigest()[:16]
        print(f"{case}: version {version}, {len(packed)} bytes, {digest}", flush=True)


main()
