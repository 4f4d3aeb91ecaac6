"""Records as JSON and back, exactly.

A record becomes an object of its fields, without the fields that have their default. Values that nodes pass
around are written as `values.py` says. An array over tokens, `[T]`, becomes `{"$": "i32" or "f32", "v": base64}`,
little-endian, bit for bit.

Every field that is read is checked. A bad file gives an `InputError`, a record that contradicts itself a
`RecordError`; neither gives a deep traceback.
"""

from __future__ import annotations

import math
import re
import sys
from array import array
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, TypeVar, get_args

from rao_lab.base.safe_text import quoted
from rao_lab.errors import InputError
from rao_lab.tree.events import Call, Event, Message, Status
from rao_lab.tree.node import MAX_DEPTH, Node, Task, TreeHeader, Turn
from rao_lab.tree.ranges import COUNT, REAL, SEED, SHARE, SIGNED, Range
from rao_lab.tree.tree import Group, Tree, validate
from rao_lab.tree.values import (
    decode,
    encode,
    from_base64,
    tagged,
    to_base64,
    untagged,
    write_text,
)

Record = TypeVar("Record")

_PATH = re.compile(rf"0(\.(0|[1-9][0-9]{{0,8}})){{0,{MAX_DEPTH}}}")


# One converter for each annotation that the records use.


@dataclass(frozen=True, slots=True)
class _Kind:
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _write_array(numbers: array[Any]) -> dict[str, Any]:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return tagged({"i": "i32", "f": "f32"}[numbers.typecode], to_base64(numbers.tobytes()))


def _read_array(code: str) -> Callable[[Any], array[Any]]:
    def read(data: Any) -> array[Any]:
        tag, inner = untagged(data)
        raw = from_base64(inner)
        if tag != {"i": "i32", "f": "f32"}[code] or len(raw) % 4:
            raise InputError(f"an array of {'i32' if code == 'i' else 'f32'} is expected, not {quoted(tag)}")
        numbers = array(code)
        numbers.frombytes(raw)
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers

    return read


def _reader(what: str, *kinds: type) -> Callable[[Any], Any]:
    def read(data: Any) -> Any:
        value = decode(data)
        if type(value) not in kinds:
            raise InputError(f"{what} is expected, not {quoted(value)}")
        return value

    return read


def _in(range_: Range, *also: type) -> Callable[[Any], Any]:
    """Reads a number of that range, or a value of the kinds that may stand in its place."""

    def read(data: Any) -> Any:
        value = decode(data)
        if not (range_.holds(value) or type(value) in also):
            raise InputError(f"{range_}{' or null' * bool(also)} is expected, not {quoted(value)}")
        return value

    return read


