"""Which network."""

from dataclasses import dataclass
from typing import Literal, get_args

from gausslab.config.checks import finite, require, require_choice, whole

Kind = Literal["autoencoder", "classifier"]
Bottleneck = Literal["batchnorm", "l1norm", "none"]
Initialisation = Literal["torch", "keras"]
PosteriorKind = Literal["none", "learned", "constant"]


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Which network.

    Attributes:
        kind: `autoencoder`, or `classifier`: the same encoder and bottleneck before a linear head.
        width: units of the bottleneck (the latent dimension).
        channels: channels of the first layer; they double with each further level.
        depth: hidden convolutions of the encoder; 4 is the thesis's net. The decoder has as many more or fewer.
        bottleneck: `batchnorm` is the thesis's affine-free batch norm on the code, `l1norm` fixes the mean absolute
            value instead of the variance (thesis, section 2.3.3), `none` leaves the code free.
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
    bottleneck: Bottleneck = "batchnorm"
    posterior: PosteriorKind = "none"
    posterior_sd: float = 0.7
    learned_error_sd: bool = False
    spectral_norm: bool = False
    classes: int = 10
    init: Initialisation = "torch"

    def __post_init__(self) -> None:
        require_choice("kind", self.kind, get_args(Kind))
        require(whole(self.width, 1), "width", self.width, "a whole number of at least 1")
        require(whole(self.channels, 1), "channels", self.channels, "a whole number of at least 1")
        require(whole(self.depth, 2), "depth", self.depth, "a whole number of at least 2")
        require_choice("bottleneck", self.bottleneck, get_args(Bottleneck))
        require_choice("posterior", self.posterior, get_args(PosteriorKind))
        sd = self.posterior_sd
        require(finite(sd) and sd > 0, "posterior_sd", sd, "a positive finite number")
        for name in ("learned_error_sd", "spectral_norm"):
            require(isinstance(getattr(self, name), bool), name, getattr(self, name), "true or false")
        require(whole(self.classes, 2), "classes", self.classes, "a whole number of at least 2")
        require_choice("init", self.init, get_args(Initialisation))
        if self.kind == "classifier":
            require(self.posterior == "none", "posterior", self.posterior, "'none' for a classifier")
