"""`gausslab compare` as users call it: the plan that it builds, the table of a finished one, refusals in one line."""

import re
import shutil
from dataclasses import replace

import pytest
from comparison.tiny_plan import TINY

from gausslab import comparison
from gausslab.cli import run
from gausslab.cli.comparison_table import print_comparison
from gausslab.comparison import ComparisonConfig, QualityConfig, Settings
from gausslab.presets import ROWS

COMMAND = (
    "compare --data digits --models vae 2svae eae-l1 --seeds 0 1 --scale smoke "
    "--images 200 --epochs 1 --width 4 --jobs 1"
)
"""What gives the plan of the session's comparison."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """An empty folder, so that ./runs is the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def planned(monkeypatch):
    """The plan and the folder that a command line comes to; nothing is run."""
    calls = []

    def stop(plan, out, *_):
        calls.append((plan, out))
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison, "compare", stop)

    def of(arguments):
        assert run(arguments.split()) == 130
        return calls.pop()

    return of


def test_the_command_gives_the_plan(planned):
    plan, out = planned(COMMAND)
    assert plan == TINY
    assert str(out) == f"runs/compare-digits-{TINY.digest}"


def test_without_options_it_is_the_default_plan(planned):
    assert planned("compare")[0] == ComparisonConfig()


def test_every_option_reaches_its_field(planned):
    plan, out = planned(
        "compare --data folder --data-path pictures --size 64 --crop 140 --resampling lanczos --as-released "
        "--models eae vae --samplers mvg gmm --seeds 3 1 --scale paper --extractor inception --weights w.pth "
        "--quality-images 500 --width 8 --channels 3 --depth 2 --weight 0.5 --images 99 --batch 33 --epochs 7 "
        "--lr 0.25 --threads 2 --device cuda --out here"
    )
    settings = Settings(
        width=8, channels=3, depth=2, weight=0.5, images=99, batch=33, epochs=7, lr=0.25, threads=2, device="cuda"
    )
    assert plan == ComparisonConfig(
        data="folder",
        path="pictures",
        size=64,
        crop=140,
        resampling="lanczos",
        as_released=True,
        rows=("eae", "vae"),
        samplers=("mvg", "gmm"),
        seeds=(3, 1),
        scale="paper",
        settings=settings,
        quality=QualityConfig(extractor="inception", weights="w.pth", images=500),
    )
    assert str(out) == "here"


def test_depth_weight_and_batch_reach_every_run(planned):
    plan, _ = planned(f"{COMMAND} --depth 3 --weight 0.25 --batch 50")
    assert plan == replace(TINY, settings=replace(TINY.settings, depth=3, weight=0.25, batch=50))
    assert {(each.model.depth, each.training.batch) for each in plan.configs()} == {(3, 50)}
    weights = {(config.objective.name, config.objective.weight(config.objective.terms[0])) for config in plan.configs()}
    assert weights == {("vae", 0.25), ("eae", 0.25)}


def test_how_pictures_are_cut_and_resized_reaches_every_run(planned):
    plan, _ = planned("compare --data celeba --data-path x --crop 108 --resampling lanczos --models ae")
    assert {(each.data.size, each.data.crop, each.data.resampling) for each in plan.configs()} == {(64, 108, "lanczos")}


def test_all_models(planned):
    assert planned("compare --models all")[0].rows == tuple(ROWS)


def test_rows_with_a_second_stage_keep_to_it_whatever_samplers_are_asked_for(planned):
    plan, _ = planned("compare --models vae 2svae --samplers gmm --seeds 0")
    assert [(cell.row, cell.samplers) for cell in plan.cells()] == [("vae", ("gmm",)), ("2svae", ("second-stage",))]


def test_help_names_every_row_and_option(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["compare", "--help"]) == 0
    words = capsys.readouterr().out.replace("\u2502", " ").split()
    shown = " ".join(words)
    assert "Rows, or all: " + ", ".join(ROWS) + "." in shown
    options = (
        "--data --data-path --size --crop --resampling --as-released --models --samplers --seeds --scale --extractor "
        "--weights --quality-images --width --channels --depth --weight --images --batch --epochs --lr --threads "
        "--device --out --jobs"
    )
    assert set(options.split()) <= set(words)


def test_a_finished_comparison_is_printed_again_and_not_made_again(tiny_comparison, elsewhere, capsys):
    """A copy of the session's: its runs and scores are there, so that the command collects and prints."""
    out = elsewhere / "copy"
    shutil.copytree(tiny_comparison.out, out)
    made = {path: path.read_bytes() for path in out.glob("*/**/*") if path.is_file() and path.name != ".lock"}
    assert len(made) > 4 * 8
    print_comparison(tiny_comparison.table, "digits")
    before = capsys.readouterr().out
    assert run(f"{COMMAND} --out copy".split()) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(before)
    assert "4 runs in copy, 1 at a time" in captured.err and "epoch" not in captured.err
    assert {path: path.read_bytes() for path in made} == made
    assert (out / "comparison.csv").read_bytes() == (tiny_comparison.out / "comparison.csv").read_bytes()
    _check_output(captured.out, elsewhere)


