"""Who scores a node: a rule, the world's verifier, a judge, or the root's success as a proxy.

A verifier and a judge are a user's own code. If one raises, or gives what is no score, that is data: the node gets
status `error` with the reason, it is not scored, and the run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, runtime_checkable

from rao_lab.base.checks import LARGEST, number
from rao_lab.base.places import raised_at
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.errors import ConfigError, InputError, RaoLabError, UnavailableError
from rao_lab.execution.log import TreeLog
from rao_lab.protocols import Environment, Judge, Judging, Ranged, Score, World
from rao_lab.tree import LIMIT_STATUSES, ROOT, Status, Tree

Range = tuple[float, float] | None
"""The lowest and the highest reward of an environment; None = it declares none."""


def reward_range(environment: Environment) -> Range:
    """The range that an environment declares, if it does.

    Raises:
        ConfigError: it is no pair of finite numbers, the lower one first.
    """
    if not isinstance(environment, Ranged):
        return None
    said = f"reward_range={quoted(environment.reward_range)} of {environment.name}"
    try:
        low, high = environment.reward_range
    except (TypeError, ValueError):
        raise ConfigError(f"{said} is no pair of numbers: give (low, high)") from None
    for bound in (low, high):
        number(f"reward_range of {environment.name}", bound, least=-LARGEST)
    if not low < high:
        raise ConfigError(f"{said} is empty: give the lower number first")
    return float(low), float(high)


def score_ended(log: TreeLog, world: World, path: str, status: Status, value: Any, span: Range) -> None:
    """Scores a node as it ends (decision 3): a node that finished by the world, if that has a verifier; 0 for
    a limit or a cancellation, whatever the world looks like. A lost node (`error`) is not scored."""
    if status is Status.FINISHED:
        _ask(log, path, "verifier", lambda: world.leave(path, value), span)
    elif status is Status.CANCELLED or status in LIMIT_STATUSES:
        log.scored(path, Score(0.0, "rule"))


class RootProxy:
    """A judge in name: each node that nobody scored takes the success of its root. `rl.judge("root")` makes one."""

    name = "root_proxy"

    def score(self, tree: Tree, path: str) -> Score:
        """The root's success; the root itself has none but its own."""
        return Score(None if path == ROOT else tree.root.success, "root_proxy")


@runtime_checkable
class Panel(Protocol):
    """A judge that scores many nodes together. What `on_tick` raises goes on, and so do the judge's own mistakes."""

    def score_all(
        self, asked: Sequence[tuple[Tree, str]], on_tick: Callable[[], None] | None
    ) -> Sequence[Score | RaoLabError]:
        """For each node its score, or why it has none."""
        ...


def score_rest(
    logs: Sequence[TreeLog],
    environment: Environment,
    judge: Judge | None,
    span: Range,
    on_tick: Callable[[], None] | None = None,
) -> bool:
    """Scores the finished nodes of ended trees that the world could not: by its environment, by the judge, otherwise
    by the root's success.

    Args:
        on_tick: called while a judge that takes many nodes together is at work; what it raises goes on.

    Returns:
        Whether there were any for the judge.
    """
    if isinstance(environment, Judging):
        for log in logs:
            tree = log.fold.tree()
            for path in _unscored(log):
                _ask(log, path, "verifier", partial(environment.judge, tree, path), span)
    due = [(log, path) for log in logs for path in _unscored(log)]
    trees = {id(log): log.fold.tree() for log, _ in due}
    if not getattr(judge, "reproducible", True):
        for log, _ in due:
            log.mark("the judge does not answer by the seed alone")
    panel: object = judge
    if isinstance(panel, Panel):
        asked = [(trees[id(log)], path) for log, path in due]
        for (log, path), answer in zip(due, panel.score_all(asked, on_tick), strict=True):
            _ask(log, path, "judge", partial(_given, answer), span)
        return bool(due)
    for log, path in due:
        _ask(log, path, "judge", partial((judge or RootProxy()).score, trees[id(log)], path), span)
    return bool(due)


def _unscored(log: TreeLog) -> list[str]:
    nodes = log.fold.tree().nodes
    return [node.path for node in nodes if node.status is Status.FINISHED and node.success is None]


def _given(answer: Score | RaoLabError) -> Score:
    if isinstance(answer, RaoLabError):
        raise answer
    return answer


def _ask(log: TreeLog, path: str, who: str, ask: Callable[[], Any], span: Range) -> None:
    """Asks a verifier or a judge, and writes down its word or why that is no score."""
    try:
        log.scored(path, _score(ask(), who, span))
    except RaoLabError as problem:
        log.unscored(path, f"the {who} failed: {unquoted(problem)}")
        if isinstance(problem, UnavailableError):
            log.mark(f"the {who} was lost at node {path}")
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - a user's verifier or judge: that it failed is data
        place = raised_at(problem)
        log.unscored(path, f"the {who} raised {quoted(problem)}" + (f" ({place})" if place else ""))
        log.mark(f"the {who} raised an exception at node {path}")


def _score(given: Any, who: str, span: Range) -> Score | None:
    """What came back, as a score with s in [0, 1]; None = there is no verifier.

    Raises:
        InputError: it is no score.
    """
    if given is None and who == "verifier":
        return None
    if not isinstance(given, Score):
        raise InputError(f"it returned {quoted(given)}, and a Score is due, such as Score(1.0)")
    source = given.source or who
    if given.reward is None:
        return replace(given, source=source)
    if span is None:
        raise InputError(f"reward={given.reward:g} needs reward_range = (low, high) on the environment")
    low, high = span
    if not low <= given.reward <= high:
        raise InputError(f"reward={given.reward:g} lies outside the reward_range ({low:g}, {high:g})")
    mapped = (given.reward - low) / (high - low) if given.success is None else given.success
    return replace(given, source=source, success=mapped)
