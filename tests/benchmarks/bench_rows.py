"""Training a row against a bare hand-written loop of the same network and loss, side by side; not run by default.

    pytest -o addopts= tests/benchmarks/bench_rows.py [-k "cifar10 and eae"]

(The tests' own options would count their checks of shapes against gausslab.) The networks are the presets' of the
laptop scale, on 1,000 images in batches of 100, on one thread. gausslab's loop is as it trains: bytes to floats, noise,
loss, its parts for the history, the report of progress; validation and files are not in it, the last benchmark
measures them. The bare one has its images as floats already, in the same memory layout, and records nothing. Both make
the same loss of the same batch, which is asserted. A second bare loop tells the noise.

The three train one network with one optimiser, since where its weights lie in memory is worth a percent. They take
turns step by step, the bare ones within gausslab's report of progress, and CPU time is counted, since the machine may
be shared. Printed, and written to `extra_info` with `--benchmark-json`: the median over the steps of a
loop's seconds over the bare one's, its 95 % interval, and the quartiles of the steps. The aim is a ratio that cannot be
told from 1 within a percent: gausslab's step comes first in every turn, which can be worth that much either way and
does not show in the second bare loop's interval. The images are noise: time does not depend on them.
"""

import copy
import math
import statistics
import time

import pytest
import torch
from torch.nn import functional

from gausslab.data import Split, to_float
from gausslab.objectives import Batch
from gausslab.presets import preset
from gausslab.runs import Run
from gausslab.seeding import torch_generator
from gausslab.training import Session, _train_epoch, _validate, threads

IMAGES, BATCH, EPOCHS = 1000, 100, 20
SHAPES = {"mnist": (1, 32, 32), "cifar10": (3, 32, 32), "celeba": (3, 64, 64)}


def mean_error(images, reconstructions):
    return functional.mse_loss(reconstructions, images)


def summed_error(images, reconstructions):
    return functional.mse_loss(reconstructions, images, reduction="sum") / len(images)


def kernels(model, config):
    kinds = (torch.nn.ConvTranspose2d, torch.nn.Linear)[: 2 if config.kernel_scope == "all" else 1]
    weights = [module.weight for module in model.decoder.modules() if isinstance(module, kinds)]
    return config.kernel_weight * sum(weight.square().sum() for weight in weights) if config.kernel_weight else 0.0


def vae(model, images, generator, config):
    *hidden, dense = model.encoder
    features = images
    for layer in hidden:
        features = layer(features)
    mean, log_sd = dense(features), model.spread(features)
    noise = torch.randn(mean.shape, generator=generator)
    reconstructions = model.decoder(mean + log_sd.exp() * noise)
    divergence = 0.5 * ((2 * log_sd).exp() + mean.square() - 1 - 2 * log_sd).sum(1).mean()
    return summed_error(images, reconstructions) / images.shape[1] + config.kl_weight * divergence


def rae(model, images, generator, config):
    codes = model.encoder(images)
    error = mean_error(images, model.decoder(codes))
    return error + config.code_weight * codes.square().mean() + kernels(model, config)


def rae_gp(model, images, generator, config):
    codes = model.encoder(images)
    reconstructions = model.decoder(codes)
    (gradient,) = torch.autograd.grad(reconstructions.square().sum(), codes, create_graph=True)
    penalty = config.code_weight * codes.square().mean() + config.gradient_weight * gradient.square().mean()
    return mean_error(images, reconstructions) + penalty


def inverse_multiquadratic(x, y):
    squares = (x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.T).clamp_min(0)
    widths = [2 * x.shape[1] * scale for scale in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)]
    return sum(width / (width + squares) for width in widths)


def wae(model, images, generator, config):
    inputs = images
    if config.input_noise:
        noise = torch.randn(images.shape, generator=generator)
        inputs = images + (config.input_noise * noise).clamp(-config.input_noise, config.input_noise)
    codes = model.encoder(inputs)
    normal, pairs = torch.randn(codes.shape, generator=generator), len(codes) * (len(codes) - 1)
    within = [inverse_multiquadratic(each, each) for each in (codes, normal)]
    discrepancy = sum((values.sum() - values.trace()) / pairs for values in within)
    discrepancy = discrepancy - 2 * inverse_multiquadratic(codes, normal).mean()
    error = {"mean": mean_error, "sum": summed_error}[config.error](images, model.decoder(codes))
    return config.error_weight * error + config.mmd_weight * discrepancy


def eae(model, images, generator, config):
    codes = model.bottleneck(model.encoder(images))
    samples, units = codes.shape
    with torch.no_grad():
        nearest = torch.cdist(codes, codes).fill_diagonal_(math.inf).argmin(1)
    squares = (codes - codes[nearest]).square().sum(1)
    ball = units / 2 * math.log(math.pi) - math.lgamma(units / 2 + 1)
    psi = sum(1 / i for i in range(1, samples))  # psi(samples) - psi(1)
    entropy = units / 2 * (squares + 1e-14).log().mean() + ball + psi
    error = summed_error(images, model.decoder(codes))
    return error - config.entropy_weight * entropy + kernels(model, config)


