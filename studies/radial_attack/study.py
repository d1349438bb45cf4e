"""Does turning the latents away, without any label, change what a network says? Hypothesis H7.

    python studies/radial_attack/study.py

27 classifiers of three kinds on three data sets, and the pretrained MobileNetV2. The same command goes on where an
interrupted one stopped. It needs the extra `attacks`.
"""

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from gausslab.adversarial.findings import Finding, agreed, judged
from gausslab.adversarial.pooling import finding_over
from gausslab.cli import guarded
from gausslab.cli.studying import performed
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig, TrainingConfig
from gausslab.csv_files import to_bytes
from gausslab.files import write_atomically
from gausslab.models.pretrained import mobilenet_v2
from gausslab.serialisation import digest
from gausslab.studies.classifiers import Tabulate, collected
from gausslab.studies.photographs import photographs
from gausslab.studies.publishing import measured, record, write
from gausslab.studies.turning import TurningPlan, turned_of, turned_table

HERE = Path(__file__).parent
NETS = {"batch norm": "batchnorm", "none": "none", "LayerNorm": "layernorm"}
DATA = {"mnist": 0.1, "fashion-mnist": 0.1, "cifar10": 0.03}
"""Data set -> budget in the maximum norm that the statements are about."""
SEEDS = (0, 1, 2)
PLAN = TurningPlan()
PRETRAINED = TurningPlan(linf=(0.01, 0.03), l2=(), images=20, steps=10, batch=10)
SMALLEST = 0.2


def network(data: str, norm: str, seed: int) -> TrainConfig:
    """The classifier of `adversarial_norm` with 32 units, normalised throughout in one way."""
    return TrainConfig(
        data=DataConfig(name=data, images=10_000),
        model=ModelConfig(kind="classifier", width=32, channels=8, depth=3, levels=3, bottleneck=norm, norm=norm),
        objective=ObjectiveConfig(name="classifier"),
        training=TrainingConfig(epochs=6),
        seed=seed,
    )


CONFIGS = [network(data, norm, seed) for data in DATA for norm in NETS.values() for seed in SEEDS]


def main() -> None:
    """Train and attack what is not done yet; publish."""
    name = f"turned-{digest(PLAN)}"
    runs = performed(CONFIGS, Path("runs/radial_attack"), Tabulate(name, partial(turned_of, plan=PLAN)))
    table = pd.concat([named(collected(runs, name)), pretrained(Path("runs/radial_attack"))], ignore_index=True)
    said = "\n".join(answer(table))
    files = {
        "attacks.csv": to_bytes(table),
        "answer.txt": f"{said}\n".encode(),
        "provenance.json": record({"plan": asdict(PLAN), "pretrained": asdict(PRETRAINED)}, 1, runs),
    }
    write(HERE, measured(runs), files)
    print(said)


def pretrained(root: Path) -> pd.DataFrame:
    """MobileNetV2 on the photographs that foolbox ships, made once."""
    file = root / f"mobilenet_v2-{digest(PRETRAINED)}.csv"
    if not file.exists():
        images, labels = photographs(224)
        found = turned_table(mobilenet_v2(), images, labels, {"all": ("**",)}, PRETRAINED, seed=0)
        write_atomically(file, to_bytes(found))
    known = {"data": "foolbox's 20 photographs", "net": "MobileNetV2", "norm": "batchnorm", "seed": 0}
    return pd.read_csv(file).assign(**known)


def named(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a column `net` behind that of the data set: `NETS` by the norm of the hidden layers."""
    names = {norm: name for name, norm in NETS.items()}
    table.insert(1, "net", table["norm"].map(names))
    return table


def answer(table: pd.DataFrame) -> list[str]:
    """H7a to H7c over the data sets, and H7."""
    statements = {
        "H7a (it succeeds with batch norm)": lambda data: _beyond_noise(table, data, "batch norm"),
        "H7b (less without)": lambda data: _share(table, data, "batch norm") - _share(table, data, "none"),
        "H7c (on LayerNorm)": lambda data: _beyond_noise(table, data, "LayerNorm"),
    }
    found = {name: judged(_finding(name, data, effect(data)) for data in DATA) for name, effect in statements.items()}
    lines = [f"H7: {agreed(each.verdict for findings in found.values() for each in findings)}"]
    for name, findings in found.items():
        lines += [f"{name}: {agreed(each.verdict for each in findings)}", *(f"  {each.line}" for each in findings)]
    return [*lines, *beside(table)]


def beside(table: pd.DataFrame) -> list[str]:
    """What networks without a verdict show: a line an attack."""
    others = table[~table["net"].isin(list(NETS))]
    return [
        f"no part of H7: {row.net} on {row.data}, {row.attack} in an {row.budget_norm} ball of {row.budget:g}: success "
        f"{row.success_rate:.2f} ({row.low:.2f} to {row.high:.2f}) of {row.attempted} images"
        for row in others.itertuples()
    ]


def _finding(statement: str, data: str, effects: np.ndarray) -> Finding:
    return finding_over(
        effects,
        Finding(
            hypothesis=statement.split()[0],
            attack=f"radial Linf {DATA[data]:g}",
            layer=f"all normalised layers, {data}",
            scale="difference in success",
            smallest=SMALLEST,
            details="networks",
        ),
    )


def _beyond_noise(table: pd.DataFrame, data: str, net: str) -> np.ndarray:
    return _success(table, data, net, "radial-linf") - _success(table, data, net, "noise")


def _share(table: pd.DataFrame, data: str, net: str) -> np.ndarray:
    return _success(table, data, net, "radial-linf") / _success(table, data, net, "pgd-linf")


def _success(table: pd.DataFrame, data: str, net: str, attack: str) -> np.ndarray:
    """Of every seed, in order."""
    rows = table[(table["data"] == data) & (table["net"] == net) & (table["attack"] == attack)]
    rows = rows[(rows["budget_norm"] == "linf") & (rows["budget"] == DATA[data]) & (rows["layers"] != "code")]
    return rows.sort_values("seed")["success_rate"].to_numpy(np.float64)


if __name__ == "__main__":
    sys.exit(guarded(main))
