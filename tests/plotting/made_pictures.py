"""Made grids of images, put together by a double loop, and a study's folder of them. No network drew any of these."""

import json

import numpy as np
from PIL import Image

from gausslab.presets import ROWS

PLAN = {
    "data": "mnist",
    "scale": "laptop",
    "rows": list(ROWS),
    "seeds": [0, 1, 2],
    "settings": {"channels": None, "images": 4000, "epochs": None},
    "variants": [],
}


def noise(number, side=4, seed=0, colours=3):
    """Images whose pixels are all different with near certainty."""
    return np.random.default_rng(seed).integers(0, 256, (number, side, side, colours), dtype=np.uint8)


def grid(images):
    """Eight a row, white gaps of 2 pixels around each."""
    number, side, _, colours = images.shape
    rows = (number + 7) // 8
    canvas = np.full((rows * (side + 2) + 2, 8 * (side + 2) + 2, colours), 255, dtype=np.uint8)
    for row in range(rows):
        for column in range(min(8, number - 8 * row)):
            top, left = 2 + row * (side + 2), 2 + column * (side + 2)
            canvas[top : top + side, left : left + side] = images[8 * row + column]
    return canvas


def put(path, images):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = grid(images)
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path, format="PNG")


def put_row(folder, samplers=("isotropic", "gmm"), seed=1):
    """All pictures of a row, the test images being the same for every seed."""
    put(folder / "reconstructions.png", np.concatenate([noise(8), noise(8, seed=seed)]))
    put(folder / "interpolations.png", noise(16, seed=seed + 100))
    for i, sampler in enumerate(samplers):
        put(folder / f"samples-{sampler}.png", noise(24, seed=seed + 200 + i))


def put_study(folder, data, labels, plan=PLAN):
    """`folder/images/DATA/LABEL/...` and the study's provenance; returns the folder of the pictures."""
    for i, label in enumerate(labels):
        put_row(folder / "images" / data / label, seed=i + 1)
    (folder / "provenance.json").write_text(json.dumps({"study": {"plan": {**plan, "data": data}}}))
    return folder / "images" / data
