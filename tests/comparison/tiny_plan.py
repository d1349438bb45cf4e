"""The plan of the comparison that the tests share."""

from gausslab.comparison import ComparisonConfig, Settings

TINY = ComparisonConfig(
    data="digits",
    scale="smoke",
    rows=("vae", "2svae", "eae-l1"),
    seeds=(0, 1),
    settings=Settings(images=200, epochs=1, width=4),
)
