"""`credit`: a step's credit as a table and as JSON, by the run's rule or another."""

from __future__ import annotations

from pathlib import Path

import pytest

from rao_lab.cli import main as cli
from rao_lab.store import open_run
from tests.support.command_line import CommandLine, train


def test_credit_prints_every_node_of_the_step(recorded: Path, lab: CommandLine) -> None:
    found = lab.json(["credit", recorded, "--step", "1"])
    with open_run(recorded) as run:
        nodes = [node.path for group in run.groups(1) for tree in group.trees for node in tree.nodes]
    assert [row["node"] for row in found["nodes"]] == nodes
    assert list(found["nodes"][0]) == [
        *("group", "tree", "node", "parent", "depth", "status", "s", "child_mean"),
        *("child_min", "bonus", "R", "b", "A", "w", "c", "share", "trained", "why_not"),
    ]
    assert all((row["share"] is None) != row["trained"] for row in found["nodes"])
    assert (found["step"], found["config"]["lam"]) == (1, 0.4)


def test_credit_json_is_byte_identical_for_equal_runs(
    recorded: Path, random_tiny: Path, tmp_path: Path, lab: CommandLine
) -> None:
    again = tmp_path / "again.rao"
    assert cli.call(train(again, random_tiny)) == 0
    first = lab(["credit", recorded, "--step", "2", "--json"])[1]
    assert first == lab(["credit", again, "--step", "2", "--json"])[1]


def test_credit_recomputes_by_another_rule(recorded: Path, lab: CommandLine) -> None:
    rule = ["--baseline", "none", "--depth-weighting", "none"]
    found = lab.json(["credit", recorded, "--step", "1", *rule])
    assert found["config"]["baseline"] == "none"
    assert all(row["b"] in (0.0, None) for row in found["nodes"])
    assert all(row["w"] == 1.0 for row in found["nodes"] if row["trained"])


def test_credit_takes_the_newest_step_and_explains_its_columns(recorded: Path, lab: CommandLine) -> None:
    _, out, _ = lab(["credit", recorded])
    assert out.startswith("step 2: ")
    assert "R = s + lambda * child_mean" in out
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1].endswith("GROUP.0 is tree 1 of the Explorer")
    nodes = lab.json(["credit", recorded])["nodes"]
    for line, node in zip(lines[6:], nodes, strict=False):
        assert (line.split()[5] == "-") == (node["child_min"] is None)
        assert isinstance(node["child_mean"], float)
    assert lines[5].split() == ["group", "tree", "node", "status", "s", "child", "R", "b", "A", "w", "c"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--step", "77"], "no step 77"),
        (["--step", "0"], "step 0"),
        (["--estimator", "best"], "estimator"),
        (["--lam", "-2"], "lam"),
    ],
)
def test_credit_refuses_what_means_nothing(
    more: list[str], words: str, recorded: Path, lab: CommandLine
) -> None:
    assert words in lab.refused(["credit", recorded, *more])


def test_capped_sum_is_credited_with_its_cap(recorded: Path, lab: CommandLine) -> None:
    config = lab.json(["credit", recorded, "--bonus", "capped_sum", "--cap", "0.5"])["config"]
    assert (config["bonus"], config["cap"]) == ("capped_sum", 0.5)
    assert "needs cap" in lab.refused(["credit", recorded, "--bonus", "capped_sum"])


def test_credit_of_one_node_is_told_term_by_term(recorded: Path, lab: CommandLine) -> None:
    whole = lab.json(["credit", recorded, "--step", "1"])["nodes"]
    (one,) = lab.json(["credit", recorded, "--step", "1", "--tree", "1.0", "--node", "0"])["nodes"]
    assert one in whole and (one["group"], one["tree"], one["node"]) == (1, 0, "0")
    _, out, _ = lab(["credit", recorded, "--step", "1", "--tree", "1.0", "--node", "0"])
    assert out.startswith(f"step 1: 1 of {len(whole)} nodes")
    assert "node 0 of tree 1, address 1.0/0:" in out and f"R = {one['R']:>7.3f}" in out
    trained = [row["depth"] for row in whole if row["trained"]]
    weight = f"{len(trained)} nodes / ({len(set(trained))} depths * {trained.count(0)} of them here)"
    assert f"the weight of depth 0: N / (D n_d) = {weight}" in out
    shown = lab(["show", recorded, "--step", "1", "--tree", "1.0", "--node", "0"])[1]
    assert weight in shown
    roots = lab.json(["credit", recorded, "--step", "1", "--node", "0"])["nodes"]
    assert roots == [row for row in whole if row["node"] == "0"] and len(roots) == 4
    said = lab.refused(["credit", recorded, "--step", "1", "--tree", "9.9", "--node", "0"])
    assert "no tree '9.9' with node '0': a tree is named GROUP.TREE" in said


