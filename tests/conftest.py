"""Fixtures that every test may use."""

import signal

import jaxtyping
import pytest
import torch

from gausslab.config import DataConfig, SweepConfig, TrainConfig, TrainingConfig

TINY = SweepConfig(
    base=TrainConfig(data=DataConfig(name="digits", images=200), training=TrainingConfig(epochs=2, batch=50)),
    widths=(2, 4),
    channels=(2,),
    seeds=(0, 1),
)


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """A shell that starts the tests in the background leaves Ctrl-C ignored, in them and in what they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """On samples as small as the tests' two threads wait more than they compute, on busy cores above all."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # of subprocesses
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory):
    """Null laws are neither taken from the user's cache nor left in it, by subprocesses either."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("session-cache")
        patch.setenv("GAUSSLAB_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def unchecked():
    """What a user sees, who has no type checker between a wrong value and the complaint about it."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def tiny_config():
    """Two widths and two seeds on 200 real digits, two channels, two epochs: seconds."""
    return TINY


@pytest.fixture(scope="session")
def tiny_sweep(tmp_path_factory, session_cache):
    """The one finished sweep that tests share; they read it and write nothing into it."""
    from gausslab.sweeping import sweep

    result = sweep(TINY, tmp_path_factory.mktemp("tiny-sweep"), jobs=1)
    assert not result.failures
    return result


@pytest.fixture(scope="session")
def tiny_run(tiny_sweep):
    """One finished run of the shared sweep."""
    from gausslab.runs import Run

    config = next(TINY.configs())
    return Run(tiny_sweep.out / config.run_name, config)


@pytest.fixture(scope="session")
def tiny_comparison(tmp_path_factory, session_cache):
    """The one finished comparison that tests share: three rows, two of which share their runs, two seeds."""
    from comparison.tiny_plan import TINY as PLAN

    from gausslab.comparison import compare

    result = compare(PLAN, tmp_path_factory.mktemp("tiny-comparison"), jobs=1)
    assert not result.failures
    return result
