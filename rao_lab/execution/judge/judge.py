"""`PolicyJudge`: a policy that scores nodes by a rubric. `rl.judge` makes one."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rao_lab.base.cell import facts_html
from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted
from rao_lab.errors import InputError, RaoLabError, UnavailableError
from rao_lab.execution.exclusive import sampled_at
from rao_lab.execution.judge.asking import Asking
from rao_lab.execution.judge.cache import Cache, Verdict
from rao_lab.execution.judge.transcript import transcript
from rao_lab.execution.judge.verdict import GRADED, RUBRIC, again, question, verdict
from rao_lab.execution.scoring import RootProxy
from rao_lab.protocols import Policy, Score, TurnReply
from rao_lab.tree import Message, Tree
from rao_lab.tree.told_counts import spent_words

COLDEST = 1e-4
"""Temperature at which a model of this machine always takes the likeliest token."""
CHARS_A_TOKEN = 2.0
"""Of text about code, at least: how much of a window a transcript may fill."""
LEAST_CHARS, MOST_CHARS = 500, 12_000
"""Of a transcript that a judge reads, at least, and at most if nobody set it."""
SETTINGS = ("graded", "temperature", "max_new_tokens", "max_chars", "seconds", "check", "cache")
"""What can be set of a judge beside its policy and its rubric."""
ROOT_PROXY = "root"
"""Names the judge that gives each node its root's success."""
COUNTED = (
    "verdicts",
    "calls",
    "retries",
    "cached",
    "failed",
    "prompt_tokens",
    "completion_tokens",
    "seconds",
)
"""What `usage` counts."""

Cost = Callable[[Mapping[str, float]], Mapping[str, float]]
Answer = Score | RaoLabError
"""A verdict, or why there is none."""


class PolicyJudge:
    """Scores nodes by what a policy says of them; `rl.judge` has the settings.

    Attributes:
        check: nodes that the world verified and that are judged, too, after each step of training.
        reproducible: whether equal content gets equal verdicts.
        usage: totals so far: verdicts that were given, calls of the policy, retries among them, verdicts that were
            known already (`cached`), nodes without a verdict (`failed`), tokens, seconds, and the cost if the
            policy has prices.
        waiting: verdicts that are under way now.
    """

    def __init__(
        self,
        policy: Policy,
        rubric: str | None = None,
        *,
        graded: bool | None = None,
        temperature: float = 0.0,
        max_new_tokens: int = 400,
        max_chars: int = MOST_CHARS,
        seconds: float = 3600.0,
        check: int = 0,
        cache: str | Path | None = None,
        cost: Cost | None = None,
    ) -> None:
        self.policy, self.rubric, self.check = policy, rubric or RUBRIC, check
        self.graded = GRADED.match(self.rubric) is not None if graded is None else graded
        # A model of this machine divides by its temperature.
        self.temperature = max(temperature, COLDEST) if policy.window else temperature
        self.max_new_tokens, self.seconds = max_new_tokens, seconds
        self.max_chars = min(max_chars, _room(policy, self.rubric, self.graded, max_new_tokens))
        self._cache, self._cost = Cache(cache), cost
        self._used: dict[str, float] = dict.fromkeys(COUNTED, 0)
        self._asking: Asking | None = None

    @property
    def name(self) -> str:
        return self.policy.name

    @property
    def reproducible(self) -> bool:
        return bool(getattr(self.policy, "reproducible", True))

    @property
    def usage(self) -> dict[str, float]:
        return {**self._used, **(self._cost(self._used) if self._cost is not None else {})}

    @property
    def waiting(self) -> int:
        return 0 if self._asking is None else self._asking.left

    def __repr__(self) -> str:
        return f"<judge {self.name}: {one_line(self.rubric, 60)}>"

    def _repr_html_(self) -> str:
        usage = {name: count for name, count in self.usage.items() if count}
        return facts_html(f"Judge {self.name}", {**self.about(), **usage})

    def about(self) -> dict[str, Any]:
        """What a run file says of it. Of its place it says nothing."""
        return {
            "policy": self.name,
            "rubric": self.rubric,
            "graded": self.graded,
            "temperature": self.temperature,
            "max_new_tokens": self.max_new_tokens,
            "max_chars": self.max_chars,
        }

    def score(self, tree: Tree, path: str) -> Score:
        """The verdict on one node.

        Raises:
            InputError: the policy gave none that can be read. UnavailableError: it gave no reply.
        """
        (found,) = self.score_all([(tree, path)])
        if isinstance(found, RaoLabError):
            raise found
        return found

    def score_all(
        self, asked: Sequence[tuple[Tree, str]], on_tick: Callable[[], None] | None = None
    ) -> list[Answer]:
        """The verdicts on many nodes, asked for together; equal content is asked about once.

        Args:
            on_tick: called while it waits; what it raises stops the asking. Verdicts so far are kept in the cache.
        """
        before = time.monotonic()
        questions = [self._question(tree, path) for tree, path in asked]
        keys = [self._key(each) for each in questions]
        known = {key: found for key in dict.fromkeys(keys) if (found := self._cache.get(key)) is not None}
        due = {key: each for key, each in zip(keys, questions, strict=True) if key not in known}
        lost: dict[str, RaoLabError] = {}
        try:
            lost = self._ask(due, known, on_tick) if due else {}
        finally:
            given = sum(key in known for key in keys)
            self._count(
                verdicts=given,
                cached=given - sum(key in known for key in due),
                failed=sum(key in lost for key in keys),
                seconds=time.monotonic() - before,
            )
        return [lost[key] if key in lost else Score(known[key].success, "judge") for key in keys]

    def words(self, tree: Tree, path: str) -> str:
        """What the judge wrote of this node, if it is known; "" otherwise."""
        found = self._cache.get(self._key(self._question(tree, path)))
        return "" if found is None else found.words

    def _question(self, tree: Tree, path: str) -> tuple[Message, ...]:
        return question(self.rubric, self.graded, transcript(tree, path, self.max_chars))

    def _key(self, messages: tuple[Message, ...]) -> str:
        """Says who is asked what, and how."""
        policy = self.policy
        how = [1, policy.name, policy.version, self.temperature, self.max_new_tokens, self.graded]
        text = json.dumps([how, [[each.role, each.content] for each in messages]])
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def _ask(
        self,
        due: Mapping[str, tuple[Message, ...]],
        known: dict[str, Verdict],
        on_tick: Callable[[], None] | None,
    ) -> dict[str, RaoLabError]:
        """Asks the policy; verdicts go to `known`. Returns why others failed."""
        keys, lost, tried = [*due], {}, set[int]()

        def heard(place: int, reply: TurnReply) -> tuple[Message, ...] | None:
            self._count(
                prompt_tokens=len(reply.prompt_ids) or reply.tokens_in,
                completion_tokens=len(reply.sampled_ids) or reply.tokens_out,
            )
            try:
                known[keys[place]] = Verdict(_read(reply, self.graded), reply.text)
                return None
            except InputError as wrong:
                if place in tried or reply.stop == "context":
                    lost[keys[place]] = wrong
                    return None
                tried.add(place)
                return again(due[keys[place]], reply.text, str(wrong), self.graded)

        self._asking = Asking(self.policy, room=self.max_new_tokens, seconds=self.seconds, noise=keys)
        try:
            with sampled_at(self.policy, self.temperature):
                silent = self._asking.run([*due.values()], heard, on_tick)
        except UnavailableError as busy:  # the policy is being trained elsewhere
            silent = dict.fromkeys(range(len(keys)), str(busy))
        finally:
            self._count(calls=self._asking.calls, retries=self._asking.retries)
            self._cache.put({key: known[key] for key in keys if key in known})
            self._asking = None
        return {**lost, **{keys[place]: UnavailableError(why) for place, why in silent.items()}}

    def _count(self, **more: float) -> None:
        for name, count in more.items():
            self._used[name] += count