def test_a_run_without_credit_says_why(recorded: Path, tmp_path: Path, lab: CommandLine) -> None:
    alone = tmp_path / "one.rao"
    assert lab(["run", "--policy", "scripted", "--out", alone])[0] == 0
    said = lab.refused(["credit", alone])
    assert "one.rao has no credit: its trees were run outside training" in said
    assert "`rao-lab show one.rao` prints them" in said
    said = lab.refused(["credit", recorded, "--step", "0"])
    assert "it has only trees that were not trained on; steps with credit: 1-2" in said


def test_a_moving_baseline_is_counted_from_the_steps_before(recorded: Path, lab: CommandLine) -> None:
    rule = ["--baseline", "moving", "--decay", "0.5"]
    first, second = (lab.json(["credit", recorded, "--step", step, *rule])["nodes"] for step in ("1", "2"))
    means = {
        depth: [row["R"] for row in first if row["depth"] == depth and row["status"] != "cancelled"]
        for depth in {row["depth"] for row in first}
    }
    for row in second:
        known = [R for R in means.get(row["depth"], []) if R is not None]
        if known:
            assert row["b"] == pytest.approx(sum(known) / len(known))
    _, out, _ = lab(["credit", recorded, "--step", "2", "--tree", "1.0", "--node", "0", *rule])
    assert "the mean R so far at depth 0" in out


def test_a_rule_of_a_file_credits_a_step(recorded: Path, tmp_path: Path, lab: CommandLine) -> None:
    (tmp_path / "rules.py").write_text("def twice(nodes):\n    return 2 * (nodes.R - nodes.b)\n")
    usual = lab.json(["credit", recorded, "--step", "1"])["nodes"]
    found = lab.json(["credit", recorded, "--step", "1", "--estimator", tmp_path / "rules.py:twice"])
    assert found["config"]["estimator"]["rule"] == "twice"
    assert [row["A"] for row in found["nodes"]] == [row["A"] and 2 * row["A"] for row in usual]
    said = lab(["credit", recorded, "--step", "1", "--estimator", tmp_path / "rules.py:twice"])[1]
    assert said.splitlines()[1].startswith("b and w as the rule says") and "leave_one_out" not in said
    one = ["--tree", "0.0", "--node", "0"]
    said = lab(["credit", recorded, "--step", "1", *one, "--estimator", tmp_path / "rules.py:twice"])[1]
    assert "as the rule says; if it gives no w, the weight of depth 0" in said
    assert "no function 'thrice'" in lab.refused(
        ["credit", recorded, "--estimator", f"{tmp_path}/rules.py:thrice"]
    )


def test_rules_are_compared_on_the_same_rollouts(recorded: Path, tmp_path: Path, lab: CommandLine) -> None:
    found = lab.json(["credit", recorded, "--compare", "all", "--all"])
    assert found["steps"] == [1, 2] and found["first"] == "recorded" and "moving" in found["rules"]
    assert found["rules"]["recorded"]["signs_changed"]["value"] == 0
    assert len(found["rules"]["tree_relative"]["by_step"]) == 2
    page = tmp_path / "rules.html"
    _, out, _ = lab(["credit", recorded, "--compare", "rao,tree_relative", "--step", "1", "--out", page])
    assert out.startswith("Rules of credit on the same rollouts: step 1, ")
    assert "tree_relative" in page.read_text() and "<script" not in page.read_text()
    for more, words in (
        (["--compare", "rao,best"], "'best' is no rule"),
        (["--compare", "all", "--lam", "0"], "--lam has no meaning with --compare"),
        (["--compare", "all", "--all", "--step", "1"], "contradict"),
        (["--all"], "--all has a meaning with --compare alone"),
        (["--compare", "all", "--out", recorded], "a run file"),
    ):
        assert words in lab.refused(["credit", recorded, *more])
