"""Ex-post density estimation: laws of codes, fitted after the autoencoder, to decode samples of.

    density = fit("gmm", LatentCodes(codes), seed=0)
    images = model.decode(density.sample(10_000, torch_generator(0, "samples")))

    isotropic               N(0, I)                                                  nothing is fitted
    laplace                 independent units of mean absolute value 1               nothing is fitted
    mvg                     mean and full covariance
    gmm                     ten components of full covariance
    second-stage            a second autoencoder, as Ghosh et al. train it           the 2SVAE of Tables 2.1 and 2.2
    second-stage-dai-wipf   the same as its authors train it

Samplers are frozen dataclasses of options that `fit` a `Density`: `sample` it, send codes through it (`reconstruct`),
and interpolate where it says (`encode`, `decode`).
"""

from gausslab.densities.codes import LatentCodes
from gausslab.densities.contract import Density, Progress, Reporter, Sampler
from gausslab.densities.fixed import Isotropic, Laplace
from gausslab.densities.gaussian import MultivariateGaussian
from gausslab.densities.mixture import GaussianMixture
from gausslab.densities.registry import SAMPLERS, fit, sampler
from gausslab.densities.second_stage import KL_WEIGHTS, DaiWipfStage, SecondStage

__all__ = [
    "KL_WEIGHTS",
    "SAMPLERS",
    "DaiWipfStage",
    "Density",
    "GaussianMixture",
    "Isotropic",
    "Laplace",
    "LatentCodes",
    "MultivariateGaussian",
    "Progress",
    "Reporter",
    "Sampler",
    "SecondStage",
    "fit",
    "sampler",
]
