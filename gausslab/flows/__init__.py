"""Normalising flows of affine couplings, by zuko (extra `flows`): how they are fitted, and where their mass lies.

    flow = fit(codes, FlowConfig(kind="glow"))
    x = flow.sample(20_000, torch_generator(0, "flow"))
    mass_report(radii(held_out), radii(x))        # shares of the flow's samples in the data's tails
    density_profile(flow, [0.0, 4.0, 5.6], units=32, generator=torch_generator(0, "directions"))
    entropy_gap(flow, held_out, entropy)          # KL(data || flow)

A true Gaussian has its highest density at the centre and hardly any mass there: density at the centre is no failure,
mass is. Names are imported when they are first used: `answers`, which judges a study's table, needs no torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gausslab.flows.config import FlowConfig
    from gausslab.flows.densities import Gap, density_profile, entropy_gap
    from gausslab.flows.fitting import Flow, FlowProgress, fit, fit_in_stages
    from gausslab.flows.mass import mass_report, radii

_PLACES = {
    "FlowConfig": "config",
    "Gap": "densities",
    "density_profile": "densities",
    "entropy_gap": "densities",
    "Flow": "fitting",
    "FlowProgress": "fitting",
    "fit": "fitting",
    "fit_in_stages": "fitting",
    "mass_report": "mass",
    "radii": "mass",
}

__all__ = [
    "Flow",
    "FlowConfig",
    "FlowProgress",
    "Gap",
    "density_profile",
    "entropy_gap",
    "fit",
    "fit_in_stages",
    "mass_report",
    "radii",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
