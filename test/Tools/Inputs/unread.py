"""unread.py PROGRAM [ARGUMENT...]: runs it with a pipe as standard output that has no reader."""

import os
import subprocess
import sys

reader, writer = os.pipe()
os.close(reader)
status = subprocess.run(sys.argv[1:], stdout=writer).returncode
os.close(writer)
print("exit status", status)
