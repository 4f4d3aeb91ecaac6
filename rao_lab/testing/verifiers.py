"""Checks of the verifier: right answers pass, and what is no answer does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted
from rao_lab.protocols import Judging, Ranged, Score
from rao_lab.testing.plays import OneProgram, check_scores, replayed
from rao_lab.testing.recorded import Replay, Step, same
from rao_lab.testing.trial import Play, Trial
from rao_lab.tree import ROOT, Status, Task

EMPTY: Sequence[Any] = (None, "", "   ", [], {}, (), "*", ".*", "%", "?", "done")
"""No answer to anything."""
ODD: Sequence[Any] = (
    *(
        True,
        False,
        0,
        -1,
        3.5,
        float("nan"),
        float("inf"),
        b"\x00\xff",
        b"",
        [[]],
        [None],
        {"": None},
        {1: 2},
    ),
    *(set(), {1, 2}, (None,), "\ud800", "x" * 100_000, 10**300, [["a"] * 50] * 50),
)
"""Answers of odd types: nothing may be raised."""


def check_verifiers(trial: Trial) -> None:
    """Leaves fresh worlds with right answers and with wrong ones."""
    golds = _golds(trial)
    if golds and trial.gold is not None:
        _own_golds(trial, golds)
    seen = False
    for task in trial.tasks:
        if trial.late:
            break
        value = next((gold for known, gold in golds if known is task), _NOTHING)
        others = [gold for _, gold in golds]
        seen |= _wrong_answers(trial, task, value, others)
    if not golds and seen:
        trial.note(
            "no right answer was tried, because none is known here: give a function from a task to its right answer, "
            "gold= (--gold FILE.py:NAME)"
        )
    helped = 0
    for play in trial.plays:
        if not trial.late:
            helped += _empty_helpers(trial, play)
            _someone_elses(trial, play)
    if not seen and trial.clean():
        trial.note("no verifier scored a root: a judge is asked, or the trees are not scored")
    elif trial.count:
        wrong = [f"empty answers of roots{' and helpers' * bool(helped)}"]
        wrong += ["lists of all"] * (len(golds) > 1) + ["others' values"] * bool(trial.plays)
        right = f"{counted(len(golds), 'right answer')} passed; " if golds else ""
        trial.passes(f"{right}{', '.join(wrong)} did not pass, and odd types raised nothing")


class _Nothing:
    """In place of an answer that is not known."""


_NOTHING = _Nothing()


def _golds(trial: Trial) -> list[tuple[Task, Any]]:
    """The right answer to each task, as `gold` says, or as the script or the flat plan gave it."""
    if trial.gold is not None:
        found = [(task, trial.ask(f"gold(task) of {task.id}", trial.gold, task)) for task in trial.tasks]
        return [(task, answer.value) for task, answer in found if answer.ok]
    known = {**trial.planned, **{play.task.id: play.tree.root.value for play in reversed(trial.plays)}}
    return [(task, known[task.id]) for task in trial.tasks if task.id in known]


def _own_golds(trial: Trial, golds: Sequence[tuple[Task, Any]]) -> None:
    for task, value in golds:
        score = _scored(trial, task, value)
        if score is None or (score.success or 0) < 1:
            found = "there was no score" if score is None else f"it was scored {score.success}"
            advice = "correct the verifier, or what gold says"
            trial.fault(f"the right answer {quoted(value)} to task {task.id}", found, advice)


def _scored(trial: Trial, task: Task, value: Any, run: bool = True) -> Score | None:
    """The score of a root that did nothing but finish with this value."""
    world = trial.entered(task)
    if world is None:
        return None
    tried = f"leave('0', {quoted(value)}) of task {task.id}"
    score = check_scores(trial, trial.ask(tried, world.leave, ROOT, value).value, tried)
    if score is None and run and isinstance(trial.env, Judging):
        play = trial.play(task, OneProgram(f"finish({value!r})"), agent="flat")
        if play is not None and play.tree.root.status is Status.ERROR:
            trial.fault(tried, play.tree.root.reason, "let the verifier score any value")
        if play is not None and play.tree.success is not None:
            return Score(play.tree.success)
    return score


def _wrong_answers(trial: Trial, task: Task, gold: Any, golds: Sequence[Any]) -> bool:
    """Whether a verifier spoke at all."""
    spoke = False
    most = 1.0 if isinstance(trial.env, Ranged) else 0.0
    for value in EMPTY:
        if trial.late or same(value, gold):
            continue
        score = _scored(trial, task, value)
        spoke |= score is not None
        passes = score is not None and score.success is not None
        if passes and (score.success >= 1 or score.success > most):  # type: ignore[union-attr,operator]
            found = f"it was scored {score.success:g}"  # type: ignore[union-attr]
            advice = "score 0: compare with the right answer, and not by what holds for everything"
            trial.fault(f"a root that finished with {quoted(value)} and did nothing else", found, advice)
    everything = [*dict.fromkeys(map(_hashable, golds)), *range(21), "yes", "no", True, False, None]
    sentence = " ".join(str(each) for each in golds)
    for value, what in ((everything, "a list of all answers"), (sentence, "all answers in one text")):
        if len(golds) < 2 or trial.late or same(value, gold) or sentence == str(gold):
            continue
        score = _scored(trial, task, value)
        if score is not None and (score.success or 0) >= 1:
            advice = "compare whole values: what contains the answer is not the answer"
            trial.fault(f"a root that finished with {what}, {quoted(value)}", "it passed", advice)
    for value in ODD:
        if not trial.late:
            _scored(trial, task, value, run=False)
    return spoke


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _someone_elses(trial: Trial, play: Play) -> None:
    """Each node of a play leaves with the value of another, if its value matters at all."""
    left = {step.path: step for step in play.steps if step.method == "leave"}
    for path, step in left.items():
        others = [each.args[0] for each in left.values() if not same(each.args[0], step.args[0])]
        if trial.late or not others or not _passes(step.result):
            continue
        if _passes(_left_with(trial, play, path, None)):
            continue  # its value does not matter
        if _passes(_left_with(trial, play, path, others[0])):
            trial.fault(
                f"node {path} of {play} finished with {quoted(others[0])}, the value of another node",
                f"it passed, as with its own value {quoted(step.args[0])}",
                "let leave compare with what this node was asked",
            )


def _empty_helpers(trial: Trial, play: Play) -> int:
    """Some helpers of a play finish with nothing and without having done anything: how many were tried."""
    done = {step.path: step.args[0] for step in play.steps if step.method == "leave" and _passes(step.result)}
    worked = [
        path
        for path, value in done.items()
        if path != ROOT
        and not any(same(value, each) for each in EMPTY)
        and any(_within(step, path) and step.method == "call" for step in play.steps)
    ]
    tried = list(dict.fromkeys([*worked[:1], *worked[-1:]]))
    for path in tried:
        for value in EMPTY:
            if trial.late:
                return 0
            if _passes(_left_with(trial, play, path, value, idle=True)):
                trial.fault(
                    f"node {path} of {play}, a helper, did nothing and finished with {quoted(value)}",
                    f"it passed, as with its own value {quoted(done[path])}",
                    "score 0, of every node: compare with what it was asked, and not by what holds for everything",
                )
                break
    return len(tried)


def _within(step: Step, path: str) -> bool:
    return step.path == path or step.path.startswith(f"{path}.")


def _passes(score: Any) -> bool:
    return isinstance(score, Score) and score.success == 1


def _left_with(trial: Trial, play: Play, path: str, value: Any, idle: bool = False) -> Any:
    """The score of a node of a play that does the same, or nothing, and finishes with another value."""
    world = trial.open(play.task)
    if world is None:
        return None
    replay = Replay(world)
    for number, step in enumerate(play.steps):
        mine = step.method == "leave" and step.path == path
        if idle and not mine and _within(step, path) and (step.method, step.path) != ("enter", path):
            continue
        step = Step("leave", path, args=(value,)) if mine else step
        done = replayed(trial, replay, number, step)
        if mine:
            return None if done is None else done.result
    return None
