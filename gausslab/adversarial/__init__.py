"""What adversarial examples do to activations: attacks under guards, the radii before and after, what explains them.

    specs, generating     attacks by name, run on images: `foolbox_adapter`, `radial_attack`, `adaptive`, `controls`
    guards, outcomes      what every attack goes through, and how its success is judged
    sets, making          adversarial sets as files, and a folder of them that a killed command goes on with
    subspace, radii       numbers of a code, clean and adversarial
    examining, recording  attacks on a classifier to the table of examples: `reading` layers, their `code_numbers`
    given, reporting      images from files; what attacks did in every layer, for `gausslab probe`
    matching, nulls       what the decision margin explains, and what a Gaussian code would show
    ranks, bootstrap      statistics; `detection` and `hypotheses` make findings of the table of examples

Names are imported when they are first used: the statistics need no torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gausslab.adversarial.radii import paired_radii

__all__ = ["paired_radii"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.radii"), name)
