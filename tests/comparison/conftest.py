"""One tiny finished comparison that the tests read."""

import pytest
from tiny_plan import TINY

from gausslab.comparison import compare


@pytest.fixture(scope="session")
def tiny_comparison(tmp_path_factory, session_cache):
    """Three rows, two of which share their runs; two seeds; 200 digits."""
    result = compare(TINY, tmp_path_factory.mktemp("tiny-comparison"), jobs=1)
    assert not result.failures
    return result
