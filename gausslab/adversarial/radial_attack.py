r"""The radial attack: turn the latents of an image away from where they were, without any label.

    minimise over x' in a ball around x:   mean over layers l of  cos(z_l(x'), z_l(x))

Batch norm puts latents near a sphere around 0, so that what tells one from another is its angle; an attack on the angle
alone then changes the prediction, if that is all that the layers behind go by. Source of the idea: Ghose, Gupta, Yu &
Poupart (2023), Batchnorm allows unsupervised radial attacks, NeurIPS; written from the abstract, not their algorithm.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from gausslab.adversarial.balls import REACH, Ball, ball_of, beside
from gausslab.adversarial.guards import Images
from gausslab.adversarial.latents import Latents, Watched, watched
from gausslab.adversarial.outcomes import AttackBatch, Classes, attacked
from gausslab.adversarial.specs import DEFAULT_EFFORT, AttackSpec, Effort
from gausslab.errors import ConfigError
from gausslab.layers import Globs
from gausslab.seeding import torch_generator


def radial_attack(
    model: nn.Module,
    images: Images,
    labels: Classes | None,
    spec: AttackSpec,
    *,
    layers: Globs = "**",
    effort: Effort = DEFAULT_EFFORT,
    seed: int = 0,
) -> AttackBatch:
    """Projected gradient descent from a random start in the ball; the point of the smallest mean cosine is taken.

    How it can mislead: the angle is free to change in directions that the head ignores, so that a small cosine need be
    no success; compare with PGD of the same budget, which knows the labels, and with noise of the same size.

    Args:
        model: images in [0, 1] to logits.
        images: in [0, 1].
        labels: for the judgement alone, see `AttackBatch`; the images do not depend on them. None: no class is known.
        spec: `radial-linf` or `radial-l2`, with its radius.
        layers: see `gausslab.adversarial.latents.watched`; all batch-norm layers by default.
        effort: `pgd_steps` counts.
        seed: of the random start.

    Raises:
        ConfigError: another attack.
        CaptureError: the layers do not exist or give no latents.
        EstimatorError: see `attacked`.
    """
    if spec.family != "radial":
        raise ConfigError(f"attack {str(spec)!r} is not radial; choices: radial-linf, radial-l2")
    generator = torch_generator(seed, f"radial/{spec}")

    def attack(clean: Images) -> Images:
        with watched(model, layers) as watch:
            return turned(watch, clean, ball_of(spec), effort.pgd_steps, generator)

    return attacked(model, images, labels, attack, seed=seed, name=f"radial judged/{spec}")


def turned(watch: Watched, clean: Images, ball: Ball, steps: int, generator: torch.Generator) -> Images:
    """Images of the ball whose latents point elsewhere; at the clean image the gradient is 0, hence the start."""
    with torch.no_grad():
        _, anchors = watch(clean)
    best = current = ball.start(clean, generator)
    smallest = torch.full((len(clean),), torch.inf).to(clean)
    for step in range(steps + 1):
        current = current.detach().requires_grad_()
        cosines = mean_cosines(watch(current)[1], anchors)
        better = cosines.detach() < smallest
        best, smallest = current.detach().where(beside(better, clean), best), smallest.where(~better, cosines.detach())
        if step < steps:
            (gradient,) = torch.autograd.grad(cosines.sum(), current)
            current = ball.project(current - REACH * ball.radius / steps * ball.direction(gradient), clean)
    return best


def mean_cosines(latents: Latents, anchors: Latents) -> Float[Tensor, " samples"]:
    """Cosine of the angle between each image's latents and their anchors, the mean over layers."""
    pairs = zip(latents, anchors, strict=True)
    return torch.stack([cosine_similarity(latent, anchor) for latent, anchor in pairs]).mean(0)
