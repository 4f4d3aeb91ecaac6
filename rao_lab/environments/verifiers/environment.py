"""`rl.from_verifiers`: an environment of the library `verifiers`, which a user installs, as a world of ours.

    env = rl.from_verifiers("marble-v1", pieces=2)

Its rows become tasks, its tools become functions, and its rewards score the root.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rao_lab.base.calls import checked_call
from rao_lab.base.checks import LARGEST, whole
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.warned import warn_user
from rao_lab.environments.drawn import SPLITS
from rao_lab.environments.functions.calling import OutOfTime
from rao_lab.environments.functions.environment import FunctionEnvironment, warn_outside
from rao_lab.environments.functions.tools import said, tools_of
from rao_lab.environments.functions.verify import verifier_of
from rao_lab.environments.functions.world import FunctionWorld
from rao_lab.environments.verifiers.found import source_of
from rao_lab.environments.verifiers.source import Play, Row, Source, reply_of
from rao_lab.errors import ConfigError, InputError
from rao_lab.protocols import Score
from rao_lab.tree import Task

ROUNDING = 1e-9


class VerifiersEnvironment(FunctionEnvironment):
    """An `Environment` of rows, tools and rewards of the library `verifiers`. `rl.from_verifiers` makes one."""

    opened: Mapping[str, Any]
    """Of one that was named: how it is opened again (`rao_lab.environments.named.Reopened`)."""

    def __init__(
        self,
        source: Source,
        seconds: float = 30.0,
        reward_range: tuple[float, float] | None = None,
        reproducible: bool | None = None,
    ) -> None:
        self._source = source
        train, held_out = source.rows
        first = source.play((train or held_out)[0].data)
        super().__init__(
            _tasks(source.name, train, held_out),
            first.tools,
            self.verify,
            name=source.name,
            seconds=seconds,
            reproducible=source.reproducible if reproducible is None else reproducible,
        )
        self.reward_range = source.span if reward_range is None else reward_range
        """The lowest and the highest reward. s is mapped from it to [0, 1]."""
        if self.reward_range == (0.0, 0.0):
            raise ConfigError(
                f"{unquoted(self.name)} has no reward with a weight: its answers are not verified. Make its tasks "
                "those of rl.environment(tasks, tools, verify), with a verifier of your own"
            )
        self.unmapped = tuple(source.unmapped)
        """What of it is left out, a line each."""
        for line in self.unmapped:
            warn_user(f"{self.name}: {line}")

    def open(self, task: Task) -> FunctionWorld:
        play = self._source.play(task.data)
        failed = self._begin(play)
        tools = {tool.name: tool for tool in tools_of(play.tools)}
        if tools:
            warn_outside()
        return FunctionWorld(
            task, tools, self._calls, verifier_of(lambda value: self._score(play, failed, value))
        )

    def verify(self, value: Any, task: Task) -> Score:
        """The score of an answer to a task that no tool was called for.

        Raises:
            InputError: its rewards fail.
        """
        play = self._source.play(task.data)
        return self._score(play, self._begin(play), value)

    def _begin(self, play: Play) -> str:
        """Sets a play up; returns why it could not be, or ""."""
        try:
            self._calls.call(play.begin, {}, self._calls.seconds)
        except OutOfTime:
            return f"it was not set up within {self._calls.seconds:g} s"
        except Exception as problem:  # noqa: BLE001 - the user's environment: that it failed is data
            return f"it could not be set up: {said(problem)}"
        return ""

    def _score(self, play: Play, failed: str, value: Any) -> Score:
        if failed:
            raise InputError(failed)
        try:
            given = self._calls.call(play.reward, {"reply": reply_of(value)}, self._calls.seconds)
        except OutOfTime:
            raise InputError(f"its rewards were not there within {self._calls.seconds:g} s") from None
        except Exception as problem:
            raise InputError(said(problem)) from problem
        low, high = self.reward_range
        if not math.isfinite(given):
            raise InputError(f"its reward is {given:g}, which is no finite number")
        if not low - ROUNDING <= given <= high + ROUNDING:
            raise InputError(
                f"its reward {given:g} lies outside [{low:g}, {high:g}], which its weights allow if each reward is "
                "from 0 to 1: give reward_range=(low, high)"
            )
        return Score(reward=min(max(given, low), high))


@checked_call
def from_verifiers(
    env: Any,
    *,
    limit: int | None = None,
    seconds: float = 30.0,
    reward_range: Sequence[float] | None = None,
    name: str = "",
    reproducible: bool | None = None,
    **settings: Any,
) -> VerifiersEnvironment:
    """An environment of the library `verifiers` as a world of ours: `rl.from_verifiers("marble-v1", pieces=2)`.

        >>> rl.from_verifiers("no environment")  # pip install verifiers, and the package of an environment
        Traceback (most recent call last):
        rao_lab.errors.MissingError: ...

    Each row is a task: its system prompt and prompt are the goal. Its tools are the world's functions, outside the
    sandbox, in this process and with its rights. The root is scored by the weighted sum of its rewards, mapped to
    [0, 1] by `reward_range`; helpers take the root's success, or the word of a judge. A reward that raises, takes too
    long or is no finite number leaves the root unscored, with the reason. What does not map is said in a line each:
    when it is made (`env.unmapped`), or as an error, if it cannot be played without.

    Args:
        env: the name of an installed one, as in "marble-v1"; or a taskset of `verifiers.v1`, an environment of it with
            one agent, or an environment of the older protocol (`vf.SingleTurnEnv`, `vf.ToolEnv`, `vf.MultiTurnEnv`).
        limit: rows that are read at most; None = all, or 100 of one without an end.
        seconds: what a call of a tool, and the rewards of a root, may take.
        reward_range: the lowest and the highest weighted sum. None = what its weights allow if each reward lies in
            [0, 1].
        name: in records and pictures; "" = its own.
        reproducible: the same calls have the same results, and the same replies the same rewards. None = only one
            without tools and judges says so; trees of others are marked.
        settings: those of a named one: fields of its taskset's config, or arguments of its `load_environment`.

    Raises:
        MissingError: the library is not installed, or there is no such environment.
        ConfigError: it does not map, or something means nothing.
        InputError: it cannot be loaded, or a row makes no task.
    """
    most = None if limit is None else whole("limit", limit, least=1)
    source = source_of(env, name, most, settings)
    span = None if reward_range is None else _span(reward_range)
    made = VerifiersEnvironment(source, seconds, span, reproducible)
    if isinstance(env, str):
        given = {
            "limit": limit,
            "reward_range": reward_range,
            "name": name or None,
            "reproducible": reproducible,
        }
        own = {each: value for each, value in given.items() if value is not None}
        made.opened = {"env": f"verifiers:{env}", "settings": {**own, "seconds": seconds, **settings}}
    return made


def _span(given: Any) -> tuple[float, float]:
    try:
        low, high = map(float, given)
    except (TypeError, ValueError):
        raise ConfigError(f"reward_range={quoted(given)} is no pair of numbers: give (low, high)") from None
    if not -LARGEST <= low < high <= LARGEST:
        raise ConfigError(f"reward_range={quoted(given)} is empty or endless: give the lower number first")
    return low, high


def _tasks(name: str, train: Sequence[Row], held_out: Sequence[Row]) -> Mapping[str, list[Task]]:
    """The rows as tasks of our splits."""
    if train and held_out:
        dealt = {"train": train, **_dealt(held_out, {"dev": 0.5, "test": 0.5})}
    else:
        dealt = _dealt(train or held_out, {"dev": 0.1, "test": 0.1, "train": 0.8})
    return {
        split: [
            Task(f"{name}/{split}/{place}", row.goal, split=split, data=row.data)
            for place, row in enumerate(dealt[split])
        ]
        for split in SPLITS
    }


def _dealt(rows: Sequence[Row], shares: Mapping[str, float]) -> dict[str, Sequence[Row]]:
    """Rows for each split, by the digests of their goals: rows with one goal are in one split.

    If there are fewer goals than splits, each split has all rows.
    """
    digests = [hashlib.blake2b(row.goal.encode(), digest_size=8).digest() for row in rows]
    order = sorted(set(digests))
    if len(order) < len(shares):
        return dict.fromkeys(shares, rows)
    of: dict[bytes, str] = dict.fromkeys(order, [*shares][-1])
    begin = 0
    for split in [*shares][:-1]:
        size = max(1, int(len(order) * shares[split]))
        of.update(dict.fromkeys(order[begin : begin + size], split))
        begin += size
    return {
        split: [row for row, each in zip(rows, digests, strict=True) if of[each] == split] for split in shares
    }
