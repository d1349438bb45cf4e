"""Training RAE-L2 against pythae's, side by side; not run by default and skipped without pythae.

    pip install --no-deps pythae==0.1.2
    pip install cloudpickle imageio tqdm "pydantic>=2"
    pytest -o addopts= tests/benchmarks/bench_pythae.py

(`--no-deps` leaves out `dataclasses`, which pythae names and no Python of today needs. The tests' own options would
count their checks of shapes against gausslab.) Nothing of pythae is replaced or changed, and it needs no torchvision.

The same network of the laptop scale (gausslab's encoder and decoder in pythae's classes), the same initial weights and
images, one thread. pythae minimises the same loss times the number of an image's elements, with weights to match, which
is asserted but for the decoder's kernels: it has their penalty as the weight decay of Adam, on everything in the
decoder. An epoch is ten steps of 100 images by each one's own trainer, `CoupledOptimizerTrainer` there, without
validation and files; the step alone is loss, backward and optimiser on one batch that lies ready. pythae's runs
backward through the whole network twice a step, for the encoder and for the decoder. Its weights lie in memory as
PyTorch makes them (`contiguous`) or as gausslab lays them out (`channels_last`), which pythae leaves to its user.

They take turns in changing order, and CPU time is counted, since the machine may be shared. Printed, and written to
`extra_info` with `--benchmark-json`: the median over the rounds of pythae's seconds over gausslab's, and the quartiles.
The aim is 1.2 at least. The images are noise: time does not depend on them.
"""

import copy
import math
import statistics
import time

import pytest
import torch

from gausslab.data import Split, to_float
from gausslab.objectives import Batch
from gausslab.presets import preset
from gausslab.seeding import torch_generator
from gausslab.training import Session, _train_epoch, threads

IMAGES, BATCH = 1000, 100
ROUNDS = {"epoch": 15, "step": 100}
SHAPES = {"mnist": (1, 32, 32), "cifar10": (3, 32, 32), "celeba": (3, 64, 64)}
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


@pytest.fixture(autouse=True)
def one_thread(request):
    pytest.importorskip("pythae", reason="pythae is not installed: see the head of this file")
    if request.config.getoption("jaxtyping_packages", None):
        pytest.skip("the tests' checks of shapes would count too; run it with `-o addopts=`")
    with threads(1):
        yield


class Ours:
    """gausslab's training loop."""

    def __init__(self, data):
        config = preset("rae-l2", data, images=IMAGES, batch=BATCH)
        images = torch.randint(256, (IMAGES, *SHAPES[data]), generator=torch_generator(0, data)).byte()
        self.session, self.split = Session(config, SHAPES[data], ""), Split(images, None)
        self.batch = Batch(to_float(images[:BATCH]).contiguous(memory_format=torch.channels_last))

    def epoch(self):
        _train_epoch(self.session, self.split, lambda progress: None)

    def step(self):
        loss = self.loss()
        self.session.optimiser.zero_grad(set_to_none=True)
        loss.total.backward()
        self.session.optimiser.step()

    def loss(self):
        return self.session.objective(self.session.model, self.batch, torch_generator(0, "unused"))


class Theirs:
    """pythae's model and trainer, around a copy of gausslab's network."""

    def __init__(self, ours, layout, folder):
        from pythae.data.datasets import BaseDataset

        images = to_float(ours.split.images).contiguous(memory_format=layout)
        self.model = pythae_model(ours.session, layout)
        self.trainer = pythae_trainer(self.model, BaseDataset(images, torch.zeros(IMAGES)), ours.session, folder)
        self.batch = {"data": images[:BATCH]}

    def epoch(self):
        self.trainer.train_step(1)

    def step(self):
        self.trainer._optimizers_step(self.model(self.batch))


def pythae_model(session, layout):
    from pythae.models import RAE_L2, RAE_L2_Config
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self, layers):
            super().__init__()
            self.layers = layers

        def forward(self, x):
            return ModelOutput(embedding=self.layers(x))

    class Decoder(BaseDecoder):
        def __init__(self, layers):
            super().__init__()
            self.layers = layers

        def forward(self, z):
            return ModelOutput(reconstruction=self.layers(z))

    config, elements = session.config, math.prod(session.image_shape)
    weights = RAE_L2_Config(
        input_dim=session.image_shape,
        latent_dim=config.model.width,
        embedding_weight=2 * config.objective.code_weight * elements / config.model.width,
        reg_weight=2 * config.objective.kernel_weight * elements,
    )
    network = copy.deepcopy(session.model)
    return RAE_L2(weights, Encoder(network.encoder), Decoder(network.decoder)).to(memory_format=layout)


def pythae_trainer(model, dataset, session, folder):
    from pythae.trainers import CoupledOptimizerTrainer, CoupledOptimizerTrainerConfig

    config = CoupledOptimizerTrainerConfig(
        output_dir=str(folder),
        per_device_train_batch_size=BATCH,
        num_epochs=1,
        encoder_learning_rate=session.config.training.lr,
        decoder_learning_rate=session.config.training.lr,
        decoder_optimizer_params={"weight_decay": model.model_config.reg_weight},  # as its pipeline sets it
        no_cuda=True,
    )
    trainer = CoupledOptimizerTrainer(model=model, train_dataset=dataset, training_config=config)
    trainer.prepare_training()
    return trainer


def seconds(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def assert_same_loss(ours, theirs):
    """But for the decoder's kernels."""
    loss = ours.loss()
    kernels = ours.session.config.objective.kernel_weight * loss.parts["kernel"].item()
    elements = math.prod(ours.session.image_shape)
    theirs.model.train()
    assert theirs.model(theirs.batch).loss.item() / elements == pytest.approx(loss.total.item() - kernels, rel=1e-5)


@pytest.mark.parametrize("what", ["epoch", "step"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("data", SHAPES)
def test_rae_l2(benchmark, capsys, tmp_path, data, layout, what):
    ours = Ours(data)
    theirs = Theirs(ours, LAYOUTS[layout], tmp_path)
    assert_same_loss(ours, theirs)
    loops, rounds = [getattr(each, what) for each in (ours, theirs)], []

    def take_turns():
        first = len(rounds) % 2
        times = {turn: seconds(loops[turn]) for turn in (first, 1 - first)}
        rounds.append((times[0], times[1]))

    benchmark.pedantic(take_turns, rounds=ROUNDS[what], warmup_rounds=1)
    low, ratio, high = statistics.quantiles([pythae / gausslab for gausslab, pythae in rounds[1:]], n=4)
    us, them = (min(times) for times in zip(*rounds[1:], strict=True))
    benchmark.extra_info |= {"ratio": ratio, "quartiles": [low, high], "ours": us, "pythae": them}
    with capsys.disabled():
        print(
            f"\n{data}, {what}, pythae {layout}: pythae / gausslab = {ratio:.2f} ({low:.2f} to {high:.2f}), of the "
            f"least {them / us:.2f}; {1e3 * us:.1f} ms against {1e3 * them:.1f} ms"
        )
