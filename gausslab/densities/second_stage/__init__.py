"""A second variational autoencoder as the density of the first one's codes, in its two published forms.

network   the two nets     losses     what they minimise     training   the one loop
density   the result       samplers   options, and what of the above they take
"""

from gausslab.densities.second_stage.density import SecondStageDensity
from gausslab.densities.second_stage.samplers import KL_WEIGHTS, DaiWipfStage, SecondStage

__all__ = ["KL_WEIGHTS", "DaiWipfStage", "SecondStage", "SecondStageDensity"]
