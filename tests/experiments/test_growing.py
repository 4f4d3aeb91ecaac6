"""The moving picture of the README: what the command draws, of the recorded tree, in the colours of the views."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import rao_lab as rl
from rao_lab.errors import RaoLabError
from rao_lab.experiments import drawn, growing, pictures

RUN = "data/pathologies/as_it_should_be.rao"
AT = (12, 2, 2)


@pytest.fixture(scope="module")
def svg(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("growing") / "growing.svg"
    growing.main([str(Path(__file__).parents[2] / RUN), "--out", str(out)])
    return out.read_text(encoding="utf-8")


def test_the_committed_picture_is_what_the_command_draws(svg: str, repo: Path) -> None:
    assert (repo / "data/pictures/growing.svg").read_text(encoding="utf-8") == svg
    assert (
        len(svg) < 300_000
        and "<script" not in svg
        and "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    )


def test_it_shows_the_recorded_tree_with_its_credit(svg: str, repo: Path) -> None:
    texts = [*ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    words = [each.text for each in texts]
    codes = [each.text for each in texts if each.get("class") == "code"]
    with rl.open_run(repo / RUN) as run:
        tree = run.groups(AT[0])[AT[1]].trees[AT[2]]
        rows = {row.node: row for row in run.attributions(AT[0]) if (row.group, row.tree) == AT[1:]}
    assert [node.path for node in tree.nodes] == list(rows)
    for node in tree.nodes:
        row = rows[node.path]
        sign = "+" if row.A >= 0 else "−"
        assert f"A {sign}{abs(row.A):.2f}" in words and f"R {row.R:.2f}" in words and node.path in words
        for turn in node.turns:
            code = " ⏎ ".join(turn.code.strip().split("\n"))
            assert any(word and code.startswith(word.rstrip("…")) for word in codes), turn.code


def test_motion_is_only_for_readers_who_want_it(svg: str) -> None:
    before, _, within = svg.partition("@media (prefers-reduced-motion:no-preference)")
    assert within and "animation" not in before.split("<style>")[1].replace("@keyframes", "")


@pytest.mark.parametrize(("at", "words"), [("12:99.0", "99"), ("99:0.0", "99"), ("12:2.5", "depth 3")])
def test_a_tree_that_cannot_be_drawn_gets_one_line(at: str, words: str, repo: Path, tmp_path: Path) -> None:
    with pytest.raises(RaoLabError, match=words) as refused:
        growing.main([str(repo / RUN), "--at", at, "--out", str(tmp_path / "a.svg")])
    assert "\n" not in str(refused.value) and not [*tmp_path.iterdir()]


def test_colours_and_marks_are_those_of_the_views(repo: Path) -> None:
    theme = (repo / "widgets/src/shared/theme.js").read_text(encoding="utf-8")
    for name, tones in (("LIGHT", drawn.LIGHT), ("DARK", drawn.DARK)):
        block = theme.split(f"const {name} = {{")[1].split("};")[0]
        front = dict(re.findall(r'(\w+): "(#[0-9a-f]{6})"', block))
        assert {key: front[key] for key in tones} == dict(tones)
    for name, ramps in (("RAMP", drawn.RAMP), ("SEQUENTIAL", drawn.SEQUENTIAL)):
        block = theme.split(f"const {name} = {{")[1].split("};")[0]
        assert re.findall(r"#[0-9a-f]{6}", block) == [*ramps["light"], *ramps["dark"]]
    shapes = (
        (repo / "widgets/src/shared/shapes.js")
        .read_text(encoding="utf-8")
        .split("MARKS = {")[1]
        .split("\n};")[0]
    )
    found = dict(re.findall(r'(\w+): \{\s+colour: "(\w+)"', shapes)) | dict(
        re.findall(r'  (\w+): \{ colour: "(\w+)"', shapes)
    )
    assert found == {name: mark.colour for name, mark in drawn.MARKS.items()}
    assert re.findall(r'words: "([\w ]+)"', shapes) == [mark.words for mark in drawn.MARKS.values()]
    for stroke in (stroke for mark in drawn.MARKS.values() for stroke in mark.strokes):
        assert stroke.d in shapes or stroke.d in (
            drawn.MARKS["failed"].strokes[0].d,
            drawn.MARKS["limit"].strokes[0].d,
        )


def test_the_way_of_a_step_shows_the_same_tree(repo: Path) -> None:
    with rl.open_run(repo / RUN) as run:
        rows = [row for row in run.attributions(AT[0]) if (row.group, row.tree) == AT[1:]]
    assert {row.node: (row.depth, round(row.A, 2)) for row in rows} == dict(pictures.NODES)
