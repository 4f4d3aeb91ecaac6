"""A credit rule of the user: a function from the columns of a step to the advantage of every node.

    def halved(nodes):
        return (nodes.R - nodes.b) / 2

    rl.attribute(groups, halved)
    rl.TrainConfig(credit=rl.CreditConfig(estimator=halved))

It is called once a step, with all nodes, and returns A, or {"A": ..., "b": ..., "w": ...}. What it returns is checked
here, and nowhere else. A run file keeps its name and a hash of its text, and never the function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from textwrap import dedent
from typing import Any

import numpy as np

from rao_lab.base.blame import blamed
from rao_lab.base.safe_text import one_line, quoted, unquoted
from rao_lab.credit.pools import mean_of, others_mean
from rao_lab.credit.table import Floats, Ints
from rao_lab.errors import CallbackError, ConfigError

MOST = 1e12
"""Largest A, b or w: beyond it a loss in single precision means nothing."""
RETURNED = ("A", "b", "w")


@dataclass(frozen=True, eq=False)
class CreditNodes:
    """The N nodes of a step, as a credit rule of the user reads them. Arrays are `[N]` and cannot be written to.

    >>> def against_its_depth(nodes):
    ...     return nodes.R - nodes.mean(nodes.R, nodes.depth)
    >>> rl.attribute([group], against_its_depth).config.estimator_name
    'against_its_depth'
    """

    group: Ints
    """The group of a node, counted from 0: those of one task."""
    tree: Ints
    """The tree of a node, counted from 0 over the whole step."""
    path: Sequence[str]
    parent: Ints
    """Row of the parent; -1 for a root."""
    root: Ints
    """Row of the root of its tree."""
    depth: Ints
    goal: Ints
    """A number for its goal, the same for the same words; -1 if goals are not known."""
    s: Floats
    """Success in [0, 1]; NaN = not scored."""
    status: Sequence[str]
    tokens: Ints
    """How many it generated."""
    child_mean: Floats
    """Mean s of its scored children; 0 if it has none."""
    bonus: Floats
    """The second term of equation 1, by `lam` and `bonus` of the config."""
    R: Floats
    """s + bonus."""
    b: Floats
    """The baseline by `baseline` of the config; NaN if there is none."""

    def __len__(self) -> int:
        return len(self.path)

    @property
    def groups(self) -> int:
        return int(self.group.max(initial=-1)) + 1

    def mean(self, values: Floats, key: Ints) -> Floats:
        """Mean of `values` `[N]` over the rows with the same `key` `[N]`, the own row included: `[N]`.

        NaN counts nowhere; a row whose key is negative gets NaN.
        """
        return mean_of(np.asarray(values, np.float64), np.asarray(key))

    def others_mean(self, values: Floats, key: Ints) -> Floats:
        """As `mean`, without the own row; NaN if no other row counts."""
        return others_mean(np.asarray(values, np.float64), np.asarray(key))


RuleFunction = Callable[[CreditNodes], Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the user by its name. Two are equal if name and text are."""

    name: str
    source: str
    """The first 16 hexadecimal digits of the SHA-256 of its text; "" = its text is not known."""
    function: RuleFunction | None = field(default=None, compare=False, repr=False)
    """None: read from a record, which does not hold it."""

    @classmethod
    def of(cls, function: RuleFunction) -> Rule:
        """The rule that a function is."""
        named = getattr(function, "__name__", None) or type(function).__name__
        name = one_line(str(named).strip("<>"), 60) or "rule"
        try:
            text = dedent(
                inspect.getsource(inspect.unwrap(function) if _has_text(function) else type(function))
            )
        except (OSError, TypeError):
            text = ""
        return cls(name, sha256(text.encode()).hexdigest()[:16] if text else "", function)

    def to_json(self) -> dict[str, str]:
        return {"rule": self.name, "source": self.source}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Rule:
        """Of a record: without its function.

        Raises:
            ConfigError: it names none.
        """
        name, source = data.get("rule"), data.get("source", "")
        if set(data) - {"rule", "source"} or not (isinstance(name, str) and name and isinstance(source, str)):
            raise ConfigError(f"estimator={quoted(data)} names no rule: it has the fields rule and source")
        return cls(one_line(name, 60), source[:64])

    def __call__(self, nodes: CreditNodes) -> dict[str, Floats]:
        """What the function returned, checked: A `[N]`, and b or w if it gave them.

        Raises:
            ConfigError: there is only its name.
            CallbackError: it raised an exception, or returned no credit.
        """
        if self.function is None:
            raise ConfigError(
                f"the credit rule {unquoted(self.name)} is a function, which a run file does not hold: "
                "give it again, as CreditConfig(estimator=...) or --estimator FILE.py:NAME"
            )
        said = f"the credit rule {unquoted(self.name)}"
        with blamed(said, _advice):
            returned = self.function(nodes)
        if returned is None:
            raise CallbackError(f"{said} returned None: it must return the advantage of each node, [N]")
        given = dict(returned) if isinstance(returned, Mapping) else {"A": returned}
        if "A" not in given or set(given) - set(RETURNED):
            raise CallbackError(
                f"{said} returned the fields {quoted([*given])}: give A, and if you like b and w, each [N]"
            )
        return {name: _column(said, name, value, nodes) for name, value in given.items()}


def _advice(problem: BaseException) -> str:
    """What to do if a rule raises an exception."""
    if isinstance(problem, AttributeError) and isinstance(problem.obj, CreditNodes):
        known = (*(each.name for each in fields(CreditNodes)), "groups", "mean", "others_mean")
        return f"nodes have {', '.join(known)}; the rule itself gives A, and if you like b and w"
    return "it must return the advantage of each node"


def _has_text(function: object) -> bool:
    return inspect.isroutine(function) or isinstance(function, type)


def _column(said: str, name: str, value: Any, nodes: CreditNodes) -> Floats:
    """Raises: CallbackError, if it is no column of numbers."""
    try:
        given = np.asarray(value)
        if np.iscomplexobj(given):  # numpy would drop the imaginary part with a warning
            raise TypeError("complex numbers")
        column = np.array(given, np.float64)
    except (TypeError, ValueError, RuntimeError) as problem:  # RuntimeError: a tensor that needs a gradient
        raise CallbackError(
            f"{said} returned {name} of {quoted(value)}: give {len(nodes)} numbers"
        ) from problem
    if column.shape != (len(nodes),):
        shape = list(column.shape)
        raise CallbackError(
            f"{said} returned {name} of shape {shape}: give one number a node, [{len(nodes)}]"
        )
    low = 0.0 if name == "w" else -MOST
    odd = (column < low) | (column > MOST)
    if odd.any():
        row = int(np.argmax(odd))
        raise CallbackError(
            f"{said} returned {name}={column[row]:g} for node {unquoted(nodes.path[row])} (row {row}): "
            f"give numbers from {low:g} to {MOST:g}, or NaN for a node that is not to be trained"
        )
    return column
