"""The page of a comparison: what it says, that it needs nothing else, and that hostile names do nothing in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from rao_lab.cli.reports.comparison import comparison_json, comparison_text
from rao_lab.errors import InputError
from rao_lab.evaluation.budgets import Budget
from rao_lab.evaluation.compare import Comparison, compare
from rao_lab.evaluation.intervals import paired_interval
from rao_lab.protocols import TurnReply, TurnRequest
from rao_lab.tree import Task
from rao_lab.tree.text import MINUS, signed
from rao_lab.views.compare.page import comparison_page, save_comparisons, sentence
from tests.evaluation.test_budgets import TASKS, Costly
from tests.support.worlds import Lines, Shelf

NAME = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(Shelf(), {NAME: Costly({})}, tasks=TASKS, repeats=2, budget=Budget("turns"))


def test_the_page_has_every_measure_in_a_table_and_its_figures_in_both_themes(found: Comparison) -> None:
    page = comparison_page({"temperature 0.5": found, "temperature 1": found})
    assert page.count("<h1>Comparison") == 2 and "temperature 0.5 · 3 tasks · 2 tries at each" in page
    for words in ("pass@1", "pass@2", "within the budget", "flat ceiling", "tokens for each success"):
        assert words in page
    data = re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    figures = json.loads(data[1])
    assert len(figures) == 8 and all(len(both) == 2 for both in figures.values())
    light, dark = figures["plot0-0"]
    assert light["data"][0]["y"] == dark["data"][0]["y"] and light["layout"]["font"] != dark["layout"]["font"]
    assert set(found.figures()) == {
        "Success by difficulty, within the budget",
        "Solved within what is spent on a task",
        "Solved by one of k tries",
        "Turns of a try",
    }


def test_how_to_read_it_is_said_once_and_what_differs_is_named(found: Comparison) -> None:
    page = comparison_page({"temperature 0.5": found, "temperature 1": found})
    assert page.count("How to read it") == 1 and page.count("drawn together") == 1
    alone = compare(Shelf(), Costly({}), tasks=TASKS[:2])
    both = comparison_page({"temperature 0.5": found, "temperature 1": alone})
    assert (
        "again with another seed (temperature 1)." in both and "the budget alone (temperature 0.5)." in both
    )


def test_a_line_of_the_page_is_of_tries_of_one_kind(found: Comparison) -> None:
    """Two tries at each of three tasks; the third try, which only the budget has room for, is the one that succeeds."""
    cost = found.costs[f"{NAME} flat"]
    asked = [row for rows in found.tries[f"{NAME} flat"] for row in rows[:2]]
    assert cost.tries > 2 and len(asked) == 6
    assert cost.turns == sum(row.turns for row in asked) / 6
    page = comparison_page({"": found})
    assert "tries that only a budget had room for count within the budget alone" in page
    head = page.split("</h1>")[0]
    assert "policy " in head and "tasks from t0" in head


class Kinds(Shelf):
    """Tasks of three kinds: those of a kind are alike."""

    def labels(self, task: Task) -> Mapping[str, str | int]:
        return {"kind": int(task.id[1:]) // 8}


class Deciding(Lines):
    """The recursive agent solves all kinds but the first; the flat one the last, and every fifth task."""

    def _reply(self, request: TurnRequest) -> TurnReply:
        at = request.key[0]
        solved = at >= 8 if request.agent == "recursive" else at >= 16 or at % 5 == 0
        return TurnReply(request.key, f'finish("{"ok" if solved else "no"}")')


@pytest.mark.parametrize("repeats", [1, 2])
def test_text_json_cell_and_page_show_the_same_intervals_of_what_is_alike(repeats: int) -> None:
    tasks = [Task(f"t{at}", f"fill {at}", "", "test") for at in range(24)]
    found = compare(Kinds(), Deciding({}), tasks=tasks, repeats=repeats)
    shown = {"": found}
    measure = found.measures[0]
    gap = measure.differences["recursive", "flat"]
    assert gap is not None and gap.items == 3
    plain = paired_interval([(float(at >= 8), float(at >= 16 or at % 5 == 0)) for at in range(24)])
    assert plain[0] == pytest.approx(gap.value) and abs(plain[1] - gap.low) > 0.05
    figures = f"{signed(gap.value)} [{signed(gap.low)}, {signed(gap.high)}]"
    seen = [figures, *map(str, measure.values.values())]
    for text in (str(found), comparison_text(shown), found._repr_html_(), comparison_page(shown)):
        assert all(each in text.replace("-", MINUS) for each in seen)
    told = json.loads(json.dumps(comparison_json(shown, Kinds(), lambda task, window: True)))["compared"]
    for each in (told["measures"][0]["differences"][0], told["differences"][0]):
        assert (each["low"], each["high"]) == (gap.low, gap.high)


def test_the_page_loads_nothing_and_a_name_is_only_text(found: Comparison) -> None:
    page = comparison_page({"": found})
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    assert "<img" not in page.split("plotly.js v")[0] and NAME not in page
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)


def test_the_sentence_says_who_solves_more_or_that_it_is_not_resolved(found: Comparison) -> None:
    assert "solves more than" in sentence(found) and "within the budget: −1.00 [" in sentence(found)
    level = compare(Shelf(), Costly({}), tasks=TASKS)
    assert sentence(level).startswith("Whether recursive or flat solves more by one try is not resolved")
    alone = compare(Shelf(), Costly({}), ["flat"], tasks=TASKS)
    assert sentence(alone) == "flat is alone: there is nothing to compare it with."


def test_another_file_is_not_overwritten(found: Comparison, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    found.save_html(page)
    found.save_html(page)  # one of ours is
    (tmp_path / "mine.html").write_text("[1, 2]")
    with pytest.raises(InputError, match=r"mine\.html"):
        save_comparisons({"": found}, tmp_path / "mine.html")
