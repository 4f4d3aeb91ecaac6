"""--judge and --rubric: a model scores what a world cannot, and its cost is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rao_lab as rl
from tests.support.chat_servers import says, serving
from tests.support.command_line import SMALL, CommandLine

GOAL = ["--goal", "Say one.", "--policy"]
BY_HAND = """
import rao_lab as rl

class ByHand:
    name, version, dialect, window = "by hand", 0, "codeact", 0
    def __init__(self): self.asked = []
    def submit(self, request): self.asked.append(request)
    def tick(self):
        asked, self.asked = self.asked, []
        return [rl.TurnReply(each.key, "So.\\n```python\\nfinish('one')\\n```") for each in asked]
    def forget(self, key): pass
"""


def test_a_goal_of_ones_own_is_judged_by_a_rubric_and_the_cost_is_said(
    lab: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hand.py").write_text(BY_HAND)
    Path("rubric.md").write_text("It says one.")
    usage = {"prompt_tokens": 200, "completion_tokens": 20}
    with serving(says("It does.\nVERDICT: 1", usage=usage)) as server:
        judge = ["--judge", server.address, "--rubric", "rubric.md"]
        kept = ["--set", "judge.cache=verdicts.sqlite", "--out", "a.rao"]
        prices = ["--set", "judge.prices.in=1", "--set", "judge.prices.out=2"]
        status, out, err = lab(["run", *GOAL, "hand.py:ByHand", *judge, *kept, *prices, "--json"])
        assert status == 0 and json.loads(out)["nodes"][0]["success_source"] == "judge"
        assert (
            "judge: 1 verdict by endpoint#small-model, 1 call, 200 tokens read, 20 tokens written, 0.0002 US"
            in err
        )
        assert "It says one." in server.asked[0]["messages"][1]["content"]
        again = lab(["run", *GOAL, "hand.py:ByHand", *judge, "--set", "judge.cache=verdicts.sqlite"])
        assert "1 verdict by endpoint#small-model, 1 known already, 0 calls" in again[2]
        assert len(server.asked) == 1
    with rl.open_run("a.rao") as run:
        assert run.config["judging"]["rubric"] == "It says one."


def test_a_judge_of_ones_own_is_named_by_its_file(
    lab: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    brief = "class Brief:\n    def score(self, tree, path):\n        return rl.Score(0.5, source='brevity')\n"
    Path("hand2.py").write_text(BY_HAND + brief)
    status, out, _ = lab(["run", *GOAL, "hand2.py:ByHand", "--judge", "hand2.py:Brief", "--json"])
    assert status == 0 and json.loads(out)["nodes"][0]["success_source"] == "brevity"
    assert "is a judge already: it takes no rubric" in lab.refused(
        ["run", *GOAL, "hand2.py:ByHand", "--judge", "hand2.py:Brief", "--rubric", "hand2.py"]
    )
    assert "hand2.py has no judge 'Other'" in lab.refused(["run", "--judge", "hand2.py:Other"])


def test_a_training_goes_on_with_the_judge_as_it_was(
    lab: CommandLine, tmp_path: Path, random_tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rubric and its settings are those of the run; another judge is refused with what to do."""
    monkeypatch.chdir(tmp_path)
    Path("hand.py").write_text(BY_HAND)
    Path("rubric.md").write_text("Graded: it says one.")
    by = ["--judge", "hand.py:ByHand"]
    begin = ["train", "--out", "a.rao", "--policy", random_tiny, "--difficulty", "easy", *SMALL]
    begin += ["--set", "probe_tasks=0", "--steps", "1", "--set", "judge.check=4", "--set", "judge.seconds=60"]
    assert lab([*begin, *by, "--rubric", "rubric.md", "--set", "judge.max_chars=900"])[0] == 0
    on = ["train", "--out", "a.rao", "--resume", "--steps", "2"]
    for given, words in (
        ([], "made with the judge by hand by rubric"),
        ([], "cannot be resumed without it: name it again by --judge and --rubric"),
        (["--judge", "root"], "cannot be resumed with root: name it again"),
        ([*by, "--set", "judge.max_chars=800"], "max_chars=900 and cannot be resumed with 800: leave out"),
        (
            [*by, "--rubric", "hand.py"],
            "the judge's rubric='Graded: it says one.' and cannot be resumed with",
        ),
    ):
        assert words in lab.refused([*on, *given])
    assert lab([*on, *by])[0] == 0
    with rl.open_run("a.rao") as run:
        kept = {name: run.config["judging"][name] for name in ("check", "max_chars", "seconds")}
        assert (len(run.steps), kept) == (3, {"check": 4, "max_chars": 900, "seconds": 60})
    status, _, err = lab([*on[:-1], "3", *by, "--set", "judge.check=0"])
    assert status == 0 and "the judge's check is 0, and was 4 when step 2 was made" in err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run", "--rubric", "rubric.md"], "--rubric belongs to a judge: give --judge, too"),
        (["train", "--out", "a.rao", "--set", "judge.check=3"], "--set judge.check=... belongs to a judge"),
        (["eval", "--judge", "root", "--rubric", "rubric.md"], "asks nobody: it takes no rubric"),
        (["eval", "--judge", "http://h/v1#m", "--set", "judge.rubric=a"], "--rubric is what you look for"),
        (["run", "--judge", "http://h/v1#m", "--rubric", "none"], "there is no rubric none: check the path"),
        (["run", "--judge", "http://h/v1#m", "--set", "judge.check=3"], "is for rao-lab train alone"),
        (["run", "--judge", "scripted"], "the scripted policy plays worlds by rule and cannot judge"),
    ],
)
def test_what_makes_no_judge_is_one_line(args: list[str], words: str, lab: CommandLine) -> None:
    status, _, err = lab(args)
    assert status == 2 and words in err and len(err.strip().splitlines()) == 1
