"""`eval` and `run`: what they print, and the settings that a policy takes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from rao_lab.environments.textcraft import TextCraft
from rao_lab.policies.local.config import more_room
from rao_lab.store import open_run
from rao_lab.tree.codec import tree_from_json
from tests.support.command_line import CommandLine


def test_eval_prints_one_json_value_and_progress_elsewhere(lab: CommandLine) -> None:
    status, out, err = lab(["eval", "--policy", "scripted", "--limit", "6", "--json"])
    found = json.loads(out)
    assert status == 0
    assert found["success"] == 1.0
    assert (found["low"], found["high"]) == (pytest.approx(0.6097, abs=1e-4), 1.0)
    assert {"tasks", "mean_nodes", "max_nodes", "mean_depth", "tokens", "seconds"} <= set(found)
    assert "6 done" in err
    assert "difficulty: medium" in err


def test_eval_says_what_came_of_each_task_and_of_temperature_1(lab: CommandLine) -> None:
    """A lower temperature flatters what was trained, so 1 stands beside it; a row a task says what it cost."""
    arguments = ["eval", "--policy", "tiny", "--difficulty", "easy", "--limit", "3"]
    found = lab.json([*arguments, "--json"])
    plain = found["at_temperature_1"]
    assert (found["temperature"], plain["temperature"]) == (0.5, 1.0)
    rows = found["rows"]
    assert [row["task"] for row in rows] == [row["task"] for row in plain["rows"]]
    assert sum(row["generated_tokens"] for row in rows) == found["tokens"]
    assert all(row["labels"]["tier"] in (1, 2) and row["flat_tokens"] for row in rows)
    assert "temperature 1, as in training: success" in lab([*arguments[:-1], "1"])[1]
    once = lab.json([*arguments, "--json", "--temperature", "1"])
    assert "at_temperature_1" not in once and once["success"] == plain["success"]


def test_one_task_is_no_tasks(lab: CommandLine) -> None:
    _, out, _ = lab(["eval", "--policy", "scripted", "--limit", "1"])
    assert "on 1 task, " in out and "1 tasks" not in out


def test_eval_solves_the_authors_tasks(shared: Path, lab: CommandLine) -> None:
    folder = shared / "reference" / "textcraft_synth"
    files = ["--recipes", folder / "recipes.json", "--tasks", folder / "val_sample.jsonl.gz"]
    for agent in ("recursive", "flat"):
        found = lab.json(["eval", "--policy", "scripted", *files, "--agent", agent, "--limit", "60"])
        assert (found["tasks"], found["success"]) == (60, 1.0)
        assert found["budget"]["solved"] == 60 and found["budget"]["estimated"]


BUDGET = (
    "budget of the solutions (fits: 4000 turns a tree, 4000 a node, 1000 tokens a context, "
    "at 4 characters a token)"
)


@pytest.mark.parametrize(
    ("every", "row"),
    [
        (10, ["32", "3", "12", "932", "4,471", "53%"]),
        pytest.param(1, ["317", "3", "12", "934", "4,503", "53%"], marks=pytest.mark.slow),
    ],
)
def test_eval_prints_the_budget_of_flat_solutions_and_what_share_fits(
    every: int, row: list[str], shared: Path, tmp_path: Path, lab: CommandLine
) -> None:
    folder = shared / "reference" / "textcraft_synth"
    lines = gzip.decompress((folder / "val_sample.jsonl.gz").read_bytes()).splitlines(keepends=True)
    (tmp_path / "tasks.jsonl").write_bytes(b"".join(lines[::every]))
    files = ["--recipes", folder / "recipes.json", "--tasks", tmp_path / "tasks.jsonl"]
    window = ["--set", "limits.context_window=1000"]
    _, out, _ = lab(["eval", "--policy", "scripted", *files, "--agent", "flat", *window])
    table = [line.split() for line in out.splitlines()[out.splitlines().index(BUDGET) + 1 :]]
    assert table[1] == ["all", *row]
    assert [row[0] for row in table[2:]] == ["easy", "medium", "hard", "extreme"]


def test_the_first_line_says_which_world_it_is(lab: CommandLine) -> None:
    """The same words mean the same tasks, whoever plays and wherever they are said."""
    for more, band in (([], "medium 3-4"), (["--difficulty", "easy"], "easy 1-2")):
        for policy in ("scripted", "tiny"):
            _, _, err = lab(["run", "--policy", policy, *more])
            assert err.startswith(f"world: TextCraft(small, seed=0, slack=3; tiers: {band})")
    tree = tree_from_json(lab.json(["run", "--policy", "scripted", "--difficulty", "easy"]))
    assert tree.task == TextCraft("easy").tasks("test")[0]


NO_SCRIPT = """
from tests.environments.second_world import AddUp

class Silent(AddUp):
    play = property()
