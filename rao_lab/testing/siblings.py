"""Checks of credit in a world that siblings share: what others do at the same time changes nobody's score.

From a play of the script, the steps of the root's children are done again in fresh worlds, in other orders: as the
script did them, one child after the other, backwards, and call by call in turns. Two orders are made up. An idle twin
is launched as a child was, and does nothing while the child works. A greedy twin uses up what the child made before
the child finishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from rao_lab.testing.plays import replayed
from rao_lab.testing.recorded import Replay, Step
from rao_lab.testing.trial import Play, Trial
from rao_lab.tree import ROOT, child_path

Numbered = tuple[int, Step]
IDLE = "give a node credit for what it and its descendants did, and for nothing that a sibling did meanwhile"
NOW_MINUS_FORK = (
    "count what a node and its descendants did, from a ledger that stamps each change with the node; never what "
    "there is now minus what there was when it began"
)


def check_siblings(trial: Trial) -> None:
    """Tries every play, the one with the fewest steps first."""
    together = False
    for play in sorted(trial.plays, key=lambda each: len(each.steps)):
        if trial.late:
            break
        children = _children(play)
        if len(children) > 1 and play.tree.node(children[1]).together:
            together = True
            _one_by_one(trial, play)
            _orders(trial, play, children[0], children[1])
        for child in children[:1]:
            _twins(trial, play, child)
    if not trial.count:
        trial.note(trial.unplayed or "no play that succeeded launched helpers, so nothing was shared")
        return
    if not together:
        trial.note("no script launches helpers together: only made-up twins were tried")
    trial.passes(f"{trial.count} steps in other orders: the scores stayed the same")


def _children(play: Play) -> list[str]:
    return [node.path for node in play.tree.nodes if node.parent == ROOT]


def _one_by_one(trial: Trial, play: Play) -> None:
    """The whole tree again, each child after the one before it."""
    other = trial.play(play.task, style=play.style, agent=play.agent, siblings="one_by_one")
    if other is None:
        return
    scores = {node.path: node.success for node in play.tree.nodes}
    for node in other.tree.nodes:
        if node.path in scores and node.success != scores[node.path]:
            trial.fault(
                f"node {node.path} of {play}, with siblings one after the other",
                f"it was scored {node.success}, and {scores[node.path]} with siblings together",
                NOW_MINUS_FORK,
            )


def _under(path: str) -> Callable[[Numbered], bool]:
    return lambda each: each[1].path == path or each[1].path.startswith(f"{path}.")


def _parts(play: Play, child: str) -> tuple[list[Numbered], list[Numbered], list[Numbered]]:
    """Of a child of the root: what was asked before it entered, what it and its descendants did up to its leave, and
    what the root called afterwards."""
    steps = list(enumerate(play.steps))
    entered = next(number for number, step in steps if step.method == "enter" and step.path == child)
    before = [each for each in steps if each[0] < entered and each[1].path == ROOT]
    own = [each for each in steps if _under(child)(each) and each[0] > entered]
    left = max(number for number, _ in own) if own else entered
    after = [each for each in steps if each[0] > left and each[1].path == ROOT and each[1].method == "call"]
    return [*before, steps[entered]], own, after


def _orders(trial: Trial, play: Play, first: str, second: str) -> None:
    """Two children of one await, in other orders."""
    begin, mine, _ = _parts(play, first)
    also, yours, _ = _parts(play, second)
    enter = also[-1]
    recorded = {step.path: step.result for _, step in (*mine, *yours) if step.method == "leave"}
    turns = [each for pair in zip_longest(mine, yours) for each in pair if each is not None]
    launches = [each for each in also[:-1] if each not in begin]
    for name, order in (
        ("one after the other", [*begin, *launches, *mine, enter, *yours]),
        ("the second one first", [*begin, *launches, enter, *yours, *mine]),
        ("call by call in turns", [*begin, *launches, enter, *turns]),
    ):
        if trial.late or not (mine and yours):
            return
        done = _done(trial, play, order)
        if any(done[number].refusal != step.refusal for number, step in order if number in done):
            continue  # in this order one of them is in the other's way
        for step in done.values():
            if step.method == "leave" and step.path in recorded:
                _compare(trial, play, step, recorded[step.path], f"siblings {name}", "in the play")


def _twins(trial: Trial, play: Play, child: str) -> None:
    """A twin that does nothing, and one that uses up what the child made."""
    begin, mine, after = _parts(play, child)
    if not mine or mine[-1][1].method != "leave":
        return
    asked = next((each for each in begin if each[0] == begin[-1][1].launched), None)
    if asked is None:
        return
    twin = child_path(ROOT, 1 + max(int(path.rpartition(".")[2]) for path in _children(play)))
    far = len(play.steps)
    launch: Numbered = (far, asked[1])
    enter: Numbered = (far + 1, Step("enter", twin, launched=far))
    leave: Numbered = (far + 2, replace(mine[-1][1], path=twin))
    start = [*begin[:-1], launch, begin[-1], enter]
    if launch[1].path != ROOT or trial.late:
        return
    idle = _done(trial, play, [*start, leave]).get(leave[0])
    beside = _done(trial, play, [*start, *mine[:-1], leave]).get(leave[0])
    if idle is not None and beside is not None:
        what = "an idle twin of it, launched for the same, finished while it worked"
        _compare(trial, play, beside, idle.result, what, "without its work", child, IDLE)
    greed = [(far + 3 + place, replace(step, path=twin)) for place, (_, step) in enumerate(after)]
    robbed = _done(trial, play, [*start, *mine[:-1], *greed, mine[-1]]).get(mine[-1][0])
    if robbed is not None and greed:
        what = "a sibling used up what it had made before it finished"
        _compare(trial, play, robbed, mine[-1][1].result, what, "in the play", child)


def _done(trial: Trial, play: Play, order: Iterable[Numbered]) -> dict[int, Step]:
    """The steps in a fresh world, in this order: number -> what came of it."""
    world = trial.open(play.task)
    if world is None:
        return {}
    replay = Replay(world)
    found = {}
    for number, step in order:
        done = replayed(trial, replay, number, step)
        if done is not None:
            found[number] = done
    return found


def _compare(
    trial: Trial,
    play: Play,
    step: Step,
    due: Any,
    what: str,
    when: str,
    child: str = "",
    advice: str = NOW_MINUS_FORK,
) -> None:
    now, then = (getattr(each, "success", None) for each in (step.result, due))
    if now != then:
        trial.fault(
            f"node {child or step.path} of {play}: {what}",
            f"{step} was scored {now}, and {then} {when}",
            advice,
        )
