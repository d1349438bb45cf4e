import os
import pickle

import numpy as np
import pytest

from gausslab.data.pickles import load_fields
from gausslab.errors import DataError


class Runs:
    """Pickles as a call of a function, as an attacker would write it."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def read(content):
    return load_fields(content, "batch")


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["u1", "<i8", ">f4", "?"])
def test_arrays_of_numbers_come_back(protocol, order, dtype):
    array = np.asarray(np.arange(12).reshape(3, 4), dtype=dtype, order=order)
    found = read(pickle.dumps({"data": array, b"labels": [1, 2], "name": "x"}, protocol=protocol))
    assert np.array_equal(found["data"], array)
    assert found["data"].dtype == array.dtype
    assert (found["labels"], found["name"]) == ([1, 2], "x")


@pytest.mark.parametrize("protocol", range(6))
def test_a_malicious_pickle_is_refused_and_does_not_run(tmp_path, protocol):
    marker = tmp_path / "executed"
    attacks = [
        Runs(os.system, f"touch {marker}"),
        Runs(eval, f"open({str(marker)!r}, 'w')"),
        Runs(open, str(marker), "w"),
        Runs(getattr, 1, "__class__"),
        Runs(np.save, str(marker), 1),
    ]
    for attack in attacks:
        for content in ({"data": attack}, [attack], {attack: 1}):
            with pytest.raises(DataError, match=r"^batch is not safe to read: it asks for \w+\.") as caught:
                read(pickle.dumps(content, protocol=protocol))
            assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_arrays_of_objects_are_refused():
    with pytest.raises(DataError, match="asks for an array of type object"):
        read(pickle.dumps({"data": np.array([{}, []], dtype=object)}, protocol=4))


def test_a_state_that_lies_about_its_size_is_refused():
    content = pickle.dumps({"data": np.zeros((2, 3), np.uint8)}, protocol=3)
    lying = content.replace(b"K\x02K\x03\x86", b"K\x63K\x63\x86")
    assert lying != content
    with pytest.raises(DataError, match="batch is not a whole pickle: ValueError: cannot reshape"):
        read(lying)


def test_every_truncation_is_refused_in_one_line():
    content = pickle.dumps({"data": np.arange(6, dtype=np.uint8), "labels": [1]}, protocol=4)
    for cut in range(len(content)):
        with pytest.raises(DataError, match="batch is not a whole pickle") as caught:
            read(content[:cut])
        assert "\n" not in str(caught.value)


def test_something_else_than_a_dictionary_is_refused():
    with pytest.raises(DataError, match="batch holds no dictionary of fields but list"):
        read(pickle.dumps([1, 2]))
