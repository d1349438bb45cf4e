"""The autoencoders' losses: an error of the reconstructions and weighted terms beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gausslab.config import ObjectiveConfig
from gausslab.errors import ConfigError
from gausslab.models import Autoencoder
from gausslab.objectives import code_terms, penalties
from gausslab.objectives.base import Batch, Loss
from gausslab.objectives.errors import SCALES, gaussian_negative_log_likelihood
from gausslab.objectives.passes import Pass, forward_pass

Term = Callable[[Pass], Tensor]


@dataclass(frozen=True, kw_only=True)
class Composite:
    r"""\( L = w\,E + \sum_t w_t T_t \), each part in the history before its weight.

    Attributes:
        error: of a pass.
        error_weight: w.
        terms: name -> weight and term; a term that is to grow, the entropy, has a negative weight.
        input_noise: standard deviation of the noise on what the encoder sees in training.
        trace_inputs: whether a term asks for gradients at the images.
    """

    error: Term
    error_weight: float = 1.0
    terms: Mapping[str, tuple[float, Term]] = field(default_factory=dict)
    input_noise: float = 0.0
    trace_inputs: bool = False

    def __call__(self, model: Autoencoder, batch: Batch, generator: torch.Generator) -> Loss:
        """The loss of one batch."""
        seen = forward_pass(model, batch, generator, self.input_noise, self.trace_inputs)
        error = self.error(seen)
        total, parts = self.error_weight * error, {"reconstruction": error.detach()}
        for name, (weight, term) in self.terms.items():
            value = term(seen)
            total, parts[name] = total + weight * value, value.detach()
        return Loss(total, parts)


def build_composite(config: ObjectiveConfig, width: int, seed: int) -> Composite:
    """The loss of an autoencoder.

    Args:
        config: which terms, and their weights.
        width: units of the code.
        seed: root seed of the run, for a random map of the code.
    """
    wanted = [term for term in _TERMS if config.weight(term) != 0 or _in_label(config, term)]
    return Composite(
        error=_error(config),
        error_weight=config.error_weight,
        terms={name: (_sign(name) * config.weight(name), _TERMS[name](config, width, seed)) for name in wanted},
        input_noise=config.input_noise,
        trace_inputs="gradient" in wanted and config.gradient_penalty == "input",
    )


def _in_label(config: ObjectiveConfig, term: str) -> bool:
    """Whether the objective is named after the term, which is then recorded also where its weight is 0."""
    return config.terms[:1] == (term,)


def _sign(term: str) -> float:
    return -1.0 if term == "entropy" else 1.0


def _error(config: ObjectiveConfig) -> Term:
    if config.error == "likelihood":
        return _likelihood
    scale = SCALES[config.error]
    return lambda seen: scale(seen.images, seen.reconstructions)


def _likelihood(seen: Pass) -> Tensor:
    if seen.model.log_error_sd is None:
        raise ConfigError("error 'likelihood' needs a network that learns its errors' standard deviation")
    return gaussian_negative_log_likelihood(seen.images, seen.reconstructions, seen.model.log_error_sd)


def _entropy(config: ObjectiveConfig, width: int, seed: int) -> Term:
    mapped = config.entropy_map
    projection = None if mapped is None else code_terms.orthonormal_map(width, mapped, seed)
    return code_terms.Entropy(config.neighbours, projection)


def _kernel(config: ObjectiveConfig, width: int, seed: int) -> Term:
    return penalties.SquaredKernels(dense=config.kernel_scope == "all")


_TERMS: Mapping[str, Callable[[ObjectiveConfig, int, int], Term]] = {
    "entropy": _entropy,
    "code": lambda config, width, seed: code_terms.squared_code,
    "kl": lambda config, width, seed: code_terms.posterior_divergence,
    "mmd": lambda config, width, seed: code_terms.discrepancy,
    "sigreg": lambda config, width, seed: code_terms.sliced_statistic,
    "free_energy": lambda config, width, seed: code_terms.free_energy,
    "kernel": _kernel,
    "gradient": lambda config, width, seed: penalties.GRADIENTS[config.gradient_penalty],
}
"""Name in the configuration -> what makes the term; their order is that of the sum and of the generator's draws."""
