"""Which loss: an error of the reconstructions and the weights of the terms beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Literal, get_args

from gausslab.config.checks import require, require_choice, require_weight, whole
from gausslab.errors import ConfigError

ErrorScale = Literal["sum", "mean", "channel-mean", "likelihood"]
GradientPenalty = Literal["official", "frobenius", "input"]
KernelScope = Literal["convolutions", "all"]

TERMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ae": (),
        "ae-l2": ("kernel",),
        "eae": ("entropy", "kernel"),
        "rae": ("code",),
        "rae-l2": ("code", "kernel"),
        "rae-gp": ("code", "gradient"),
        "rae-sn": ("code",),
        "vae": ("kl",),
        "cv-vae": ("kl",),
        "beta-vae": ("kl",),
        "info-vae": ("mmd", "kl"),
        "wae": ("mmd",),
        "sigreg": ("sigreg", "kernel"),
        "free-energy": ("free_energy", "kernel"),
        "classifier": ("entropy",),
    }
)
"""Name of an objective -> the terms it may have, the first of which stands in its label."""

WEIGHTED = tuple(dict.fromkeys(term for terms in TERMS.values() for term in terms))
"""Every term there is."""

RECONSTRUCTIONS_OWN = ("error", "error_weight", "entropy_map", "input_noise")
"""Fields that mean nothing to the cross entropy."""


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    r"""Which loss: \( w\,E + \sum_t w_t T_t \), the terms those of the objective's name.

    Attributes:
        name: which terms there may be; `ae` is the error alone, `eae` the thesis's (equation 2.2), `classifier` has
            the cross entropy in place of the error.
        error: scale of the squared error: `sum` over an image's elements (the thesis), `mean` over them (the RAE
            family), `channel-mean` the mean over channels summed over pixels (the VAEs of the same code), `likelihood`
            the Gaussian negative log-likelihood with the network's own standard deviation.
        error_weight: factor of the error.
        entropy_weight: the thesis's lambda: the code's entropy in nats times this is subtracted.
        neighbours: k of the Kozachenko-Leonenko estimator; the thesis uses 1 and mentions 2.
        entropy_map: the entropy is that of a fixed random orthonormal map of the code to so many dimensions; None is
            the code itself. A reading of the "linear map" row of the thesis's Table 2.2, which does not say which map.
        code_weight: of the mean squared code.
        kl_weight: of the posterior's divergence from N(0, I), summed over units.
        mmd_weight: of the squared maximum mean discrepancy to as many samples of N(0, I).
        sigreg_weight: of the sliced Epps-Pulley statistic.
        free_energy_weight: of the matricial free energy.
        kernel_weight: of the decoder's squared kernels, summed; no biases, no batch norms.
        kernel_scope: `convolutions` are the decoder's transposed convolutions, `all` has its dense layer too.
        gradient_weight: of a gradient penalty.
        gradient_penalty: which: `official` is the published code's, `frobenius` the paper's, `input` through the
            encoder to the images.
        input_noise: standard deviation of noise on the images that the encoder sees in training, clipped at one.
    """

    name: str = "ae"
    error: ErrorScale = "sum"
    error_weight: float = 1.0
    entropy_weight: float = 0.0
    neighbours: int = 1
    entropy_map: int | None = None
    code_weight: float = 0.0
    kl_weight: float = 0.0
    mmd_weight: float = 0.0
    sigreg_weight: float = 0.0
    free_energy_weight: float = 0.0
    kernel_weight: float = 0.0
    kernel_scope: KernelScope = "convolutions"
    gradient_weight: float = 0.0
    gradient_penalty: GradientPenalty = "official"
    input_noise: float = 0.0

    def __post_init__(self) -> None:
        require_choice("objective", self.name, tuple(TERMS))
        require_choice("error", self.error, get_args(ErrorScale))
        require_choice("kernel_scope", self.kernel_scope, get_args(KernelScope))
        require_choice("gradient_penalty", self.gradient_penalty, get_args(GradientPenalty))
        for name in (*(f"{term}_weight" for term in WEIGHTED), "error_weight", "input_noise"):
            require_weight(name, getattr(self, name))
        require(whole(self.neighbours, 1), "neighbours", self.neighbours, "a whole number of at least 1")
        mapped = self.entropy_map
        require(mapped is None or whole(mapped, 1), "entropy_map", mapped, "a whole number of at least 1")
        self._require_own_terms()
        if self.name == "classifier":
            self._require_plain_cross_entropy()

    def _require_own_terms(self) -> None:
        for term in WEIGHTED:
            weight = self.weight(term)
            if weight != 0 and term not in self.terms:
                others = " or ".join(repr(name) for name, terms in TERMS.items() if term in terms)
                raise ConfigError(
                    f"objective {self.name!r} has no {term} term, got {term}_weight {weight!r}; use objective {others}"
                )

    def _require_plain_cross_entropy(self) -> None:
        for field in fields(self):
            if field.name in RECONSTRUCTIONS_OWN:
                value, usual = getattr(self, field.name), field.default
                require(value == usual, field.name, value, f"{usual!r} for objective 'classifier'")

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms that an objective of this name may have."""
        return TERMS[self.name]

    def weight(self, term: str) -> float:
        """The weight of a term."""
        return float(getattr(self, f"{term}_weight"))

    def has(self, term: str) -> bool:
        """Whether an objective of this name may have the term."""
        return term in self.terms

    @property
    def label(self) -> str:
        """The word in the table's `model` column: the name, the weight of its first term, and what else is unusual.

        >>> ObjectiveConfig().label, ObjectiveConfig(name="eae", entropy_weight=0.05, neighbours=2).label
        ('ae', 'eae-0.05-k2')
        """
        parts = [self.name, *(f"{self.weight(term):g}" for term in self.terms[:1])]
        parts += [f"k{self.neighbours}"] if self.neighbours != 1 else []
        parts += [f"map{self.entropy_map}"] if self.entropy_map is not None else []
        return "-".join(parts)
