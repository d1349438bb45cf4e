"""Every sampler by its name: the one list that the library, the command line and the tests share."""

from collections.abc import Callable
from typing import Any

from gausslab.densities.codes import LatentCodes
from gausslab.densities.contract import Density, Reporter, Sampler
from gausslab.densities.fixed import Isotropic, Laplace
from gausslab.densities.gaussian import MultivariateGaussian
from gausslab.densities.mixture import GaussianMixture
from gausslab.densities.second_stage import DaiWipfStage, SecondStage
from gausslab.errors import entry
from gausslab.serialisation import from_dict

SAMPLERS: dict[str, Callable[..., Sampler]] = {
    "isotropic": Isotropic,
    "laplace": Laplace,
    "mvg": MultivariateGaussian,
    "gmm": GaussianMixture,
    "second-stage": SecondStage,
    "second-stage-dai-wipf": DaiWipfStage,
}


def sampler(name: str, **options: Any) -> Sampler:
    """The sampler of that name; options that are not given have the published values.

    Raises:
        ConfigError: there is none of that name, or it has no such option (choices are listed), or a value is senseless.

    >>> sampler("gmm", components=20).components
    20
    """
    built: Sampler = from_dict(entry(name, SAMPLERS, "sampler"), options)  # type: ignore[arg-type]
    return built


def fit(name: str, codes: LatentCodes, seed: int, report: Reporter = lambda progress: None, **options: Any) -> Density:
    """The density that a sampler fits to codes.

    The same codes, seed and options give the same bytes on the same number of threads.

    Args:
        name: of `SAMPLERS`.
        codes: of the training images, by the best checkpoint in evaluation mode.
        seed: root seed.
        report: told of every epoch of what is trained.
        **options: the sampler's fields.

    Raises:
        ConfigError: an unknown name or option, or a senseless value.
        EstimatorError: the codes do not allow the density.
        DivergenceError: a training diverged.
    """
    return sampler(name, **options).fit(codes, seed, report)
