"""The sweep: whole tables, nothing done twice, the same bytes however it was cut up."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from test_workers import alive, children, failing_for, wait_until

from gausslab import grids, tables, workers
from gausslab.config import DataConfig, SweepConfig, TrainConfig, TrainingConfig
from gausslab.errors import ConfigError, DataError, DivergenceError, GausslabError, RunError
from gausslab.grids import default_jobs
from gausslab.runs import exclusive
from gausslab.serialisation import to_json
from gausslab.sweeping import sweep

LINUX = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds processes in /proc")


def snapshot(folder):
    """Every file with its time of writing."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def runs_of(files):
    return {name: value for name, value in files.items() if "/" in name}


@pytest.fixture
def copied(tmp_path, tiny_sweep):
    """The shared sweep, to write into."""
    import shutil

    return Path(shutil.copytree(tiny_sweep.out, tmp_path / "copied"))


def test_the_table_has_every_column_run_and_statistic(tiny_sweep, tiny_config):
    table = tables.read(tiny_sweep.out / "measurements.csv")
    assert tuple(table.columns) == tables.COLUMNS
    assert list(table["run"].unique()) == [config.run_name for config in tiny_config.configs()]
    counts = table.groupby("run").size()
    assert counts.xs(next(tiny_config.configs()).run_name) > 20
    for config in tiny_config.configs():
        rows = table[table["run"] == config.run_name]
        assert set(rows["width"]) == {config.model.width}
        assert set(rows["seed"]) == {config.seed}
        assert set(rows["n_samples"]) == {300}
        assert set(rows["layer"]) == {"bottleneck", ""}
        assert rows["value"].notna().all()


def test_the_result_is_the_table_on_disk(tiny_sweep):
    on_disk = tables.read(tiny_sweep.out / "measurements.csv")
    assert on_disk.equals(tiny_sweep.table)
    assert (on_disk.dtypes == tiny_sweep.table.dtypes).all()


def test_every_run_left_its_files(tiny_sweep, tiny_config):
    expected = {
        "config.json", "provenance.json", "checkpoint.pt", "last.pt", "history.csv", "measurements.csv", "samples.png",
        "reconstructions.png", "done",
    }  # fmt: skip
    for config in tiny_config.configs():
        names = {path.name for path in (tiny_sweep.out / config.run_name).iterdir()}
        assert names - {".lock"} == expected


def test_finished_runs_are_skipped(copied, tiny_config):
    before, reports = snapshot(copied), []
    result = sweep(tiny_config, copied, jobs=1, report=reports.append)
    after = snapshot(copied)
    assert reports == []
    assert not result.failures
    assert runs_of(after) == runs_of(before)
    assert after["measurements.csv"][1] == before["measurements.csv"][1]


def test_an_unfinished_run_is_finished_and_the_others_left(copied, tiny_config):
    first = next(tiny_config.configs()).run_name
    before = snapshot(copied)
    (copied / first / "done").unlink()
    (copied / first / "measurements.csv").unlink()
    sweep(tiny_config, copied, jobs=1)
    after = snapshot(copied)
    contents = [{name: content for name, (_, content) in files.items()} for files in (before, after)]
    for files in contents:
        files.pop(f"{first}/provenance.json")  # tells when and how long
    assert contents[0] == contents[1]
    others = [name for name in runs_of(before) if not name.startswith(first)]
    assert all(after[name] == before[name] for name in others)


def test_failures_are_reported_and_the_rest_is_in_the_table(copied, monkeypatch, tiny_config):
    monkeypatch.setattr(workers, "perform", failing_for(1, DivergenceError("not finite")))
    result = sweep(tiny_config, copied, jobs=1)
    assert [failure.error for failure in result.failures] == ["not finite"] * 2
    assert set(tables.read(copied / "measurements.csv")["seed"]) == {0}


def test_all_failing_is_an_error_with_the_first_reason(tmp_path, monkeypatch, tiny_config):
    monkeypatch.setattr(workers, "perform", lambda *_: (_ for _ in ()).throw(DivergenceError("not finite")))
    with pytest.raises(GausslabError, match="no run ended well; the first failure: not finite"):
        sweep(tiny_config, tmp_path / "out", jobs=1)
    assert not (tmp_path / "out" / "measurements.csv").exists()


