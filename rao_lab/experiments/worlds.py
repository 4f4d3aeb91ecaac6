"""The worlds that have an embedded policy, as experiments ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rao_lab.api.defaults import made_in
from rao_lab.environments.aggregation import Aggregation
from rao_lab.environments.textcraft import oracle
from rao_lab.environments.textcraft.environment import TextCraft
from rao_lab.protocols import Policy
from rao_lab.tree import Task

World = TextCraft | Aggregation
WORLDS: Mapping[str, type[World]] = MappingProxyType({"textcraft": TextCraft, "aggregation": Aggregation})
POLICIES: Mapping[str, str] = MappingProxyType({"textcraft": "tiny", "aggregation": "tiny-aggregation"})
"""World -> the policy that was made for it."""
SLICE = 8
"""Lines that the policy of aggregation reads at once."""


def world_of(policy: Policy) -> type[World]:
    """The world that a policy was made for."""
    return WORLDS[made_in(policy)]


def clean_nodes(task: Task) -> int:
    """Nodes of a tree without anything too much: in TextCraft every part is delegated once, in aggregation every
    context is halved until it is one slice."""
    if "lines" in task.data:
        return 2 * -(-int(task.data["lines"]) // SLICE) - 1
    return oracle.clean_nodes(task)
