"""Runs a prompt bench: in what order, within which caps, and what it will take.

The trees of a bench are run in chunks, each of a few tasks at one repeat. Every variant runs a chunk before the next
begins, and each chunk begins with another variant: whenever the bench ends, the variants have run the same trees but
for one chunk. The first chunk is one task, once: the pilot, from which time, tokens and cost of the rest are estimated.
Repeats come after tasks, since intervals are over tasks.

A chunk that is not expected to fit what is left of a cap shrinks to the tasks that fit, the same for every variant. If
not even one fits, the bench ends. Noise is keyed by tree, so a smaller chunk changes none of it; only which trees share
a batch differs, and with it the last bits of what a local model computes. A cap that is reached all the same ends the
bench at the next decode step; the trees under way are given up.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rao_lab.base.checks import number
from rao_lab.base.words import counted
from rao_lab.errors import ConfigError
from rao_lab.evaluation.bench_figures import cost
from rao_lab.evaluation.bench_text import time as stretch
from rao_lab.evaluation.prompt_bench import About, Bench, Spot
from rao_lab.evaluation.usage import retries_words
from rao_lab.execution.exclusive import sampled_at
from rao_lab.execution.executor import Executor, OnEvent, open_sandbox
from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.protocols import Dialect, Environment, Judge, Policy
from rao_lab.tree import Acted, Agent, Event, Status, Task, Tree, TreeHeader
from rao_lab.tree.denominator import why_unscored


@dataclass(frozen=True, slots=True)
class Player:
    """One variant, ready to run."""

    name: str
    dialect: Dialect
    policy: Policy
    agent: Agent
    limits: Limits
    temperature: float | None

    @property
    def about(self) -> About:
        prices = getattr(self.policy, "prices", None)
        return About(self.name, self.dialect.name, self.policy.name, self.agent, prices or None)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bench runs."""

    environment: Environment
    players: tuple[Player, ...]
    tasks: tuple[Task, ...]
    repeats: int
    seed: int = 0
    batch: int = 4
    """Trees of one variant that run at once."""
    judge: Judge | None = None
    note: str = ""

    def chunks(self) -> Iterator[list[tuple[int, int]]]:
        """(task, repeat) of the trees that each variant runs together; the first chunk is the pilot."""
        yield [(0, 0)]
        for repeat in range(self.repeats):
            places = range(0 if repeat else 1, len(self.tasks))
            for first in range(0, len(places), self.batch):
                yield [(task, repeat) for task in places[first : first + self.batch]]


