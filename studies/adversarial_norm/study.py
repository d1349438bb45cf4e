"""Do adversarial examples leave the sphere, or only come near a decision boundary? Hypotheses H1 to H4 and H6.

    python studies/adversarial_norm/study.py           the study: 60 classifiers of three data sets
    python studies/adversarial_norm/study.py --quick   two classifiers, three attacks, a minute; nothing is published

The same command goes on where an interrupted one stopped. Both need the extra `attacks`.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from gausslab.adversarial.examples import NULL
from gausslab.adversarial.findings import agreed, conclusion
from gausslab.adversarial.pooling import over_networks, trends_over
from gausslab.adversarial.specs import SUITE, Effort
from gausslab.cli import guarded
from gausslab.cli.studying import performed
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, TrainConfig, TrainingConfig
from gausslab.csv_files import compressed, to_bytes
from gausslab.studies.attacking import AttackPlan, TrainAndAttack, collect
from gausslab.studies.publishing import measured, record, write

HERE = Path(__file__).parent
WIDTHS, SEEDS = (8, 16, 32, 64), (0, 1, 2)
WEIGHTS = {"mnist": (0.0, 0.05, 1.0), "fashion-mnist": (0.0,), "cifar10": (0.0,)}
PLAN = AttackPlan(specs=SUITE, attacked=250, effort=Effort(cw_steps=50, pgd_steps=20))
QUICK = AttackPlan(specs=("ddn", "pgd-linf:0.1", "noise"), attacked=128, clean=800, effort=Effort(ddn_steps=50))
TRENDS = (
    *(("H1", "DDN"), ("H2", "DDN"), ("H3", "DDN against null A")),
    *(("H1'", "PGD Linf 0.1"), ("H2", "PGD Linf 0.1"), ("H3", "PGD Linf 0.1 against null A")),
)
"""What H4 and H6 are about: a minimal attack and one of fixed budget, by all three effects."""
SHOWN = ("clean", "ddn", "pgd-linf:0.1", "noise")
"""Attacks whose examples are committed, of the first seed."""


def network(data: str, width: int, weight: float, seed: int, images: int = 10_000, epochs: int = 6) -> TrainConfig:
    """A small convolutional classifier: three resolutions, batch norm everywhere, a linear head."""
    return TrainConfig(
        data=DataConfig(name=data, images=images),
        model=ModelConfig(kind="classifier", width=width, channels=8, depth=3, levels=3),
        objective=ObjectiveConfig(name="classifier", entropy_weight=weight),
        training=TrainingConfig(epochs=epochs),
        seed=seed,
    )


CONFIGS = [
    network(data, width, weight, seed)
    for data, weights in WEIGHTS.items()
    for weight in weights
    for width in WIDTHS
    for seed in SEEDS
]


def main() -> None:
    """The study, or its quick profile."""
    if "--quick" in sys.argv[1:]:
        quick(Path("runs/adversarial_norm-quick"))
    else:
        publish(Path("runs/adversarial_norm"))


def quick(root: Path) -> None:
    """Two classifiers of 4,000 digits that come with the installation, attacked by least norm, by budget, by noise."""
    configs = [network("mnist-5k", width, 0.0, 0, images=4_000, epochs=4) for width in (8, 32)]
    performed(configs, root, TrainAndAttack(QUICK))
    findings = collect(configs, root, QUICK, "findings.csv", identity)
    for row in findings.itertuples():
        print(f"width {row.width}: {row.line}")


def publish(root: Path) -> None:
    """All networks; the committed tables and the answer."""
    runs = performed(CONFIGS, root, TrainAndAttack(PLAN))
    tables = {
        name: collect(CONFIGS, root, PLAN, f"{name}.csv", identity) for name in ("findings", "detection", "changes")
    }
    said = "\n".join(answer(tables["findings"]))
    files = {f"{name}.csv": to_bytes(table.drop(columns="line", errors="ignore")) for name, table in tables.items()}
    files["examples.csv.gz"] = compressed(shown(root))
    files["answer.txt"] = f"{said}\n".encode()
    files["provenance.json"] = record({"plan": asdict(PLAN)}, 1, runs)
    write(HERE, measured(runs), files)
    print(said)


def identity(config: TrainConfig) -> dict[str, str | int | float]:
    """The columns that tell one network from another."""
    weight = config.objective.entropy_weight
    return {"data": config.data.name, "width": config.model.width, "weight": weight, "seed": config.seed}


def shown(root: Path) -> pd.DataFrame:
    """Examples of the first seed, which figures are drawn from."""
    first = [config for config in CONFIGS if config.seed == SEEDS[0]]
    examples = collect(first, root, PLAN, "examples.csv.gz", identity)
    return examples[examples["spec"].isin(SHOWN) & (examples["family"] != NULL)]


def answer(findings: pd.DataFrame) -> list[str]:
    """A conclusion of every hypothesis with its lines below: networks without entropy term first, then H6."""
    lines = []
    for data, rows in findings.groupby("data", sort=False):
        plain_nets = rows[rows["weight"] == 0]
        for hypothesis in ("H1", "H1'", "H2", "H3"):
            found = over_networks(plain_nets, hypothesis)
            lines += [f"{data}, {conclusion(found)}", *(f"  {each.line}" for each in found)]
        lines += _trends(str(data), plain_nets, "H4", "width", ())
        if len(WEIGHTS[str(data)]) > 1:
            lines += _trends(str(data), rows, "H6", "weight", ("width",))
    return lines


def _trends(data: str, rows: pd.DataFrame, hypothesis: str, setting: str, within: tuple[str, ...]) -> list[str]:
    found = trends_over(rows, hypothesis, setting, TRENDS, within)
    return [f"{data}, {hypothesis}: {agreed(each.verdict for each in found)}", *(f"  {each.line}" for each in found)]


if __name__ == "__main__":
    sys.exit(guarded(main))
