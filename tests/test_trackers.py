"""The examples of the page on trackers run as they stand, each if its package is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import rao_lab as rl

PAGE = Path(__file__).parents[1] / "data/docs/trackers.md"
EXAMPLES = dict(re.findall(r"```python (\w+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
LEFT = {
    "tensorboard": "tracked/tensorboard",
    "trackio": "home",
    "mlflow": "tracked/mlflow.db",
    "wandb": "tracked/wandb",
}
"""What an example leaves behind."""


def test_every_example_is_short_and_checked() -> None:
    assert EXAMPLES.keys() == LEFT.keys()
    for code in EXAMPLES.values():
        hears = re.search(r"def on_step.*?\n\n", code, re.DOTALL)
        assert hears is not None and len(hears[0].splitlines()) <= 11


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_as_it_stands(name: str, tmp_path: Path) -> None:
    if find_spec(name) is None or (name == "mlflow" and find_spec("sqlalchemy") is None):
        pytest.skip(f"{name} is not installed")
    (tmp_path / "tracked").mkdir()
    home = {"HOME": str(tmp_path / "home"), "TRACKIO_DIR": str(tmp_path / "home"), "WANDB_MODE": "offline"}
    paths = {"PYTHONPATH": str(PAGE.parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLES[name]],
        cwd=tmp_path,
        env={**os.environ, **home, **paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "<TrainStep 2" in done.stdout
    assert (tmp_path / LEFT[name]).exists()


def test_scalars_are_numbers_by_name() -> None:
    step = rl.TrainStep(
        3,
        (),
        (),
        None,
        {"success": 0.5, "kl": None, "refusals": {"depth": 2}, "done": True, "nan": float("nan")},
        {"total": 1.5},
    )
    assert step.scalars() == {"success": 0.5, "refusals/depth": 2.0, "seconds/total": 1.5}
