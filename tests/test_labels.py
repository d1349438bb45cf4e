"""Only the published features may be called by the published names."""

import pytest

from gausslab.quality import frechet_label, kernel_label
from gausslab.quality.extractors.base import RESERVED


@pytest.mark.parametrize("name", [*RESERVED, "classifier", "Inception", "FID"])
def test_no_other_extractor_is_called_fid(name):
    published = name == "inception"
    assert frechet_label(name) == ("FID" if published else f"FD({name})")
    assert kernel_label(name) == ("KID" if published else f"KD({name})")
