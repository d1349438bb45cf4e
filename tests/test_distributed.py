"""Two processes on one machine: metrics and losses of the samples of both are those of one process with all samples."""

import sys
from pathlib import Path

import pytest
import torch
from torch.nn.parallel import DistributedDataParallel

SAMPLES, UNITS, SHARES = 90, 3, (60, 30)
PAIRWISE = ("mmd", "entropy")  # of batches gathered from processes that have as many samples each


def drawn():
    return 0.5 + torch.randn(SAMPLES, UNITS, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def metrics():
    from gausslab.metrics import MomentMetric, RadialMetric, ReservoirMetric, SlicedEppsPulleyMetric

    return {
        "moments": MomentMetric(UNITS),
        "radial": RadialMetric(UNITS, bins=64),
        "sliced": SlicedEppsPulleyMetric(UNITS, directions=16),
        "reservoir": ReservoirMetric(UNITS, limit=20),
    }


def losses():
    from gausslab.losses import gathered, kozachenko_leonenko, mmd, sigreg

    return {
        "sigreg": lambda z: sigreg(z, 3, directions=16),
        "mmd": lambda z: mmd(gathered(z)),
        "entropy": lambda z: kozachenko_leonenko(gathered(z), 2),
    }


def encoder():
    model = torch.nn.Linear(UNITS, UNITS).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    return model


def loss_and_gradient(model, name, x):
    model.zero_grad()
    loss = losses()[name](model(x))
    loss.backward()
    return {"loss": loss.detach(), **{key.removeprefix("module."): p.grad for key, p in model.named_parameters()}}


def work(rank, folder):
    """What one of the processes does: everything is computed of its own share of the samples."""
    torch.set_num_threads(1)
    group = {"init_method": f"file://{folder}/meeting", "rank": rank, "world_size": len(SHARES)}
    torch.distributed.init_process_group("gloo", **group)
    own, found = drawn().split(SHARES)[rank], {}
    for name, metric in metrics().items():
        for batch in own.split(20):
            metric.update(batch)
        found[name] = metric.compute()
        found[f"{name} again"] = metric.compute()
        metric.update(own[:0])
        found[f"{name} later"] = metric.compute()
    model = DistributedDataParallel(encoder())
    for name in losses():
        share = drawn().chunk(len(SHARES))[rank] if name in PAIRWISE else own
        found[name] = loss_and_gradient(model, name, share)
    torch.save(found, Path(folder) / f"{rank}.pt")
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    if sys.platform == "win32":
        pytest.skip("gloo meets over a file on POSIX only")
    folder = tmp_path_factory.mktemp("processes")
    torch.multiprocessing.spawn(work, (str(folder),), nprocs=len(SHARES))
    return [torch.load(folder / f"{rank}.pt") for rank in range(len(SHARES))]


@pytest.mark.parametrize("name", ["moments", "radial", "sliced"])
def test_metrics_are_those_of_all_samples(found, name):
    metric = metrics()[name]
    metric.update(drawn())
    for each in found:
        for moment in ("", " again", " later"):
            torch.testing.assert_close(each[f"{name}{moment}"], metric.compute(), rtol=1e-12, atol=1e-12)


def test_the_reservoir_is_one_and_from_all_processes(found):
    first, second = (each["reservoir"] for each in found)
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    # which of all samples each of the kept ones is: found, once each, and of both shares
    (_, places) = (first.unsqueeze(1) == drawn()).all(2).nonzero().T
    assert len(places) == len(places.unique()) == 20
    assert 0 < (places < SHARES[0]).sum() < 20


@pytest.mark.parametrize("name", ["sigreg", *PAIRWISE])
def test_losses_and_gradients_are_those_of_the_whole_batch(found, name):
    expected = loss_and_gradient(encoder(), name, drawn())
    for each in found:
        torch.testing.assert_close(each[name], expected, rtol=1e-10, atol=1e-12)
