"""Flows fitted to thin shells, a Gaussian and codes: rows and binned radii a fit, saved when it is done.

    FOLDER/DIGEST/FIT.csv         rows of one training, at all of its lengths; written last, the mark of completion
    FOLDER/DIGEST/FIT-radii.csv   its binned radii, and the density along the radius

DIGEST is that of what a fit depends on: another plan never mixes with it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float64
from scipy import stats
from torch import Tensor

from gausslab.csv_files import to_bytes
from gausslab.errors import EstimatorError, RunError
from gausslab.files import write_atomically
from gausslab.flows import Flow, FlowConfig, density_profile, entropy_gap, fit_in_stages, mass_report, radii
from gausslab.flows.answers import CODES
from gausslab.flows.config import Kind
from gausslab.laws import Law, get, relative_shell, thin_shell
from gausslab.seeding import numpy_generator, torch_generator
from gausslab.serialisation import digest
from gausslab.training import threads

REACH = 1.96  # standard errors to both sides
BIN, BINS = 0.01, 200  # radii in units of the data's median
DIRECTIONS = 30

MADE: Mapping[str, Law] = {
    "relative-shell": relative_shell("relative-shell", 0.05),
    "constant-shell": thin_shell("constant-shell", 0.2),
    "gaussian": get("gaussian"),
}
"""Made targets: thickness 5 % of the radius, thickness a fifth of a Gaussian's, and the control."""
IDENTITY = ("target", "units", "kind", "slope", "seed", "steps")


@dataclass(frozen=True, kw_only=True)
class ShellPlan:
    """What is fitted.

    Attributes:
        units: of the made targets.
        kinds: of flows.
        slopes: bounds of a coupling's factors; all targets are fitted with the first.
        bounded: made targets that are fitted with the other bounds too.
        seeds: of samples and flows.
        stages: lengths of a training at which it is judged.
        samples: of a target, to train with and hold out.
        unseen: radii of the target that its quantiles are of, and samples for the gap; of codes at most what is left.
        drawn: samples of the flow.
        flow: the rest of its configuration.
    """

    units: tuple[int, ...]
    kinds: tuple[Kind, ...]
    slopes: tuple[float, ...]
    bounded: tuple[str, ...]
    seeds: tuple[int, ...]
    stages: tuple[int, ...]
    samples: int = 20_000
    unseen: int = 30_000
    drawn: int = 20_000
    flow: FlowConfig = field(default_factory=FlowConfig)

    @property
    def digest(self) -> str:
        """Of what every single fit depends on."""
        return digest(replace(self, units=(), kinds=(), slopes=(), bounded=(), seeds=()))


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One training.

    Attributes:
        target: a name of `MADE`, or `codes`.
        units: of its samples.
        kind: of flow.
        slope: bound of a coupling's factors.
        seed: of samples and flow.
    """

    target: str
    units: int
    kind: Kind
    slope: float
    seed: int

    @property
    def name(self) -> str:
        """File name without suffix."""
        return f"{self.target}-d{self.units}-{self.kind}-slope{self.slope:g}-s{self.seed}"


class Samples(NamedTuple):
    """Of a target: those that a flow is given, others that it never sees, and the law's entropy (NaN if unknown)."""

    given: Float[Tensor, "samples units"]
    unseen: Float[Tensor, "others units"]
    entropy: float


Codes = Float[Tensor, "codes units"]
Source = Callable[[], Codes]
"""Codes of an autoencoder, made when they are first needed."""


def fits(plan: ShellPlan, code_units: int | None = None) -> Iterator[Fit]:
    """Every training of a plan, seed by seed.

    Args:
        plan: what is fitted.
        code_units: of the codes, None if there are none.
    """
    made = [(target, units) for target in MADE for units in plan.units]
    codes = [] if code_units is None else [(CODES, code_units)]
    for seed in plan.seeds:
        for target, units in [*made, *codes]:
            for kind in plan.kinds:
                for slope in plan.slopes if target in plan.bounded else plan.slopes[:1]:
                    yield Fit(target=target, units=units, kind=kind, slope=slope, seed=seed)


