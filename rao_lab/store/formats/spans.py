"""OpenTelemetry spans of a file in one shape: OTLP as JSON (resourceSpans, or a span a line), and the SDK's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rao_lab.errors import InputError
from rao_lab.store.formats.fields import Rao
from rao_lab.store.formats.reading import (
    MOST_PARTS,
    At,
    Notes,
    a_list,
    an_object,
    lines_of,
    moment,
    named,
    number,
    parse,
    text,
    whole,
)
from rao_lab.tree.values import loads

MOST_SPANS = 1_000_000
_RESOURCES = ("resourceSpans", "resource_spans")
_SCOPES = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans")
_NANOS = 1e9
_FAILED = (2, "2", "STATUS_CODE_ERROR", "ERROR", "error")
_MOST_DEPTH = 40


@dataclass(slots=True)
class Span:
    """One span; times are seconds since 1970."""

    at: At
    trace: str
    id: str
    parent: str | None
    name: str
    started: float | None
    ended: float | None
    attributes: dict[str, Any]
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failed: bool = False
    message: str = ""


def is_spans(first: Mapping[str, Any]) -> bool:
    """Whether the first object of a file holds spans, or is one."""
    if any(name in first for name in _RESOURCES) or ("traceId" in first and "spanId" in first):
        return True
    context = first.get("context")
    return isinstance(context, dict) and "trace_id" in context and "span_id" in context


def spans_of(path: Path, notes: Notes) -> list[Span]:
    """The spans of a file, as they began.

    Raises:
        InputError: naming the first that is malformed.
    """
    found: list[Span] = []
    for at, record in _records(path):
        for span in _spans(record, at, notes):
            if len(found) >= MOST_SPANS:
                raise InputError(f"{at}: over {MOST_SPANS:,} spans: split the file")
            found.append(span)
    return sorted(found, key=lambda span: span.started or 0.0)


def _records(path: Path) -> Iterator[tuple[At, dict[str, Any]]]:
    """Objects of a file: one a line, one value, a list, or values one after another over several lines, as the SDK's
    console exporter prints them."""
    first = next(iter(lines_of(path)), None)
    if first is None:
        raise InputError(f"{path.name} is empty")
    begins = first[1]
    try:
        one_a_line = isinstance(loads(begins, MOST_PARTS), dict)
    except InputError:
        one_a_line = False
    if one_a_line:
        for at, line in lines_of(path):
            yield at, an_object(parse(line, at), at)
        return
    if begins == b"{":
        yield from _spread(path)
        return
    value = whole(path)
    for place, each in enumerate(value if isinstance(value, list) else [value], 1):
        at = At(path.name, None, f"element {place}")
        yield at, an_object(each, at)


def _spread(path: Path) -> Iterator[tuple[At, dict[str, Any]]]:
    """Values over several lines; each ends with a line that is a lone brace."""
    held: list[bytes] = []
    begun: At | None = None
    for at, line in lines_of(path):
        begun = begun or at
        held.append(line)
        if line == b"}":
            try:
                value = loads(b"\n".join(held), MOST_PARTS)
            except InputError:
                continue  # a brace of an inner value
            yield begun, an_object(value, begun)
            held, begun = [], None
    if held and begun is not None:
        yield begun, an_object(parse(b"\n".join(held), begun), begun)


def _spans(record: Mapping[str, Any], at: At, notes: Notes) -> Iterator[Span]:
    resources = next((record[name] for name in _RESOURCES if name in record), None)
    if resources is None:
        if is_spans(record):
            yield _span(record, at)
        else:
            notes.add("objects that hold no spans: left out")
        return
    for resource in a_list(resources, at, "resourceSpans"):
        resource = an_object(resource, at)
        scopes: Any = next((resource[name] for name in _SCOPES if name in resource), None)
        for scope in a_list(scopes, at, "scopeSpans"):
            for each in a_list(an_object(scope, at).get("spans"), at, "spans"):
                yield _span(an_object(each, at), at)


def _span(data: Mapping[str, Any], at: At) -> Span:
    context = named(data.get("context"))
    trace = data.get("traceId") or data.get("trace_id") or context.get("trace_id")
    name = data.get("spanId") or data.get("span_id") or context.get("span_id")
    parent = data.get("parentSpanId") or data.get("parent_span_id") or data.get("parent_id")
    status = named(data.get("status"))
    code = status.get("code", status.get("status_code"))
    events = []
    for each in map(named, a_list(data.get("events"), at, "events")):
        events.append(
            (text(each.get("name"), at, "the name of an event"), _attributes(each.get("attributes"), at))
        )
    found = _attributes(data.get("attributes"), at)
    untimed = found.get(Rao.UNTIMED) is True
    return Span(
        at,
        _id(trace, at, "the id of a trace"),
        _id(name, at, "the id of a span"),
        None if not parent else _id(parent, at, "the id of a parent"),
        text(data.get("name"), at, "the name of a span"),
        None if untimed else _time(data, ("startTimeUnixNano", "start_time_unix_nano", "start_time"), at),
        None if untimed else _time(data, ("endTimeUnixNano", "end_time_unix_nano", "end_time"), at),
        found,
        events,
        code in _FAILED,
        text(status.get("message", status.get("description")), at, "message"),
    )


def _id(value: Any, at: At, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 100:
        raise at.wrong(f"{what} must be hexadecimal text", value)
    return value.removeprefix("0x").lower()


def _time(data: Mapping[str, Any], names: tuple[str, ...], at: At) -> float | None:
    name = next((name for name in names if data.get(name) not in (None, "", 0, "0")), None)
    if name is None:
        return None
    value = data[name]
    if isinstance(value, str) and value.isdecimal() and len(value) <= 20:
        value = int(value)
    if isinstance(value, str):
        return moment(value.replace("Z", "+00:00"), at, name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**20:
        return value / _NANOS
    return number(value, at, name)


def _attributes(given: Any, at: At) -> dict[str, Any]:
    """Attributes as plain values: OTLP's list of keys with typed values, or an object."""
    if isinstance(given, dict):
        return {name: value for name, value in given.items() if isinstance(name, str)}
    found = {}
    for each in map(named, a_list(given, at, "attributes")):
        name = each.get("key")
        if isinstance(name, str):
            found[name] = _value(each.get("value"), at, 0)
    return found


def _value(data: Any, at: At, depth: int) -> Any:
    """The plain value of an OTLP `AnyValue`."""
    if depth > _MOST_DEPTH:
        raise at.wrong(f"attributes must not be nested deeper than {_MOST_DEPTH}", data)
    data = named(data)
    for name, value in data.items():
        match name:
            case "stringValue" | "string_value" | "boolValue" | "bool_value" | "bytesValue" | "bytes_value":
                return value
            case "intValue" | "int_value":
                whole_number = isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) <= 20
                return int(value) if whole_number else number(value, at, name)
            case "doubleValue" | "double_value":
                return value if isinstance(value, str) else number(value, at, name)
            case "arrayValue" | "array_value":
                return [_value(each, at, depth + 1) for each in a_list(named(value).get("values"), at, name)]
            case "kvlistValue" | "kvlist_value":
                pairs = map(named, a_list(named(value).get("values"), at, name))
                return {
                    pair["key"]: _value(pair.get("value"), at, depth + 1)
                    for pair in pairs
                    if isinstance(pair.get("key"), str)
                }
    return None
