"""The scripts of `studies/` as modules."""

import importlib.util
from pathlib import Path
from types import ModuleType

STUDIES = Path(__file__).parents[2] / "studies"


def load(name: str) -> ModuleType:
    """The study's script, not run."""
    spec = importlib.util.spec_from_file_location(f"{name}_study", STUDIES / name / "study.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
