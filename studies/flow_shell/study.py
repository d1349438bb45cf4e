"""Does a flow's mass lie on a thin shell where the data's lies there? Hypothesis H8.

    python studies/flow_shell/study.py                # fit what is not fitted yet, then judge
    python studies/flow_shell/study.py --runs FOLDER --out FOLDER

One thread. It needs the extra `flows`, and MNIST for the codes of one autoencoder. The same command goes on where an
interrupted one stopped.
"""

import argparse
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path

import torch

from gausslab import data
from gausslab.checkpoints import load_checkpoint
from gausslab.cli import guarded
from gausslab.cli.studying import performed
from gausslab.config import DataConfig
from gausslab.csv_files import to_bytes
from gausslab.errors import RunError
from gausslab.files import write_atomically
from gausslab.flows.answers import answer
from gausslab.generation import latent_codes
from gausslab.presets import preset
from gausslab.studies.publishing import record
from gausslab.studies.shells import ShellPlan, fit_all
from gausslab.training import threads

HERE = Path(__file__).parent
RUNS = Path("runs/flow_shell")
PLAN = ShellPlan(
    units=(2, 8, 32, 64),
    kinds=("realnvp", "glow"),
    slopes=(1e-3, 0.5),
    bounded=("relative-shell",),
    seeds=(0, 1, 2),
    stages=(500, 1500),
)
EAE = preset("eae", "mnist", width=32, images=6_000, epochs=8, threads=1)
"""Its codes are of training images that it was not trained with."""

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--runs", type=Path, default=RUNS, help="where the autoencoder and the fits are kept")
parser.add_argument("--out", type=Path, default=HERE, help="where the tables go")


def main() -> None:
    """Train the autoencoder, fit the flows, judge, publish."""
    options = parser.parse_args()
    [run] = performed([EAE], options.runs)

    @cache
    def codes() -> torch.Tensor:
        trained, every = len(data.load(EAE.data).train), data.load(DataConfig(name=EAE.data.name)).train.images
        with threads(1):
            return latent_codes(load_checkpoint(run.checkpoint_file).model, every[trained:]).mean

    rows, binned = fit_all(
        PLAN, EAE.model.width, codes, options.runs, lambda line: print(line, file=sys.stderr, flush=True)
    )
    first = binned[(binned["seed"] == PLAN.seeds[0]) & (binned["slope"] == PLAN.slopes[0])]
    said = answer(rows)
    files = {
        "answer.txt": f"{said}\n".encode(),
        "provenance.json": record({"plan": asdict(PLAN), "autoencoder": asdict(EAE)}, 1, [run]),
        "radii.csv": to_bytes(first),
        "results.csv": to_bytes(rows),
    }
    try:
        for name, content in files.items():
            write_atomically(options.out / name, content)
    except OSError as error:
        raise RunError(f"cannot write {options.out}: {error.strerror or error}") from None
    print(said)


if __name__ == "__main__":
    sys.exit(guarded(main))
