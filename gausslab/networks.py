"""From a file to a network and the images to show it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn
from torch.nn import functional

from gausslab import data
from gausslab.adversarial.specs import EFFORTS, AttackSpec
from gausslab.checkpoints import Checkpoint, load_checkpoint
from gausslab.config import DataConfig
from gausslab.errors import CheckpointError, ConfigError, choices, entry, first_line
from gausslab.estimators.registry import ESTIMATORS, PROBE_ESTIMATORS
from gausslab.factories import build_model, names_factory
from gausslab.foreign import FileKind, load_into, read_pickle, read_state_dict, recognise, refuse
from gausslab.probing import Identity, float_batches, identify

SPLITS = ("test", "validation", "train", "all")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to probe, and how.

    Attributes:
        file: a file of one of the kinds in `gausslab.foreign`, or `pkg.mod:factory` of a network that brings its own
            weights.
        data: images to show a network; None takes those a gausslab checkpoint was made for.
        split: which of them: `test`, `validation`, `train` or `all`.
        images: at most this many, the first ones; None is all.
        input_shape: (channels, height, width) to bring the images to; None leaves them as they are.
        model: `pkg.mod:factory` that builds the network of a foreign state dict.
        model_kwargs: the factory's arguments.
        strict: whether a foreign state dict must have exactly the network's keys.
        unsafe_pickle: whether a pickled module may be loaded, which can run any code.
        adversarial: of activations, those of the same examples after an attack, for the paired radius report; of a
            classifier, images that were attacked: a set of `gausslab attack`, or arrays `clean` and `adversarial`.
        attacks: to run on a classifier.
        attack_images: how many images are attacked, the first ones.
        effort: how long attacks search, a name in `adversarial.specs.EFFORTS`.
        duplicates: `error`, `drop` or `jitter`, see `gausslab.estimators.entropy.without_duplicates`.
        limit: samples a layer that the estimators see.
        capture: further options of `gausslab.capture`.
        estimators: registry names.
    """

    file: Path
    data: DataConfig | None = None
    split: str = "test"
    images: int | None = None
    input_shape: tuple[int, int, int] | None = None
    model: str | None = None
    model_kwargs: Mapping[str, Any] = field(default_factory=dict)
    strict: bool = True
    unsafe_pickle: bool = False
    adversarial: Path | None = None
    attacks: tuple[AttackSpec, ...] = ()
    attack_images: int = 250
    effort: str = "full"
    duplicates: str = "error"
    limit: int = 2000
    capture: Mapping[str, Any] = field(default_factory=dict)
    estimators: tuple[str, ...] = PROBE_ESTIMATORS

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise ConfigError(f"split {self.split!r} is unknown; {choices(self.split, SPLITS)}")
        for name in self.estimators:
            if name not in ESTIMATORS:
                raise ConfigError(f"estimator {name!r} is unknown; {choices(name, tuple(ESTIMATORS))}")
        entry(self.effort, EFFORTS, "effort")
        if self.attacks and self.adversarial is not None:
            raise ConfigError("--attack and --adv are two reports; ask for one of them")
        for name in ("images", "limit", "attack_images"):
            value = getattr(self, name)
            if value is not None and value < 2:
                raise ConfigError(f"{name} must be a whole number of at least 2, got {value}")

    @property
    def digest(self) -> str:
        """Eight hex digits that change with the bytes of the files, the weights of a factory, and with any option.

        Raises:
            CheckpointError: a file cannot be read.
            ConfigError: the factory cannot be called, or gets no images.
        """
        others = [file_digest(path) for path in (self.adversarial,) if path is not None]
        contents = " ".join([network_digest(self), *others])
        options = replace(self, file=Path(), adversarial=None)
        return hashlib.sha256(f"{contents}{options!r}".encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Network:
    """A network with the images to show it.

    Attributes:
        model: the network.
        identity: its columns in the table.
        images: uint8 images.
        labels: their classes; None where there are none.
        input_shape: what to bring them to.
    """

    model: nn.Module
    identity: Identity
    images: UInt8[Tensor, "samples channels height width"]
    labels: Int64[Tensor, " samples"] | None
    input_shape: tuple[int, int, int] | None

    @property
    def digest(self) -> str:
        """Sixteen hex digits that change with any image or label."""
        digest = hashlib.sha256(repr(tuple(self.images.shape)).encode())
        digest.update(self.images.contiguous().numpy().data)
        digest.update(b"" if self.labels is None else self.labels.contiguous().numpy().data)
        return digest.hexdigest()[:16]

    def batches(self) -> Iterator[Float[Tensor, "samples channels height width"]]:
        """Images in [0, 1], batch by batch, in the shape the network takes."""
        return (to_shape(batch, self.input_shape) for batch in float_batches(self.images))


def open_classifier(request: Request) -> Network:
    """The classifier of a file, with its images.

    Raises:
        CheckpointError: the file is refused or does not fit, or holds an autoencoder.
        ConfigError: the images or the factory are missing.
    """
    kind = recognise(request.file)
    if kind is FileKind.CHECKPOINT and load_checkpoint(request.file).config.model.kind != "classifier":
        raise CheckpointError(f"{request.file} holds an autoencoder, which gives no classes; expected a classifier")
    return open_network(request, kind)


def open_network(request: Request, kind: FileKind) -> Network:
    """The network of a file, with its images.

    Raises:
        CheckpointError: the file is refused or does not fit.
        ConfigError: the images or the factory are missing.
    """
    network = _opened(request, kind)
    _check_fit(network)
    return network


def _opened(request: Request, kind: FileKind) -> Network:
    if kind is FileKind.CHECKPOINT:
        return _own(request)
    if kind is FileKind.FACTORY:
        return _with_images(request, _built(request))
    if kind in (FileKind.STATE_DICT, FileKind.SAFETENSORS):
        return _foreign(request, read_state_dict(request.file))
    if kind is FileKind.PICKLE:
        content = read_pickle(request.file, unsafe_pickle=request.unsafe_pickle)
        return _with_images(request, content) if isinstance(content, nn.Module) else _foreign(request, content)
    raise refuse(request.file, kind)


def _own(request: Request) -> Network:
    if request.model is not None:
        raise ConfigError(f"{request.file} is a gausslab checkpoint and brings its own network; leave --model out")
    checkpoint = load_checkpoint(request.file)
    loaded = _made_with(checkpoint) if request.data is None else data.load(replace(request.data, images=None))
    identity, chosen = replace(identify(checkpoint.config), data=loaded.name), _chosen(loaded, request)
    shape = request.input_shape or checkpoint.image_shape
    return Network(checkpoint.model, identity, chosen.images, chosen.labels, shape)


def _made_with(checkpoint: Checkpoint) -> data.ImageData:
    """The images a checkpoint was made with, in training no more than it was trained on."""
    loaded = data.load(checkpoint.config.data)
    if checkpoint.data_digest not in ("", loaded.held_out_digest):
        raise CheckpointError(
            f"the images of {loaded.name} are not those the checkpoint was made with (files were added, removed or "
            "changed); name them with --data to probe on them all the same"
        )
    return loaded


def _foreign(request: Request, weights: Mapping[str, Tensor]) -> Network:
    if request.model is None:
        raise ConfigError(f"{request.file} is a state_dict; say what builds its network with --model pkg.mod:factory")
    model = build_model(request.model, request.model_kwargs)
    load_into(model, weights, strict=request.strict)
    return _with_images(request, model.eval())


def _built(request: Request) -> nn.Module:
    """The network of a factory that brings its weights; if it draws them, the same ones each time."""
    if request.model is not None:
        raise ConfigError(f"{request.file} builds its own network; leave --model out")
    _require_data(request)  # before weights are fetched
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_model(str(request.file), request.model_kwargs).eval()


def _require_data(request: Request) -> DataConfig:
    if request.data is None:
        raise ConfigError(f"say which images to show the network with --data; choices: {', '.join(data.DATASETS)}")
    return request.data


def _with_images(request: Request, model: nn.Module) -> Network:
    source = _require_data(request)
    identity = Identity(run=foreign_name(request.file), data=source.name, model=type(model).__name__)
    chosen = _chosen(data.load(replace(source, images=None)), request)
    return Network(model, identity, chosen.images, chosen.labels, request.input_shape)


def _chosen(loaded: data.ImageData, request: Request) -> data.Split:
    parts = (
        (loaded.train, loaded.validation, loaded.test) if request.split == "all" else (getattr(loaded, request.split),)
    )
    labels = [part.labels for part in parts if part.labels is not None]
    known = torch.cat(labels)[: request.images] if len(labels) == len(parts) else None
    return data.Split(torch.cat([part.images for part in parts])[: request.images], known)


@torch.no_grad()
def _check_fit(network: Network) -> None:
    """Show the network one image, so that one that takes other inputs is told in a line and not by a traceback.

    Raises:
        ConfigError: the network cannot take the images.
    """
    image = next(network.batches())[:1]
    network.model.eval()
    try:
        network.model(image)
    except Exception as error:  # a user's network may raise anything
        raise ConfigError(
            f"{network.identity.model} cannot take images of shape {tuple(image.shape[1:])}: "
            f"{first_line(error)}; bring them to its shape with --input CHANNELSxHEIGHTxWIDTH"
        ) from None


def to_shape(
    images: Float[Tensor, "samples channels height width"], shape: tuple[int, int, int] | None
) -> Float[Tensor, "samples channels_out height_out width_out"]:
    """Grey repeated to three channels or colours averaged to one, then resized (bilinear, antialiased).

    >>> to_shape(torch.zeros(2, 1, 32, 32), (3, 64, 64)).shape
    torch.Size([2, 3, 64, 64])
    """
    if shape is None:
        return images
    channels, height, width = shape
    if images.shape[1] != channels:
        images = images.mean(1, keepdim=True).expand(-1, channels, -1, -1)
    if images.shape[2:] != (height, width):
        images = functional.interpolate(images, (height, width), mode="bilinear", antialias=True).clamp(0, 1)
    return images


def foreign_name(file: Path) -> str:
    """What the rows of a network that is no run of gausslab's are named after: its factory, else its file."""
    return str(file).partition(":")[2] if names_factory(file) else file.stem


def network_digest(request: Request) -> str:
    """SHA-256, in hex, of the bytes of a network's file, or of a factory's name and what it builds.

    Raises:
        CheckpointError: the file cannot be read.
        ConfigError: the factory cannot be called, or gets no images.
    """
    if not names_factory(request.file):
        return file_digest(request.file)
    from gausslab.quality.extractors import weights_digest

    return hashlib.sha256(f"{request.file} {weights_digest(_built(request))}".encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex.

    Raises:
        CheckpointError: the file cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from None
