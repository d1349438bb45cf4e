"""Stage one of the pipeline: from a name or a folder to images in disjoint splits.

    config --> load --> ImageData(train, validation, test), each a Split of unsigned bytes; to_float scales a batch

One module a source: `embedded` (mnist-5k, digits), `mnist` (MNIST and Fashion-MNIST in `idx` files), `cifar10`,
`celeba`, `synthetic_faces` and `folders` (any images). Sources give `pools` of images, `splits` draws the splits,
`resizing` brings them to size; image files are read by `pictures`, and those of CelebA kept `decoded`. A new source
adds its module, a description in `catalogue` (torch-free) and a line in `loading`; if it can be fetched, also its
recipe and shape in `fetching`. Fetched sets lie decoded in `cache`, which `filling` fills whole or not at all; so do
the `weights` of networks that others trained.

Names are imported when they are first used: `DATASETS`, `describe` and `is_cached` need no torch.
"""

from typing import TYPE_CHECKING, Any

from gausslab.data.catalogue import DATASETS, Description, describe

if TYPE_CHECKING:
    from gausslab.data.cache import is_cached
    from gausslab.data.fetching import fetch
    from gausslab.data.loading import count_training_images, load
    from gausslab.data.splits import ImageData, Split, to_float

__all__ = [
    "DATASETS",
    "Description",
    "ImageData",
    "Split",
    "count_training_images",
    "describe",
    "fetch",
    "is_cached",
    "load",
    "to_float",
]

_MODULES = {
    "count_training_images": "loading",
    "is_cached": "cache",
    "fetch": "fetching",
    "load": "loading",
    "ImageData": "splits",
    "Split": "splits",
    "to_float": "splits",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
