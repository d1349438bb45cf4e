"""Which of the thesis's three data sets another one is treated as, and what a scale sets."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from gausslab.errors import ConfigError, entry

Family = Literal["mnist", "cifar10", "celeba"]
Values = Mapping[str, Any]
ByFamily = Mapping[Family, Values]

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "mnist": "mnist",
        "mnist-5k": "mnist",
        "digits": "mnist",
        "fashion-mnist": "mnist",
        "cifar10": "cifar10",
        "celeba": "celeba",
        "faces-synthetic": "celeba",
    }
)
"""Data set -> the one of the thesis's three whose widths and weights it takes."""

WIDTHS: Mapping[Family, int] = MappingProxyType({"mnist": 16, "cifar10": 128, "celeba": 64})
"""Latent dimensions of Tables 2.1 and 2.2."""

SIDES: Mapping[Family, int] = MappingProxyType({"mnist": 32, "cifar10": 32, "celeba": 64})

SCALES: Mapping[str, Values] = MappingProxyType(
    {
        "smoke": {"channels": 2, "images": 400, "epochs": 2},
        "laptop": {"channels": 8, "images": 10_000, "epochs": 10},
        "paper": {"channels": 128, "images": None},
    }
)
"""What a scale sets; epochs at paper scale are the row's."""


def family(data: str, size: int | None = None) -> Family:
    """Whose widths and weights a data set takes; a folder of images those of its size.

    Raises:
        ConfigError: it takes nobody's.
    """
    if data == "folder":
        return "celeba" if size == 64 else "cifar10"
    return entry(data, FAMILIES, "data set of the comparison", ConfigError)
