"""What a distance is called in tables and figures: the published names are for the published features alone."""

PUBLISHED = "inception"
"""Name of the extractor that has the weights of the published scores, which no other can have."""


def frechet_label(extractor: str) -> str:
    """`FID` for the Inception features of the published scores; any other extractor's name is told.

    >>> frechet_label("inception"), frechet_label("efficientnet-lite0")
    ('FID', 'FD(efficientnet-lite0)')
    """
    return "FID" if extractor == PUBLISHED else f"FD({extractor})"


def kernel_label(extractor: str) -> str:
    """`KID`, likewise.

    >>> kernel_label("inception"), kernel_label("classifier")
    ('KID', 'KD(classifier)')
    """
    return "KID" if extractor == PUBLISHED else f"KD({extractor})"
