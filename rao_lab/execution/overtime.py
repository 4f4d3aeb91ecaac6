"""Which nodes of a tree whose time is over were lost to a server, and did not fail themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rao_lab.protocols import NodeKey

Fault = Callable[[NodeKey], str]
"""Why a server, and not the model, is to blame for a turn that is not there; "" = it is not."""


def lost_to_server(keys: Iterable[NodeKey], fault: Fault) -> dict[str, str]:
    """Paths of the nodes whose turn a server did not give, and of those that await them -> why.

    Args:
        keys: of the running nodes.
    """
    lost = {path: why for index, path in keys if (why := fault((index, path)))}
    for path, why in list(lost.items()):
        while path := path.rpartition(".")[0]:
            lost.setdefault(path, f"it awaited a node that was lost: {why}")
    return lost