def _check_output(text, folder):
    assert "digits: FD(classifier) of samples and reconstructions" in text
    for title in ("VAE", "2SVAE", "EAE (L1, Laplace)"):
        assert len(re.findall(rf"^ *{re.escape(title)} ", text, re.M)) == 2, "a row of scores and a row of its codes"
    for heading in ("isotropic", "mvg", "gmm", "second-stage", "laplace", "reconstruction", "MSE", "entropy gap"):
        assert heading in text
    assert re.search("^ *real images ", text, re.M) and re.search("^ *null ", text, re.M)
    said = [line.partition(": ")[2] for line in text.splitlines() if line.startswith(("table: ", "figure: "))]
    assert said == ["copy/comparison.csv", "copy/pareto.pdf", "copy/pareto.png"]
    assert all((folder / path).stat().st_size > 0 for path in said)


PLANNED = [
    ("--models vea", 2, "unknown model 'vea'; did you mean 'vae'? choices: vae, "),
    ("--models all vae", 2, "unknown model 'all'; "),
    ("--models vae vae", 2, "rows must be values without repetition, got ('vae', 'vae')"),
    ("--samplers gm", 2, "unknown sampler 'gm'; did you mean 'gmm'? choices: isotropic, "),
    ("--data minst", 2, "unknown data set of the comparison 'minst'; did you mean 'mnist'? choices: "),
    ("--scale smok", 2, "scale 'smok' is unknown; did you mean 'smoke'? choices: smoke, laptop, paper"),
    ("--seeds -1", 2, "seed must be a whole number of at least 0, got -1"),
    ("--width 0", 2, "width must be a whole number of at least 1, got 0"),
    ("--depth 1", 2, "depth must be a whole number of at least 2, got 1"),
    ("--batch 1", 2, "batch must be a whole number of at least 2 (batch norm needs two images), got 1"),
    ("--weight -1", 2, "kl_weight must be a finite number of at least 0, got -1.0"),
    ("--models ae --weight 1", 2, "model 'ae' has no term beside the error, got weight 1.0"),
    ("--crop 0", 2, "crop must be a positive whole number, got 0"),
    ("--resampling lancos", 2, "resampling 'lancos' is unknown; did you mean 'lanczos'? choices: bilinear, lanczos"),
    ("--extractor incepton", 2, "unknown extractor 'incepton'; did you mean 'inception'? choices: classifier, "),
    ("--weights w.pth", 2, "extractor 'classifier' is trained here and takes no file, got w.pth"),
    ("--quality-images 3", 2, "images must be a whole number of at least 4, got 3"),
    ("--jobs 0", 2, "Invalid value for '--jobs': "),
    ("--modles vae", 2, "No such option: --modles"),
]
"""What the plan is refused for, before a run is spoken of."""

PREPARED = [
    ("--data digits --crop 20", 2, "crop is for data 'folder' and 'celeba', got crop 20 with data 'digits'"),
    ("--data digits --resampling lanczos", 2, "resampling is for data 'folder' and 'celeba', got 'lanczos' with "),
    ("--data digits --as-released", 2, "split 'as-released' is for data mnist and cifar10, got data 'digits'"),
    ("--data digits --size 48", 2, "size of digits must be 32 or 64, got 48"),
    ("--data digits --images 1298", 2, "images must be at most 1297"),
    ("--data celeba", 2, "data 'celeba' needs a path: give the folder that holds img_align_celeba "),
    ("--data folder --data-path nowhere", 1, "nowhere"),
    ("--data digits --extractor inception", 2, "extractor 'inception' needs a file of weights, "),
    ("--data digits --extractor inception --weights absent.pth", 1, "there is no file absent.pth"),
]
"""What the images and the extractor refuse, before anything is written."""


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("arguments", "code", "message"), [*PLANNED, *PREPARED], ids=[arguments for arguments, *_ in [*PLANNED, *PREPARED]]
)
def test_refusals_are_one_line_and_leave_nothing(arguments, code, message, elsewhere, capsys):
    assert run(["compare", "--scale", "smoke", *arguments.split()]) == code
    captured = capsys.readouterr()
    (line,) = [line for line in captured.err.splitlines() if line.startswith("gausslab: ")]
    assert message in line and "Traceback" not in captured.err
    assert captured.out == ""
    assert list(elsewhere.iterdir()) == []
