"""Addresses: where an Explorer opens, in the text twin and the saved page as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.store import Run, open_run
from rao_lab.views.explorer.address import Address
from rao_lab.views.explorer.widget import Explorer


@pytest.fixture(scope="module")
def run(repo: Path) -> Run:
    return open_run(repo / "data/pathologies/as_it_should_be.rao")


def test_an_explorer_opens_at_a_node_and_prints_and_saves_it(run: Run, tmp_path: Path) -> None:
    explorer = Explorer(run, at="12:2.2/0.0#credit")
    assert explorer.look == {"view": "credit", "step": 12, "tree": 14, "path": "0.0"}
    assert "at 12:2.2/0.0#credit" in str(explorer).splitlines()[0]
    same = Explorer(run, step=12, tree=14, node="0.0")
    assert (
        same.look == {**explorer.look, "view": "tree"} == Explorer(run, step=12, tree="2.2", node="0.0").look
    )
    explorer.save_html(tmp_path / "a.html")
    assert '"look":{"view":"credit","step":12,"tree":14,"path":"0.0"}' in (tmp_path / "a.html").read_text(
        "utf-8"
    )
    assert Explorer(run, node="0.0").look["step"] == 12, "the newest"


def test_every_node_of_the_table_is_found_by_its_address(run: Run) -> None:
    pytest.importorskip("pandas")
    nodes = run.frame("nodes", steps=12)
    for address, tree in nodes.groupby("tree").head(1)[["address", "tree"]].itertuples(index=False):
        place = Explorer(run, at=address).look["tree"]
        assert run.trees(12)[place].id == tree


def test_what_no_explorer_shows_is_said_with_what_to_do(run: Run) -> None:
    odd: list[tuple[Any, str]] = [
        ([[run], [run]], "not list: give one list, without lists in it"),
        (["runs/k.rao"], r"not str: open a run file with rl.open_run\(path\)"),
        (Path("k.rao"), r"Path: open a run file with rl.open_run\(path\)"),
        ([run, 3], "a list of one kind of these, not Run and int"),
    ]
    for given, words in odd:
        with pytest.raises(InputError, match=f"a run, a session or a step of training.*{words}"):
            Explorer(given)


def test_a_probe_has_its_place_for_a_name(run: Run) -> None:
    place = next(i for i, tree in enumerate(run.trees(12)) if tree.probe)
    assert f"at 12:{place}/0>" in str(Explorer(run, at=f"12:{place}")).splitlines()[0]
    probe = run.trees(12)[place]
    assert Explorer(run, at=f"12:{probe.group}.{probe.rollout}").look["tree"] == place


@pytest.mark.parametrize("text", ["12:4.0/0.1#credit", "0:3", "3:17/0", "3:1.2#icicle"])
def test_an_address_is_read_as_it_is_written(text: str) -> None:
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"at": "12"}, InputError, "'12' is no address: it reads STEP:TREE/NODE#VIEW"),
        ({"at": 12}, InputError, "is no address"),
        ({"at": "12:2.2#sideways"}, InputError, "the view 'sideways': there are tree"),
        ({"at": "12:2.2", "step": 12}, ConfigError, "give it alone"),
        ({"at": "99:0"}, MissingError, "no step 99"),
        ({"at": "12:2.9"}, MissingError, r"no tree '2.9': it has 0 to 39, or GROUP.TREE such as 0.0"),
        ({"at": "12:2.2/0.9"}, MissingError, r"tree 2.2 of step 12 has no node '0.9': it has 4 nodes"),
        ({"tree": 2.2}, InputError, "names no tree"),
        ({"node": 0}, InputError, "give its path as text"),
    ],
)
def test_what_leads_nowhere_is_refused_in_a_line(
    run: Run, given: dict[str, Any], kind: type, words: str
) -> None:
    with pytest.raises(kind, match=words) as refused:
        Explorer(run, **given)
    assert "\n" not in str(refused.value)
