"""Which images."""

from dataclasses import dataclass
from typing import Literal, get_args

from gausslab.config.checks import require, require_choice, text, whole

SplitRule = Literal["disjoint", "as-released"]
Resampling = Literal["bilinear", "lanczos"]


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which images, and how many of them.

    Attributes:
        name: a data set of `gausslab data list`.
        path: folder (or archive) of the user's own files; None looks in gausslab's cache.
        images: training images to use, the first of a seeded shuffle; None is all of them.
        size: side of the square images in pixels, 32 or 64; the autoencoders take no others, image folders and celeba
            any. The thesis's faces are 64.
        crop: side of a centre crop taken before resizing (image folders and celeba only); None is the shorter side, of
            celeba the published 140.
        resampling: antialiased filter of that resize (image folders and celeba only); no source of the thesis's numbers
            fixes it.
        split: `disjoint`, or `as-released`: the validation images of the code that the thesis compares with (`mnist`
            and `cifar10` only), most of which are training images too. For audits, never for a result.
    """

    name: str = "mnist-5k"
    path: str | None = None
    images: int | None = None
    size: int = 32
    crop: int | None = None
    resampling: Resampling = "bilinear"
    split: SplitRule = "disjoint"

    def __post_init__(self) -> None:
        require(text(self.name), "data", self.name, "the name of a data set")
        require(self.path is None or text(self.path), "path", self.path, "the path of a folder")
        require(self.images is None or whole(self.images, 2), "images", self.images, "a whole number of at least 2")
        require(whole(self.size, 1), "size", self.size, "a positive whole number")
        require(self.crop is None or whole(self.crop, 1), "crop", self.crop, "a positive whole number")
        require_choice("resampling", self.resampling, get_args(Resampling))
        require_choice("split", self.split, get_args(SplitRule))
