"""How good images are, as against how Gaussian codes are."""

from gausslab.quality.reconstruction import ReconstructionError

__all__ = ["ReconstructionError"]
