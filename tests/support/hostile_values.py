"""Values that no setting expects, and what a refusal of one must look like."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from random import Random
from typing import Any

from rao_lab.errors import RaoLabError

LINE = 600
"""Characters of a complaint at most."""


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


PLAIN: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 7, 2**31, 2**63, 2**64, 10**30, -(10**30)),
    *(0.0, -0.0, 1e-320, 0.5, 1.5, 1e308, -2.5, math.nan, math.inf, -math.inf),
    *("", " ", "x", "1", "nan", "all", "rao", "none", "train", "0x10", "y" * 5000),
    *("a\nb\r\x1b[31m", "\u202egnp", "\u2028", "../../etc/passwd", "/dev/zero", "~", "%s%n", "{0}", "é" * 50),
    *([], [1], ["a", "b"], [0.9, 0.999], [True, False], [[]], [None], {}, {"a": 1}, {"rope_type": "yarn"}),
)
"""What JSON, a command line or a file can say."""
PYTHON: tuple[Any, ...] = (
    *PLAIN,
    *(10**5000, -(10**5000), _nested(5000), {"a": _nested(5000)}, {1: 2}, {1: "x"}, {1: math.nan}),
    *(b"\0\xff", "\ud800", "a\0b", set(), 3 + 4j, object(), int, lambda: 0),
)
"""What a caller can hand over beside it."""


def outcome(act: Callable[[], object]) -> str | None:
    """None if it worked, otherwise the one line that was said. Anything else that is raised is a bug."""
    try:
        act()
    except RaoLabError as error:
        line = str(error)
        assert 0 < len(line) <= LINE and line.isprintable(), ascii(line[:700])
        assert "Traceback" not in line
        return line
    return None


def alter(data: Any, random: Random) -> None:
    """One place in nested JSON is lost, becomes something else, or gets something beside it."""
    at = data
    while True:
        places = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not places:
            return
        place = random.choice(places)
        if isinstance(at[place], (dict, list)) and at[place] and random.random() < 0.7:
            at = at[place]
            continue
        roll = random.random()
        if roll < 0.15:
            del at[place]
        elif roll < 0.25 and isinstance(at, dict):
            at[random.choice(["new", "", "a\nb"])] = copy.deepcopy(random.choice(PLAIN))
        else:
            at[place] = copy.deepcopy(random.choice(PLAIN))
        return


def damage(data: bytes, random: Random) -> bytes:
    """Bytes flip, are lost or overwritten."""
    found = bytearray(data)
    match random.randrange(5):
        case 0:
            del found[random.randrange(len(found)) :]
        case 1:
            for _ in range(random.choice([1, 4, 30])):
                found[random.randrange(len(found))] ^= 1 << random.randrange(8)
        case 2:
            found[:8] = random.randbytes(8)
        case 3:
            found.clear()
        case 4:
            start = random.randrange(len(found))
            found[start : start + 100] = random.randbytes(random.choice([1, 100]))
    return bytes(found)