def sigreg(model, images, generator, config):
    codes = model.bottleneck(model.encoder(images))
    step = int(torch.randint(2**31, (), generator=generator))
    directions = torch.randn(codes.shape[1], 256, generator=torch.Generator().manual_seed(step))
    t = torch.linspace(0, 3, 17)
    window = torch.exp(-t.square() / 2)
    weights = 2 * 3 / 16 * window
    weights[[0, -1]] /= 2
    angles = (codes @ (directions / directions.norm(dim=0))).unsqueeze(-1) * t
    distances = (angles.cos().mean(0) - window).square() + angles.sin().mean(0).square()
    statistic = len(codes) * (distances @ weights).mean()
    error = summed_error(images, model.decoder(codes))
    return error + config.sigreg_weight * statistic + kernels(model, config)


ROWS = {"vae": vae, "rae-l2": rae, "rae-gp": rae_gp, "rae-sn": rae, "wae": wae, "eae": eae, "sigreg": sigreg}


class Bare:
    """The loop as one writes it by hand."""

    def __init__(self, loss, session, images):
        self.model, self.optimiser = session.model, session.optimiser
        self.loss, self.config = loss, session.config.objective
        self.images, self.generator = images, torch.Generator().manual_seed(0)

    def steps(self):
        """One after another, epochs without end."""
        while True:
            self.model.train()
            for index in torch.randperm(len(self.images)).split(BATCH):
                self.optimiser.zero_grad(set_to_none=True)
                self.loss(self.model, self.images[index], self.generator, self.config).backward()
                self.optimiser.step()
                yield


@pytest.fixture(autouse=True)
def one_thread(request):
    if request.config.getoption("jaxtyping_packages", None):
        pytest.skip("the tests' checks of shapes would count too; run it with `-o addopts=`")
    with threads(1):
        yield


def seconds(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def training(row, data):
    """A session of a row, and images of noise as bytes and as floats in the layout that the networks want."""
    config = preset(row, data, images=IMAGES, batch=BATCH)
    split = Split(torch.randint(256, (IMAGES, *SHAPES[data]), generator=torch_generator(0, row)).byte(), None)
    floats = to_float(split.images).contiguous(memory_format=torch.channels_last)
    return Session(config, SHAPES[data], ""), split, floats


def assert_same_loss(session, bare):
    images, models = bare.images[:BATCH], [copy.deepcopy(each.model).train() for each in (session, bare)]
    ours = session.objective(models[0], Batch(images), torch_generator(0, "check")).total.item()
    assert ours == pytest.approx(
        bare.loss(models[1], images, torch_generator(0, "check"), bare.config).item(), rel=1e-5
    )


@pytest.mark.parametrize("data", SHAPES)
@pytest.mark.parametrize("row", ROWS)
def test_row(benchmark, capsys, row, data):
    session, split, floats = training(row, data)
    bare, twin = (Bare(ROWS[row], session, floats) for _ in range(2))
    assert_same_loss(session, bare)
    turns, times = [each.steps() for each in (bare, twin)], []

    def epoch():
        start = time.process_time()

        def others(progress):
            nonlocal start
            ours, order = time.process_time() - start, (0, 1) if progress.step % 2 else (1, 0)
            theirs = {turn: seconds(turns[turn].__next__) for turn in order}
            times.append((ours, theirs[0], theirs[1]))
            start = time.process_time()

        _train_epoch(session, split, others)

    benchmark.pedantic(epoch, rounds=EPOCHS, warmup_rounds=1)
    del times[: IMAGES // BATCH]
    ours, null = (summary([each[loop] / each[1] for each in times]) for loop in (0, 2))
    step = 1e3 * statistics.median(each[1] for each in times)
    benchmark.extra_info |= {"ratio": ours, "null": null, "milliseconds": step}
    with capsys.disabled():
        print(f"\n{row}, {data}: gausslab / bare = {told(ours)}; bare / bare = {told(null)}; {step:.1f} ms a step")


def summary(ratios):
    """Median, its 95 % interval by order statistics, and quartiles."""
    ordered, half = sorted(ratios), round(0.98 * math.sqrt(len(ratios)))
    middle = len(ordered) // 2
    low, median, high = statistics.quantiles(ordered, n=4)
    return {"median": median, "interval": (ordered[middle - half], ordered[middle + half]), "quartiles": (low, high)}


def told(ratio):
    (least, most), (low, high) = ratio["interval"], ratio["quartiles"]
    return f"{ratio['median']:.3f} ({least:.3f} to {most:.3f}; steps {low:.3f} to {high:.3f})"


@pytest.mark.parametrize("data", SHAPES)
def test_validation_and_files(benchmark, capsys, tmp_path, data):
    """What ends an epoch, in images whose training costs as much; a laptop's epoch trains on 10,000."""
    session, split, _ = training("rae-l2", data)
    run, rounds = Run.create(tmp_path, session.config), []

    def write():
        session.best = math.inf  # a new best checkpoint every time: the dearest case
        session.write(run)

    def take_turns():
        losses = seconds(lambda: _train_epoch(session, split, lambda progress: None))
        validation = seconds(lambda: session.close_epoch(_validate(session, split)))
        rounds.append((losses, validation, seconds(write)))

    benchmark.pedantic(take_turns, rounds=10, warmup_rounds=1)
    train, validation, files = (statistics.median(times) / IMAGES for times in zip(*rounds[1:], strict=True))
    benchmark.extra_info |= {"validation": validation / train, "files": files / train * IMAGES}
    with capsys.disabled():
        print(
            f"\n{data}: a validation image costs {validation / train:.2f} training images, the files of an epoch "
            f"{files / train * IMAGES:.0f} ({1e3 * files * IMAGES:.0f} ms)"
        )
