"""Does turning the latents away, without any label, change what a network says? Hypothesis H7.

    python studies/radial_attack/study.py

27 classifiers of three kinds on three data sets, and the pretrained MobileNetV2. The same command goes on where an
interrupted one stopped. It needs the extra `attacks`.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from gausslab.adversarial.findings import Finding, agreed, judged
from gausslab.adversarial.pooling import finding_over
from gausslab.cli import guarded
from gausslab.cli.studying import performed
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig, TrainingConfig
from gausslab.runs import Run
from gausslab.studies.attacking import plain
from gausslab.studies.publishing import measured, record, write
from gausslab.studies.turning import TrainAndTurn, TurningPlan

HERE = Path(__file__).parent
NETS = {"batch norm": "batchnorm", "none": "none", "LayerNorm": "layernorm"}
DATA = {"mnist": 0.1, "fashion-mnist": 0.1, "cifar10": 0.03}
"""Data set -> budget in the maximum norm that the statements are about."""
SEEDS = (0, 1, 2)
PLAN = TurningPlan()
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
    runs = performed(CONFIGS, Path("runs/radial_attack"), TrainAndTurn(PLAN))
    table = pd.concat([_of_run(run) for run in runs], ignore_index=True)
    said = "\n".join(answer(table))
    files = {
        "attacks.csv": plain(table),
        "answer.txt": f"{said}\n".encode(),
        "provenance.json": record({"plan": asdict(PLAN)}, 1, runs),
    }
    write(HERE, measured(runs), files)
    print(said)


def _of_run(run: Run) -> pd.DataFrame:
    table, model = pd.read_csv(PLAN.file(run)), run.config.model
    net = next(name for name, norm in NETS.items() if norm == model.norm)
    known = {"data": run.config.data.name, "net": net, "bottleneck": model.bottleneck, "norm": model.norm}
    for place, (column, value) in enumerate((known | {"seed": run.config.seed}).items()):
        table.insert(place, column, value)
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
    return lines


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
