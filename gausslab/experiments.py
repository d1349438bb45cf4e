"""One run from its configuration to its rows of the table: train, measure, draw samples, mark as done."""

import json
import time
from typing import Any

import torch

from gausslab import data, provenance, tables
from gausslab.checkpoints import load_checkpoint
from gausslab.errors import EstimatorError, RunError
from gausslab.files import write_atomically
from gausslab.models import Autoencoder
from gausslab.probing import Probe, accuracy_rows, float_batches, identify, probe, reconstruction_rows
from gausslab.runs import Run
from gausslab.sampling import GRID_SIDE, decode_prior, write_grid
from gausslab.training import Reporter, threads, train


def perform(run: Run, report: Reporter = lambda progress: None) -> tuple[str, ...]:
    """Bring a run to its end; what an earlier session finished is not done again.

    Returns:
        What could not be measured, and why.

    Raises:
        RunError: another process is at work on the run, or its directory cannot be written (the disk is full, say).
        DivergenceError: training diverged.
    """
    try:
        with run.locked():
            return () if run.is_done else _perform(run, report)
    except OSError as error:
        raise RunError(f"cannot write {error.filename or run.path}: {error.strerror or error}") from None


def _perform(run: Run, report: Reporter) -> tuple[str, ...]:
    start = time.monotonic()
    _write_provenance(run, None)
    train(run, report)
    with threads(run.config.training.threads):
        refusals = evaluate(run)
    _write_provenance(run, time.monotonic() - start)
    run.finish()
    return refusals


def evaluate(run: Run) -> tuple[str, ...]:
    """Measure the codes of the test images with the best checkpoint: rows about the code and about the whole network.

    Beside the code's rows stand an autoencoder's reconstruction errors, whose samples and reconstructions are drawn
    too, or a classifier's accuracy.

    Returns:
        What could not be measured, and why.
    """
    checkpoint = load_checkpoint(run.checkpoint_file)
    test = data.load(run.config.data).test
    images = test.images
    identity = identify(run.config)
    point = "normalized" if run.config.model.bottleneck in ("batchnorm", "layernorm") else "post"
    options: dict[str, Any] = {"layers": "bottleneck", "kinds": "all", "point": point}
    try:
        codes = probe(checkpoint.model, float_batches(images), identity, **options)
    except EstimatorError as error:  # a code that cannot be measured still has reconstructions and samples
        codes = Probe(tables.to_frame([]), (str(error),))
    if isinstance(checkpoint.model, Autoencoder):
        results = reconstruction_rows(checkpoint.model, images, identity)
        _draw(run, checkpoint.model, next(float_batches(images)))
    else:
        results = accuracy_rows(checkpoint.model, test, identity)
    tables.write(tables.concat([codes.table, results]), run.measurements_file)
    return codes.refusals


@torch.no_grad()
def _draw(run: Run, model: Autoencoder, images: torch.Tensor) -> None:
    samples = decode_prior(model, run.config.model.width, GRID_SIDE**2, run.config.seed)
    write_grid(samples, run.samples_file)
    shown = images[:GRID_SIDE]
    write_grid(torch.cat([shown, model(shown)]), run.reconstructions_file)


def _seconds_before(run: Run) -> float | None:
    """What earlier sessions noted; a damaged note is no reason not to go on."""
    try:
        seconds = json.loads(run.provenance_file.read_text())["seconds"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if seconds is None else float(seconds)


def _write_provenance(run: Run, seconds: float | None) -> None:
    """Seconds add up over the sessions that came to their end; a killed one is not counted."""
    before = _seconds_before(run)
    total = before if seconds is None else seconds + (before or 0.0)
    record = provenance.record(run.config.training.threads, total)
    write_atomically(run.provenance_file, provenance.to_bytes(record))
