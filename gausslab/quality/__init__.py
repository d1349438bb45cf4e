"""How good images are, as against how Gaussian codes are.

reconstruction   errors of reconstructions, image by image
extractors       networks that make features of images
frechet          the Frechet distance between sets of features
kernel           the kernel distance, unbiased and with an error bar
quantisation     images as bytes would hold them
reference        features of real images, kept in `feature_cache`
scores           both distances of images from a reference, and of real images from it
interpolation    ways between codes

Three numbers of reconstructions are easily taken for each other: the mean squared error per element, the mean norm of
an image's error, and the Frechet distance of the set of reconstructions from real images. Only the last is a `Score`,
and the column `Reconstruction` of the published tables is of that kind.
"""

from gausslab.labels import frechet_label, kernel_label
from gausslab.quality.frechet import FeatureStatistics, frechet_distance
from gausslab.quality.interpolation import WAYS, linear, path, random_pairs, rescaled, spherical
from gausslab.quality.kernel import KernelDistance, kernel_distance
from gausslab.quality.quantisation import quantise
from gausslab.quality.reconstruction import ReconstructionError
from gausslab.quality.reference import Reference, real_features
from gausslab.quality.scores import Score, real_floor, score

__all__ = [
    "WAYS",
    "FeatureStatistics",
    "KernelDistance",
    "ReconstructionError",
    "Reference",
    "Score",
    "frechet_distance",
    "frechet_label",
    "kernel_distance",
    "kernel_label",
    "linear",
    "path",
    "quantise",
    "random_pairs",
    "real_features",
    "real_floor",
    "rescaled",
    "score",
    "spherical",
]
