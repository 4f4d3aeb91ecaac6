"""Checks by play: the script solves what it plays, plans are real, and the same calls have the same results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.base.words import counted
from rao_lab.environments.named import BUNDLED
from rao_lab.execution.node_code import LAUNCH
from rao_lab.execution.sandbox import FINISH
from rao_lab.policies.pending import KnownAtOnce
from rao_lab.policies.scripted import ScriptedPolicy
from rao_lab.prompts import CodeAct
from rao_lab.protocols import (
    Action,
    Planned,
    Programmed,
    Ranged,
    Score,
    Scripted,
    TurnReply,
    TurnRequest,
    Worded,
    World,
)
from rao_lab.testing.parts import described, parameters
from rao_lab.testing.recorded import Replay, Step, same
from rao_lab.testing.trial import RAISED, Play, Trial
from rao_lab.tree import ROOT, Call, Status, Task
from rao_lab.tree.plain import NotPlainError, check_plain

LARGE = 1_000_000
"""Characters of one result that are too many: a tree may hand about 32 MiB in all."""
WRONG_PLAYS = 3
STATE = "keep all state in the world that open makes, and draw by the task alone"


def check_plays(trial: Trial) -> None:
    """The script plays: every style, recursive and flat."""
    env = trial.env
    if not isinstance(env, Scripted):
        whose = "for tasks of files" if env.name in BUNDLED else "(styles and play)"
        trial.note(f"there is no script {whose}: what needs a tree that succeeds is not tried")
        return
    ways: list[tuple[str, Any]] = [*((style, "recursive") for style in env.styles), (env.styles[0], "flat")]
    played: list[Play] = []
    gave_up = 0
    for task in trial.tasks:
        for style, agent in ways:
            if trial.late:
                break
            play = trial.play(task, style=style, agent=agent)
            if play is None:
                continue
            played.append(play)
            if _gave_up(play):
                gave_up += 1
            elif _right(trial, play):
                trial.plays.append(play)
    for number, task in enumerate(trial.tasks[:WRONG_PLAYS]):
        if not trial.late:
            trial.play(task, ScriptedPolicy(error_rate=0.7, seed=number))
    unscored = sum(play.tree.success is None for play in played)
    if trial.plays:
        trees = counted(len(trial.plays), "tree")
        alone = ", and flat" if any(play.agent == "flat" for play in trial.plays) else ""
        trial.passes(f"the script solved {trees}, in the styles {', '.join(env.styles)}{alone}")
    elif unscored and trial.clean():
        which = "none" if unscored == len(played) else f"{len(played) - unscored}"
        said = f"the script played {counted(len(played), 'tree')}, and {which} of them got a score"
        trial.note(f"{said}: let leave return rl.Score(success), or what needs a right play is not tried")
    if gave_up:
        flat = counted(gave_up, "tree")
        trial.note(f"the flat script gave up {flat} by finish(None): it says that they cannot be done alone")


def _gave_up(play: Play) -> bool:
    """Whether a flat script says that one agent alone cannot do this task."""
    root = play.tree.root
    return play.agent == "flat" and root.status is Status.FINISHED and root.value is None and not root.success


def _right(trial: Trial, play: Play) -> bool:
    """Whether the root succeeded; every node of a play without mistakes should."""
    for node in play.tree.nodes:
        if node.status is Status.ERROR and node.reason.startswith("the verifier"):
            trial.fault(
                str(play), f"node {node.path}: {node.reason}", RAISED if " raised " in node.reason else DUE
            )
        elif node.status is not Status.FINISHED:
            found = f"node {node.path} ended with {node.status}: {node.reason or 'it did not call finish'}"
            trial.fault(str(play), found, "let play finish every node that it launches")
        elif node.success is not None and node.success < 1 and node.success_source != "root_proxy":
            found = f"node {node.path} finished with {quoted(node.value)} and was scored {node.success:g}"
            trial.fault(str(play), found, "correct leave, if the value is right, or play, if it is not")
    return play.tree.success == 1


DUE = "return rl.Score(success) with a number from 0 to 1, or None if there is no verifier"


def check_scores(trial: Trial, given: Any, tried: str) -> Score | None:
    """What `leave` returned, if it is a score (decision 14 of the method)."""
    if given is None:
        return None
    if not isinstance(given, Score):
        trial.fault(tried, f"it returned {quoted(given)}", DUE)
        return None
    if given.reward is not None and not isinstance(trial.env, Ranged):
        advice = "declare reward_range = (low, high) on the environment"
        trial.fault(tried, f"it returned a reward ({given.reward:g}) and no range is declared", advice)
    return given


def check_determinism(trial: Trial) -> None:
    """The steps of each play again: in a fresh world, and in two worlds of the task by turns."""
    if not getattr(trial.env, "reproducible", True):
        trial.note("it says reproducible = False: the same calls may have other results")
        return
    if not trial.plays:
        _without_plays(trial)
    plays = _fewest_steps(trial)
    beside_others = 0
    for place, play in enumerate(plays):
        if trial.late:
            break
        with_other = [trial.open(play.task), trial.open(play.task)]
        worlds = [Replay(world) for world in with_other if world is not None]
        if len(worlds) < 2:
            return
        for number, step in enumerate(play.steps):
            alone = replayed(trial, worlds[0], number, step)
            beside = replayed(trial, worlds[1], number, step)
            if _differs(trial, play, step, alone, "in a fresh world") or _differs(
                trial, play, step, beside, "in a second world of the task, open at the same time"
            ):
                break
        other = next((each for each in plays[place + 1 :] if each.task.id != play.task.id), None)
        if other is not None and trial.clean():
            beside_others += 1
            _by_turns(trial, play, other)
    others = ", of one task and of two" if beside_others else ""
    trial.passes(
        f"{trial.count} calls had the same results in fresh worlds, two of them open at a time{others}"
    )


def _by_turns(trial: Trial, *plays: Play) -> None:
    """The steps of plays of two tasks by turns, each in a fresh world of its task."""
    worlds = [trial.open(play.task) for play in plays]
    replays = [Replay(world) for world in worlds if world is not None]
    if len(replays) < len(plays):
        return
    what = "by turns with a world of another task that is open at the same time"
    for number in range(max(len(play.steps) for play in plays)):
        for play, replay in zip(plays, replays):
            if number >= len(play.steps):
                continue
            step = play.steps[number]
            answer = trial.ask(f"{step}, {what}", replay.do, number, step, advice=STATE)
            if not answer.ok or _differs(trial, play, step, answer.value, what):
                return


def _without_plays(trial: Trial) -> None:
    """Every function is called with the same few values in two fresh worlds, by turns."""
    for task in trial.tasks:
        first, second = trial.entered(task), trial.entered(task)
        if first is None or second is None or trial.late:
            return
        for function in described(trial, first):
            if function.name in (FINISH, LAUNCH):
                continue
            needed = parameters(function)[2]
            for value in (*task.goal.split()[-3:], "a", 0, 1, 2):
                step = Step("call", ROOT, function.name, (value,) * needed)
                one, other = (_called(trial, world, step) for world in (first, second))
                if not same([one.result, one.refusal], [other.result, other.refusal]):
                    found = (
                        f"{quoted(one.refusal or one.result)}, and {quoted(other.refusal or other.result)}"
                    )
                    trial.fault(f"{step}, in two fresh worlds of task {task.id}", found, STATE)


def _called(trial: Trial, world: World, step: Step) -> Step:
    answer = trial.ask(str(step), world.call, ROOT, step.name, step.args, {}, refuses=True)
    return replace(step, result=answer.value, refusal=answer.refusal.message if answer.refusal else None)


def _fewest_steps(trial: Trial) -> list[Play]:
    return sorted(trial.plays, key=lambda play: len(play.steps))


def replayed(trial: Trial, replay: Replay, number: int, step: Step) -> Step | None:
    """The step in the world of a replay; None if it raised (a finding says so) or could not be done."""
    found: Step | None = trial.ask(str(step), replay.do, number, step).value
    return found


def _differs(trial: Trial, play: Play, step: Step, again: Step | None, where: str) -> bool:
    if again is None or (same(again.result, step.result) and again.refusal == step.refusal):
        return False
    now, before = (each.refusal or quoted(each.result) for each in (again, step))
    trial.fault(
        f"{step}, {where}, after the same calls",
        f"{now}, and in the play of task {play.task.id} {before}",
        STATE,
    )
    return True


def check_answers(trial: Trial) -> None:
    """Every result of the plays may cross into the sandbox, and none is too large to be told."""
    for play in trial.plays:
        for step in play.steps:
            if step.method == "call" and step.refusal is None:
                trial.count += 1
                plain(trial, step.result, str(step))
            if isinstance(trial.env, Worded) and step.method == "call" and not trial.late:
                call = Call(step.name, step.args, step.kwargs, step.result, step.refusal)
                answer = trial.ask(f"short_result of {step}", trial.env.short_result, call)
                said = answer.value
                if answer.ok and not isinstance(said, str):
                    trial.fault(
                        f"short_result of {step}", f"it returned {quoted(said)}", 'return text, or ""'
                    )
    if trial.count:
        trial.passes(f"{trial.count} results are plain values of bounded size")


def plain(trial: Trial, value: Any, tried: str) -> bool:
    """Whether a result is plain and bounded."""
    try:
        size = check_plain(value, "the result")
    except NotPlainError as problem:
        trial.fault(tried, str(problem), "return a plain value of bounded size")
        return False
    if size > LARGE:
        found = f"a result of {size:,} characters"
        trial.fault(tried, found, "bound it: refuse, and say to ask for less or to hand parts on")
        return False
    return True


class OneProgram(KnownAtOnce):
    """A policy whose root writes one program, in one turn."""

    name, version, dialect, window = "one program", 0, "codeact", 0

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code

    def reply(self, request: TurnRequest) -> TurnReply:
        return TurnReply(request.key, CodeAct().reply(Action("", self.code)))


def check_plans(trial: Trial) -> None:
    """Plans and programs of flat players, done in fresh worlds."""
    env = trial.env
    if not isinstance(env, Planned):
        trial.note("there is no flat_plan, so there will be no flat ceiling")
    for task in trial.tasks:
        if isinstance(env, Planned) and not trial.late:
            answer = trial.ask(f"flat_plan of {task.id}", env.flat_plan, task)
            if answer.ok:
                _plan(trial, task, answer.value)
        if isinstance(env, Programmed) and not trial.late:
            code = trial.ask(f"flat_program of {task.id}", env.flat_program, task).value
            play = trial.play(task, OneProgram(code), agent="flat") if isinstance(code, str) else None
            if play is not None and play.tree.success != 1:
                why = play.tree.root.turns[-1].error if play.tree.root.turns else ""
                found = f"the root ended with {play.tree.root.status}, s = {play.tree.success}: {why or 'no error'}"
                trial.fault(f"flat_program of {task.id}, run", found, "correct flat_program")
    if trial.count:
        trial.passes(f"flat plans and programs of {len(trial.tasks)} tasks do what they say")


def _plan(trial: Trial, task: Task, plan: Any) -> None:
    tried = f"flat_plan of {task.id}"
    turns = plan if isinstance(plan, Sequence) and not isinstance(plan, str) else ()
    calls = list(_calls(turns))
    if not calls or not all(isinstance(call, Call) for call in calls) or calls[-1].name != FINISH:
        trial.fault(
            tried, f"it returned {quoted(plan)}", "return turns of Call; the last one is finish(value)"
        )
        return
    world = trial.entered(task)
    if world is None:
        return
    for call in calls[:-1]:
        answer = trial.ask(
            f"{call.name}{call.args!r:.100} of {tried}",
            world.call,
            ROOT,
            call.name,
            call.args,
            call.kwargs,
            refuses=True,
        )
        said = None if answer.refusal is None else answer.refusal.message
        if answer.ok and (said != call.error or not same(answer.value, call.result)):
            trial.fault(
                f"{tried}: {call.name}{quoted(call.args)}",
                f"the world gave {quoted(said or answer.value)}, and the plan says {quoted(call.error or call.result)}",
                "let flat_plan say what the world answers",
            )
            return
    value = calls[-1].args[0] if calls[-1].args else None
    score = check_scores(trial, trial.ask(f"leave after {tried}", world.leave, ROOT, value).value, tried)
    if score is not None and score.success == 1:
        trial.planned[task.id] = value
    if score is not None and (score.success or 0) < 1:
        trial.fault(
            tried, f"its answer {quoted(value)} was scored {score.success}", "correct flat_plan or leave"
        )


def _calls(turns: Sequence[Any]) -> Iterator[Any]:
    for calls in turns:
        yield from calls if isinstance(calls, Sequence) else (None,)
