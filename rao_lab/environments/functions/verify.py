"""A user's `verify` function: what it asks for, and what it answers as a score.

Its parameters tell what it is given. One named `task`, `tree` or `path` gets that; the other one, whatever its name,
gets the value that was passed to `finish`. With `path` it scores every node that finished, otherwise the root alone.
With `tree` or `path` it is asked when the tree has ended, otherwise as soon as a root finishes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from rao_lab.base.safe_text import quoted
from rao_lab.environments.functions.annotations import Check, Misfit, checker, spelled
from rao_lab.environments.functions.calling import Calls, OutOfTime
from rao_lab.environments.functions.tools import signature_of
from rao_lab.errors import ConfigError, InputError, UnavailableError
from rao_lab.protocols import Score
from rao_lab.tree import ROOT, Task, Tree

KNOWN = ("task", "tree", "path")
DUE = "True or False, a number from 0 to 1, or rl.Score(...)"
HOW = "write verify(value), verify(value, task), verify(tree) or verify(tree, path)"


@dataclass(frozen=True, slots=True)
class Verifier:
    """Scores what agents pass to `finish`.

    If it is given `calls`, they bound it in seconds, and one that takes longer raises `UnavailableError`.
    """

    function: Callable[..., Any]
    value: str
    """The parameter that takes the value; "" = none does."""
    takes: frozenset[str]
    """Those of `KNOWN` that it takes."""
    asked: str
    """The annotation of the value, for the signature of `finish`; "" = it has none that can be checked."""
    check: Check | None

    @property
    def of_tree(self) -> bool:
        """Whether it needs the tree, and so has to wait for its end."""
        return bool(self.takes & {"tree", "path"})

    def of_value(self, value: Any, task: Task, calls: Calls | None = None) -> Score:
        """The score of a root, from what it passed to `finish` alone."""
        return self._score({"task": task}, value, calls)

    def of_node(self, tree: Tree, path: str, calls: Calls | None = None) -> Score | None:
        """The score of a node of a tree that has ended; None = this verifier does not look at such nodes."""
        if path != ROOT and "path" not in self.takes:
            return None
        known = {"task": tree.task, "tree": tree, "path": path}
        return self._score(known, tree.node(path).value, calls)

    def _score(self, known: dict[str, Any], value: Any, calls: Calls | None) -> Score:
        given = {name: known[name] for name in self.takes}
        if self.value:
            try:
                given[self.value] = value if self.check is None else self.check(value)
            except Misfit:
                return Score(0.0)  # an answer of another type than is asked for
        if calls is None:
            return _score(self.function(**given))
        try:
            return _score(calls.call(self.function, given, calls.seconds))
        except OutOfTime as late:
            at = f" ({late.place})" if late.place else ", in this call or in one before it"
            raise UnavailableError(
                f"it did not return within {calls.seconds:g} s{at}: seconds= of the environment (--set env.seconds=) "
                "allows more"
            ) from None


def verifier_of(function: Callable[..., Any]) -> Verifier:
    """Reads what a function asks for.

    Raises:
        ConfigError: it cannot verify.
    """
    if not callable(function) or isinstance(function, type):
        raise ConfigError(f"verify={quoted(function)} is no function: {HOW}")
    if inspect.iscoroutinefunction(function):
        raise ConfigError(
            "verify is async, and a verifier is called outside of any event loop: write it with def"
        )
    taken: set[str] = set()
    others: list[inspect.Parameter] = []
    for each in signature_of(function, "verify").parameters.values():
        if each.kind not in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY):
            raise ConfigError(f"verify takes {each}, which cannot be given by name: {HOW}")
        if each.name in KNOWN:
            taken.add(each.name)
        elif each.default is each.empty or not others:
            others.append(each)
    if len(others) > 1 or not (others or taken):
        names = " and ".join(each.name for each in others)
        raise ConfigError(f"verify takes {names or 'nothing'}, and one value is passed to finish: {HOW}")
    annotation = others[0].annotation if others else inspect.Parameter.empty
    asked = "" if annotation is inspect.Parameter.empty else spelled(annotation)
    return Verifier(
        function,
        others[0].name if others else "",
        frozenset(taken),
        asked,
        checker(annotation) if asked else None,
    )


def _score(given: Any) -> Score:
    """What a verifier answered, as a score.

    Raises:
        InputError: it is none.
    """
    if getattr(given, "ndim", None) == 0 and callable(getattr(given, "item", None)):
        given = given.item()  # a number or a truth value of numpy's
    if isinstance(given, Score):
        return given
    if isinstance(given, bool):
        return Score(float(given))
    if isinstance(given, Real) and 0 <= float(given) <= 1:
        return Score(float(given))
    raise InputError(f"it returned {quoted(given)}, and {DUE} is due")