"""


def test_a_world_without_a_script_is_not_played_by_the_scripted_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "silent_world.py").write_text(NO_SCRIPT)
    for command in ("run", "eval"):
        said = lab.refused([command, "--env", "silent_world:Silent", "--policy", "scripted"])
        assert "the scripted policy cannot play add-up, which has no script" in said


def test_the_embedded_policy_in_another_world_is_told_what_to_do(lab: CommandLine) -> None:
    _, _, err = lab(["run", "--env", "tests.environments.second_world:AddUp", "--policy", "tiny"])
    assert "note: tiny knows the words of textcraft only" in err and "--policy scripted or" in err


def test_eval_says_which_difficulty_it_took_only_if_it_chose(lab: CommandLine) -> None:
    arguments = ["eval", "--policy", "scripted", "--limit", "3", "--difficulty", "easy,hard"]
    _, out, err = lab(arguments)
    assert "difficulty:" not in err
    assert "easy" in out and "hard" in out


def test_the_policy_can_be_told_its_settings(lab: CommandLine) -> None:
    styled = ["--set", "policy.style=per_ingredient", "--set", "limits.max_nodes=2000"]
    arguments = ["eval", "--policy", "scripted", "--set", "env.preset=paper", "--limit", "4"]
    summed, styled = (lab.json([*arguments, *more]) for more in ([], styled))
    assert (summed["success"], styled["success"]) == (1.0, 1.0)
    assert summed["max_nodes"] <= 12 < styled["max_nodes"]


@pytest.mark.parametrize(
    ("policy", "setting", "words"),
    [
        ("scripted", "policy.stile=flat", "no setting 'stile': did you mean 'style'?"),
        ("scripted", "policy.style=wild", "style='wild' is unknown"),
        ("scripted", "policy=flat", "name a setting"),
        ("tiny", "policy.device=abacus", "device='abacus' is not on this machine"),
        ("tiny", "policy.dtype=int8", "float32, bfloat16, float16"),
        ("tiny", "policy.temperature=0.1", "--temperature or, of train, --set temperature= is what"),
        ("tiny", "policy.name=x", "--policy is what you look for"),
        ("http://127.0.0.1:9/v1#m", "policy.retries=-1", "retries=-1 means nothing"),
    ],
)
def test_settings_that_a_policy_does_not_have_are_refused(
    policy: str, setting: str, words: str, lab: CommandLine
) -> None:
    assert words in lab.refused(["run", "--policy", policy, "--set", setting])


def test_run_prints_a_tree(lab: CommandLine) -> None:
    status, out, _ = lab(["run", "--policy", "scripted", "--difficulty", "hard"])
    assert status == 0
    assert "0.0" in out and "scripted" in out


UNCLOSED = """
import rao_lab as rl

class Unclosed:
    name, version, dialect, window, asked = "unclosed", 0, "codeact", 0, []
    def submit(self, request): self.asked.append(request.key)
    def tick(self):
        return [rl.TurnReply(self.asked.pop(), "```python\\nprint(1\\n```")]
    def forget(self, key): ...
"""


def test_run_says_how_the_last_turn_failed_of_a_root_that_ran_into_a_limit(
    tmp_path: Path, lab: CommandLine
) -> None:
    (tmp_path / "own.py").write_text(UNCLOSED)
    run = ["run", "--policy", f"{tmp_path}/own.py:Unclosed", "--set", "limits.max_turns=2"]
    status, out, err = lab(run)
    assert status == 0 and "turn limit, last error SyntaxError" in out
    assert "the root's last turn failed: SyntaxError: unexpected EOF while parsing (line 1: print(1)" in err
    assert "last turn failed" not in lab([*run, "--json"])[1]
    assert "last turn failed" not in lab(["run", "--policy", "scripted"])[2]


def test_run_json_is_the_tree(lab: CommandLine) -> None:
    tree = tree_from_json(lab.json(["run", "--policy", "scripted", "--task", "2"]))
    assert tree.success == 1.0
    assert tree.task.id.endswith("/2")


def test_run_out_writes_a_run_file(tmp_path: Path, lab: CommandLine) -> None:
    out = tmp_path / "runs" / "one.rao"
    assert lab(["run", "--policy", "scripted", "--out", out])[0] == 0
    with open_run(out) as run:
        (tree,) = run.trees(0)
        assert tree.success == 1.0


def test_malformed_task_files_are_named_with_their_line(tmp_path: Path, lab: CommandLine) -> None:
    recipes, tasks = tmp_path / "recipes.json", tmp_path / "tasks.jsonl"
    recipes.write_text('{"recipes": {"plank": [{"ingredients": {"log": 1}, "result_count": 4}]}}')
    tasks.write_text('{"no": "task"}\n')
    line = lab.refused(["eval", "--policy", "scripted", "--recipes", recipes, "--tasks", tasks])
    assert "tasks.jsonl, line 1" in line


def test_run_out_is_refused_before_anything_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: CommandLine
) -> None:
    monkeypatch.setattr("rao_lab.api.reopen.load_policy", lambda *_, **__: pytest.fail("it was loaded"))
    out = tmp_path / "one.rao"
    out.write_text("mine")
    assert "one.rao exists already: choose another name" in lab.refused(["run", "--out", out])


def test_a_context_that_is_too_small_for_the_prompt_is_said_with_what_to_do(lab: CommandLine) -> None:
    for setting, remedy in (
        ("policy.window=4", "raise the policy's window (policy.window)"),
        ("limits.context_window=4", "raise limits.context_window, or"),
    ):
        status, out, err = lab(["run", "--policy", "tiny", "--set", setting])
        assert status == 0 and "context limit" in out
        assert f"tokens and its context holds 4: {remedy}" in err
    assert more_room(128, 128, 128).startswith("its model reads no more")
