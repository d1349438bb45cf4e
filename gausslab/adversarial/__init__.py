"""What adversarial examples do to activations."""

from gausslab.adversarial.radii import paired_radii

__all__ = ["paired_radii"]
