"""Which network."""

from dataclasses import dataclass, fields
from typing import Literal, get_args

from gausslab.config.checks import finite, require, require_choice, whole

Kind = Literal["autoencoder", "classifier"]
Bottleneck = Literal["batchnorm", "l1norm", "layernorm", "none"]
Norm = Literal["batchnorm", "layernorm", "none"]
Initialisation = Literal["torch", "keras"]
PosteriorKind = Literal["none", "learned", "constant"]

CLASSIFIERS_OWN = ("norm", "levels", "head_depth", "head_units", "classes")
"""Fields that an autoencoder has no use for."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Which network.

    Attributes:
        kind: `autoencoder`, or `classifier`: the same encoder and bottleneck before a head.
        width: units of the bottleneck (the latent dimension).
        channels: channels of the first layer; they double with each further level.
        depth: hidden convolutions of the encoder; 4 is the thesis's net. The decoder has as many more or fewer.
        levels: of a classifier: resolutions of its encoder, as far as its depth goes; a depth above it adds stride-1
            convolutions and nothing else.
        norm: of a classifier: what the hidden layers of its encoder and of its head are normalised by, with scale and
            shift. `layernorm` is over all channels and positions of an image's map.
        bottleneck: `batchnorm` is the thesis's affine-free batch norm on the code, `l1norm` fixes the mean absolute
            value instead of the variance (thesis, section 2.3.3), `layernorm` (classifiers only) gives each image's
            code mean 0 and variance 1 over its units, without scale and shift; `none` leaves the code free.
        head_depth: of a classifier: layers of its head; 1 is the linear head.
        head_units: of a classifier: units of each hidden layer of its head.
        posterior: `none` is a deterministic encoder; `learned` gives each image a Gaussian of codes whose standard
            deviations the encoder learns, `constant` one of standard deviation `posterior_sd`.
        posterior_sd: of the constant posterior; 0.7 in the published code.
        learned_error_sd: whether the standard deviation of a reconstruction's errors is a parameter of the network, for
            the objective that is a likelihood.
        spectral_norm: whether every convolution and dense layer is divided by its largest singular value.
        classes: of a classifier.
        init: `torch` keeps PyTorch's defaults, `keras` is Glorot-uniform weights, zero biases, batch-norm momentum 0.01
            and eps 1e-3, and Adam eps 1e-7, as in the code the thesis compares with.
    """

    kind: Kind = "autoencoder"
    width: int = 16
    channels: int = 8
    depth: int = 4
    levels: int = 4
    norm: Norm = "batchnorm"
    bottleneck: Bottleneck = "batchnorm"
    head_depth: int = 1
    head_units: int = 128
    posterior: PosteriorKind = "none"
    posterior_sd: float = 0.7
    learned_error_sd: bool = False
    spectral_norm: bool = False
    classes: int = 10
    init: Initialisation = "torch"

    def __post_init__(self) -> None:
        require_choice("kind", self.kind, get_args(Kind))
        require(whole(self.width, 1), "width", self.width, "a whole number of at least 1")
        for name in ("channels", "levels", "head_depth", "head_units"):
            require(whole(getattr(self, name), 1), name, getattr(self, name), "a whole number of at least 1")
        require(whole(self.depth, 2), "depth", self.depth, "a whole number of at least 2")
        require_choice("norm", self.norm, get_args(Norm))
        require_choice("bottleneck", self.bottleneck, get_args(Bottleneck))
        require_choice("posterior", self.posterior, get_args(PosteriorKind))
        sd = self.posterior_sd
        require(finite(sd) and sd > 0, "posterior_sd", sd, "a positive finite number")
        for name in ("learned_error_sd", "spectral_norm"):
            require(isinstance(getattr(self, name), bool), name, getattr(self, name), "true or false")
        require(whole(self.classes, 2), "classes", self.classes, "a whole number of at least 2")
        require_choice("init", self.init, get_args(Initialisation))
        if self.kind == "classifier":
            self._require_classifier()
        else:
            self._require_autoencoder()

    def _require_classifier(self) -> None:
        require(self.posterior == "none", "posterior", self.posterior, "'none' for a classifier")
        require(not self.learned_error_sd, "learned_error_sd", self.learned_error_sd, "false for a classifier")
        if self.bottleneck == "layernorm":  # one unit is always 0, two are always 1 and -1
            require(self.width >= 3, "width", self.width, "at least 3 for bottleneck 'layernorm'")

    def _require_autoencoder(self) -> None:
        """Codes of a layer norm lie on a sphere, off which the samplers of an autoencoder would draw."""
        others = "'batchnorm', 'l1norm' or 'none' for an autoencoder"
        require(self.bottleneck != "layernorm", "bottleneck", self.bottleneck, others)
        for field in fields(self):
            if field.name in CLASSIFIERS_OWN:
                value, usual = getattr(self, field.name), field.default
                require(value == usual, field.name, value, f"{usual!r} for an autoencoder (classifiers alone vary it)")
