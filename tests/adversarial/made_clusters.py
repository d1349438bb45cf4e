"""Codes of made clusters under the head that is best for them, and the table of examples that steps of them give."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gausslab.adversarial.examples import COLUMNS
from gausslab.adversarial.heads import LinearHead, decisions
from gausslab.adversarial.nulls import MinimalStep
from gausslab.adversarial.subspace import geometry, radius, reference

UNITS = 16


@dataclass(frozen=True)
class World:
    """Codes standardised as by batch norm, their classes, the head."""

    codes: np.ndarray
    labels: np.ndarray
    head: LinearHead

    @property
    def attacked(self) -> np.ndarray:
        """Rows that the head gets right, which an attack starts from."""
        return np.flatnonzero(self.head(self.codes).argmax(1) == self.labels)


def clusters(means: np.ndarray, samples: int, seed: int) -> World:
    """Unit Gaussians around the means, every unit brought to mean 0 and variance 1; the likeliest mean's head."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(len(means), size=samples)
    codes = means[labels] + generator.standard_normal((samples, means.shape[1]))
    mean, spread = codes.mean(0), codes.std(0)
    head = LinearHead(weight=means * spread, bias=means @ mean - 0.5 * np.square(means).sum(1))
    return World((codes - mean) / spread, labels, head)


def five_pairs() -> np.ndarray:
    """Ten means in five pairs: 3 apart within a pair, pairs 8 from the origin; turned, so that units vary alike."""
    k = np.arange(10)
    means = np.zeros((10, UNITS))
    means[k, k // 2] = 8
    means[k, 5 + k // 2] = 1.5 * (2.0 * (k % 2) - 1)
    turn, _ = np.linalg.qr(np.random.default_rng(99).standard_normal((UNITS, UNITS)))
    return means @ turn


def equal_distances() -> np.ndarray:
    """Ten means, each 3 along its own axis."""
    return 3 * np.eye(10, UNITS)


def table(world: World, after: np.ndarray, attack: str = "DDN", spec: str = "ddn", layer: str = "code") -> pd.DataFrame:
    """Clean rows of all codes, and those of one minimal attack that took the attacked codes to `after`."""
    rows = world.attacked
    clean = _rows(world, np.arange(len(world.codes)), world.codes)
    moved = _rows(world, rows, after)
    said = clean.assign(family="clean", attack="clean", spec="clean", attempted=False, success=False)
    done = moved.assign(family="minimal", attack=attack, spec=spec, attempted=True, success=True)
    return pd.concat([said, done], ignore_index=True).assign(layer=layer)[list(COLUMNS)]


def minimal(world: World) -> np.ndarray:
    """Attacked codes at the nearest boundary, and a little beyond."""
    return MinimalStep()(world.codes[world.attacked], world.head).after


def shrunk(world: World, codes: np.ndarray, scale: float) -> np.ndarray:
    """Scaled in the directions in which no logit changes."""
    seen, _ = np.linalg.qr(world.head.weight.T)
    inside = codes @ seen @ seen.T
    return inside + scale * (codes - inside)


def _rows(world: World, rows: np.ndarray, codes: np.ndarray) -> pd.DataFrame:
    said, before = decisions(world.head(codes)), world.codes[rows]
    step = radius(codes - before)
    known = {
        **{"id": rows, "class": world.labels[rows], "d_l2": step, "d_linf": step, "margin": said.margins},
        **{"lead": said.margins, "max_softmax": said.max_softmax, "prediction": said.predictions},
        **{"n_units": codes.shape[1], "displacement": step, "clean_radius": radius(before)},
    }
    return pd.DataFrame(known | geometry(codes, reference(world.codes, world.labels)))
