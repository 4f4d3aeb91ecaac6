"""`show`: a recorded tree as text, and one node: its context, its messages, its credit."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from rao_lab.store import RunWriter, open_run
from rao_lab.tree.codec import tree_from_json
from tests.support.chat_servers import answers, serving
from tests.support.command_line import CommandLine

DATA = Path(__file__).parents[2] / "data"
TRAINED = DATA / "pathologies" / "lambda_1.rao"
ALONE = DATA / "runs" / "smollm2.rao"


def test_show_prints_the_picture_of_a_tree_with_its_credit(lab: CommandLine) -> None:
    status, out, _ = lab(["show", TRAINED, "--tree", "3"])
    assert status == 0
    first, *lines = out.splitlines()
    assert first == (  # words count from 1, as the Explorer does
        "lambda_1.rao, step 12: 36 trees of 6 tasks and 4 probes; this is --tree 0.3: tree 4 of 6 of its task"
    )
    assert lines[-4].split() == ["✓", "0", "2x", "e1", "1.00", "2.00", "+0.20", "3", "11"]
    assert max(map(len, out.splitlines())) <= 100


def test_a_tree_is_named_by_its_place_or_as_credit_prints_it(lab: CommandLine) -> None:
    with open_run(TRAINED) as run:
        wanted = next(tree for tree in run.trees(1) if (tree.group, tree.rollout) == (2, 5)).load()
        probe = next(tree for tree in run.trees(12) if tree.probe)
    found = lab.json(["show", TRAINED, "--step", "1", "--tree", "2.5"])
    assert tree_from_json(found) == wanted
    assert lab.json(["show", TRAINED, "--step", "1", "--tree", "17"]) == found  # 6 trees a group
    _, out, _ = lab(["show", TRAINED, "--tree", "36"])
    assert "\n--tree GROUP.TREE from 0.0, or 0 to 39, shows another" in out
    assert "this is --tree 36: a probe, tree 1 of 2 of its task" in out and probe.task in out


def test_only_addresses_that_exist_are_named(lab: CommandLine, tmp_path: Path) -> None:
    with open_run(TRAINED) as run:
        trees = [tree.load() for tree in run.trees(12) if tree.group == 2 and not tree.probe][:2]
    for name, origin, said in (
        ("a", None, "GROUP.TREE from 2.0, or 0 to 1,"),
        ("b", {"tree": "2.0"}, "0 to 1"),
    ):
        with RunWriter(tmp_path / f"{name}.rao", {}) as writer:
            for tree in trees:
                writer.tree_done(replace(tree, header=replace(tree.header, origin=origin)))
        _, out, _ = lab(["show", tmp_path / f"{name}.rao"])
        assert f"\n--tree {said} shows another" in out


def test_a_node_shows_its_context_its_messages_and_its_credit(lab: CommandLine) -> None:
    status, out, _ = lab(["show", TRAINED, "--tree", "3", "--node", "0.0"])
    assert status == 0
    for line in (
        "node 0.0: finished, s = 1.00 (verifier), depth 1, 5 turns",
        "goal: Craft the following items: 2x e3",
        "turn 2: read 6 new tokens, wrote 3, 16 in the context",
        "      (kept: 7 tokens)",
        "    + e3 = c3 2 (0)",
        '    > get_info(["c3"])',
        "  user: e3 = c3 2 (0)",
        "returned 'done'",
        "A =  -0.800    R - b",
    ):
        assert line in out.splitlines(), line


def test_a_node_as_json_has_its_credit(lab: CommandLine) -> None:
    found = lab.json(["show", TRAINED, "--tree", "0.3", "--node", "0.0"])
    assert found["goal"].endswith("2x e3") and len(found["turns"]) == 5
    (row,) = lab.json(["credit", TRAINED, "--tree", "0.3", "--node", "0.0"])["nodes"]
    assert found["credit"] == row


def test_a_run_without_credit_and_without_a_tokenizer_is_shown(
    lab: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path))  # its model was not fetched
    _, out, _ = lab(["show", ALONE, "--node", "0"])
    assert out.startswith(
        "smollm2.rao, step 0: 1 tree of 1 task; this is --tree 0.0: tree 1 of 1 of its task\n\n"
    )
    assert "no credit: this tree was not trained on" in out and "context: as messages" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tree", "40"], "step 12 has no tree '40': it has 0 to 39 (or GROUP.TREE"),
        (["--tree", "8.0"], "no tree '8.0'"),
        (["--tree", "x"], "no tree 'x'"),
        (["--tree", "9" * 5000], "no tree '99"),
        (["--step", "99"], "no step 99: it has the steps 0 to 12"),
        (["--step", "4"], "step 4 of lambda_1.rao has no trees: of its steps, 0-1, 10, 12 have some"),
        (["--node", "0.7.7"], "no node '0.7.7' in this tree"),
    ],
)
def test_what_is_not_there_gets_one_line(arguments: list[str], words: str, lab: CommandLine) -> None:
    assert words in lab.refused(["show", TRAINED, *arguments])


def test_a_run_without_trees_says_so(tmp_path: Path, lab: CommandLine) -> None:
    out = tmp_path / "empty.rao"
    with RunWriter(out, {}):
        pass
    assert "empty.rao has no trees: no step has begun" in lab.refused(["show", out])
    assert "empty.rao has no credit: no step of training has ended" in lab.refused(["credit", out])


def test_the_tree_of_the_readme_is_what_its_command_prints(
    lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    readme = (DATA.parent / "README.md").read_text(encoding="utf-8")
    command, picture = (
        "data/pathologies/as_it_should_be.rao --tree 2.2",
        readme.split("```\ntask ")[1].split("```")[0],
    )
    assert f"`rao-lab show {command}`" in readme
    _, out, _ = lab(["show", DATA.parent / "data/pathologies/as_it_should_be.rao", "--tree", "2.2"])
    assert out.endswith(f"task {picture}")


def test_a_node_of_a_server_says_what_the_server_counted(lab: CommandLine, tmp_path: Path) -> None:
    said = {
        "message": {"content": "```python\nfinish('no')\n```"},
        "logprobs": {"content": [{"logprob": -0.75}]},
    }
    body = json.dumps({"choices": [said], "usage": {"prompt_tokens": 812, "completion_tokens": 35}})
    with serving(answers(200, body)) as server:
        lab(["run", "--policy", server.address, "--set", "policy.logprobs=true", "--out", tmp_path / "a.rao"])
    _, out, _ = lab(["show", tmp_path / "a.rao", "--node", "0"])
    assert "turn 1: read 812 tokens, wrote 35, log-prob -0.8" in out


def test_show_prints_when_the_nodes_of_a_tree_ran(lab: CommandLine) -> None:
    status, out, _ = lab(["show", TRAINED, "--tree", "3", "--timeline"])
    assert status == 0 and "ideal speed-up" in out and "critical path: 0" in out
    found = lab.json(["show", TRAINED, "--tree", "3", "--timeline"])
    assert found["critical_steps"] == found["clocks"]["steps"]["end"] <= found["steps"]
    status, _, error = lab(["show", TRAINED, "--node", "0", "--timeline"])
    assert status == 2 and error.count("\n") == 1 and "--timeline shows a whole tree" in error


def test_show_prints_the_group_of_a_tree_and_what_the_groups_of_its_step_taught(lab: CommandLine) -> None:
    status, out, _ = lab(["show", TRAINED, "--tree", "3", "--group"])
    assert status == 0 and "of the update" in out and "  tree 1 " in out and "  depth 0 " in out
    found = lab.json(["show", TRAINED, "--tree", "3", "--group"])
    trained = [group["share"] for group in found["groups"] if group["kind"] == "trained"]
    assert sum(trained) == pytest.approx(1) == sum(row["share"] for row in found["depths"])
    assert all(group["says"] for group in found["groups"])
    status, _, error = lab(["show", TRAINED, "--node", "0", "--group"])
    assert status == 2 and error.count("\n") == 1 and "--group shows the trees of a task" in error


def test_a_node_is_told_what_the_rule_of_its_run_compares_with(lab: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "a.rao"
    setting = ("--set", "credit.baseline=group_mean", "--set", "tasks_per_step=1", "--set", "group_size=2")
    assert (
        lab(["train", "--env", "textcraft", "--policy", "tiny", "--steps", "1", *setting, "--out", file])[0]
        == 0
    )
    _, out, _ = lab(["show", file, "--step", "1", "--tree", "0.0", "--node", "0"])
    assert "the own one included" in out


def test_a_step_that_a_training_was_ended_in_is_not_shown_unasked(tmp_path: Path, lab: CommandLine) -> None:
    cut = tmp_path / "cut.rao"
    cut.write_bytes(TRAINED.read_bytes())
    with sqlite3.connect(cut) as file:
        file.execute("UPDATE steps SET ended = NULL WHERE step = 12")
    file.close()
    with open_run(cut) as run:
        before = next(
            each.step for each in reversed(run.steps) if each.ended and (each.trees or each.probe_trees)
        )
    for more, step in (([], before), (["--step", "12"], 12)):
        _, out, err = lab(["show", cut, *more])
        assert out.startswith(f"cut.rao, step {step}: ")
        assert "step 12 was not finished: not credited" in err
