"""`changed` gives what `dataclasses.replace` gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rao_lab.base.changed import changed
from rao_lab.tree import Call, Message, Node, Turn

RECORDS = [
    (Call("craft", (1,), {"k": [2]}), {"result": {"a": 1}, "error": "none"}),
    (Turn(1, (Message("user", "x"),), started=1.0), {"ended": 2.5, "calls": (Call("get"),)}),
    (
        Node(path="0", parent=None, goal="g", window=8),
        {"children": ("0.0",), "value": [1], "turns": (Turn(1),)},
    ),
]


@pytest.mark.parametrize(("record", "changes"), RECORDS)
def test_a_changed_record_is_the_replaced_one(record: Any, changes: dict[str, Any]) -> None:
    before = repr(record)
    made = changed(record, **changes)
    assert made == replace(record, **changes)
    assert type(made) is type(record)
    assert repr(record) == before
    assert changed(record) == record
    with pytest.raises(KeyError, match="nonsense"):
        changed(record, nonsense=1)
