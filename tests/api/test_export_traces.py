"""Trees in other programs' formats, and back: what each format can hold comes back equal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rao_lab as rl
from rao_lab.api.export import export_run
from rao_lab.api.export_traces import known_trees, pieces
from rao_lab.errors import ConfigError, InputError
from rao_lab.tree import LIMIT_STATUSES, Status
from tests.support.hostile_trees import hostile_group
from tests.support.trees import random_group, showcase_group


@pytest.fixture(scope="module")
def run_file(repo: Path) -> Path:
    return repo / "data/pathologies/as_it_should_be.rao"


TREES = [*showcase_group().trees, *random_group(5, step=1).trees, *hostile_group().trees]
ENDED = [tree for tree in TREES if all(node.status.ended for node in tree.nodes)]


def again(kind: str, tree: rl.Tree, folder: Path) -> rl.Tree:
    """A tree, written and read."""
    file = folder / f"{kind}.jsonl"
    file.write_text("".join(pieces(kind, known_trees([tree]))), "utf-8", errors="surrogatepass")
    (found,) = rl.open_trace(file, kind).trees
    return found


@pytest.mark.parametrize("kind", ["messages", "platoon", "otel"])
@pytest.mark.parametrize("tree", ENDED, ids=lambda tree: tree.task.id[:20])
def test_a_tree_comes_back_as_far_as_the_format_goes(kind: str, tree: rl.Tree, tmp_path: Path) -> None:
    found = again(kind, tree, tmp_path)
    assert [node.path for node in found.nodes] == [node.path for node in tree.nodes]
    for mine, theirs in zip(tree.nodes, found.nodes, strict=True):
        assert theirs.goal == mine.goal
        if mine.parent_turn is not None:
            assert theirs.parent_turn == mine.parent_turn
        if kind == "platoon":
            limit = mine.status in LIMIT_STATUSES
            kept = (
                Status.TURN_LIMIT
                if limit
                else mine.status
                if mine.status is Status.FINISHED
                else Status.ERROR
            )
            assert theirs.status is kept
        else:
            assert (theirs.status, theirs.value, theirs.reason) == (mine.status, mine.value, mine.reason)
        if theirs.status is not Status.ERROR and mine.reward is None:
            assert theirs.success == mine.success
        done = [turn for turn in mine.turns if turn.ended is not None]
        if kind != "messages":
            ran = [(turn.code.strip("\n"), turn.output) for turn in theirs.turns]
            assert ran == [(turn.code.strip("\n"), turn.output) for turn in done]
        if kind != "platoon":
            calls = [[call.name for call in turn.calls] for turn in done]
            assert [[call.name for call in turn.calls] for turn in theirs.turns] == calls


def test_a_step_keeps_its_groups_and_gets_the_same_credit(run_file: Path, tmp_path: Path) -> None:
    recorded = rl.open_run(run_file).attributions(12)
    for kind in ("messages", "platoon", "otel"):
        out = tmp_path / f"{kind}.jsonl"
        said = export_run(run_file, out, kind, "12")
        assert str(out) in said
        groups = [group for group in rl.open_trace(out).groups if not group.probe and len(group) > 2]
        found = rl.attribute(groups)
        A = {(tree.task.id, node): value for tree, node, value in _advantages(found, groups)}
        mine = {
            (tree.task.id, node): value
            for tree, node, value in _advantages(recorded, rl.open_run(run_file).groups(12))
        }
        assert A.keys() == mine.keys() and all(A[key] == pytest.approx(mine[key]) for key in A), kind


def _advantages(found: rl.Attributions, groups: Any) -> Any:
    for group in groups:
        for place, tree in enumerate(group.trees):
            label = group.index
            for path, record in found.of_tree(label, place).items():
                yield tree, f"{place} {path}", record.A


def test_spans_carry_the_terms_of_credit_and_times(run_file: Path, tmp_path: Path) -> None:
    export_run(run_file, tmp_path / "a.jsonl", "otel", "12")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    spans = [span for line in lines for span in line["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    said = [{each["key"]: each["value"] for each in span["attributes"]} for span in spans]
    terms = {
        (each["rao.node_id"]["stringValue"], each["rao.advantage"]["doubleValue"])
        for each in said
        if "rao.advantage" in each
    }
    recorded = rl.open_run(run_file).attributions(12)
    assert terms == {(one.node, one.A) for one in recorded}
    assert len({(span["traceId"], span["spanId"]) for span in spans}) == len(spans)
    assert all(int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) for span in spans)


def test_a_timeline_for_perfetto_has_a_track_a_node(run_file: Path, tmp_path: Path) -> None:
    export_run(run_file, tmp_path / "a.json", "perfetto", "12")
    events = json.loads((tmp_path / "a.json").read_text("utf-8"))["traceEvents"]
    run = rl.open_run(run_file)
    nodes = sum(tree.nodes for tree in run.trees(12))
    assert sum(event["name"] == "thread_name" for event in events) == nodes
    assert sum(event.get("cat") == "node" for event in events) == nodes
    arrows = [event["ph"] for event in events if event["name"] == "launch"]
    assert arrows.count("s") == arrows.count("f") == nodes - len(run.trees(12))


def test_what_nobody_timed_is_not_timed_by_an_export(tmp_path: Path) -> None:
    tree = showcase_group().trees[0]
    bare = replace(
        tree, nodes=tuple(replace(n, started=None, ended=None, turns=()) for n in tree.nodes), ended=None
    )
    found = again("otel", bare, tmp_path)
    assert all(node.started is None and node.ended is None for node in found.nodes)
    events = json.loads("".join(pieces("perfetto", known_trees([bare]))))["traceEvents"]
    assert not [event for event in events if event["ph"] == "X"]


def test_tables_are_parquet(run_file: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    export_run(run_file, tmp_path / "tables", "parquet", "12")
    table = parquet.read_table(tmp_path / "tables" / "nodes.parquet")
    assert table.num_rows == sum(tree.nodes for tree in rl.open_run(run_file).trees(12))
    assert export_run(run_file, tmp_path / "tables", "parquet", "12"), "an earlier export is replaced"
    (tmp_path / "tables" / "mine.txt").write_text("x")
    with pytest.raises(InputError, match=r"holds other files, such as mine\.txt"):
        export_run(run_file, tmp_path / "tables", "parquet")


def test_files_are_spared_and_names_must_fit(run_file: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"my": "data"}\n')
    with pytest.raises(InputError, match=r"mine\.jsonl exists and is no earlier otel export"):
        export_run(run_file, tmp_path / "mine.jsonl", "otel")
    for _ in range(2):
        export_run(run_file, tmp_path / "a.jsonl", "platoon", "12")
    with pytest.raises(ConfigError, match="contradict each other"):
        export_run(run_file, tmp_path / "a.html", "otel")
    with pytest.raises(ConfigError, match="--max-mb has no meaning for otel"):
        export_run(run_file, tmp_path / "b.jsonl", "otel", max_mb=3)
    with pytest.raises(ConfigError, match="or give --format"):
        export_run(run_file, tmp_path / "b.jsonl")
