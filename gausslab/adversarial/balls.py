"""Balls around images, in which an attack searches: the steps, the way back inside, and where it starts."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from gausslab.adversarial.guards import Images
from gausslab.adversarial.specs import AttackSpec

REACH = 2.5
"""Length of all steps of a search together, in radii of the ball: enough to cross it from any start."""

TINY = 1e-12  # a gradient of zeros stays one


@dataclass(frozen=True)
class LinfBall:
    """The largest change of a pixel counts."""

    radius: float

    def direction(self, gradient: Images) -> Images:
        """The signs: the change of norm 1 along which a function of that gradient grows fastest."""
        return gradient.sign()

    def project(self, images: Images, clean: Images) -> Images:
        """Back into the ball and into [0, 1], each pixel by itself."""
        return (clean + (images - clean).clamp(-self.radius, self.radius)).clamp(0, 1)

    def start(self, clean: Images, generator: torch.Generator) -> Images:
        """A random point of the ball, uniform before it is cut to [0, 1]."""
        uniform = torch.rand(clean.shape, generator=generator).to(clean)
        return self.project(clean + self.radius * (2 * uniform - 1), clean)


@dataclass(frozen=True)
class L2Ball:
    """The Euclidean length of the change counts."""

    radius: float

    def direction(self, gradient: Images) -> Images:
        """The gradient at length 1, likewise."""
        return gradient / beside(norms(gradient), gradient).clamp_min(TINY)

    def project(self, images: Images, clean: Images) -> Images:
        """Back towards the clean image; the cut to [0, 1], where that lies, only shortens the way further."""
        change = images - clean
        shrink = (self.radius / norms(change).clamp_min(TINY)).clamp_max(1)
        return (clean + change * beside(shrink, change)).clamp(0, 1)

    def start(self, clean: Images, generator: torch.Generator) -> Images:
        """A uniform direction and a uniform length, before it is cut to [0, 1]."""
        normal = torch.randn(clean.shape, generator=generator).to(clean)
        length = self.radius * torch.rand(len(clean), generator=generator).to(clean)
        return self.project(clean + self.direction(normal) * beside(length, clean), clean)


Ball = LinfBall | L2Ball
"""Images at most `radius` away from a clean one, in one norm, and in [0, 1]."""


def ball_of(spec: AttackSpec) -> Ball:
    """The ball of an attack that has a size."""
    radius = float(spec.value or 0)
    return LinfBall(radius) if spec.norm == "linf" else L2Ball(radius)


def norms(images: Images) -> Float[Tensor, " samples"]:
    """Euclidean norm of each image."""
    lengths: Tensor = images.flatten(1).norm(dim=1)
    return lengths


def dots(first: Images, second: Images) -> Float[Tensor, " samples"]:
    """Inner product, image by image."""
    products: Tensor = (first * second).flatten(1).sum(1)
    return products


def scaled(images: Images, factors: Float[Tensor, " samples"]) -> Images:
    """Each image times its own factor."""
    return images * beside(factors, images)


def beside(values: Shaped[Tensor, " samples"], images: Images) -> Tensor:
    """One value an image in a shape that goes with the images."""
    return values.reshape(-1, *(1,) * (images.ndim - 1))
