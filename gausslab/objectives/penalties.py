"""Terms about the decoder: its weights, and how fast its images change with the code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gausslab.objectives.passes import Pass, normal_like


@dataclass(frozen=True)
class SquaredKernels:
    """Sum of the decoder's squared kernel weights; biases and batch norms do not count.

    Attributes:
        dense: whether the dense layer counts too, and not the transposed convolutions alone.
    """

    dense: bool = False

    def __call__(self, seen: Pass) -> Float[Tensor, ""]:
        """The sum."""
        kinds = (nn.ConvTranspose2d, nn.Linear) if self.dense else (nn.ConvTranspose2d,)
        kernels = [module.weight for module in seen.model.decoder.modules() if isinstance(module, kinds)]
        return torch.stack([kernel.square().sum() for kernel in kernels]).sum()


def official_gradient(seen: Pass) -> Float[Tensor, ""]:
    r"""\( \frac1{nd} \sum_{ij} g_{ij}^2 \) with \( g = \nabla_z \sum \hat x^2 \): the RAE-GP's, as its code has it.

    This is neither the Jacobian's norm, which the paper writes (`frobenius_gradient`), nor a gradient at the images
    (`input_gradient`).
    """
    return _at_codes(seen, lambda images: images.square().sum()).square().mean()


def frobenius_gradient(seen: Pass) -> Float[Tensor, ""]:
    r"""\( \frac1n \sum_i \|\partial \hat x_i / \partial z_i\|_F^2 \), estimated without bias by one random probe.

    Hutchinson: \( E \|J^T v\|^2 = \|J\|_F^2 \) for \( v \sim N(0, I) \). In training the decoder's batch norms couple
    the images of a batch, and J is the derivative of all of them with respect to each code.
    """
    probe = normal_like(seen.reconstructions, seen.generator)
    return _at_codes(seen, lambda images: (images * probe).sum()).square().sum() / len(seen.codes)


def input_gradient(seen: Pass) -> Float[Tensor, ""]:
    r"""\( \frac1n \sum_i \|\nabla_{x_i} \sum \hat x\|^2 \), through the encoder to the images, as `pythae` has it."""
    return _at_inputs(seen, torch.sum).square().sum() / len(seen.inputs)


Scalar = Callable[[Tensor], Tensor]

GRADIENTS: Mapping[str, Callable[[Pass], Tensor]] = MappingProxyType(
    {"official": official_gradient, "frobenius": frobenius_gradient, "input": input_gradient}
)


def _at_codes(seen: Pass, scalar: Scalar) -> Float[Tensor, "samples units"]:
    return _gradient(scalar, seen.reconstructions, seen.codes, seen.model.decode)


def _at_inputs(seen: Pass, scalar: Scalar) -> Float[Tensor, "samples channels height width"]:
    return _gradient(scalar, seen.reconstructions, seen.inputs, seen.model)


def _gradient(scalar: Scalar, images: Tensor, at: Tensor, again: Callable[[Tensor], Tensor]) -> Tensor:
    """Gradient of a scalar of the images, itself differentiable; where nothing was recorded, of a pass made again."""
    if torch.is_grad_enabled():
        (gradient,) = torch.autograd.grad(scalar(images), at, create_graph=True)
        return gradient
    with torch.enable_grad():
        point = at.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(scalar(again(point)), point)
    return gradient
