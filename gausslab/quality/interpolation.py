r"""Ways between two codes, for images of what lies between them.

    linear      $(1 - t) a + t b$
    rescaled    the linear point at the norm $(1 - t) \|a\| + t \|b\|$, half way the mean of both norms
    spherical   $\frac{\sin (1 - t)\omega}{\sin\omega} a + \frac{\sin t\omega}{\sin\omega} b$

The linear midpoint of two codes of N(0, I) has variance 1/2: in many dimensions it lies nearer to 0 than any code. The
other two keep to the codes' norms. The published scores are of midpoints of random pairs of held-out codes.

Source: Ghosh, Sajjadi, Vergari, Black & Schoelkopf (2020), From Variational to Deterministic Autoencoders, ICLR, and
its published code; spherical: Shoemake (1985), SIGGRAPH, as White (2016), Sampling Generative Networks, has it.
"""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gausslab.errors import ConfigError, EstimatorError
from gausslab.seeding import torch_generator

Way = Callable[[Tensor, Tensor, float], Tensor]

HALF = 0.5


def linear(
    first: Float[Tensor, "pairs units"], second: Float[Tensor, "pairs units"], t: float = HALF
) -> Float[Tensor, "pairs units"]:
    """The point at t of the straight line, pair by pair."""
    return (1 - t) * first + t * second


def rescaled(
    first: Float[Tensor, "pairs units"], second: Float[Tensor, "pairs units"], t: float = HALF
) -> Float[Tensor, "pairs units"]:
    """The linear point, brought to the norm between both norms; one at 0 has no direction and stays there."""
    point = linear(first, second, t)
    norm = linear(_norm(first), _norm(second), t)
    own = _norm(point)
    return torch.where(own > 0, point * (norm / own), point)


def spherical(
    first: Float[Tensor, "pairs units"], second: Float[Tensor, "pairs units"], t: float = HALF
) -> Float[Tensor, "pairs units"]:
    r"""The great circle's weights, of the angle between the directions, on the codes themselves.

    Linear where there is no one arc: for parallel, opposite and zero codes. Close to opposite codes of unlike norms the
    point flies off: their sum does not vanish and is divided by the sine of the angle.
    """
    angle = _angle(first, second)
    sine = angle.sin()
    weights = ((1 - t) * angle).sin() / sine, (t * angle).sin() / sine
    arc = sine > 8 * torch.finfo(first.dtype).eps  # false for the angle of a zero code, which is no number
    return torch.where(arc, weights[0] * first + weights[1] * second, linear(first, second, t))


WAYS: Mapping[str, Way] = {"linear": linear, "rescaled": rescaled, "spherical": spherical}
"""By the names they have in tables."""


def path(
    first: Float[Tensor, "pairs units"], second: Float[Tensor, "pairs units"], points: int, way: Way = linear
) -> Float[Tensor, "points pairs units"]:
    """Equally spaced points from the first codes to the second, both ends among them.

    Raises:
        ConfigError: fewer than two points.
    """
    if points < 2:
        raise ConfigError(f"points must be at least 2, the ends of the path, got {points}")
    return torch.stack([way(first, second, index / (points - 1)) for index in range(points)])


def random_pairs(codes: int, pairs: int, seed: int) -> Int64[Tensor, "pairs 2"]:
    """Indices of the two codes of each pair, drawn uniformly from all pairs of two codes; a pair may come again.

    Args:
        codes: how many there are, at least 2.
        pairs: how many are wanted.
        seed: root seed.

    Raises:
        EstimatorError: fewer than two codes.
    """
    if codes < 2:
        raise EstimatorError(f"random_pairs: expected at least 2 codes, got {codes}")
    generator = torch_generator(seed, "interpolation/pairs")
    first = torch.randint(codes, (pairs,), generator=generator)
    ahead = torch.randint(1, codes, (pairs,), generator=generator)
    return torch.stack([first, (first + ahead) % codes], 1)


def _norm(codes: Float[Tensor, "pairs units"]) -> Float[Tensor, "pairs 1"]:
    norms: Tensor = torch.linalg.vector_norm(codes, dim=1, keepdim=True)
    return norms


def _angle(first: Float[Tensor, "pairs units"], second: Float[Tensor, "pairs units"]) -> Float[Tensor, "pairs 1"]:
    """Between the directions; by the half angle's tangent, exact for nearly parallel and nearly opposite ones."""
    one, other = (codes / _norm(codes) for codes in (first, second))
    return 2 * torch.atan2(_norm(one - other), _norm(one + other))
