"""Where along real networks are batch-normed activations Gaussian, and what decides it? Four nets that others trained.

    python studies/pretrained_nets/study.py           the study, one thread
    python studies/pretrained_nets/study.py --quick   two of the nets on 250 images; nothing is published

The same command goes on where an interrupted one stopped.
"""

import sys
import time
from dataclasses import asdict
from pathlib import Path

from gausslab import provenance
from gausslab.cli import guarded
from gausslab.cli.console import stderr, stdout
from gausslab.csv_files import to_bytes
from gausslab.data.weights import WEIGHTS, weight_files
from gausslab.files import write_atomically
from gausslab.studies.depth_answers import answer
from gausslab.studies.pretrained_nets import NETS, Scale, study_table

HERE = Path(__file__).parent
RUNS = Path("runs/pretrained_nets")
FULL = Scale(nets=tuple(NETS), images=1000, crops=50, units=16, seeds=(0, 1, 2))
QUICK = Scale(nets=("mobilenet_v2", "cifar_vgg"), images=250, crops=0, units=8, seeds=(0,))
"""Without crops, hence without foolbox."""


def main() -> None:
    """The study, or its quick profile."""
    for name in WEIGHTS:
        weight_files(name, progress=stderr().print)
    if "--quick" in sys.argv[1:]:
        stdout().print(answer(study_table(QUICK, RUNS, stderr().print)[0]), soft_wrap=True)
    else:
        publish(FULL, RUNS, HERE)


def publish(scale: Scale, root: Path, folder: Path) -> None:
    """Measure what is not measured yet; the committed table and the answer."""
    begun = time.monotonic()
    table, parts = study_table(scale, root, stderr().print)
    text = answer(table)
    made = {"study": asdict(scale), "published": provenance.record(1, time.monotonic() - begun), "parts": parts}
    write_atomically(folder / "provenance.json", provenance.to_bytes(made))
    write_atomically(folder / "answer.txt", f"{text}\n".encode())
    write_atomically(folder / "results.csv", to_bytes(table))
    stdout().print(text, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(guarded(main))