@dataclass(frozen=True, slots=True)
class Caps:
    """What one call may use; None = no bound.

    Raises:
        ConfigError: a bound means nothing.
    """

    seconds: float | None = None
    tokens: float | None = None
    """Read and written."""
    cost: float | None = None
    """USD."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) is not None:
                number(f"max_{name}", getattr(self, name), above=True)

    def check(self, plan: Plan) -> None:
        """Raises: ConfigError, if cost is bounded and a policy has no prices."""
        for player in plan.players if self.cost is not None else ():
            if player.about.prices is None:
                raise ConfigError(
                    f"max_cost needs the prices of {player.policy.name}: load it with prices={{'in': USD, 'out': USD}} "
                    "for a million tokens"
                )

    def passed(self, spent: Spent) -> str:
        """The cap that is used up, in words; "" if none is."""
        for name in self.__slots__:
            most, used = getattr(self, name), getattr(spent, name)
            if most is not None and used >= most:
                return f"max_{name}={most:g} is used up"
        return ""

    def too_small(self, spent: Spent, more: Spent) -> str:
        """The cap that what comes next would break, in words."""
        for name in self.__slots__:
            most, used, due = (getattr(each, name) for each in (self, spent, more))
            if most is not None and used + due > most:
                return f"max_{name}={most:g} leaves no room for more trees ({_amount(name, used)} used)"
        return ""


@dataclass(frozen=True, slots=True)
class Spent:
    """What trees took."""

    seconds: float = 0.0
    tokens: float = 0
    cost: float = 0.0

    def plus(self, other: Spent, times: float = 1.0) -> Spent:
        return Spent(*(getattr(self, name) + times * getattr(other, name) for name in self.__slots__))

    def words(self, with_cost: bool, least: float) -> str:
        """Args: least: seconds, if trees that run at once take no longer than one."""
        low, high = stretch(least), stretch(self.seconds)
        span = low if low == high else f"{low} to {high} (the more trees run at once, the less)"
        parts = [f"about {span}", f"{self.tokens:,.0f} tokens"]
        return ", ".join([*parts, f"{self.cost:.4f} USD"] if with_cost else parts)


def _amount(name: str, value: float) -> str:
    return (
        stretch(value) if name == "seconds" else f"{value:,.0f}" if name == "tokens" else f"{value:.4f} USD"
    )


class Record(Protocol):
    """Keeps what a bench runs."""

    def event(self, spot: Spot, header: TreeHeader, event: Event) -> None:
        """Something happened in a tree under way."""
        ...

    def trees(self, trees: Mapping[Spot, Tree]) -> None:
        """These trees have ended."""
        ...


class _CapReached(Exception):
    """A cap was used up while trees ran."""


ADVICE = "raise it, or lower limits.max_turns or limits.max_new_tokens"


class BenchRun:
    """One call of a bench.

    Args:
        done: trees that ran before; they are not run again.
        record: keeps events and trees.
        on_result: told the bench so far, after each chunk of each variant.
        on_event, on_tick: hear what runs, as the executor says it; trees are numbered in the order in which they begin.
    """

    def __init__(
        self,
        plan: Plan,
        caps: Caps,
        done: Mapping[Spot, Tree],
        record: Record | None = None,
        on_result: Callable[[Bench], None] | None = None,
        on_event: OnEvent | None = None,
        on_tick: Callable[[int], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan, self._caps, self._record, self._on_result = plan, caps, record, on_result
        self._on_event, self._on_tick = on_event, on_tick
        self._clock = clock
        self._begun = 0
        self._trees = dict(done)
        self._before = len(done)
        self._start = clock()
        self._spent = Spent()
        self._each: dict[int, tuple[Spent, int]] = {}
        """Of each variant what its trees took in this call, and how many they are."""
        self._estimate = ""
        self._usage: dict[int, Counter[str]] = {}
        """Of each variant what its server was asked in this call."""

    def run(self) -> Bench:
        """Runs what is missing; ends early by a cap or Ctrl-C, and says so."""
        stopped = ""
        try:
            with open_sandbox(self._plan.players[0].limits) as sandbox:
                stopped = self._chunks(sandbox)
        except _CapReached as cap:
            stopped = f"{cap}; the trees under way were given up"
            if len(self._trees) == self._before:
                stopped += f" before one had ended: {ADVICE}"
        except KeyboardInterrupt:
            stopped = "interrupted; resume it to go on" if self._record else "interrupted"
        return self.bench(stopped)

    def bench(self, stopped: str = "") -> Bench:
        """What has been found so far."""
        plan = self._plan
        about = tuple(player.about for player in plan.players)
        retries = retries_words({about[at].name: each for at, each in sorted(self._usage.items())})
        trees = dict(self._trees)
        return Bench(about, plan.tasks, plan.repeats, trees, stopped, self._estimate, plan.note, retries)

    def _chunks(self, sandbox: Sandbox) -> str:
        """Runs chunk after chunk; returns why it stopped, "" if all was run."""
        players = len(self._plan.players)
        for number_, chunk in enumerate(self._plan.chunks()):
            order = [(number_ + shift) % players for shift in range(players)]
            rest = chunk
            while rest:
                due = self._due(order, rest)
                if due and number_:
                    if reason := self._hopeless():
                        return reason
                    if not self._estimate:
                        self._expect()
                    fitting, reason = self._fitting(order, rest)
                    if reason:
                        return reason
                    due = self._due(order, fitting)
                    rest = rest[len(fitting) :]
                else:
                    rest = []
                for at, missing in due.items():
                    self._run(at, missing, sandbox)
        return ""

    def _due(self, order: Sequence[int], places: Sequence[tuple[int, int]]) -> dict[int, list[Spot]]:
        """Of each variant, in this order, the trees at these places that have not run."""
        due = {
            at: [spot for spot in (Spot(at, *place) for place in places) if spot not in self._trees]
            for at in order
        }
        return {at: missing for at, missing in due.items() if missing}

    def _fitting(
        self, order: Sequence[int], places: Sequence[tuple[int, int]]
    ) -> tuple[Sequence[tuple[int, int]], str]:
        """As many of these places, from the first on, as fit the caps; if none does, the cap that forbids it."""
        self._look()
        reason = ""
        for many in range(len(places), 0, -1):
            more = self._will_take(self._due(order, places[:many]))
            reason = self._caps.too_small(self._spent, more)
            if not reason:
                return places[:many], ""
        return [], reason

    def _look(self) -> None:
        """Looks at the clock."""
        self._spent = replace(self._spent, seconds=self._clock() - self._start)

    def _run(self, at: int, spots: Sequence[Spot], sandbox: Sandbox) -> None:
        """Runs trees of one variant at once. For their noise they are of step 0, so all variants have the same."""
        plan, player = self._plan, self._plan.players[at]
        headers = [
            TreeHeader(plan.tasks[spot.task], seed=plan.seed, group=spot.task, rollout=spot.repeat)
            for spot in spots
        ]
        recorded = [self._in_file(at, header) for header in headers]
        self._look()
        before, number_ = self._spent, self._begun
        asked = dict(getattr(player.policy, "usage", {}))
        self._begun += len(spots)

        def hear(place: int, event: Event) -> None:
            if isinstance(event, Acted):
                self._count(event, player)
            if self._record is not None:
                self._record.event(spots[place], recorded[place], event)
            if self._on_event is not None:
                self._on_event(number_ + place, event)

        def look(tick: int) -> None:
            if self._on_tick is not None:
                self._on_tick(tick)
            self._look()
            if reason := self._caps.passed(self._spent):
                raise _CapReached(reason)

        with sampled_at(player.policy, player.temperature):
            executor = Executor(
                plan.environment,
                player.policy,
                player.dialect,
                player.limits,
                sandbox=sandbox,
                agent=player.agent,
                judge=plan.judge,
                on_event=hear,
                on_tick=look,
            )
            try:
                found = executor.run(headers)
            except BaseException:  # a cap, Ctrl-C, or an error: trees that had ended are kept
                self._keep(at, executor.ended)
                raise
            finally:
                if usage := Counter(getattr(player.policy, "usage", {})):
                    usage.subtract(asked)
                    self._usage.setdefault(at, Counter()).update(usage)
        self._look()
        took, many = self._each.get(at, (Spent(), 0))
        self._each[at] = took.plus(self._spent).plus(before, -1), many + len(found)
        self._keep(at, found)
        if self._on_result is not None:
            self._on_result(self.bench())

    def _in_file(self, at: int, header: TreeHeader) -> TreeHeader:
        """The header by which a tree is recorded."""
        player = self._plan.players[at]
        return replace(
            header,
            step=at + 1,
            environment=self._plan.environment.name,
            agent=player.agent,
            policy=player.policy.name,
            policy_version=player.policy.version,
            limits=player.limits.to_dict(),
        )

    def _count(self, event: Acted, player: Player) -> None:
        read = len(event.prompt_ids) or event.read
        wrote = len(event.sampled_ids) or event.wrote
        self._spent = self._spent.plus(Spent(0.0, read + wrote, cost(read, wrote, player.about.prices or {})))

    def _keep(self, at: int, found: Sequence[Tree]) -> None:
        """Trees of a variant have ended."""
        trees = {
            Spot(at, tree.header.group, tree.header.rollout): replace(
                tree, header=self._in_file(at, tree.header)
            )
            for tree in found
        }
        self._trees |= trees
        if self._record is not None and trees:
            self._record.trees(trees)

    def _will_take(self, due: Mapping[int, Sequence[Spot]]) -> Spent:
        """What these trees are expected to take, from what the variants' trees took in this call."""
        total = Spent()
        known = [(took, many) for took, many in self._each.values() if many]
        for at, spots in due.items():
            took, many = self._each.get(at, (Spent(), 0))
            if many:
                total = total.plus(took, len(spots) / many)
            elif known:  # all its trees so far are of an earlier call
                total = total.plus(known[0][0], len(spots) / known[0][1])
        return total

    def _expect(self) -> None:
        """Says what is to come, once the pilot has run.

        Trees that run at once may each take as long as alone, or all together no longer than one: both are said.
        """
        variants = range(len(self._plan.players))
        chunks = [self._due(variants, chunk) for chunk in self._plan.chunks()]
        rest, least = Spent(), 0.0
        for due in chunks:
            rest = rest.plus(self._will_take(due))
            least += self._will_take({at: spots[:1] for at, spots in due.items()}).seconds
        many = sum(len(spots) for due in chunks for spots in due.values())
        priced = any(player.about.prices for player in self._plan.players)
        if rest.seconds:
            words = rest.words(priced, least)
            self._estimate = f"estimated from the first trees: {words} for the other {counted(many, 'tree')}"
            if self._on_result is not None:
                self._on_result(self.bench())

    def _hopeless(self) -> str:
        """Why nothing can come of it: every tree so far was lost."""
        lost = [tree for tree in self._trees.values() if tree.nodes and tree.root.status is Status.ERROR]
        if lost and len(lost) == len(self._trees):
            return f"no tree of the pilot was scored: {why_unscored(lost[0])}"
        return ""
