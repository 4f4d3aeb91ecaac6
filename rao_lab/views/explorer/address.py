"""Where one is, in one word that can be copied and opened again: STEP:TREE/NODE#VIEW.

"12:4.0/0.1#credit" is the credit of node 0.1 in tree 4.0 of step 12. TREE is GROUP.TREE as `rao-lab credit` prints
them, or the tree's place in its step, from 0, which probes and forks have alone. NODE and VIEW may be left out. The
other half is `widgets/src/app/address.js`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rao_lab.base.safe_text import quoted
from rao_lab.errors import ConfigError, InputError, MissingError
from rao_lab.tree import ROOT
from rao_lab.views.explorer.look import VIEWS, Look
from rao_lab.views.explorer.source import Source
from rao_lab.views.explorer.table import StepTable

_SHAPE = re.compile(
    r"(?P<step>\d{1,9}):(?P<tree>\d{1,9}(?:\.\d{1,9})?)(?:/(?P<node>\d+(?:\.\d+)*))?(?:#(?P<view>[a-z]+))?"
)
_TREE = re.compile(r"\d{1,9}(\.\d{1,9})?")


class Address(NamedTuple):
    """What an address says."""

    step: int
    tree: str
    node: str | None = None
    view: str | None = None

    @classmethod
    def parse(cls, text: object) -> Address:
        """Reads an address.

        Raises:
            InputError: it is none, or names an unknown view.
        """
        found = _SHAPE.fullmatch(text.strip()) if isinstance(text, str) else None
        if found is None:
            raise InputError(
                f"{quoted(text)} is no address: it reads STEP:TREE/NODE#VIEW, such as 12:4.0/0.1#credit; NODE and "
                "VIEW may be left out"
            )
        view = found["view"]
        if view is not None and view not in VIEWS:
            raise InputError(f"the address names the view {quoted(view)}: there are {', '.join(VIEWS)}")
        return cls(int(found["step"]), found["tree"], found["node"], view)

    def __str__(self) -> str:
        node = "" if self.node is None else f"/{self.node}"
        return f"{self.step}:{self.tree}{node}{'' if self.view is None else f'#{self.view}'}"


def place_of(table: StepTable, tree: str | int) -> int:
    """The place of a tree in its step.

    Args:
        tree: the place, or GROUP.TREE.

    Raises:
        InputError: it names no tree.
        MissingError: the step has no such tree.
    """
    name = str(tree).strip()
    if isinstance(tree, bool) or not isinstance(tree, str | int) or not _TREE.fullmatch(name):
        raise InputError(
            f"tree={quoted(tree)} names no tree: give its place in the step, from 0, or GROUP.TREE"
        )
    if "." not in name:
        if int(name) < len(table.trees):
            return int(name)
    else:
        names = [name_of(table, place) for place in range(len(table.trees))]
        probes = [f"{table.labels[each.group]}.{each.rollout}" for each in table.trees]
        for found in (names, probes):  # a probe has its place for a name, and answers to this too
            if name in found:
                return found.index(name)
    last = len(table.trees) - 1
    has = "it has none" if last < 0 else f"it has 0 to {last}, or GROUP.TREE such as {name_of(table, 0)}"
    raise MissingError(f"step {table.step} has no tree {quoted(tree)}: {has}")


def name_of(table: StepTable, place: int) -> str:
    """GROUP.TREE, or the place of a probe or a fork."""
    tree = table.trees[place]
    group = table.groups[tree.group]
    return str(place) if group["probe"] or "fork" in group else f"{table.labels[tree.group]}.{tree.rollout}"


def look_at(
    source: Source,
    step: int | None,
    tree: str | int | None,
    node: str | None,
    view: str | None,
    at: str | None,
) -> Look:
    """What an Explorer shows first.

    Args:
        step: None = the newest.
        tree: None = the first if a node is given, otherwise the one that shows most.
        at: an address, which says all of this.

    Raises:
        ConfigError: an unknown view, or an address beside what it says itself.
        InputError: what should name a tree or a node, or be an address, does not.
        MissingError: there is no such step, tree or node.
    """
    if at is not None:
        if (step, tree, node, view) != (None, None, None, None):
            raise ConfigError("at= says step, tree, node and view: give it alone, or give those")
        step, tree, node, view = Address.parse(at)
    if view is None:
        view = "board" if source.beside and tree is None and node is None else "tree"
    if view not in VIEWS:
        raise ConfigError(f"view={quoted(view)} is unknown: choose one of {', '.join(VIEWS)}")
    known = [each for each, _ in source.marks()]
    if step is not None and step not in known:
        raise MissingError(f"no step {quoted(step)} here: there are {known}")
    if tree is None and node is None:
        return Look(view, step, *(source.begins_at() if step is None else ()))
    if not known:
        raise MissingError("there are no trees here yet")
    table = source.table(max(known) if step is None else step)
    place = place_of(table, 0 if tree is None else tree)
    path = ROOT if node is None else node
    paths = {table.path[row] for row in table.rows_of(place).tolist()}
    if not isinstance(path, str):
        raise InputError(f"node={quoted(node)} names no node: give its path as text, such as '0.1'")
    if path not in paths:
        name = name_of(table, place)
        raise MissingError(
            f"tree {name} of step {table.step} has no node {quoted(path)}: it has {len(paths)} nodes"
        )
    return Look(view, table.step, place, path)


def address_of(table: StepTable, look: Look) -> str:
    """The address of what is looked at; empty if the step has no trees."""
    if look.tree is None or look.tree >= len(table.trees):
        return ""
    view = None if look.view == "tree" else look.view
    return str(Address(table.step, name_of(table, look.tree), look.path, view))