def _read(reply: TurnReply, graded: bool) -> float:
    """The verdict of a reply that is whole.

    Raises:
        InputError: it has none.
    """
    if reply.stop == "context":
        said = f" ({reply.error})" if reply.error else ""
        raise InputError(
            f"the question does not fit the judge's window{said}: give max_chars, or a shorter rubric"
        )
    if reply.stop == "length":
        raise InputError("the reply was cut at its limit of tokens before its last line")
    return verdict(reply.text, graded)


def _room(policy: Policy, rubric: str, graded: bool, new: int) -> int:
    """Characters of a transcript that the policy's window has room for.

    Raises:
        InputError: there is none to speak of.
    """
    if not policy.window:
        return MOST_CHARS * 1000

    def left(rubric: str, new: int) -> int:
        asked = sum(len(each.content) for each in question(rubric, graded, ""))
        return int(CHARS_A_TOKEN * (policy.window - 2 * new) - 1.1 * asked / 2)

    room = left(rubric, new)
    if room < LEAST_CHARS:
        smaller = left("", 1) >= LEAST_CHARS
        do = (
            "another policy, a shorter rubric or a smaller max_new_tokens"
            if smaller
            else "one with a larger window"
        )
        raise InputError(
            f"policy {policy.name} cannot judge by this rubric: its window of {policy.window:,} tokens has no room for "
            f"a transcript beside it; take {do}"
        )
    return room


def told_of_judge(judge: object) -> dict[str, Any]:
    """What a run file says of the judge that took part: a name for all that decides its verdicts, and the settings."""
    if isinstance(judge, RootProxy):
        return {"judge": ROOT_PROXY}
    if not isinstance(judge, PolicyJudge):
        name = None if judge is None else type(judge).__qualname__
        return {"judge": name}
    about = judge.about()
    digest = hashlib.blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=4).hexdigest()
    others = {"seconds": judge.seconds, "check": judge.check}  # no verdict depends on them
    return {"judge": f"{judge.name} by rubric {digest}", "judging": {**about, **others}}


def taken_since(judge: object, before: Mapping[str, float]) -> dict[str, float]:
    """What a judge was asked and took since its `usage` was `before`; empty if that is not counted."""
    if not isinstance(judge, PolicyJudge):
        return {}
    return {name: count - before.get(name, 0) for name, count in judge.usage.items()}


def judge_words(judge: object) -> str:
    """What a judge took so far, in words; "" if it was not asked, or does not count it."""
    if not isinstance(judge, PolicyJudge) or not (judge.usage["verdicts"] or judge.usage["calls"]):
        return ""
    return usage_words(judge.name, judge.usage)


def usage_words(name: str, used: Mapping[str, float]) -> str:
    """What a judge was asked and what that took, in words."""
    failed = int(used.get("failed", 0))
    asked = f" of {int(used['verdicts']) + failed:,} asked" if failed else ""
    words = [f"{counted(int(used['verdicts']), 'verdict')}{asked} by {name}"]
    words += [f"{int(used['cached']):,} known already"] if used.get("cached") else []
    words += [f"{failed:,} failed"] if failed else []
    retries = f" ({int(used['retries']):,} tried again)" if used.get("retries") else ""
    words.append(f"{counted(int(used['calls']), 'call')}{retries}")
    return ", ".join([*words, *spent_words(used), f"{used['seconds']:.1f} s"])
