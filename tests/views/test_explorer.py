"""The Explorer's Python half: records to columns, texts, live deltas, pages and forms without JavaScript."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rao_lab.credit import CreditConfig, attribute
from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.tree import Group, Message, Node, Status, Task, Tree, TreeHeader, Turn
from rao_lab.tree.fold import Fold
from rao_lab.views.explorer.live_step import LiveStep
from rao_lab.views.explorer.node_text import context_parts, node_text, show_value
from rao_lab.views.explorer.page import BUNDLE, page_html
from rao_lab.views.explorer.source import Steps
from rao_lab.views.explorer.table import StepTable, attribute_shown
from rao_lab.views.explorer.widget import Explorer
from tests.support.hostile import corpus
from tests.support.trees import (
    decode,
    events_of,
    header_of,
    random_group,
    random_step,
    showcase_group,
    showcase_plan,
    tree_of,
    unfinished,
)


def column(head: dict[str, Any], buffers: list[bytes], name: str) -> np.ndarray:
    kinds = {"i32": "<i4", "u8": "u1", "f64": "<f8"}
    place = [each["name"] for each in head["columns"]].index(name)
    return np.frombuffer(buffers[place], kinds[head["columns"][place]["type"]])


class Wire:
    """Catches what a widget sends."""

    def __init__(self, explorer: Explorer) -> None:
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        explorer.send = lambda content, buffers=None: self.sent.append((content, buffers or []))  # type: ignore[method-assign]
        self.explorer = explorer

    def ask(self, **message: Any) -> tuple[dict[str, Any], list[bytes]]:
        self.sent.clear()
        self.explorer._take(self.explorer, message, [])
        return self.sent[-1]


# Columns


def test_a_snapshot_holds_every_node_and_the_trainers_own_credit() -> None:
    group = showcase_group()
    table = StepTable.of([group])
    attribute_shown([group], table)
    head, buffers = table.snapshot()
    found = attribute([group])
    assert head["n"] == sum(map(len, group.trees)) == 48
    assert column(head, buffers, "A").tolist() == found.A.tolist()
    assert column(head, buffers, "c").tolist() == found.c.tolist()
    assert column(head, buffers, "why").tolist() == found.why_code.tolist()
    assert column(head, buffers, "depth")[:6].tolist() == [0, 1, 2, 2, 1, 2]


def test_a_goal_travels_once_however_many_nodes_share_it() -> None:
    table = StepTable.of([showcase_group()])
    head, _ = table.snapshot()
    assert len(head["words"]) == len(set(head["words"])) < 14


def test_a_limit_scores_zero_and_an_error_nothing() -> None:
    nodes = (
        Node("0", status=Status.TURN_LIMIT, success=None, children=("0.0",), ended=1.0),
        Node("0.0", "0", depth=1, status=Status.ERROR, success=None, ended=1.0),
    )
    tree = Tree(TreeHeader(Task("t", "g")), nodes, ended=1.0)
    head, buffers = StepTable.of([Group(tree.task, (tree,))]).snapshot()
    s = column(head, buffers, "s")
    assert s[0] == 0.0 and np.isnan(s[1])


def test_one_tree_alone_has_returns_and_no_advantage() -> None:
    group = Group(Task("t", "g"), (tree_of(showcase_plan()),))
    table = StepTable.of([group])
    attribute_shown([group], table)
    head, buffers = table.snapshot()
    assert np.isnan(column(head, buffers, "A")).all()
    assert column(head, buffers, "R")[0] == pytest.approx(1.4 - 0.4 / 3)
    assert set(column(head, buffers, "why").tolist()) == {5}  # no_baseline
    assert "no baseline" in head["note"]


def test_probes_are_shown_and_never_credited() -> None:
    groups = [showcase_group(), replace(random_group(3, step=1, index=0, probe=True), index=0)]
    table = StepTable.of(groups)
    attribute_shown(groups, table)
    head, buffers = table.snapshot()
    probe = column(head, buffers, "tree") >= 8
    assert np.isnan(column(head, buffers, "A")[probe]).all()
    assert set(column(head, buffers, "why")[probe].tolist()) == {7}
    assert not np.isnan(column(head, buffers, "A")[~probe]).any()


def test_a_tree_that_still_runs_is_shown_without_credit() -> None:
    plan = showcase_plan()
    tree = unfinished(plan, header_of("medium 017", plan.goal, 1, 0, 0), 0.4)
    group = Group(tree.task, (tree,))
    table = StepTable.of([group])
    attribute_shown([group], table)
    head, _ = table.snapshot()
    assert head["scored"] is False and head["trees"][0]["ended"] is None


# Live


def test_deltas_in_any_portions_give_the_columns_of_the_finished_tree() -> None:
    plan = showcase_plan()
    header = header_of("medium 017", plan.goal, 1, 0, 0)
    events = events_of(plan, header)
    live = LiveStep(1)
    rows: dict[int, list[Any]] = {}
    words: list[str] = []
    for start in range(0, len(events), 7):
        for event in events[start : start + 7]:
            live.event(header, event)
        message = live.delta()
        assert message is not None and message["seq"] == start // 7 + 1
        words += message["words"]
        for row, *values in message["rows"]:
            rows[row] = values
    assert live.delta() is None
    head, buffers = live.snapshot()
    assert sorted(rows) == [*range(14)] and words == head["words"]
    for name, values in zip(
        message["fields"], zip(*(rows[row] for row in range(14)), strict=True), strict=True
    ):
        np.testing.assert_array_equal(column(head, buffers, name), np.array(values, float))
    assert head["trees"][0]["ended"] is not None


def test_rows_of_a_live_step_keep_their_numbers_when_credit_comes() -> None:
    group = showcase_group()
    live = LiveStep(1)
    for tree, plan_seed in zip(group.trees, range(8), strict=True):
        builder = Fold(tree.header)
        for event in _events(tree, plan_seed):
            builder.add(event)
            live.event(tree.header, event)
    before = list(live.table.rows)

    class Done:
        step, groups, probes, attributions = 1, (group,), (), attribute([group])

    live.end(Done)
    assert live.table.rows == before
    head, buffers = live.snapshot()
    row = live.table.row_of[2, "0.1"]
    assert column(head, buffers, "A")[row] == pytest.approx(-0.5333333)


def _events(tree: Tree, seed: int) -> list[Any]:
    """Events that fold to this tree; enough of them for structure and scores."""
    from rao_lab.tree import Finished, Scored, Spawned

    made: list[Any] = []
    for node in tree.walk():
        made.append(
            Spawned(
                len(made), 0, 0.0, node.path, node.parent, node.parent_turn, 0, node.together, node.depth,
                node.goal, {}, "", 0,
            )
        )  # fmt: skip
    for node in reversed(list(tree.walk())):
        made.append(Finished(len(made), 1, 1.0, node.path, node.status, node.value, ""))
        made.append(Scored(len(made), 1, 1.0, node.path, node.success, node.success_source, None))
    return made


# Questions of the front end


def test_texts_come_on_demand_with_what_the_model_read() -> None:
    wire = Wire(Explorer(showcase_group(), tokenizer=decode))
    message, _ = wire.ask(type="texts", key="k", revision=7, step=1, tree=2, path="0.1")
    node = message["node"]
    assert (message["key"], message["revision"], len(node["turns"])) == ("k", 7, 3)
    assert node["turns"][1]["children"] == ["0.1.0", "0.1.1", "0.1.2"]
    kinds = [part["kind"] for part in node["turns"][1]["context"]]
    assert kinds == ["kept", "new", "wrote"]
    assert "".join(text for text, _ in node["turns"][0]["context"][0]["pieces"]).startswith(
        "<|im_start|>system"
    )


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


def test_a_context_that_was_cut_says_what_was_kept_cut_and_new() -> None:
    turn = Turn(2, continues=False, prompt_ids=array("i", [1, 2, 9, 4, 5]), sampled_ids=array("i", [6]))
    parts, held = context_parts(
        turn, array("i", [1, 2, 3, 3, 4, 5]), lambda ids: [(str(i), False) for i in ids]
    )
    assert [(part["kind"], part["tokens"]) for part in parts or []] == [
        ("kept", 2), ("cut", 2), ("new", 1), ("kept", 2), ("wrote", 1),
    ]  # fmt: skip
    assert held.tolist() == [1, 2, 9, 4, 5, 6]


def test_a_policy_without_tokens_shows_its_messages() -> None:
    tree = tree_of(showcase_plan(), tokens=False)
    text = node_text(tree.root, decode)
    assert not text["has_tokens"] and not text["decoded"]
    assert text["turns"][0]["messages"][0]["role"] == "system"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": (1,), 2: {3}}, "{'a': (1,), 2: {3}}"),
        ([None, True, 1.5, b"x"], "[None, True, 1.5, b'x']"),
        ("x" * 100, "'" + "x" * 39 + "…"),
    ],
)
def test_values_are_written_as_python_writes_them(value: Any, shown: str) -> None:
    assert show_value(value, 41) == shown


def test_deep_and_huge_values_cost_little() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    assert len(show_value(deep, 100)) < 120
    assert len(show_value(list(range(10**6)), 200)) <= 200
    assert len(show_value(10**5000, 200)) <= 200


# The widget


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

    class Done:
        step, groups, probes, attributions, metrics = 4, (group,), (), strange, {}

    table = Steps([Done]).table(4)
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
    assert str(Explorer([])) == "<Explorer: no trees yet: run a task, or start training>"
    head, _ = Wire(Explorer([])).ask(type="hello")
    assert head["n"] == 0


# Pages and the bundle


def hostile_group() -> Group:
    """Every hostile string as goal, message, thought, code, output, error and value."""
    strings = corpus()
    children = []
    for place, text in enumerate(strings):
        said = (Message(text[:50], text),)
        turn = Turn(1, said, text=text, thought=text, code=text, output=text, error=text, ended=1.0)
        node = Node(f"0.{place}", "0", place, 1, depth=1, goal=text, turns=(turn,), ended=1.0)
        ending = replace(node, status=Status.FINISHED, success=float(place % 2), success_source="verifier")
        words = {text[:40]: text}
        children.append(
            replace(ending, args=words, value={text: [text]}, reason=text, refusals={text[:40]: 1})
        )
    root = Node(
        "0",
        goal=strings[0],
        status=Status.FINISHED,
        success=1.0,
        children=tuple(n.path for n in children),
        ended=1.0,
    )
    tree = Tree(TreeHeader(Task(strings[1], strings[2], strings[3])), (root, *children), ended=1.0)
    return Group(tree.task, (tree, replace(tree)))


def test_the_corpus_is_large() -> None:
    assert len(set(corpus())) >= 300


def test_hostile_text_cannot_leave_a_saved_page_or_the_terminal(tmp_path: Path) -> None:
    explorer = Explorer(hostile_group(), title="</title><script>x</script>")
    explorer.save_html(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text("utf-8")
    plain = page.replace(
        re.search(r'<script type="text/plain" id="bundle">.*?</script>', page, re.DOTALL)[0], ""
    )  # type: ignore[index]
    assert plain.count("<script") == 2 and plain.count("</script") == 2
    assert "<img" not in plain
    data = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert "<" not in data[1] and len(json.loads(data[1])["steps"][0]["head"]["words"]) > 250
    for text in (str(explorer), explorer._repr_mimebundle_()[0]["text/html"]):
        text.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_messages_with_hostile_text_are_json(tmp_path: Path) -> None:
    wire = Wire(Explorer(hostile_group()))
    head, _ = wire.ask(type="hello")
    json.dumps(head, ensure_ascii=False, allow_nan=False).encode("utf-8")
    for place in range(len(corpus())):
        message, _ = wire.ask(type="texts", key="k", revision=0, step=0, tree=0, path=f"0.{place}")
        json.dumps(message, ensure_ascii=False, allow_nan=False).encode("utf-8")


def test_a_page_keeps_to_its_size_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    groups = random_step(1, groups=6)
    said = Explorer(groups, tokenizer=decode).save_html(tmp_path / "a.html", max_mb=0.6)
    size = (tmp_path / "a.html").stat().st_size
    assert size <= 600_000 and "leaves out" in (tmp_path / "a.html").read_text("utf-8")
    assert re.search(r"texts of [\d,]+ of [\d,]+ nodes", said)
    with pytest.raises(ConfigError, match="max_mb"):
        Explorer(groups).save_html(tmp_path / "b.html", max_mb=0.1)


def test_a_page_carries_the_credit_of_every_node_of_its_step() -> None:
    group = showcase_group()
    table = StepTable.of([group])
    attribute_shown([group], table)
    page, said = page_html([table], {"title": "", "steps": []}, title="x", decode=decode)
    assert said == ""
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert data["steps"][0]["head"]["n"] == len(data["steps"][0]["texts"]) == 48
    assert "default-src &#x27;none&#x27;" in page


def test_the_committed_bundle_is_made_of_the_committed_sources(repo: Path) -> None:
    """The same hash as widgets/build.mjs, without Node. On failure: `npm run build` in widgets/."""
    widgets = repo / "widgets"
    files = [path for path in (widgets / "src").rglob("*") if path.is_file()]
    files = sorted(files, key=lambda path: path.relative_to(widgets).as_posix())
    digest = hashlib.sha256()
    for path in [*files, widgets / "build.mjs", widgets / "package.json"]:
        digest.update(path.relative_to(widgets).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    first = BUNDLE.read_text("utf-8").splitlines()[0]
    assert first.endswith(digest.hexdigest()), (
        "rao_lab/views/static/explorer.js is stale: run `npm run build` in widgets/"
    )


def test_both_halves_name_the_same_traits_in_the_same_order(repo: Path) -> None:
    source = (repo / "widgets/src/step/client.js").read_text("utf-8")
    theirs = re.findall(r'"(\w+)"', re.search(r"TRAITS = .*?\[(.*?)\]", source, re.DOTALL)[1])  # type: ignore[index]
    ours = [name for name in vars(Explorer) if name in Explorer.class_own_traits(sync=True)]
    assert theirs == ours


def test_the_front_end_never_turns_text_into_markup(repo: Path) -> None:
    for path in (repo / "widgets/src").rglob("*.js"):
        text = path.read_text("utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
        ), path
