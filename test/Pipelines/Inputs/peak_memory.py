"""Prints the peak memory, in MB, that lowering a function of many loops to LLVM takes.

peak_memory.py SSM_OPT LOOPS
"""

import resource
import subprocess
import sys

LOOP = """
    scf.for %i = %c0 to %c8 step %c1 {{
      %x = memref.load %m[%i] : memref<8xf32>
      memref.store %x, %m[%i] : memref<8xf32>
    }}
    %v{0} = memref.view %bytes[%c0][] : memref<?xi8> to memref<8xf32>
    func.call @use(%v{0}) : (memref<8xf32>) -> ()"""


def main() -> None:
    loops = "".join(LOOP.format(number) for number in range(int(sys.argv[2])))
    module = f"""
  func.func private @use(memref<8xf32>)
  func.func @prepare(%bytes: memref<?xi8>, %m: memref<8xf32>) {{
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index{loops}
    return
  }}
"""
    command = [sys.argv[1], "--ssm-loops-to-llvm", "-o", "/dev/null"]
    subprocess.run(command, input=module, text=True, check=True)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)


main()
