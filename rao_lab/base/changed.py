"""A frozen record with some fields changed, at a third of what `dataclasses.replace` takes.

A record of thirty fields changes several times a turn. `replace` looks every field up and then makes the record as if
it were new. Here the fields are copied as they are.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import replace as changed
else:

    def changed(record: Any, /, **changes: Any) -> Any:
        """As `dataclasses.replace`, for records with slots that check nothing when they are made."""
        values, setters = _fields(type(record))
        made = object.__new__(type(record))
        for put, value in zip(setters.values(), values(record)):
            put(made, value)
        for name, value in changes.items():
            setters[name](made, value)
        return made


@cache
def _fields(kind: type) -> tuple[Any, dict[str, Any]]:
    """What gives the values of all fields, and what sets each of them."""
    assert not hasattr(kind, "__post_init__")
    names = [each.name for each in fields(kind)]
    return attrgetter(*names), {name: getattr(kind, name).__set__ for name in names}
