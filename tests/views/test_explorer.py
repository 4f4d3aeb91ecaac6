"""The Explorer as a widget: what it takes, what it refuses, and its forms without JavaScript."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from rao_lab.credit import CreditConfig, attribute
from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.training.metrics import TrainStep
from rao_lab.views.explorer.widget import Explorer
from tests.support.trees import random_group, showcase_group
from tests.support.wire import Wire


def test_unknown_keywords_and_things_that_are_no_trees_are_refused_with_advice() -> None:
    with pytest.raises(ConfigError, match=r"no keyword 'lam'.*config"):
        Explorer(showcase_group(), lam=0.4)
    with pytest.raises(InputError, match=r"open_run"):
        Explorer("runs/a.rao")
    with pytest.raises(InputError, match=r"not int"):
        Explorer([1])
    with pytest.raises(ConfigError, match=r"at least 360"):
        Explorer(showcase_group(), height=100)
    with pytest.raises(MissingError, match=r"no step 9"):
        Explorer(showcase_group(), step=9)
    with pytest.raises(ConfigError, match=r"session"):
        Explorer(showcase_group(), view="board")


def test_steps_trees_and_groups_are_all_shown() -> None:
    group = showcase_group()
    assert Explorer(group).steps == Explorer([group]).steps == [[1, 0.625]]
    assert Explorer(list(group.trees)).table(1).groups[0]["task"] == "medium 017"
    assert len(Explorer([*group.trees, *random_group(5, step=2).trees]).steps) == 2
    assert Explorer(group.trees[0]).table(1).note


def test_the_trainers_numbers_are_shown_and_not_recomputed() -> None:
    group = showcase_group()
    strange = attribute([group], CreditConfig(lam=0.9, depth_weighting="none"))

    table = Explorer(TrainStep(4, (group,), (), strange, {})).table(4)
    assert table.credit is not None and table.config.lam == 0.9
    np.testing.assert_array_equal(table.credit["A"], strange.A)


def test_importing_the_widget_loads_no_torch() -> None:
    code = "import sys, rao_lab; rao_lab.Explorer; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_print_is_the_text_twin_and_a_saved_notebook_keeps_a_still_picture() -> None:
    explorer = Explorer(showcase_group())
    assert str(explorer).splitlines()[0] == "<Explorer: 8 trees, 48 nodes>"
    data, _ = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "−0.53" in data["text/plain"] and "<svg" in data["text/html"]
    assert "<script" not in data["text/html"] and "src=" not in data["text/html"]


def test_nothing_to_show_is_said_in_words() -> None:
    assert str(Explorer([])) == "<Explorer: No trees yet: run a task, or start training>"
    head, _ = Wire(Explorer([])).ask(type="hello")
    assert head["n"] == 0


def test_nonsense_from_the_front_end_is_answered_or_ignored() -> None:
    wire = Wire(Explorer(showcase_group()))
    assert wire.ask(type="open", step=99)[0]["type"] == "sorry"
    assert wire.ask(type="texts", step=1, tree=77, path="0.9", key="x")[0]["node"] is None
    for message in (
        {},
        {"type": 3},
        {"type": "texts", "step": "1", "tree": None},
        {"type": "act", "action": "close"},
    ):
        wire.explorer._take(wire.explorer, message, [])
