"""Values return as they went in; what is not plain does not go in."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rao_lab.errors import InputError
from rao_lab.execution.sandbox import MAX_VALUE_SIZE, NotPlainError, Sandbox, check_plain
from rao_lab.execution.sandbox.values import ordered
from tests.support.sandboxes import Node, awaiting, giving

VALUES = [
    None,
    True,
    -(2**80),
    1.5,
    math.inf,
    "text \x00 \u202e é",
    b"\x00\xff",
    [1, [2, [3]]],
    (1, (2,)),
    {1, "a"},
    frozenset({1.5}),
    {"a": {1: (2, None)}, (1, 2): [b"x"], None: True},
    [],
    "x" * 1_000_000,
    list(range(100_000)),
    {str(n): [n] for n in range(20_000)},
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_returns_as_it_went_in(value: Any, sandbox: Sandbox) -> None:
    end = Node(sandbox, on_call=giving(value)).run("finish(get())")
    assert end.value == value
    assert type(end.value) is type(value)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.tuples(st.integers()), inner, max_size=4)
        | st.sets(st.integers() | st.text(max_size=3), max_size=4)
        | st.frozensets(st.binary(max_size=3), max_size=4)
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(value=plain)
def test_any_plain_value_returns_as_it_went_in(value: Any, sandbox: Sandbox) -> None:
    returned = Node(sandbox, on_call=giving(value)).run("finish(get())").value
    assert returned == value
    assert repr(ordered(returned)) == repr(ordered(value))


def test_nan_returns_as_it_went_in(sandbox: Sandbox) -> None:
    assert math.isnan(Node(sandbox).run("finish(float('nan'))").value)


def test_a_value_may_be_64_deep_and_no_deeper() -> None:
    value: Any = 0
    for _ in range(64):
        value = [value]
    assert check_plain(value, "it") == 8 * 65
    with pytest.raises(NotPlainError, match="nested too deep"):
        check_plain([value], "it")


class Sly(str):
    """A text that is more than a text."""


NOT_PLAIN = [
    object(),
    Sly("x"),
    [Sly("x")],
    {Sly("k"): 1},
    print,
    Path(),
    1j,
    ...,
    range(3),
    1 << 20_000,
    [[object()]],
]


@pytest.mark.parametrize("value", NOT_PLAIN, ids=lambda value: type(value).__name__)
def test_a_value_that_is_not_plain_does_not_go_in(value: Any, sandbox: Sandbox) -> None:
    with pytest.raises(InputError, match="the result of get"):
        Node(sandbox, on_call=giving(value)).run("get()")
    node = Node(sandbox)
    step = awaiting(node.start("await launch()"))
    with pytest.raises(InputError, match="the answer to call 0"):
        node.go_on(step, {0: value})


def test_arguments_of_one_turn_are_bounded_together(sandbox: Sandbox) -> None:
    given: list[int] = []

    def weigh(name: str, args: tuple[Any, ...], kwargs: Any) -> None:
        given.append(len(args[0]))

    code = "for _ in range(100):\n  try: get('x' * 1_000_000)\n  except TypeError: pass"
    Node(sandbox, on_call=weigh).run(code)
    assert 0 < sum(given) <= MAX_VALUE_SIZE
