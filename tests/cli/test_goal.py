"""`rao-lab run --goal`, and an environment of a file for the other commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rao_lab as rl
from rao_lab.policies import fetch
from tests.support.chat_servers import says, serving
from tests.support.command_line import SMALL, CommandLine

TOOLS = """
from functools import lru_cache
import rao_lab as rl
print("what a tool prints")

def age_of(name: str) -> int:
    "How old somebody is."
    print("asked for", name)
    return 36

@lru_cache
def shout(text: str) -> str:
    return text.upper()

def _hidden(): ...

def verify(value: int) -> bool:
    return value == 36

people = rl.environment(["How old is Ada?"] * 2, [age_of], verify, name="people")
"""
FEW = [*("--set", "limits.max_turns=1", "--set", "limits.max_nodes=2", "--set", "limits.max_new_tokens=4")]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # undone after the test
    file = tmp_path / f"tools_{tmp_path.name.replace('-', '_')}.py"
    file.write_text(TOOLS)
    return file


def test_a_goal_runs_with_the_functions_of_a_file(tools: Path, lab: CommandLine) -> None:
    goal = [
        "run",
        "--goal",
        "How old is Ada?",
        "--tools",
        tools.name,
        "--verify",
        tools.name,
        "--policy",
        "tiny",
        *FEW,
    ]
    status, out, err = lab([*goal, "--out", "one.rao", "--json"])
    assert status == 0
    found = json.loads(out)  # and nothing else
    assert found["header"]["task"]["goal"] == "How old is Ada?"
    assert "goal: tiny, tools: age_of, shout" in err  # without the verifier, and without what is hidden
    assert "note: tiny knows the words of textcraft only" in err
    with rl.open_run("one.rao") as run:
        assert len(run.trees(0)) == 1
    _, out, err = lab([*goal[:3], "--tools", f"{tools.name}:shout", *goal[-8:]])
    assert out.startswith("task goal/")
    assert "tools: shout" in err
    assert "next: --out FILE keeps the tree" in err


BY_HAND = """
import rao_lab as rl

class ByHand:
    name, version, dialect, window = "by hand", 0, "codeact", 0
    asked = []
    def submit(self, request):
        self.asked.append(request)
    def tick(self):
        asked, self.asked[:] = [*self.asked], []
        return [rl.TurnReply(each.key, "```python\\nfinish(age_of('Ada'))\\n```") for each in asked]
    def forget(self, key): ...

by_hand = ByHand()
number = 3
def made(): return ByHand()
"""


def test_a_policy_of_a_file_solves_it_and_what_its_tools_print_goes_aside(
    tools: Path, lab: CommandLine
) -> None:
    Path("hands.py").write_text(BY_HAND)
    for policy in ("hands.py:ByHand", "hands.py:by_hand"):
        goal = ["run", "--goal", "How old is Ada?", "--tools", f"{tools.name}:age_of", "--policy", policy]
        status, out, err = lab([*goal, "--verify", tools.name, "--json"])
        assert (status, json.loads(out)["nodes"][0]["success"]) == (0, 1.0)
        assert "asked for Ada" in err
        assert lab(goal)[1].endswith("\nreturned 36\n")  # without --json too, the answer is there
    found = lab.json(["eval", "--env", f"{tools.name}:people", "--policy", "hands.py:ByHand"])
    assert (found["success"], found["tasks"]) == (1.0, 2)
    for name, line in (
        ("hands.py:Nobody", "hands.py has no policy 'Nobody': it defines "),
        ("hands.py:number", "hands.py:number is no policy: it lacks name, version, dialect, window, submit"),
        (
            "hands.py:made",
            "hands.py:made is a function and no policy: name a class without arguments, or what",
        ),
        ("nowhere.py:ByHand", "no file nowhere.py: check the name"),
    ):
        assert line in lab.refused([*goal[:5], "--policy", name])
    settings = ["--policy", "hands.py:ByHand", "--set", "policy.window=3"]
    assert "policy 'hands.py:ByHand' has no setting 'window': it has none" in lab.refused(
        [*goal[:5], *settings]
    )


def test_an_environment_of_a_file_is_evaluated_and_trained(tools: Path, lab: CommandLine) -> None:
    env = ["--env", f"{tools.name}:people"]
    assert lab.json(["eval", *env, "--policy", "tiny", *FEW])["tasks"] == 2
    found = lab.json(["train", *env, "--policy", "tiny", "--out", "a.rao", "--steps", "1", *SMALL, *FEW[-2:]])
    assert found["last_step"] == 1
    line = lab.refused(["train", "--out", "a.rao", "--resume", "--steps", "2"])
    assert f"give --env {tools.name}:people (a run file alone starts no code)" in line


def test_nothing_is_to_be_looked_at_if_no_server_listens(lab: CommandLine) -> None:
    asked = ["--policy", "http://127.0.0.1:9/v1#m", "--set", "policy.retries=0"]
    status, _, err = lab(["run", "--goal", "Go.", *asked])
    assert status == 1 and "connection refused" in err and "next:" not in err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--tools", "FILE"], "--tools belongs to a goal of your own: give --goal, too"),
        (
            ["--goal", "Go.", "--task", "3"],
            "--goal and --task are both given: run a goal of your own, or a task",
        ),
        (["--goal", "Go.", "--split", "test"], "--goal and --split are both given"),
        (
            ["--goal", "Go.", "--set", "env.seconds=0"],
            "seconds=0 means nothing: give a finite number above 0",
        ),
        (["--goal", "Go.", "--tools", "no.py"], "no file no.py: check the name"),
        (["--goal", "Go.", "--tools", "FILE:age"], "has no function 'age'"),
        (["--goal", "Go.", "--tools", "FILE:_hidden,people"], "has no function 'people'"),
        (
            ["--goal", "Go.", "--tools", "nowhere:f"],
            "no module 'nowhere' in this folder, and none is installed",
        ),
        (
            ["--goal", "Go.", "--set", "env.seed=1"],
            "--set env.seed=... has no meaning here: a goal has env.seconds alone",
        ),
        (["--goal", " "], "goal=' ' must say in words what is to be done"),
        (
            ["--goal", "Go.", "--policy", "scripted"],
            "the scripted policy cannot play goals, which has no script",
        ),
        (["--goal", "Go."], "a goal of your own needs a chat model: give --policy http://host:port/v1#model"),
    ],
)
def test_what_does_not_fit_gets_one_line(
    arguments: list[str], line: str, tools: Path, lab: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "cache_folder", lambda: tools.parent)  # nothing is fetched
    assert line in lab.refused(["run", *(each.replace("FILE", tools.name) for each in arguments)])


def test_a_root_whose_verifier_raises_was_not_scored_and_the_line_is_said(
    tools: Path, lab: CommandLine
) -> None:
    tools.write_text('def verify(value):\n    raise KeyError("answer-sheet")\n')
    with serving(says("```python\nfinish(6)\n```")) as server:
        goal = ["run", "--goal", "Play.", "--verify", tools.name, "--policy", server.address]
        status, _, err = lab(goal)
    said = f"the root was not scored: the verifier raised KeyError('answer-sheet') ({tools.name}:2 in verify)"
    assert status == 1 and said in err
