"""Processes side by side: one that dies is told, and none outlives the process that started it."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from gausslab import experiments, workers
from gausslab.errors import DivergenceError
from gausslab.runs import Run
from gausslab.training import Progress
from gausslab.workers import perform_safely, run_all


def children(pid: int) -> list[int]:
    """Processes that `pid` started, and theirs."""
    own = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return own + [grandchild for child in own for grandchild in children(child)]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds=60):
    """Long enough for a machine under load; passes as soon as the condition holds."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def failing_for(seed, error):
    def perform(run, report):
        if run.config.seed == seed:
            raise error
        return ("radial_ks: a reason",)

    return perform


def test_a_run_that_fails_does_not_stop_the_others(tmp_path, monkeypatch, tiny_config):
    monkeypatch.setattr(workers, "perform", failing_for(1, DivergenceError("not finite")))
    configs, ended = list(tiny_config.configs()), []
    outcomes = run_all(configs, tmp_path, 1, lambda progress: None, ended.append)
    assert [outcome.config for outcome in outcomes] == configs
    assert [outcome.error for outcome in outcomes] == [None, "not finite", None, "not finite"]
    assert [outcome.remarks for outcome in outcomes] == [("radial_ks: a reason",), (), ("radial_ks: a reason",), ()]
    assert ended == outcomes
    assert not any(outcome.details for outcome in outcomes)


def test_a_bug_is_told_with_its_traceback(tmp_path, monkeypatch, tiny_config):
    monkeypatch.setattr(workers, "perform", failing_for(0, ZeroDivisionError("a bug")))
    config = next(tiny_config.configs())
    outcome = perform_safely(config, tmp_path, lambda progress: None)
    assert outcome.error == f"{config.run_name}: ZeroDivisionError: a bug"
    assert outcome.details.startswith("Traceback")
    assert "raise error" in outcome.details


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interruption_is_no_outcome(tmp_path, monkeypatch, tiny_config, stop):
    monkeypatch.setattr(workers, "perform", failing_for(0, stop()))
    with pytest.raises(stop):
        perform_safely(next(tiny_config.configs()), tmp_path, lambda progress: None)


def test_a_blocked_directory_is_an_outcome(tmp_path, tiny_config):
    (tmp_path / "blocked").write_bytes(b"")
    outcome = perform_safely(next(tiny_config.configs()), tmp_path / "blocked", lambda progress: None)
    assert outcome.error.startswith("cannot write the run directory")
    assert not outcome.details


def test_disk_full_is_one_line(tmp_path, monkeypatch, tiny_config):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    config = next(tiny_config.configs())
    run = Run.create(tmp_path, config)
    monkeypatch.setattr(experiments, "write_atomically", full)
    outcome = perform_safely(config, tmp_path, lambda progress: None)
    assert outcome.error == f"cannot write {run.path}: No space left on device"
    assert sorted(path.name for path in run.path.iterdir() if path.name != ".lock") == ["config.json"]


def test_busy_run_is_an_outcome(tmp_path, tiny_config):
    config = next(tiny_config.configs())
    with Run.create(tmp_path, config).locked():
        outcome = perform_safely(config, tmp_path, lambda progress: None)
    assert outcome.error.startswith("another process is at work in")


def test_reports_are_thinned_but_the_last_is_always_sent():
    seen = []
    report = workers._throttled(seen.append)
    for step in range(1, 1001):
        report(Progress("run", 0, 1, step, 1000, 0.0))
    assert seen[0].step == 1
    assert seen[-1].step == 1000
    assert len(seen) < 500


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds processes in /proc")
def test_a_worker_killed_while_idle_fails_its_next_run_only(tmp_path, tiny_config):
    """Killed before anything is sent to it; its replacement would do the next one."""
    worker = workers._Worker(tmp_path)
    try:
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.process.join()
        first = worker.process.pid
        worker.give(workers.deque([next(tiny_config.configs())]))
        outcome = worker.receive()
        assert "its process died (exit code -9)" in outcome.error
        assert worker.process.pid != first
        assert worker.process.is_alive()
    finally:
        worker.process.terminate()
        worker.process.join()
    assert multiprocessing.active_children() == []


def test_a_worker_ignores_ctrl_c_from_its_first_moment(tmp_path, tiny_config):
    """Ctrl-C reaches the whole group: a worker still importing had no handler yet, and printed a traceback."""
    (tmp_path / "blocked").write_bytes(b"")
    worker = workers._Worker(tmp_path / "blocked")
    try:
        for _ in range(20):
            os.kill(worker.process.pid, signal.SIGINT)
            time.sleep(0.05)
        worker.give(workers.deque([next(tiny_config.configs())]))
        assert worker.receive().error.startswith("cannot write the run directory")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        worker.process.terminate()
        worker.process.join()
