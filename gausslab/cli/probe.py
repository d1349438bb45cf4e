"""`gausslab probe` (placeholder until the file kinds are in place)."""


def probe() -> None:
    """Measure."""
