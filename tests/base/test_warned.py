"""A warning points at the user's own line, whatever lies between: decorators, `with` blocks, policies, workers."""

from __future__ import annotations

import json
import runpy
import warnings
from pathlib import Path

import pytest

from rao_lab.base.bundled import data_path

SCRIPT = """\
import shutil
import rao_lab as rl

def opened():
    return rl.environments.Research.from_folder("texts", "asked.jsonl")  # fields, splits

opened()
rl.environments.Mail.from_mbox("in.mbox", "asked.jsonl")  # fields, splits
rl.prompts.find("./mine")  # unused
env = rl.environments.Arithmetic()
task, scripted = env.tasks("test")[0], rl.load_policy("scripted")
rl.run(task, env, scripted, prompt="./mine")  # unused
rl.run(task, env, scripted, judge=rl.judge("root"))  # judge
rl.evaluate(env, scripted, tasks=1, judge=rl.judge("root"))  # judge
"""
SAID = {
    "fields": "fields that mean nothing here",
    "splits": "without a split belongs to test",
    "unused": "is not used",
    "judge": "judge was not asked",
}


def test_every_warning_points_at_the_line_of_the_users_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("texts").mkdir()
    Path("texts/a.txt").write_text("Ann is 5.")
    asked = {"question": "How old is Ann?", "answer": 5}
    lines = [{**asked, "by": "Bo"}, {"question": "Who is 5?", "answer": "Ann", "split": "train"}]
    Path("asked.jsonl").write_text("\n".join(map(json.dumps, lines)))
    Path("in.mbox").write_text("From a@b Thu Jan  1 00:00:00 2026\nSubject: Age\nFrom: a@b\n\nAnn is 5.\n")
    Path("mine").mkdir()
    for file in (data_path("prompts") / "plain").iterdir():
        (Path("mine") / file.name).write_bytes(file.read_bytes())
    Path("mine/notes.j2").write_text("Nobody reads this.")
    script = tmp_path / "own.py"
    script.write_text(SCRIPT)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        runpy.run_path(str(script))
    due = {
        (number, SAID[name])
        for number, line in enumerate(SCRIPT.splitlines(), 1)
        for name in (line.partition("  # ")[2].split(", ") if "  # " in line else ())
    }
    found = {(each.lineno, words) for each in said for words in SAID.values() if words in str(each.message)}
    assert found == due
    assert {each.filename for each in said} == {str(script)}
