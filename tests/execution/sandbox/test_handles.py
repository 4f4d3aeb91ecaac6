"""A handle gives the answer of the launch that made it, or an error; never another launch's."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from rao_lab.execution.limits import Limits
from rao_lab.execution.sandbox import Sandbox
from rao_lab.protocols import TurnReply, TurnRequest
from tests.execution.test_executor import grow_one
from tests.support.worlds import Lines

TURNS = 5


class Parrots(Lines):
    """The root says its lines; every other node finishes with its own goal."""

    def _reply(self, request: TurnRequest) -> TurnReply:
        if request.key[1] == "0":
            return super()._reply(request)
        return TurnReply(request.key, f"finish({request.goal!r})")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


def program(random: Random) -> list[str]:
    """Turns that launch, keep handles over turns, and await old and new ones in every mixture.

    `seen` holds (what was launched, what its handle gave), `asked` the handles by name.
    """
    turns, names = [], []
    for turn in range(TURNS):
        lines = ["import asyncio", "asked = {}\nseen = []"] if turn == 0 else []
        for _ in range(random.randrange(1, 6)):
            match random.choice(["launch", "launch", "put", "await", "await", "gather"]):
                case "launch":
                    names.append(f"n{len(names)}")
                    lines.append(f"asked['{names[-1]}'] = launch_subagent('{names[-1]}')")
                case "put":
                    lines.append("put(1)")
                case "await" if names:
                    name = random.choice(names)
                    lines.append(_guarded(f"seen.append(['{name}', await asked['{name}']])"))
                case "gather" if len(names) > 1:
                    one, two = random.sample(names, 2)
                    both = f"r = await asyncio.gather(asked['{one}'], asked['{two}'])"
                    lines.append(_guarded(f"{both}\n    seen += [['{one}', r[0]], ['{two}', r[1]]]"))
        turns.append("\n".join(lines) or "put(1)")
    return [*turns, "finish(seen)"]


def _guarded(line: str) -> str:
    return f"try:\n    {line}\nexcept Exception:\n    pass"


def check(sandbox: Sandbox, seeds: range) -> int:
    """Awaits that gave an answer."""
    answered = 0
    for seed in seeds:
        lines = program(Random(seed))
        limits = Limits(max_turns=TURNS + 1, max_children=40)
        tree = grow_one(sandbox, {}, policy=Parrots({"0": lines}), limits=limits)
        assert isinstance(tree.root.value, list), (seed, tree.root)
        for name, gave in tree.root.value:
            assert gave == name, (seed, lines, tree.root.value)
        for node in tree.nodes[1:]:
            assert node.value in (None, node.goal)
        answered += len(tree.root.value)
    return answered


def test_handles_in_60_random_mixtures_of_turns_give_their_own_answers(sandbox: Sandbox) -> None:
    assert check(sandbox, range(60)) > 100


@pytest.mark.slow
def test_handles_in_3000_random_mixtures_of_turns_give_their_own_answers(sandbox: Sandbox) -> None:
    assert check(sandbox, range(1000, 4000)) > 5000


def test_a_handle_of_the_first_turn_awaited_in_the_third_is_an_error(sandbox: Sandbox) -> None:
    lines = [
        "h = launch_subagent('first')",
        "b = await launch_subagent('second')",
        "g = launch_subagent('third')\nr = await h",
        "finish(b)",
    ]
    tree = grow_one(sandbox, {}, policy=Parrots({"0": lines}))
    assert tree.root.value == "second"
    assert [turn.error is None for turn in tree.root.turns] == [True, True, False, True]
    assert "a handle does not outlive the turn that launched it" in (tree.root.turns[2].error or "")
