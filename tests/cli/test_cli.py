"""The command line as users meet it: exit codes, one line a mistake, results on stdout and progress on stderr."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import gausslab
from gausslab import files, tables
from gausslab.cli import run
from gausslab.cli.lists import repeat_names
from gausslab.config import DataConfig, ModelConfig, ObjectiveConfig, SweepConfig, TrainConfig
from gausslab.serialisation import from_json

SMALL = ["--data", "digits", "--images", "100", "--batch", "50", "--scale", "smoke", "--epochs", "1"]
SWEEP = ["sweep", "--widths", "2", "4", "--seeds", "0", *SMALL, "--jobs", "1"]
COMMANDS = [
    ["sweep"],
    ["train"],
    ["compare"],
    ["probe"],
    ["sample"],
    ["interpolate"],
    ["measure"],
    ["figures"],
    ["data"],
    ["data", "list"],
    ["data", "info"],
    ["data", "fetch"],
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """An empty folder, so that ./runs is the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def leftovers(folder):
    return list(folder.rglob("*.tmp"))


def complaint(capsys, arguments, code):
    """What `gausslab ARGUMENTS` complains of: its last line on stderr, the only one that begins with its name."""
    assert run(arguments) == code
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert [line for line in lines if line.startswith("gausslab: ")] == lines[-1:]
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert leftovers(Path.cwd()) == []
    return lines[-1].removeprefix("gausslab: ")


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"gausslab {gausslab.__version__}\n"


def test_python_m_gausslab_and_the_script():
    script = Path(sys.executable).parent / "gausslab"
    for command in ([sys.executable, "-m", "gausslab"], [str(script)]):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout == f"gausslab {gausslab.__version__}\n"


