"""`fork`: a recorded tree again, with one thing changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import rao_lab as rl
from tests.support.command_line import CommandLine
from tests.support.written import Written


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one tree of the scripted policy."""
    from rao_lab.api.export import record

    path = tmp_path_factory.mktemp("fork") / "one.rao"
    env = rl.environments.TextCraft(difficulty="medium")
    record([rl.run(env.tasks("test")[0], env, rl.load_policy("scripted"))], path)
    return path


WORLD = ["--env", "textcraft"]


def test_a_fork_is_told_kept_and_shown(
    kept: Path, lab: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    action = tmp_path / "a.py"
    action.write_text("finish('no')")
    new = tmp_path / "forks.rao"
    asked = ["fork", kept, "--node", "0.0", "--turn", "2", "--rest", "continued", "--repeats", "2", *WORLD]
    status, out, err = lab([*asked, "--action-file", action, "--out", new])
    assert status == 0 and "forks: 2 done" in err
    assert out.startswith("after this action in turn 2, 0.0 succeeds 0 of 2 [0.00, 0.66] (before: succeeded)")
    assert "new turns by scripted v0, the node's own" in out and str(new) in out
    assert "changed: other action: finish('no')" in out and "— no such number: an advantage needs" in out
    command = out.splitlines()[-2].partition("; the first of them: rao-lab ")[2]
    assert out.splitlines()[-1] == f"side by side: rao-lab diff {new} --trees 0:0 0:1"
    assert lab(["diff", new, "--trees", "0:0", "0:1"])[1].count("another action")
    assert command == f"show {new} --step 0 --tree 1"
    assert lab.json(command.split())["header"]["origin"]["repeat"] == 0
    status, out, _ = lab(["show", new, "--tree", "2"])
    assert (
        "step 0: 1 tree of 1 task and 2 forks; this is --tree 2: fork of 0.0 at 0.0 turn 2: other action"
        in out
    )
    assert out.splitlines()[4].startswith(
        "fork of 0.0 at 0.0 turn 2: other action: finish('no') · new turns by scripted v0"
    )
    status, _, err = lab([*asked, "--child-value", "0.0.0=oops", "--out", tmp_path / "b.rao"])
    assert (status, "'oops' is no JSON, so it is taken as text" in err) == (0, True)
    found = lab.json([*asked, "--child-value", "0.0.0=none", "--node", "0.0", "--turn", "2"])
    assert found["origin"]["edit"] == {"child_value": {"0.0.0": "none"}} and len(found["rows"]) == 3
    with rl.open_run(kept) as run:
        assert len(run.forks()) == 2 and run.steps[0].trees == 1


def test_a_goal_changed_in_words_alone_is_said_and_its_arguments_can_be_changed_too(
    kept: Path, lab: CommandLine, tmp_path: Path
) -> None:
    with rl.open_run(kept) as run:
        node = run.trees(0)[0].load().node("0.0")
    asked = ["fork", kept, "--node", "0.0", "--rest", "replayed", "--repeats", "1", "--goal", "Craft: 1x d5"]
    asked += [*WORLD, "--out", tmp_path / "a.rao"]
    held = f"the world still holds it to its old goal: {node.goal}"
    _, out, _ = lab(asked)
    lines = out.splitlines()
    assert lines[0].startswith(f"with this goal in words alone ({held}), 0.0 succeeds")
    assert "s, R and A of 0.0 are by its old goal" in lines and "changed: other goal: Craft: 1x d5" in lines
    assert "the prompt terse" not in out
    _, out, _ = lab([*asked, "--goal-args", '{"targets": {"d5": 1}}'])
    assert out.startswith("with this goal, 0.0 succeeds") and "old goal" not in out
    with rl.open_run(tmp_path / "a.rao") as run:
        assert [each.load().node("0.0").args for each in run.forks()] == [node.args, {"targets": {"d5": 1}}]

    trained = Path(__file__).parents[2] / "data" / "pathologies" / "lambda_1.rao"
    _, out, _ = lab(
        [
            "fork",
            trained,
            "--tree",
            "0.3",
            "--policy",
            "tiny",
            "--out",
            tmp_path / "b.rao",
            *asked[2:8],
            "--goal",
            "x",
        ]
    )
    assert "; the prompt terse has no words for a goal that is text" in out.splitlines()[0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--rest", "later"], "rest='later' is unknown: choose one of continued, replayed"),
        (["--rest", "continued", "--turn", "40"], "node 0.0 has no turn 40: it has"),
        (["--rest", "continued", "--turn", "40", "--policy", "nobody"], "node 0.0 has no turn 40"),
        (["--rest", "continued", "--child-value", "x"], "--child-value 'x' is no PATH=JSON"),
        (["--rest", "continued", "--action-file", "none.py"], "No such file or directory: none.py"),
        (["--rest", "continued", "--goal-args", "{}"], "--goal-args goes with --goal"),
        (["--rest", "continued", "--goal", "x", "--goal-args", "[1]"], "--goal-args '[1]' is no JSON object"),
        (["--rest", "continued", "--child-value", "0.9=5"], "it launched none; turn 2 has 0.0.0"),
        ([], "--rest is missing: give continued (sampled anew too) or replayed (as recorded)"),
        (["--rest", "continued", "--policy", "nobody"], "no policy 'nobody'"),
        (
            ["--rest", "continued", "--set", "policy.style=flat"],
            "--set is for the policy that --policy names",
        ),
        (
            ["--rest", "continued", "--policy", "scripted", "--set", "policy.stile=flat"],
            "did you mean 'style'?",
        ),
    ],
)
def test_what_means_nothing_is_one_line(kept: Path, lab: CommandLine, asked: list[str], said: str) -> None:
    status, out, err = lab(["fork", kept, "--node", "0.0", *WORLD, *asked])
    assert (status, out) == (2, "") and said in err and err.count("\n") == 1


