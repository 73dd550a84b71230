"""fenced_code.py PAGE LANGUAGE: prints the blocks of code of a page, one after the other."""

import pathlib
import re
import sys

page, language = sys.argv[1:]
blocks = re.findall(rf"^```{language}\n(.*?)^```", pathlib.Path(page).read_text(), re.M | re.S)
print("\n".join(blocks), end="")
