"""The rows of the thesis's Tables 2.1 and 2.2, and the rivals beside them, as configurations.

    preset("rae-l2", "cifar10", scale="laptop", seed=0)   -> TrainConfig
    ROWS["2svae"].samplers                                -> what the row's codes are sampled by

A row is a composition: a network, an objective, samplers. The weights are those of the code that was published with
the RAE (Ghosh et al. 2020), which covers all VAEs, WAEs and RAEs here; what it leaves open is chosen, and said in the
row's note.

Scales: `paper` is the thesis's networks, epochs and learning rates; `laptop` has 8 base channels, ten thousand images,
ten epochs, and one learning rate for all rows, since the published ones belong to seventy epochs and more; `smoke` is
for tests.
"""

from gausslab.presets.building import CHANGES, preset, row_named
from gausslab.presets.families import FAMILIES, SCALES, WIDTHS, Family, family
from gausslab.presets.naming import base_of, label_parts, title_of
from gausslab.presets.rows import DAI_WIPF, ISOTROPIC, LAPLACE, ROWS, SECOND_STAGE, Row
from gausslab.presets.samplers import sampler_options

__all__ = [
    "CHANGES",
    "DAI_WIPF",
    "FAMILIES",
    "ISOTROPIC",
    "LAPLACE",
    "ROWS",
    "SCALES",
    "SECOND_STAGE",
    "WIDTHS",
    "Family",
    "Row",
    "base_of",
    "family",
    "label_parts",
    "preset",
    "row_named",
    "sampler_options",
    "title_of",
]
