"""Print the commands of a README's ```sh blocks, one a line; those that train get `--scale smoke`.

A block's line that ends in `&& gausslab sweep ...` is one command, as the reader would paste it.
"""

import re
import sys
from pathlib import Path

TRAINS = re.compile(r"\bgausslab (sweep|train)\b")


def commands(text: str) -> list[str]:
    """Every command line of every ```sh block."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = (line.split("  #")[0].strip() for block in blocks for line in block.splitlines())
    return [f"{line} --scale smoke" if TRAINS.search(line) else line for line in lines if line and line[0] != "#"]


if __name__ == "__main__":
    print("\n".join(commands(Path(sys.argv[1]).read_text())))  # noqa: T201
