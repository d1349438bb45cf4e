"""The boundary of a head that is no linear map, by search in the space of the codes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64

from gausslab.adversarial.heads import Boundary, Codes
from gausslab.config.checks import require, whole

if TYPE_CHECKING:
    from torch import Tensor

PAST = 1.02  # of every linear step, so that a bent boundary is crossed and not approached for ever
HALVINGS = 30  # of the last step's length: to 1e-9 of it


@dataclass(frozen=True, kw_only=True)
class SearchedHead:
    r"""A head of any kind, differentiable by torch.

    The boundary is sought as DeepFool does: steps to the nearest boundary of the head's linearisation until the
    prediction changes; then the distance along the straight line to where the search ended, by bisection.

    How it can mislead: the distance is that of *a* boundary point, an upper bound of the least one, and equal to it for
    a linear head only. Codes whose prediction never changed within `steps` have infinite distance.

    Attributes:
        logits: codes to logits, sample by sample (a batch norm in it must be in evaluation mode).
        steps: at most.

    Source: Moosavi-Dezfooli, Fawzi & Frossard (2016), DeepFool, CVPR, algorithm 2.
    """

    logits: "Callable[[Tensor], Tensor]"
    steps: int = 50

    def __post_init__(self) -> None:
        require(whole(self.steps, 1), "steps", self.steps, "a whole number above 0")

    def __call__(self, codes: Codes) -> Float64[np.ndarray, "samples classes"]:
        """Logits, computed in the codes' own precision."""
        import torch

        with torch.no_grad():
            found: np.ndarray = self.logits(torch.from_numpy(codes)).numpy().astype(np.float64)
        return found

    def boundary(self, codes: Codes) -> Boundary:
        """A near boundary point of every code."""
        own = self(codes).argmax(1)
        ends = self._ends(codes, own)
        line = ends - codes.astype(np.float64)
        crossed = self(ends.astype(codes.dtype)).argmax(1) != own
        lengths = np.linalg.norm(line, axis=1)
        directions = np.where(crossed[:, None], line / np.where(lengths > 0, lengths, 1.0)[:, None], 0.0)
        distances = lengths * self._crossing(codes, line, own)
        return Boundary(distances=np.where(crossed, distances, np.inf), directions=directions)

    def _ends(self, codes: Codes, own: np.ndarray) -> Float64[np.ndarray, "samples units"]:
        """Where the search comes to a stop; codes that have crossed stay where they are."""
        ends = codes.astype(np.float64)
        for _ in range(self.steps):
            inside = np.flatnonzero(self(ends.astype(codes.dtype)).argmax(1) == own)
            if not len(inside):
                break
            ends[inside] += PAST * self._linear_step(ends[inside].astype(codes.dtype), own[inside])
        return ends

    def _linear_step(self, codes: Codes, own: np.ndarray) -> Float64[np.ndarray, "samples units"]:
        """To the nearest boundary of the linearised head; 0 where it has none."""
        logits, slopes = self._linearised(codes)
        rows = np.arange(len(codes))
        normals = slopes - slopes[rows, own][:, None]
        lengths = np.linalg.norm(normals, axis=2)
        gaps = logits[rows, own][:, None] - logits
        distances = np.divide(gaps, lengths, out=np.full_like(gaps, np.inf), where=lengths > 0)
        nearest = distances.argmin(1)
        length = lengths[rows, nearest]
        scale = np.divide(distances[rows, nearest], length, out=np.zeros_like(length), where=length > 0)
        return np.asarray(scale[:, None] * normals[rows, nearest])

    def _linearised(
        self, codes: Codes
    ) -> tuple[Float64[np.ndarray, "samples classes"], Float64[np.ndarray, "samples classes units"]]:
        import torch

        with torch.enable_grad():
            given = torch.from_numpy(codes).requires_grad_()
            logits = self.logits(given)
            slopes = [torch.autograd.grad(column.sum(), given, retain_graph=True)[0] for column in logits.unbind(1)]
        stacked: np.ndarray = torch.stack(slopes, dim=1).numpy().astype(np.float64)
        return logits.detach().numpy().astype(np.float64), stacked

    def _crossing(self, codes: Codes, line: np.ndarray, own: np.ndarray) -> Float64[np.ndarray, " samples"]:
        """Share of the line at which the prediction first seems to change."""
        low, high = np.zeros(len(codes)), np.ones(len(codes))
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            there = (codes + middle[:, None] * line).astype(codes.dtype)
            still = self(there).argmax(1) == own
            low, high = np.where(still, middle, low), np.where(still, high, middle)
        return high
