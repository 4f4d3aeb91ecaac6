"""Whatever stands in a cell or in the JSON of a run file: one line is said, or it is shown. Nothing else is raised."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rao_lab as rl
from rao_lab.api.export import credit_of, export_run
from rao_lab.api.find import credit_of_tree, find_tree, find_trees
from rao_lab.cli.reports import credit as credit_report
from rao_lab.cli.reports import show as show_report
from rao_lab.errors import RaoLabError
from rao_lab.store import open_run, salvage
from rao_lab.views.explorer.node_text import node_text
from tests.support import forging
from tests.support.make_kept_run import make
from tests.support.run_files import read_all


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "small.rao"
    make(path)
    return path


def _explorer(path: Path) -> None:
    explorer = rl.Explorer(rl.open_run(path))
    said: list[Any] = []
    explorer.send = lambda content, buffers=None: said.append(content)
    repr(explorer)
    explorer._repr_mimebundle_()
    for step in (None, 0, 1, 2):
        explorer._feed.take({"type": "open", "step": step})
    for tree in (1, 2, 3):
        explorer._feed.take({"type": "texts", "step": 1, "tree": tree, "path": "0"})
    explorer.close()


def _page(path: Path) -> None:
    export_run(path, path.with_suffix(".html"))


def _json(path: Path) -> None:
    export_run(path, path.with_suffix(".json"))


def _show(path: Path) -> None:
    with open_run(path) as run:
        trees = find_trees(run, None)
        for wanted in range(len(trees)):
            place = find_tree(trees, str(wanted))
            tree = trees[place].load()
            credit = credit_of_tree(run, trees[place])
            show_report.tree_text(path.name, trees, place, tree, credit)
            said = node_text(tree.root, None)
            show_report.node_text(path.name, trees, place, tree.root, said, None)


def _credit(path: Path) -> None:
    with open_run(path) as run:
        for changes in ({}, {"lam": 0.3}):
            step, found = credit_of(run, None, changes)
            credit_report.credit_text(step, found)
            found.to_json()


def _salvage(path: Path) -> None:
    out = path.with_name("out.rao")
    salvage(path, out)
    read_all(out)


WAYS: tuple[Callable[[Path], None], ...] = (read_all, _explorer, _page, _json, _show, _credit, _salvage)


def look(small: Path, folder: Path, place: forging.Place, value: Any) -> list[str]:
    """What each way of reading says of a forged file."""
    said = []
    for way in WAYS:
        for old in folder.iterdir():
            old.unlink()
        path = Path(shutil.copyfile(small, folder / "f.rao"))
        forging.forge(path, place, value)
        with suppress(ImportError):
            try:
                way(path)
            except RaoLabError as error:
                line = str(error)
                assert 0 < len(line) < 600 and "\n" not in line, (way.__name__, line)
                said.append(f"{way.__name__}: {line}")
    return said


def forged(count: int) -> settings:
    """So many forged files, the same each time."""
    unshared = [HealthCheck.function_scoped_fixture]
    return settings(max_examples=count, suppress_health_check=unshared, derandomize=True)


def look_somewhere(small: Path, folder: Path, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(forging.places(small)), label="place")
    value = data.draw(st.sampled_from(forging.CELLS if place.inside is None else forging.JSON), label="value")
    look(small, folder, place, value)


@forged(14)
@given(data=st.data())
def test_a_forged_cell_or_field_is_one_line_or_shown(
    small: Path, tmp_path: Path, data: st.DataObject
) -> None:
    look_somewhere(small, tmp_path, data)


@pytest.mark.slow
@forged(400)
@given(data=st.data())
def test_400_forged_cells_or_fields_are_one_line_or_shown(
    small: Path, tmp_path: Path, data: st.DataObject
) -> None:
    look_somewhere(small, tmp_path, data)


NAMED: list[tuple[str, tuple[Any, ...] | None, Any]] = [
    ("nodes.parent_turn", None, 2**62),
    ("trees.nodes", None, float("inf")),
    ("nodes.success", None, 1e308),
    ("turns.decode_steps", None, 2**62),
    ("steps.metrics", ("loss",), 1.7976931348623157e308),
    ("steps.metrics", (), {"$": "int", "v": forging.DIGITS}),
    ("configs.config", (), {"$": "int", "v": forging.DIGITS}),
]


@pytest.mark.parametrize(("column", "inside", "value"), NAMED)
def test_numbers_that_ended_in_a_bare_error(
    small: Path, tmp_path: Path, column: str, inside: tuple[Any, ...] | None, value: Any
) -> None:
    """They were an OverflowError or a ValueError of the Explorer, of pages and of exports."""
    place = forging.named(small, column, inside)
    said = look(small, tmp_path, place, value)
    path = Path(shutil.copyfile(small, tmp_path / "f.rao"))
    forging.forge(path, place, value)
    with open_run(path) as run:
        assert said or run.problems
        whole = [step.step for step in run.steps if _reads(run, step.step)]
        assert len(whole) >= 2  # the other steps are there
    if inside is not None:
        with open_run(path, follow=True) as run:
            board = rl.Explorer(run, view="board")
            assert board.session["problems"] == run.problems[0] and run.problems[0] in str(board)
            board.close()
    assert export_run(path, tmp_path / "f.html").startswith(str(tmp_path / "f.html"))
    assert export_run(path, tmp_path / "f.json").startswith(str(tmp_path / "f.json"))


def _reads(run: rl.Run, step: int) -> bool:
    with suppress(RaoLabError):
        return bool(run.groups(step) or run.groups(step, probe=True)) and bool(len(run.node_table(step)))
    return False


def test_two_events_of_one_number_lose_their_tree_and_nothing_else(small: Path, tmp_path: Path) -> None:
    path = Path(shutil.copyfile(small, tmp_path / "f.rao"))
    with forging.forging(path) as connection:
        rows = connection.execute("SELECT tree, seq, size, body FROM events ORDER BY seq").fetchall()
        connection.execute("UPDATE events SET size = ?, body = ? WHERE seq = ?", (*rows[0][2:], rows[1][1]))
    report = salvage(path, tmp_path / "b.rao")
    assert (report.trees, report.running_trees, report.steps) == (5, 0, 4)
    assert "event 0 came instead of 1" in report.problems[0]