def test_another_grid_keeps_the_older_table_and_its_runs(copied, tiny_config):
    before = snapshot(copied)
    (copied / "width_trend.png").write_bytes(b"picture")
    (copied / "notes.txt").write_bytes(b"the user's")
    smaller = replace(tiny_config, widths=(2,))
    sweep(smaller, copied, jobs=1)
    after = snapshot(copied)
    assert runs_of(after) == runs_of(before)
    assert after[f"measurements-{tiny_config.digest}.csv"] == before["measurements.csv"]
    assert after[f"sweep-{tiny_config.digest}.json"] == before["sweep.json"]
    assert after[f"width_trend-{tiny_config.digest}.png"][1] == b"picture"
    assert after["notes.txt"][1] == b"the user's"
    assert set(tables.read(copied / "measurements.csv")["width"]) == {2}


def test_tables_put_aside_keep_their_names(copied, tiny_config):
    """A third grid renamed the first one's table a second time."""
    smaller, smallest = replace(tiny_config, widths=(2,)), replace(tiny_config, widths=(4,), seeds=(0,))
    table = (copied / "measurements.csv").read_bytes()
    for config in (smaller, smallest, tiny_config):
        sweep(config, copied, jobs=1)
    names = {path.name for path in copied.iterdir() if path.is_file() and path.name != ".lock"}
    digests = [config.digest for config in (tiny_config, smaller, smallest)]
    kept = {name for digest in digests for name in (f"measurements-{digest}.csv", f"sweep-{digest}.json")}
    assert names == {"measurements.csv", "sweep.json"} | kept
    assert (copied / "measurements.csv").read_bytes() == table
    assert (copied / f"measurements-{tiny_config.digest}.csv").read_bytes() == table


def test_cut_while_putting_aside_loses_nothing(copied, monkeypatch, tiny_config):
    """Interrupted before the last rename: the next try ends it, and the old table is still there."""
    smaller, table = replace(tiny_config, widths=(2,)), (copied / "measurements.csv").read_bytes()
    rename = Path.rename

    def cut(path, target):
        if path.name == "sweep.json":
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "rename", cut)
        sweep(smaller, copied, jobs=1)
    sweep(smaller, copied, jobs=1)
    assert (copied / f"measurements-{tiny_config.digest}.csv").read_bytes() == table
    assert (copied / f"sweep-{tiny_config.digest}.json").read_text() == to_json(tiny_config)


@pytest.mark.parametrize(
    ("base", "error", "message"),
    [
        (TrainConfig(data=DataConfig(name="minst")), DataError, "unknown"),
        (TrainConfig(data=DataConfig(name="digits", images=1298)), ConfigError, "images must be at most 1297"),
        (TrainConfig(data=DataConfig(name="digits", images=50)), ConfigError, "batch must be at most the 50"),
        (
            TrainConfig(data=DataConfig(name="digits"), training=TrainingConfig(device="cup")),
            ConfigError,
            "device must be",
        ),
    ],
    ids=["data", "images", "batch", "device"],
)
def test_mistakes_are_told_before_anything_is_written(tmp_path, base, error, message):
    with pytest.raises(error, match=message):
        sweep(SweepConfig(base=base), tmp_path / "out", jobs=1)
    assert not (tmp_path / "out").exists()


def test_two_sweeps_in_one_directory(copied, tiny_config):
    with exclusive(copied), pytest.raises(RunError, match="another process is at work in"):
        sweep(tiny_config, copied, jobs=1)


def test_a_file_in_place_of_the_directory(tmp_path, tiny_config):
    (tmp_path / "out").write_bytes(b"mine")
    with pytest.raises(RunError, match=r"cannot write .*out: "):
        sweep(tiny_config, tmp_path / "out", jobs=1)
    assert (tmp_path / "out").read_bytes() == b"mine"


def test_disk_full_at_the_table_is_one_line(copied, monkeypatch, tiny_config):
    def full(*_):
        raise OSError(28, "No space left on device")

    before = (copied / "measurements.csv").read_bytes()
    monkeypatch.setattr(tables, "write_atomically", full)
    with pytest.raises(RunError, match=r"cannot write .*: No space left on device"):
        sweep(tiny_config, copied, jobs=1)
    assert (copied / "measurements.csv").read_bytes() == before


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b'{"widths": 3}'])
def test_damaged_configuration_is_one_line(copied, tiny_config, content):
    (copied / "sweep.json").write_bytes(content)
    with pytest.raises(RunError, match=r"sweep\.json is damaged .* choose another --out, or delete that file"):
        sweep(tiny_config, copied, jobs=1)


