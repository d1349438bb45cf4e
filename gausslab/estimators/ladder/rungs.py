"""Every rung by its name, from the plainest to the most flexible."""

from gausslab.errors import entry
from gausslab.estimators.ladder.base import Rung
from gausslab.estimators.ladder.components import IndependentComponents
from gausslab.estimators.ladder.elliptical import Elliptical
from gausslab.estimators.ladder.flow import Flow
from gausslab.estimators.ladder.gaussian import Gaussian
from gausslab.estimators.ladder.iterative import IterativeGaussianisation
from gausslab.estimators.ladder.mixture import GaussianMixture
from gausslab.estimators.ladder.units import IndependentUnits, PrincipalAxes

_ALL: tuple[Rung, ...] = (
    Gaussian(),
    IndependentUnits(),
    PrincipalAxes(),
    Elliptical(),
    IndependentComponents(),
    GaussianMixture(),
    IterativeGaussianisation(),
    Flow(),
)
RUNGS: dict[str, Rung] = {each.name: each for each in _ALL}
DEFAULT_RUNGS: tuple[str, ...] = tuple(name for name in RUNGS if name != Flow.name)  # it needs zuko, and minutes


def rung(name: str) -> Rung:
    """The rung of that name.

    Raises:
        ConfigError: there is none; the choices are listed.
    """
    return entry(name, RUNGS, "rung")
