"""unpack.py FILE TENSOR OUT: writes one tensor of a safetensors file as raw bytes.

Standard library only: the demo needs no Python packages.
"""

import json
import struct
import sys


def main() -> None:
    file, tensor, out = sys.argv[1:]
    with open(file, "rb") as stream:
        (header_bytes,) = struct.unpack("<Q", stream.read(8))
        begin, end = json.loads(stream.read(header_bytes))[tensor]["data_offsets"]
        stream.seek(8 + header_bytes + begin)
        content = stream.read(end - begin)
    with open(out, "wb") as stream:
        stream.write(content)


if __name__ == "__main__":
    main()
