r"""The adaptive attack: change the prediction and keep the norm of a layer's latents where it was.

    minimise over x' with |x' - x| <= radius:   margin(x')    subject to   |r(x') - r(x)| <= 0.02 r(x),   r = |z(x')|

If a low norm were what adversarial examples cannot do without, this attack would fail where plain PGD succeeds.
"""

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from gausslab.adversarial.balls import REACH, TINY, L2Ball, beside, dots, norms, scaled
from gausslab.adversarial.guards import Images, guarded
from gausslab.adversarial.latents import Latents, Watched, watched
from gausslab.adversarial.outcomes import AttackBatch, Classes, attacked, margins
from gausslab.adversarial.specs import DEFAULT_EFFORT, AttackSpec, Effort
from gausslab.errors import CaptureError, ConfigError

SLACK = 0.02
"""How much of its clean value the norm may change by."""


def adaptive_attack(
    model: nn.Module,
    images: Images,
    labels: Classes,
    spec: AttackSpec,
    *,
    layer: str = "bottleneck",
    effort: Effort = DEFAULT_EFFORT,
    seed: int = 0,
) -> AttackBatch:
    r"""Projected gradient descent on the margin along the surface of constant norm.

    Each step is the margin's gradient less its part along the norm's, \(g - (g \cdot h) h / |h|^2\), at a fixed length,
    plus a Newton step back to the clean norm, \(-(r - r_0) h / |h|^2\), no longer than the first; then back into the
    ball and [0, 1]. Of all points within the slack, the one with the smallest margin is taken; the clean image is one.
    The constraint is checked once more on the result: violations are marked and are failures. Nothing is random: the
    search starts at the clean image.

    How it can mislead: a failure is no proof that there is no such example; the search is local.

    Args:
        model: images in [0, 1] to logits.
        images: in [0, 1].
        labels: true classes.
        spec: `adaptive`, with the radius of its Euclidean ball.
        layer: path of the layer whose norm is kept; of a convolution's map, the norm over channels and positions.
        effort: `pgd_steps` counts.
        seed: of random numbers that the model itself may draw.

    Raises:
        ConfigError: another attack.
        CaptureError: the layer does not exist, or is several.
        EstimatorError: see `attacked`.
    """
    if spec.family != "adaptive":
        raise ConfigError(f"attack {str(spec)!r} is not adaptive; choices: adaptive")
    ball = L2Ball(float(spec.value or 0))

    def attack(clean: Images) -> Images:
        with watched(model, layer) as watch:  # the clone is no tensor of inference mode, whatever the labels are
            return along_the_sphere(watch, clean, labels.clone(), ball, effort.pgd_steps)

    return _checked(model, attacked(model, images, labels, attack, seed=seed, name=f"adaptive/{spec}"), layer)


def along_the_sphere(watch: Watched, clean: Images, labels: Classes, ball: L2Ball, steps: int) -> Images:
    """The search itself, under the guards of `attacked`."""
    length = REACH * ball.radius / steps
    best = current = clean
    smallest = torch.full((len(clean),), torch.inf).to(clean)
    target = _radii(watch(clean)[1]).detach()
    for _ in range(steps + 1):
        current = current.detach().requires_grad_()
        logits, latents = watch(current)
        margin, radius = margins(logits, labels), _radii(latents)
        better = (margin < smallest) & keeps_norm(radius, target)
        best = current.detach().where(beside(better, clean), best)
        smallest = margin.detach().where(better, smallest)
        down = -_gradient(margin, current, keep=True)
        step = _tangent(down, _gradient(radius, current), radius.detach() - target, length)
        current = ball.project(current.detach() + step, clean)
    return best


def keeps_norm(radii: Float[Tensor, " samples"], clean: Float[Tensor, " samples"]) -> Bool[Tensor, " samples"]:
    """Whether the norm is within the slack of its clean value."""
    return (radii - clean).abs() <= SLACK * clean


def _tangent(down: Images, outwards: Images, excess: Float[Tensor, " samples"], length: float) -> Images:
    """A step of `length` down the margin that leaves the norm alone, and one of at most that towards the clean norm."""
    squares = dots(outwards, outwards).clamp_min(TINY)
    along = down - scaled(outwards, dots(down, outwards) / squares)
    back = scaled(outwards, -excess / squares)
    return scaled(along, length / norms(along).clamp_min(TINY)) + scaled(
        back, (length / norms(back).clamp_min(TINY)).clamp_max(1)
    )


def _gradient(values: Float[Tensor, " samples"], images: Images, *, keep: bool = False) -> Images:
    (gradient,) = torch.autograd.grad(values.sum(), images, retain_graph=keep)
    return gradient


def _radii(latents: Latents) -> Float[Tensor, " samples"]:
    if len(latents) != 1:
        raise CaptureError(
            f"the adaptive attack keeps the norm of one layer that runs once, got {len(latents)} latents"
        )
    radii: Tensor = latents[0].norm(dim=1)
    return radii


def _checked(model: nn.Module, batch: AttackBatch, layer: str) -> AttackBatch:
    with guarded(model), torch.no_grad(), watched(model, layer) as watch:
        clean, adversarial = (_radii(watch(images)[1]) for images in (batch.clean, batch.adversarial))
    violated = ~keeps_norm(adversarial, clean)
    return replace(batch, violated=violated, success=batch.success & ~violated)
