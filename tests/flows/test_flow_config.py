"""Configurations of flows that make no sense are refused by the name of the field."""

import pytest

from gausslab.errors import ConfigError
from gausslab.flows import FlowConfig

pytestmark = pytest.mark.usefixtures("unchecked")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("kind", "nice", "kind 'nice' is unknown; choices: realnvp, glow"),
        ("slope", 1.0, "slope must be a number between 0 and 1"),
        ("steps", 0, "steps must be a whole number of at least 1"),
        ("hidden", (), "hidden must be positive whole numbers"),
        ("lr", -1.0, "lr must be a number above 0"),
        ("held_out", 0.0, "held_out must be a number between 0 and 1"),
        ("seed", -1, "seed must be a whole number of at least 0"),
    ],
)
def test_a_configuration_that_makes_no_sense(field, value, message):
    with pytest.raises(ConfigError, match=message):
        FlowConfig(**{field: value})
