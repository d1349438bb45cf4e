"""Pictures: draws that depend on the seed alone, grids whose every pixel is where it belongs."""

import io

import numpy as np
import torch
from PIL import Image

from gausslab.config import ModelConfig
from gausslab.models import build
from gausslab.sampling import decode_prior, grid, write_grid

MODEL = build(ModelConfig(width=3, channels=2), (1, 32, 32), seed=0).eval()


def test_prior_draws_depend_on_the_seed_alone():
    first = decode_prior(MODEL, 3, 5, seed=0)
    torch.manual_seed(42)
    assert torch.equal(decode_prior(MODEL, 3, 5, seed=0), first)
    assert not torch.equal(decode_prior(MODEL, 3, 5, seed=1), first)
    assert first.shape == (5, 1, 32, 32)
    assert not first.requires_grad


def test_prior_codes_are_standard_normal():
    """A decoder that passes codes on: 30,000 draws, four standard errors of mean and variance."""

    class Through(torch.nn.Module):
        def forward(self, codes):
            return codes[:, :, None, None]

    model = build(ModelConfig(width=3, channels=2), (1, 32, 32), seed=0)
    model.decoder = Through()
    codes = decode_prior(model, 3, 10_000, seed=0).flatten()
    assert abs(codes.mean()) < 4 / np.sqrt(30_000)
    assert abs(codes.var() - 1) < 4 * np.sqrt(2 / 30_000)


def test_every_pixel_is_in_its_place():
    """Five grey images of 2x3 in rows of three, gaps of two white pixels all round."""
    images = (torch.arange(5 * 6).reshape(5, 1, 2, 3) * 8) / 255
    picture = grid(images, columns=3)
    assert picture.shape == (2 * (2 + 2) + 2, 3 * (3 + 2) + 2)
    covered = np.zeros(picture.shape, dtype=bool)
    for place in range(5):
        rows = slice(2 + place // 3 * 4, 4 + place // 3 * 4)
        columns = slice(2 + place % 3 * 5, 5 + place % 3 * 5)
        assert (picture[rows, columns] == np.arange(place * 6, place * 6 + 6).reshape(2, 3) * 8).all()
        covered[rows, columns] = True
    assert (picture[~covered] == 255).all()


def test_colours_stay_in_order():
    image = torch.tensor([1.0, 0.5, 0.0]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    assert grid(image, columns=1)[2, 2].tolist() == [255, 128, 0]


def test_values_outside_are_clamped():
    image = torch.tensor([-1.0, 2.0]).view(1, 1, 1, 2)
    assert grid(image, columns=1)[2, 2:4].tolist() == [0, 255]


def test_png_reads_back_and_is_the_same_bytes_each_time(tmp_path):
    images = torch.rand(9, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    for name in ("a.png", "b.png"):
        write_grid(images, tmp_path / name, columns=4)
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    assert (np.asarray(Image.open(io.BytesIO(content))) == grid(images, columns=4)).all()
