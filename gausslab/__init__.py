"""gausslab measures how Gaussian the activations of a network are, and says why not."""

__version__ = "0.1.0"
