"""Exact nearest neighbours: of every sample among the others, and of queries among references.

search      the two functions            norms       Euclidean and max: distance, ball, tile, rounding
problem     what is sought               tiles       strips against strips
workers     who computes                 nomination  candidates by single-precision tiles
proof       their distances in double precision, and which rows must be searched again
"""

from gausslab.estimators.neighbours.norms import NORMS, Norm, norm_named
from gausslab.estimators.neighbours.proof import Neighbours
from gausslab.estimators.neighbours.search import nearest_neighbours, nearest_references

__all__ = ["NORMS", "Neighbours", "Norm", "nearest_neighbours", "nearest_references", "norm_named"]
