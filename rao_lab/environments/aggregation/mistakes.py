"""Turns of the script that go wrong, in the ways of people and small models, so that views have something to show."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from rao_lab.environments.aggregation.script import Situation, Skill, delegate, next_turn

Mistake = Callable[[Situation, Skill, str, Random], tuple[str, str]]


def mistaken_turn(now: Situation, skill: Skill, rng: Random) -> tuple[str, str]:
    """A thought and code that goes wrong. If there is no code, the turn has no action."""
    part = skill.part_of(now.asked)
    if part is None:
        return next_turn(now, skill)
    kinds = _READING if now.reads or now.values else _DELEGATING
    return rng.choice(kinds)(now, skill, part, rng)


# Reading.


def _no_code(now: Situation, skill: Skill, part: str, rng: Random) -> tuple[str, str]:
    return f"I should look at all {now.size} lines first, and then count.", ""


def _all_at_once(now: Situation, skill: Skill, part: str, rng: Random) -> tuple[str, str]:
    return "I read all of it.", f"print(read(0, {max(now.size, now.at_once + 1) + 1000}))"


def _guess(now: Situation, skill: Skill, part: str, rng: Random) -> tuple[str, str]:
    return "It will be about a fifth of them.", f"finish({now.size // 5 + 1000 * rng.randint(0, 1)})"


def _keyword(now: Situation, skill: Skill, part: str, rng: Random) -> tuple[str, str]:
    word = now.asked.split()[-1].rstrip("?.")
    return f"I search for {word}.", f'print(find("{word}"))'


# Delegating.


def _own_goal(now: Situation, skill: Skill, part: str, rng: Random) -> tuple[str, str]:
    return "This is much work. Somebody else should do it.", f"print(await launch_subagent(0, {now.size}))"


def _no_await(now: Situation, skill: Skill, part: str, rng: Random) -> tuple[str, str]:
    start, end = now.spans()[0]
    return "A helper begins.", f"print(launch_subagent({start}, {end}))"


def _forget_one(now: Situation, skill: Skill, part: str, rng: Random) -> tuple[str, str]:
    spans = now.spans()
    forgotten = rng.choice(spans)
    thought, code = delegate(now, part, [span for span in spans if span != forgotten])
    return thought, f"{code}\n{skill.together(now.asked, 'parts')}"


def _off_by_one(now: Situation, skill: Skill, part: str, rng: Random) -> tuple[str, str]:
    spans = [(start, max(start + 1, end - 1)) for start, end in now.spans()]
    thought, code = delegate(now, part, spans)
    return thought, f"{code}\n{skill.together(now.asked, 'parts')}"


_READING: tuple[Mistake, ...] = (_no_code, _all_at_once, _guess, _keyword)
_DELEGATING: tuple[Mistake, ...] = (_own_goal, _no_await, _forget_one, _off_by_one)
