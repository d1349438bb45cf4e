"""Estimators to train with: differentiable functions of a batch of codes.

    from gausslab.losses import mmd, sigreg
    loss = reconstruction + 0.05 * mmd(codes) + 0.02 * sigreg(codes, step)

    knn_entropy           entropy in nats: maximise it       EAE; also called kozachenko_leonenko
    sliced_epps_pulley    random directions against N(0, 1)
    sigreg                the same, as LeJEPA trains with it: directions of the step, batch of all processes
    mmd, biased_mmd       kernel distance to N(0, I), in closed form
    two_sample_mmd        the same to another batch          WAE-MMD
    free_loss             singular values against Marchenko and Pastur's law; a Gaussian batch's: gaussian_free_loss

Two have the name of an estimator of the registry, `knn_entropy` and `sliced_epps_pulley`, and give its `statistic` if
given its parameters (k = 5; 256 directions of seed 0); the others are losses only. `gausslab.estimators.knn_entropy`
gives the same number with an error bar, for several k, and without a gradient. All but `free_loss` take leading axes:
`(..., samples, units)` gives `(...)`.

Under `DistributedDataParallel` each process has its own share of the batch. `sigreg` is of the whole batch, and its
gradient exact. The others are of the share they are given: `gathered(codes)` gives them the whole batch.
"""

from gausslab.estimators.characteristic import trapezoid
from gausslab.estimators.entropy import kozachenko_leonenko
from gausslab.estimators.sliced import random_directions, sliced_epps_pulley
from gausslab.losses.distributed import gathered
from gausslab.losses.free_energy import free_loss, gaussian_free_loss
from gausslab.losses.kernels import GaussianKernel, InverseMultiquadratic
from gausslab.losses.mmd import biased_mmd, mmd, two_sample_mmd
from gausslab.losses.sigreg import sigreg

knn_entropy = kozachenko_leonenko

__all__ = [
    "GaussianKernel",
    "InverseMultiquadratic",
    "biased_mmd",
    "free_loss",
    "gathered",
    "gaussian_free_loss",
    "knn_entropy",
    "kozachenko_leonenko",
    "mmd",
    "random_directions",
    "sigreg",
    "sliced_epps_pulley",
    "trapezoid",
    "two_sample_mmd",
]