def test_without_a_node_the_nodes_are_named(kept: Path, lab: CommandLine) -> None:
    assert "--node is missing: this tree has 0, 0.0" in lab.refused(["fork", kept, "--rest", "continued"])


def test_a_tree_over_files_of_ones_own_is_given_them_again(lab: CommandLine, tmp_path: Path) -> None:
    from rao_lab.api.export import record

    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "ada.txt").write_text("Ada was a countess.")
    (tmp_path / "asked.jsonl").write_text('{"goal": "Who was a countess?", "answer": "Ada"}')
    files = (tmp_path / "texts", tmp_path / "asked.jsonl")
    env, path = rl.environments.Research.from_folder(*files), tmp_path / "own.rao"
    record([rl.run(env.tasks("test")[0], env, Written(["finish('Ada')"]))], path)
    asked = ["fork", path, "--node", "0", "--rest", "continued", "--repeats", "1", "--policy", "tiny"]
    assert "give its world, --env research with --data and --tasks" in lab.refused(asked)
    with pytest.warns(UserWarning, match="tiny knows the words of terse alone"):
        said = lab.refused([*asked, "--env", "research"])
        assert "give the folder and the questions (--data FOLDER --tasks FILE)" in said
        found = lab.json([*asked, "--env", "research", "--data", files[0], "--tasks", files[1]])
    assert found["rows"][0]["success"] == 1 and len(found["rows"]) == 2


def test_a_run_says_which_files_its_world_was_made_of(
    lab: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("texts").mkdir()
    Path("texts/ada.txt").write_text("Ada was a countess.")
    Path("asked.jsonl").write_text('{"question": "Who was a countess?", "answer": "Ada"}')
    world = ["--env", "research", "--data", "texts", "--tasks", "asked.jsonl"]
    assert lab(["run", *world, "--policy", "tiny", "--out", "own.rao"])[0] == 0
    asked = ["fork", "own.rao", "--node", "0", "--rest", "continued", "--repeats", "1", "--policy", "tiny"]
    assert len(lab.json(asked)["rows"]) == 2
    bench = ["prompts", "bench", "--vary", "agent=recursive,flat", "--policy", "tiny", *world]
    assert lab([*bench, "--limit", "1", "--repeats", "1", "--out", "b.rao"])[0] in (0, 1)
    assert len(lab.json(["fork", "b.rao", "--step", "1", *asked[2:]])["rows"]) == 2
    Path("texts").rename("moved")
    for more in ([], ["--env", "research"]):
        assert "made with --data texts, which is not here: give --data" in lab.refused([*asked, *more])
    assert len(lab.json([*asked, "--data", "moved"])["rows"]) == 2


def test_a_tree_of_a_world_of_ones_own_asks_for_that_world(lab: CommandLine, tmp_path: Path) -> None:
    from rao_lab.api.export import record

    path, env, scripted = tmp_path / "own.rao", rl.environments.TextCraft("easy"), rl.load_policy("scripted")
    tree = rl.run(env.tasks("test")[0], env, scripted)
    record([replace(tree, header=replace(tree.header, environment="reorder"))], path)
    said = lab.refused(["fork", path, "--node", "0", "--rest", "continued"])
    assert "made in reorder, and own.rao does not say how to open it: give its world" in said
    assert "--env FILE.py:NAME (in Python environment=)" in said and "textcraft" not in said
    stranger = replace(tree, header=replace(tree.header, environment="research", policy="mine"))
    record([stranger], tmp_path / "both.rao")
    said = lab.refused(["fork", tmp_path / "both.rao", "--node", "0", "--rest", "continued"])
    assert "give its world, --env research with --data and --tasks if it was of files (in Python env" in said
    assert "(mine v0) are not at hand: give --policy NAME (in Python policy=" in said
