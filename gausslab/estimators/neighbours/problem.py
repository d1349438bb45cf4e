"""A search for neighbours: the samples, the norm, and distances and rounding between them."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from gausslab.estimators.neighbours.norms import Norm
from gausslab.estimators.neighbours.tiles import Frame
from gausslab.estimators.neighbours.workers import Workers

BLOCK_ELEMENTS = 1 << 20


class Pairs(NamedTuple):
    """Rows and references, and how far they are apart."""

    rows: Int64[Tensor, " pairs"]
    columns: Int64[Tensor, " pairs"]
    distances: Float64[Tensor, " pairs"]


@dataclass(frozen=True, eq=False)
class Search:
    """What is sought, and what it is done with.

    Attributes:
        queries: samples whose neighbours are sought.
        references: samples they are sought among; the queries themselves, if those are one another's neighbours.
        itself: which reference a query is, -1 if none.
        norm: in which they are near.
        frame: in which tiles are computed.
        workers: who computes.
    """

    queries: Float64[Tensor, "queries units"]
    references: Float64[Tensor, "references units"]
    itself: Int64[Tensor, " queries"]
    norm: Norm
    frame: Frame
    workers: Workers

    def slack(
        self, rows: Int64[Tensor, " rows"], reach: Float64[Tensor, "rows columns"], dtype: torch.dtype
    ) -> Float64[Tensor, "rows columns"]:
        """How far a tile's reading may be from the truth, for references within `reach` of the rows."""
        placed = self.frame.place(self.queries[rows])
        return self.norm.slack(self.norm.size(placed).unsqueeze(1), reach / self.frame.scale, placed.shape[1], dtype)

    def reading(self, reach: Float64[Tensor, "rows columns"]) -> Float64[Tensor, "rows columns"]:
        """The true reading at a distance."""
        return self.norm.reading(reach / self.frame.scale)

    def pairs(
        self, rows: Int64[Tensor, " rows"], row: Int64[Tensor, " pairs"], column: Int64[Tensor, " pairs"]
    ) -> Pairs:
        """Pairs of one of the rows and a reference that is not the query itself."""
        other = self.itself[rows[row]] != column
        row, column = row[other], column[other]
        size = max(1, BLOCK_ELEMENTS // self.queries.shape[1])
        parts = zip(torch.split(rows[row], size), torch.split(column, size), strict=True)
        sizes = [self.norm.size(self.references[there].sub_(self.queries[here])) for here, there in parts]
        return Pairs(row, column, torch.cat(sizes))