def fit_all(
    plan: ShellPlan, code_units: int | None, source: Source, folder: Path, report: Callable[[str], None]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit what is not there yet, on one thread, and return all rows and all binned radii.

    Args:
        plan: what is fitted.
        code_units: of the codes, None if there are none.
        source: of the codes.
        folder: where each fit is kept.
        report: told of every fit that ends.

    Raises:
        EstimatorError: there are too few codes for the plan.
        RunError: a fit's file cannot be read or written.
    """
    every = list(fits(plan, code_units))
    waiting = [fit for fit in every if not _file(plan, folder, fit).exists()]
    with threads(1):
        for done, fit in enumerate(waiting, 1):
            _save(*perform(fit, plan, source), _file(plan, folder, fit))
            report(f"{done} of {len(waiting)}: {fit.name}")
    rows = [_read(_file(plan, folder, fit)) for fit in every]
    binned = [_read(_beside(_file(plan, folder, fit))) for fit in every]
    return pd.concat(rows, ignore_index=True), pd.concat(binned, ignore_index=True)


def perform(fit: Fit, plan: ShellPlan, source: Source) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One training: the rows of all its stages, and the binned radii of the last."""
    samples = samples_of(fit, plan, source)
    config = replace(plan.flow, kind=fit.kind, slope=fit.slope, seed=fit.seed, steps=plan.stages[-1])
    rows, binned = [], pd.DataFrame()
    for stage, flow in zip(plan.stages, fit_in_stages(samples.given, config, plan.stages), strict=True):
        drawn = flow.sample(plan.drawn, torch_generator(fit.seed, "flow samples"))
        rows.append(_identified(rows_of(flow, samples, drawn), fit, stage))
        binned = _identified(_binned(flow, samples, drawn), fit, stage)
    return pd.concat(rows, ignore_index=True), binned


def samples_of(fit: Fit, plan: ShellPlan, source: Source) -> Samples:
    """The samples of one training; the same for all kinds of flow and all bounds.

    Raises:
        EstimatorError: there are too few codes, or they have other units.
    """
    if fit.target == CODES:
        return _codes(source(), fit, plan)
    law = MADE[fit.target]
    given, unseen = (
        torch.from_numpy(law.draw(numpy_generator(fit.seed, f"{fit.target}/{fit.units}/{use}"), count, fit.units))
        for use, count in (("given", plan.samples), ("unseen", plan.unseen))
    )
    return Samples(given, unseen, law.entropy(fit.units))


def _codes(codes: Codes, fit: Fit, plan: ShellPlan) -> Samples:
    if len(codes) < 2 * plan.samples or codes.shape[1] != fit.units:
        raise EstimatorError(
            f"expected at least {2 * plan.samples} codes of {fit.units} units, got {len(codes)} of {codes.shape[1]}"
        )
    order = torch.randperm(len(codes), generator=torch_generator(fit.seed, "codes"))
    return Samples(codes[order[: plan.samples]], codes[order[plan.samples :][: plan.unseen]], math.nan)


def rows_of(flow: Flow, samples: Samples, drawn: Float[Tensor, "drawn units"]) -> pd.DataFrame:
    """Shares in the tails, spread of the radii, surprise of unseen samples, gap to the entropy, the step that was kept.

    Columns: `statistic`, `level`, `value`, `low`, `high`, and of the tails `nominal`, `ratio` with its limits, the
    p-value of `mass_report`, and `gaussian`, the ratio that a Gaussian of equal variances and the data's mean square
    would have.
    """
    data, own = radii(samples.unseen), radii(drawn)
    tails = mass_report(data, own).rename(columns={"tail": "statistic", "share": "value"})
    tails["gaussian"] = _of_gaussian(tails, data, drawn.shape[1])
    others = [
        {"statistic": "radial_spread", "value": own.std(ddof=1) / data.std(ddof=1)},
        {"statistic": "median_radius", "value": np.median(own) / np.median(data)},
        _gap("surprise", flow, samples.unseen, 0.0),
        _gap("gap", flow, samples.unseen, samples.entropy),
        {"statistic": "best_step", "value": float(flow.best_step)},
    ]
    return pd.concat([tails, pd.DataFrame(others)], ignore_index=True).drop(columns="radius")


def _of_gaussian(tails: pd.DataFrame, data: Float64[np.ndarray, " others"], units: int) -> "pd.Series[float]":
    squares = stats.chi2(units, scale=float(np.square(data).mean()) / units)
    edges = tails["radius"] ** 2
    share = np.where(tails["statistic"] == "inside", squares.cdf(edges), squares.sf(edges))
    return pd.Series(share / tails["nominal"], index=tails.index)


def _gap(name: str, flow: Flow, unseen: Float[Tensor, "others units"], entropy: float) -> dict[str, Any]:
    value, error = entropy_gap(flow, unseen, entropy)
    return {"statistic": name, "value": value, "low": value - REACH * error, "high": value + REACH * error}


def _binned(flow: Flow, samples: Samples, drawn: Float[Tensor, "drawn units"]) -> pd.DataFrame:
    """Shares of data and flow in bins of the radius over the data's median, and the flow's density at their middles.

    What lies beyond the last bin is in none.
    """
    data, own = radii(samples.unseen), radii(drawn)
    median, edges = float(np.median(data)), BIN * np.arange(BINS + 1)
    shares = [np.histogram(each / median, edges)[0] / len(each) for each in (data, own)]
    middles = (edges[:-1] + BIN / 2) * median
    profile = density_profile(
        flow, middles.tolist(), drawn.shape[1], torch_generator(0, "directions"), DIRECTIONS
    ).drop(columns="radius")
    return profile.assign(low=edges[:-1], high=edges[1:], median=median, data=shares[0], flow=shares[1])


def _identified(frame: pd.DataFrame, fit: Fit, stage: int) -> pd.DataFrame:
    for place, name in enumerate(IDENTITY):
        frame.insert(place, name, stage if name == "steps" else getattr(fit, name))
    return frame


def _file(plan: ShellPlan, folder: Path, fit: Fit) -> Path:
    return folder / plan.digest / f"{fit.name}.csv"


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.stem}-radii.csv")


def _save(rows: pd.DataFrame, binned: pd.DataFrame, file: Path) -> None:
    try:
        write_atomically(_beside(file), to_bytes(binned))
        write_atomically(file, to_bytes(rows))
    except OSError as error:
        raise RunError(f"cannot write {file}: {error.strerror or error}") from None


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {path}: {error}") from None