@pytest.mark.parametrize("command", [[], *COMMANDS], ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_of_every_command(capsys, command, option):
    assert run([*command, option]) == 0
    captured = capsys.readouterr()
    assert "Usage: gausslab" in captured.out
    assert captured.err == ""


def test_no_command_shows_the_help(capsys):
    assert run([]) == 2
    captured = capsys.readouterr()
    assert "sweep" in captured.out + captured.err


def test_help_lists_every_option_of_the_issue(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    run(["sweep", "--help"])
    shown = capsys.readouterr().out
    options = "--widths --seeds --data --channels --depth --images --epochs --batch --lr --scale --out --jobs"
    for option in options.split():
        assert option in shown


SPELLINGS = [
    ["--widths", "8", "16", "32"],
    ["--widths", "8", "--widths", "16", "--widths", "32"],
    ["--widths=8", "16", "32"],
    ["--widths=8", "--widths=16", "--widths=32"],
    ["--widths", "8", "16", "--widths=32"],
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=" ".join)
def test_spellings_of_lists_are_equal(monkeypatch, spelling):
    """The grid that reaches the sweep, beside other options on either side."""
    from gausslab import sweeping

    grids = []

    def stop(grid, *_):
        grids.append(grid)
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeping, "sweep", stop)
    assert run(["sweep", "--lr", "0.01", *spelling, "--seeds", "3", "1", "--data", "digits"]) == 130
    assert (grids[0].widths, grids[0].seeds, grids[0].base.training.lr) == ((8, 16, 32), (3, 1), 0.01)
    assert grids[0].base.data.name == "digits"


def test_every_option_reaches_its_field(monkeypatch):
    from gausslab import sweeping

    grids = []
    monkeypatch.setattr(
        sweeping, "sweep", lambda grid, *_: grids.append(grid) or (_ for _ in ()).throw(KeyboardInterrupt)
    )
    arguments = (
        "sweep --data digits --images 99 --size 64 --channels 3 5 --depth 2 6 --bottleneck none --init keras "
        "--objective ae eae --entropy-weight 0.5 1 --neighbours 2 --epochs 7 --batch 33 --lr 0.5 --schedule plateau "
        "--decay 0.5 --threads 2 --device cuda"
    )
    run(arguments.split())
    (grid,) = grids
    base = grid.base
    assert (base.data.name, base.data.images, base.data.size, base.data.crop) == ("digits", 99, 64, None)
    assert (grid.channels, grid.depths, base.model.bottleneck, base.model.init) == ((3, 5), (2, 6), "none", "keras")
    assert [objective.label for objective in grid.objectives] == ["ae", "eae-0.5-k2", "eae-1-k2"]
    fit = base.training
    assert (fit.epochs, fit.batch, fit.lr, fit.schedule, fit.decay) == (7, 33, 0.5, "plateau", 0.5)
    assert (fit.threads, fit.device) == (2, "cuda")


PICTURES = ["--data", "celeba", "--data-path", "faces", "--images", "99", "--size", "64", "--crop", "108"]


@pytest.mark.parametrize("command", ["train", "sweep", "compare"])
def test_how_images_are_read_is_said_alike(monkeypatch, command):
    """Every field of DataConfig, under the same names in all commands that train."""
    from gausslab import comparison, experiments, sweeping, training

    configs = []

    def stop(first, *_):
        configs.append(first if isinstance(first, TrainConfig) else next(iter(first.configs())))
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "load_images", stop)
    monkeypatch.setattr(sweeping, "sweep", stop)
    monkeypatch.setattr(comparison, "compare", stop)
    monkeypatch.setattr(experiments, "perform", stop)
    assert run([command, *PICTURES, "--resampling", "lanczos", "--as-released"]) == 130
    assert configs[0].data == DataConfig(
        name="celeba", path="faces", images=99, size=64, crop=108, resampling="lanczos", split="as-released"
    )
    assert run([command, "--data", "digits", "--images", "99", "--size", "32"]) == 130
    assert configs[1].data == DataConfig(name="digits", images=99)


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("--w 1 2 --x 3 4", "--w 1 --w 2 --x 3 4"),
        ("--w=1 2", "--w=1 --w 2"),
        ("file --w -1 -2", "file --w -1 --w -2"),
        ("--w", "--w"),
        ("--w 1 -h", "--w 1 -h"),
        ("--w 1 -- 2", "--w 1 -- 2"),
    ],
)
def test_repeat_names(given, spelled):
    assert repeat_names(given.split(), {"--w"}) == spelled.split()


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A sweep at the smoke scale by the installed command, from nothing."""
    folder = tmp_path_factory.mktemp("swept")
    command = [sys.executable, "-m", "gausslab", *SWEEP]
    return folder, subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_sweep_succeeds_and_says_what_it_found(swept):
    _, done = swept
    assert done.returncode == 0, done.stderr
    assert "Do narrower codes come closer to a Gaussian here?" in done.stdout
    for heading in ("width", "KL", "correlation", "beyond", "entropy gap", "kNN-KL", "rejected", "radial SD", "MSE"):
        assert heading in done.stdout
    assert len(re.findall(r"^ +(?:2|4) ", done.stdout, re.M)) == 2
    assert done.stdout.count("null  ") == 2


def test_progress_is_on_stderr_alone(swept):
    _, done = swept
    assert "2 runs in" in done.stderr
    assert done.stderr.count("epoch 1/1") == 2
    assert done.stderr.count("  done") == 2
    assert "epoch" not in done.stdout


def test_sweep_writes_what_it_says(swept):
    folder, done = swept
    (out,) = (folder / "runs").iterdir()
    assert out.name == f"sweep-digits-{from_json(SweepConfig, (out / 'sweep.json').read_text()).digest}"
    said = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.startswith(("table: ", "figure: "))]
    assert {Path(path).name for path in said} == {
        "measurements.csv", "width_trend.pdf", "width_trend.png", "width_samples.pdf", "width_samples.png",
    }  # fmt: skip
    for path in said:
        assert (folder / path).stat().st_size > 0
    runs = [path for path in out.iterdir() if path.is_dir()]
    assert len(runs) == 2
    for path in runs:
        assert {"checkpoint.pt", "samples.png", "reconstructions.png", "done"} <= {file.name for file in path.iterdir()}
    assert leftovers(folder) == []


def test_the_same_sweep_again_trains_nothing(swept, capsys, monkeypatch):
    folder, done = swept
    monkeypatch.chdir(folder)
    files_before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert run(SWEEP) == 0
    captured = capsys.readouterr()
    assert captured.out == done.stdout
    assert "epoch" not in captured.err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == files_before


def test_figures_redraws_the_same_bytes(swept, capsys, monkeypatch):
    folder, _ = swept
    monkeypatch.chdir(folder)
    pictures = {path: path.read_bytes() for path in folder.rglob("width_*")}
    assert len(pictures) == 4
    for path in pictures:
        path.unlink()
    assert run(["figures"]) == 0
    assert {Path(line).resolve() for line in capsys.readouterr().out.splitlines()} == {p.resolve() for p in pictures}
    assert {path: path.read_bytes() for path in pictures} == pictures


def test_figures_without_anything_to_draw(capsys):
    assert complaint(capsys, ["figures"], 1) == "no table of a sweep, probe or study in runs, studies"


def test_train(capsys):
    assert run(["train", "--width", "2", *SMALL]) == 0
    captured = capsys.readouterr()
    assert "bottleneck (2)" in captured.out
    said = [
        line.split(": ", 1)[1] for line in captured.out.splitlines() if line.startswith(("table: ", "checkpoint: "))
    ]
    assert [Path(path).name for path in said] == ["measurements.csv", "checkpoint.pt"]
    assert all(Path(path).is_file() for path in said)
    assert "epoch 1/1" in captured.err


def test_train_and_probe_a_classifier_without_batch_norm(capsys):
    network = "--bottleneck layernorm --norm none --levels 3 --head-depth 2 --head-units 6 --entropy-weight 0.05"
    assert run(["train", "--kind", "classifier", *network.split(), "--width", "4", *SMALL]) == 0
    printed = capsys.readouterr()
    assert "bottleneck (4)" in printed.out and "classification of 300 held-out images: accuracy 0." in printed.out
    assert "not measured: bottleneck: kl_decomposition" in printed.err  # the units of a layer norm's code add up to 0
    [folder] = Path("runs").iterdir()
    config = from_json(TrainConfig, (folder / "config.json").read_text())
    assert config.model == ModelConfig(
        kind="classifier", width=4, channels=2, bottleneck="layernorm", norm="none", levels=3, head_depth=2,
        head_units=6,
    )  # fmt: skip
    assert config.objective == ObjectiveConfig(name="classifier", entropy_weight=0.05)
    assert run(["probe", str(folder / "checkpoint.pt"), "--estimators", "radial_spread", "--out", "probed"]) == 0
    assert set(tables.read(Path("probed/probe.csv")).layer) == {"bottleneck"}
    assert run(["probe", str(folder / "checkpoint.pt"), "--list"]) == 0
    assert "LayerNorm" in capsys.readouterr().out


def test_data_list_and_info(capsys):
    assert run(["data", "list"]) == 0
    listed = capsys.readouterr().out
    for name in ("mnist-5k", "digits", "mnist", "fashion-mnist", "cifar10", "folder"):
        assert re.search(rf"^ *{name} ", listed, re.M), name
        assert run(["data", "info", name]) == 0
        assert f"name:           {name}\n" in capsys.readouterr().out


USAGE = [
    ("sweep --widths 0", "width must be a whole number of at least 1, got 0"),
    ("sweep --widths 8 8", "widths must be values without repetition, got (8, 8)"),
    ("sweep --widths eight", "Invalid value for '--widths': "),
    ("sweep --seeds -1", "seed must be a whole number of at least 0, got -1"),
    ("sweep --scale laptopp", "scale 'laptopp' is unknown; did you mean 'laptop'? choices: smoke, laptop, paper"),
    ("sweep --objective vae", "objective 'vae' is unknown; did you mean 'ae'? choices: ae, eae"),
    ("sweep --schedule linear", "schedule 'linear' is unknown; choices: constant, exponential, plateau"),
    ("sweep --bottleneck norm", "bottleneck 'norm' is unknown; "),
    ("sweep --init kears", "init 'kears' is unknown; did you mean 'keras'? choices: torch, keras"),
    ("sweep --objective eae --entropy-weight -1", "entropy_weight must be a finite number of at least 0, got -1.0"),
    ("sweep --objective eae --neighbours 100", "neighbours must be below batch (100), got 100"),
    ("sweep --epochs -1", "epochs must be a whole number of at least 0, got -1"),
    (
        "sweep --bottleneck layernorm",
        "bottleneck must be 'batchnorm', 'l1norm' or 'none' for an autoencoder, got 'laye",
    ),
    (
        "sweep --objective classifier",
        "objective 'classifier' is unknown; choices: ae, eae; the tables' other rows are ",
    ),
    ("train --norm none", "norm must be 'batchnorm' for an autoencoder (classifiers alone vary it), got 'none'"),
    (
        "train --kind clasifier",
        "kind 'clasifier' is unknown; did you mean 'classifier'? choices: autoencoder, classifier",
    ),
    ("train --kind classifier --objective eae", "objective 'classifier' and kind 'classifier' go together, got"),
    ("train --kind classifier --neighbours 2", "--neighbours is the entropy's: add --entropy-weight"),
    ("train --kind classifier --data digits --classes 9", "classes must be at least the 10 of digits, got 9"),
    ("sweep --batch 1", "batch must be a whole number of at least 2 (batch norm needs two images), got 1"),
    ("sweep --lr 0", "lr must be a positive finite number, got 0.0"),
    ("sweep --lr nan", "lr must be a positive finite number, got nan"),
    ("sweep --images 1", "images must be a whole number of at least 2, got 1"),
    ("sweep --jobs 0", "Invalid value for '--jobs': "),
    ("sweep --depth 1", "depth must be a whole number of at least 2, got 1"),
    ("sweep --widht 8", "No such option: --widht"),
    ("sweep --widths", "Option '--widths' requires an argument."),
    ("sweep stray", "Got unexpected extra argument"),
    ("swep", "No such command 'swep'"),
    ("train --width 0", "width must be a whole number of at least 1, got 0"),
    ("train --data digits --images 99", "batch must be at most the 99 training images, got 100"),
    (
        "train --data digits --images 400 --device cup",
        "device must be one that this PyTorch has, such as cpu, got 'cup'",
    ),
    ("sweep --data digits --images 50", "batch must be at most the 50 training images, got 100"),
    ("sweep --data digits --images 1298", "images must be at most 1297"),
    ("sweep --data digits --size 48", "size"),
    ("sweep --resampling lancos", "resampling 'lancos' is unknown; did you mean 'lanczos'?"),
    ("train --resampling lanczos", "resampling is for data 'folder' and 'celeba', got 'lanczos' with data 'mnist-5k'"),
    ("sweep --data digits --images 99 --resampling lanczos", "resampling is for data 'folder' and 'celeba', got "),
    ("train --data digits --as-released", "split 'as-released' is for data mnist and cifar10, got data 'digits'"),
    ("sweep --data digits --as-released", "split 'as-released' is for data mnist and cifar10, got data 'digits'"),
    ("data info", "Missing argument '"),
]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[arguments for arguments, _ in USAGE])
def test_usage_errors_are_one_line_with_exit_code_2(capsys, elsewhere, arguments, message):
    assert complaint(capsys, arguments.split(), 2).startswith(message)
    assert list(elsewhere.iterdir()) == []


KNOWN = [
    ("sweep --data minst", "minst"),
    ("train --data minst", "minst"),
    ("data info minst", "minst"),
    ("data fetch minst", "minst"),
    ("sweep --data folder --data-path nowhere", "nowhere"),
    ("train --data folder --data-path nowhere", "nowhere"),
    ("figures nowhere", "nowhere"),
]


@pytest.mark.parametrize(("arguments", "message"), KNOWN, ids=[arguments for arguments, _ in KNOWN])
def test_known_errors_are_one_line_with_exit_code_1(capsys, elsewhere, arguments, message):
    assert message in complaint(capsys, arguments.split(), 1)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("command", [SWEEP, ["train", *SMALL]], ids=["sweep", "train"])
def test_blocked_output(capsys, elsewhere, command):
    (elsewhere / "blocked").write_bytes(b"mine")
    assert complaint(capsys, [*command, "--out", "blocked"], 1).startswith("cannot write ")
    assert (elsewhere / "blocked").read_bytes() == b"mine"


@pytest.mark.parametrize("command", [SWEEP, ["train", *SMALL]], ids=["sweep", "train"])
@pytest.mark.parametrize("writes", [0, 1, 4])
def test_disk_full(capsys, monkeypatch, command, writes):
    """Every write from a certain one on fails as on a full disk; nothing half-written stays."""
    left, fsync = [writes], os.fsync

    def full(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(files.os, "fsync", full)
    assert complaint(capsys, command, 1).endswith("No space left on device")


def test_brackets_in_a_path_are_no_markup(capsys, elsewhere):
    """rich took `[/x]` for a closing tag and raised."""
    assert run([*SWEEP, "--out", "a[/b]"]) == 0
    assert "2 runs in a[/b], 1 at a time" in capsys.readouterr().err
    assert (elsewhere / "a[/b]" / "measurements.csv").is_file()


def test_a_bug_shows_its_traceback(monkeypatch):
    from gausslab import experiments

    def broken(*_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(experiments, "train", broken)
    with pytest.raises(ZeroDivisionError):
        run(["train", *SMALL])


def test_a_reader_that_goes_away_is_no_traceback():
    command = f"{sys.executable} -m gausslab data list | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_interrupted_sweep_is_one_line_and_goes_on(elsewhere, swept):
    """Ctrl-C reaches the whole group, workers and all, while one is at work."""
    command = [sys.executable, "-m", "gausslab", *SWEEP[:-1], "2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        seen = [process.stderr.readline(), process.stderr.readline()]
        assert "epoch 1/1" in seen[1]
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1] == (
        "gausslab: interrupted; finished work is kept, and the same command goes on from there"
    )
    assert leftovers(elsewhere) == []
    assert run(SWEEP) == 0
    (mine,), (theirs,) = ([*folder.glob("runs/*/measurements.csv")] for folder in (elsewhere, swept[0]))
    assert mine.read_bytes() == theirs.read_bytes()