def _list_of(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def read_all(data: Any) -> tuple[Any, ...]:
        if not isinstance(data, list):
            raise InputError(f"a list is expected, not {quoted(data)}")
        return tuple(read(inner) for inner in data)

    return read_all


def _records_of(kind: Callable[[], type]) -> _Kind:
    return _Kind(
        lambda records: [_write_record(record) for record in records],
        _list_of(lambda data: _read_record(kind(), data)),
    )


def _read_status(data: Any) -> Status:
    try:
        return Status(data)
    except ValueError:
        raise InputError(f"{quoted(data)} is not a status: choose one of {', '.join(Status)}") from None


def _read_counts(data: Any) -> dict[str, int]:
    counts: dict[str, int] = _reader("an object", dict)(data)
    if not all(type(key) is str and COUNT.holds(count) for key, count in counts.items()):
        raise InputError("an object of counts is expected")
    return counts


def _read_named(data: Any) -> dict[str, Any]:
    named: dict[str, Any] = _reader("an object", dict)(data)
    if not all(type(key) is str for key in named):
        raise InputError("an object with names as keys is expected")
    return named


_none = type(None)
_text = _reader("text", str)
_KINDS: dict[str, _Kind] = {
    "Any": _Kind(encode, decode),
    "str": _Kind(write_text, _text),
    "str | None": _Kind(encode, _reader("text or null", str, _none)),
    "bool": _Kind(encode, _reader("true or false", bool)),
    "int": _Kind(encode, _in(SIGNED)),
    "int | None": _Kind(encode, _in(SIGNED, _none)),
    "float": _Kind(encode, _in(REAL)),
    "float | None": _Kind(encode, _in(REAL, _none)),
    "Status": _Kind(str, _read_status),
    "Mapping[str, Any]": _Kind(lambda value: encode(dict(value)), _read_named),
    "Mapping[str, Any] | None": _Kind(
        lambda value: None if value is None else encode(dict(value)),
        lambda data: None if data is None else _read_named(data),
    ),
    "Mapping[str, int]": _Kind(lambda value: encode(dict(value)), _read_counts),
    "tuple[Any, ...]": _Kind(lambda value: encode(list(value)), _list_of(decode)),
    "tuple[str, ...]": _Kind(lambda value: encode(list(value)), _list_of(_text)),
    "array[int]": _Kind(_write_array, _read_array("i")),
    "array[float]": _Kind(_write_array, _read_array("f")),
    "tuple[Message, ...]": _records_of(lambda: Message),
    "tuple[Call, ...]": _records_of(lambda: Call),
    "tuple[Turn, ...]": _records_of(lambda: Turn),
    "tuple[Node, ...]": _records_of(lambda: Node),
    "tuple[Tree, ...]": _records_of(lambda: Tree),
    "Task": _Kind(lambda record: _write_record(record), lambda data: _read_record(Task, data)),
    "TreeHeader": _Kind(lambda record: _write_record(record), lambda data: _read_record(TreeHeader, data)),
}


def _default(item: Field[Any]) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


_OTHERWISE = {
    "seed": _Kind(encode, _in(SEED)),
    "success": _Kind(encode, _in(SHARE, _none)),
    **dict.fromkeys(("read", "wrote"), _Kind(encode, _in(COUNT))),
}
"""Fields whose range is not that of their type, by name."""
_RECORDS = (Message, Call, Turn, Node, Task, TreeHeader, Tree, Group, *get_args(Event))
_PLANS: dict[Any, tuple[tuple[str, _Kind, Any], ...]] = {
    cls: tuple(
        (item.name, _OTHERWISE.get(item.name) or _KINDS[str(item.type)], _default(item))
        for item in fields(cls)
    )
    for cls in _RECORDS
}
"""Of each record: name, converter and default (or MISSING) of each field."""


def _write_record(record: Any) -> dict[str, Any]:
    made = {}
    for name, kind, default in _PLANS[type(record)]:
        value = getattr(record, name)
        if default is MISSING or not _same(value, default):
            made[name] = kind.write(value)
    return made


def _same(value: Any, default: Any) -> bool:
    """Equal in type too, and -0.0 is not 0.0: a field may be left out only if that loses nothing."""
    if type(value) is not type(default) or value != default:
        return False
    return type(value) is not float or math.copysign(1, value) == math.copysign(1, default)


def _read_record(cls: type[Record], data: Any) -> Record:
    what = cls.__name__.lower()
    if not isinstance(data, dict):
        raise InputError(f"a {what} must be a JSON object, not {quoted(data)}")
    plan = _PLANS[cls]
    unknown = data.keys() - {name for name, _, _ in plan}
    if unknown:
        raise InputError(f"a {what} has no field {min(map(quoted, unknown))}")
    values = {}
    for name, kind, default in plan:
        if name in data:
            try:
                values[name] = kind.read(data[name])
            except InputError as error:
                raise InputError(f"{what}.{name}: {error}") from None
        elif default is MISSING:
            raise InputError(f"a {what} needs the field {name!r}")
    return cls(**values)


def task_to_json(task: Task) -> dict[str, Any]:
    return _write_record(task)


def task_from_json(data: Any) -> Task:
    """Raises: InputError."""
    return _read_record(Task, data)


def header_to_json(header: TreeHeader) -> dict[str, Any]:
    return _write_record(header)


def header_from_json(data: Any) -> TreeHeader:
    """Raises: InputError."""
    return _read_record(TreeHeader, data)


def turn_to_json(turn: Turn) -> dict[str, Any]:
    return _write_record(turn)


def turn_from_json(data: Any) -> Turn:
    """Raises: InputError."""
    return _read_record(Turn, data)


def node_to_json(node: Node) -> dict[str, Any]:
    return _write_record(node)


def node_from_json(data: Any) -> Node:
    """Raises: InputError."""
    node = _read_record(Node, data)
    _check_path(node.path)
    return node


def tree_to_json(tree: Tree) -> dict[str, Any]:
    return _write_record(tree)


def tree_from_json(data: Any) -> Tree:
    """A tree that keeps all rules of `tree.validate`.

    Raises:
        InputError: the data are malformed.
        RecordError: the tree contradicts itself.
    """
    tree = _read_record(Tree, data)
    for node in tree.nodes:
        _check_path(node.path)
    validate(tree)
    return tree


def group_to_json(group: Group) -> dict[str, Any]:
    return _write_record(group)


def group_from_json(data: Any) -> Group:
    """A group whose trees keep all rules of `tree.validate`.

    Raises:
        InputError: the data are malformed.
        RecordError: a tree contradicts itself.
    """
    group = _read_record(Group, data)
    for tree in group.trees:
        for node in tree.nodes:
            _check_path(node.path)
        validate(tree)
    return group


_EVENTS: dict[str, type] = {
    re.sub(r"(?<=.)(?=[A-Z])", "_", cls.__name__).lower(): cls for cls in get_args(Event)
}
_EVENT_NAMES = {cls: name for name, cls in _EVENTS.items()}


def event_to_json(event: Event) -> dict[str, Any]:
    """The fields of the event; "event" names its kind: spawned, turn_started, acted, turn_ended and so on."""
    return {"event": _EVENT_NAMES[type(event)], **_write_record(event)}


def event_from_json(data: Any) -> Event:
    """Raises: InputError."""
    if not isinstance(data, dict):
        raise InputError(f"an event must be a JSON object, not {quoted(data)}")
    cls = _EVENTS.get(data.get("event", "")) if isinstance(data.get("event"), str) else None
    if cls is None:
        raise InputError(f"{quoted(data.get('event'))} is not an event: choose one of {', '.join(_EVENTS)}")
    event: Event = _read_record(cls, {name: value for name, value in data.items() if name != "event"})
    _check_path(event.node)
    return event


def _check_path(path: str) -> None:
    if not _PATH.fullmatch(path):
        raise InputError(f'{quoted(path)} is not the path of a node: paths look like "0" and "0.2.1"')
