"""The tree reads like the pipeline: modules import only from stages before their own, and heavy things late."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gausslab

PACKAGE = Path(gausslab.__file__).parent

STAGES = (
    "errors",
    "files",
    "csv_files",  # tables of studies, beside the one tidy table
    "serialisation",  # dataclasses as JSON, below what they configure
    "config",
    "presets",  # configurations by the name of a table's row
    "seeding",
    "provenance",
    "tables",
    "labels",  # which distances may be called FID
    "runs",
    "laws",  # what estimators are checked against: free of torch
    "data",
    "estimators",  # before models: an objective uses an estimator, no estimator knows a network
    "families",  # four families of estimators: their statistics and verdicts, from the table alone
    "panel",
    "validity",  # laws and estimators, no network
    "losses",  # estimators to train with
    "densities",  # of codes, whatever network they come from
    "models",
    "objectives",
    "checkpoints",  # of gausslab's own models; before training, which writes them
    "training",
    "streaming",  # the hooks family: pure sufficient statistics first, then what holds them, then the hooks
    "metrics",  # sufficient statistics as metrics of torchmetrics
    "activations",
    "recording",
    "norm_recording",
    "modes",
    "layers",
    "listing",
    "hooks",
    "quality",
    "generation",  # images of codes
    "pickles",  # reading of foreign networks, in the order a file goes through
    "weights",
    "factories",
    "foreign",
    "codes",  # samples that a file holds
    "probing",
    "sampling",
    "experiments",  # not in architecture.md: one run from training to its rows, what a worker performs
    "workers",
    "grids",  # what sweeps and comparisons have in common
    "sweeping",
    "comparison",
    "p_values",
    "summary",  # table -> means: after sweeping in the pipeline, but free of torch
    "trends",  # table -> answer, likewise
    "scoreboard",  # table of a comparison -> the thesis's layout, likewise
    "parts",  # table of one code -> parts of its divergence, likewise
    "verdicts",  # table of one code -> one line, likewise
    "flows",  # densities fitted to samples, and where their mass lies
    "plotting",
    "adversarial",
    "studies",
    "networks",  # a file's network and its images
    "inspection",  # what `gausslab probe` does with a file of any kind
    "cli",
)
AT_TOP = {"__init__", "__main__"}  # the written list of public names, and `python -m gausslab`


def stage_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_stages(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gausslab":
            inner = node.module.split(".")[1:]
            found |= {inner[0]} if inner else {alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("gausslab.")}
    return found - {"__version__"}


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if stage_of(path) not in AT_TOP)


def test_every_stage_is_listed_and_exists():
    assert {stage_of(path) for path in MODULES} == set(STAGES)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_up_the_list(path):
    own = STAGES.index(stage_of(path))
    later = {name for name in imported_stages(path) if STAGES.index(name) > own}
    assert not later, f"{path.name} imports from later stages"


def test_no_module_uses_relative_imports():
    for path in MODULES:
        levels = [n.level for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)]
        assert not any(levels), path


LIGHT = (
    "import gausslab",
    "import gausslab.plotting, gausslab.plotting.redraw",
    "import gausslab.summary",
    "import gausslab.trends",
    "import gausslab.tables",
    "import gausslab.adversarial.specs, gausslab.adversarial.hypotheses",
    "from gausslab.data import DATASETS, describe; describe('digits')",
    "from gausslab.cli import run; assert run(['--help']) == 0",
    "from gausslab.cli import run; assert run(['sweep', '--help']) == 0",
    "from gausslab.cli import run; assert run(['measure', '--help']) == 0",
    "from gausslab.cli import run; assert run(['compare', '--help']) == 0",
    "from gausslab.cli import run; assert run(['attack', '--help']) == 0",
    "from gausslab.cli import run; assert run(['data', 'list']) == 0",
    "import gausslab.families, gausslab.flows.answers, gausslab.plotting.flow_shell",
)


@pytest.fixture(scope="module")
def light_modules():
    """Whether torch is loaded after each of LIGHT, run in turn in one fresh interpreter."""
    lines = ["import sys, contextlib, os", "quiet = open(os.devnull, 'w')"]
    for statement in LIGHT:
        lines += ["with contextlib.redirect_stdout(quiet):", f"    {statement}"]
        lines += ["print('torch' in sys.modules)"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    return dict(zip(LIGHT, done.stdout.split(), strict=True))


@pytest.mark.parametrize("statement", LIGHT)
def test_light_statements_do_not_load_torch(light_modules, statement):
    assert light_modules[statement] == "False"


def test_import_gausslab_loads_neither_pandas_nor_scipy():
    program = "import sys, gausslab; print(sorted({'torch', 'pandas', 'scipy', 'numpy', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_listed_and_importable():
    for name in gausslab.__all__:
        assert getattr(gausslab, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        gausslab.no_such_name  # noqa: B018


def test_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert gausslab.__version__ == version("gausslab")