def test_leftovers_of_a_killed_sweep_are_removed(copied, tiny_config):
    (copied / ".measurements.csv.abc.tmp").write_bytes(b"half")
    sweep(tiny_config, copied, jobs=1)
    assert not list(copied.glob(".*.tmp"))


@pytest.mark.parametrize(("cores", "threads", "jobs"), [(1, 1, 1), (2, 1, 2), (8, 1, 4), (8, 4, 2), (2, 4, 1)])
def test_default_jobs(monkeypatch, tiny_config, cores, threads, jobs):
    monkeypatch.setattr(grids.os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    training = replace(tiny_config.base.training, threads=threads)
    assert default_jobs(replace(tiny_config, base=replace(tiny_config.base, training=training))) == jobs


def test_default_jobs_is_one_on_a_device(tiny_config):
    training = replace(tiny_config.base.training, device="cuda")
    assert default_jobs(replace(tiny_config, base=replace(tiny_config.base, training=training))) == 1


def test_a_worker_killed_9_fails_its_run_and_the_rest_goes_on(tmp_path, tiny_sweep, tiny_config):
    """Two jobs, one worker killed in the middle of its run; the same command ends in the bytes of one job."""
    out, killed = tmp_path / "out", []

    def kill_once(progress):
        if not killed:
            killed.append(multiprocessing.active_children()[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    result = sweep(tiny_config, out, 2, report=kill_once)
    assert len(result.failures) == 1
    failed = result.failures[0]
    assert failed.error == f"{failed.config.run_name}: its process died (exit code -9); out of memory?"
    expected = [config.run_name for config in tiny_config.configs() if config != failed.config]
    assert list(result.table["run"].unique()) == expected
    assert multiprocessing.active_children() == []
    assert not sweep(tiny_config, out, 2).failures
    same_results(out, tiny_sweep.out)


def same_results(left, right):
    files = {folder: {name: content for name, (_, content) in snapshot(folder).items()} for folder in (left, right)}
    for names in files.values():
        for name in [name for name in names if name.endswith("provenance.json")]:
            names.pop(name)
    assert files[left].keys() == files[right].keys()
    different = [name for name, content in files[left].items() if content != files[right][name]]
    assert different == []


PROGRAM = """
import sys
from pathlib import Path
from gausslab.config import SweepConfig
from gausslab.serialisation import from_json
from gausslab.sweeping import sweep

if __name__ == "__main__":
    config = from_json(SweepConfig, Path(sys.argv[1]).read_text())
    sweep(config, Path(sys.argv[2]), int(sys.argv[3]), lambda progress: print(progress.step, flush=True))
"""


@LINUX
def test_killed_9_at_random_moments_it_ends_in_the_same_table(tmp_path, tiny_sweep, tiny_config):
    """One kill with two workers, which must not outlive it, and two with one; then left to finish."""
    (tmp_path / "sweep.py").write_text(PROGRAM)
    (tmp_path / "grid.json").write_text(to_json(tiny_config))
    command = [sys.executable, str(tmp_path / "sweep.py"), str(tmp_path / "grid.json"), str(tmp_path / "out")]
    moments, killed = random.Random(1), 0
    for jobs in ("2", "1", "1"):
        with subprocess.Popen([*command, jobs], stdout=subprocess.PIPE, text=True) as process:
            for _ in range(moments.randint(1, 4)):
                process.stdout.readline()
            time.sleep(moments.uniform(0, 0.5))
            workers_of_it = children(process.pid)
            process.send_signal(signal.SIGKILL)
            process.stdout.read()
        killed += process.returncode == -signal.SIGKILL
        assert wait_until(lambda pids=workers_of_it: not any(map(alive, pids))), "a worker outlived its parent"
    assert killed > 0
    sweep(tiny_config, tmp_path / "out", jobs=1)
    same_results(tmp_path / "out", tiny_sweep.out)
