"""Renders one chat template in a process of its own, which `template.py` starts as a script.

A template comes with a model, and a model may be anybody's. So it runs in Jinja's sandbox, without a clock of
its own and without chance, in a process that may take little memory and write no file. Whoever started it ends
it if it takes too long.

One JSON value a line. The first asks whether the process has started, the second says the template, its variables
and the day, each other one asks for a conversation. Each is answered by {"text": ...} or {"error": ...}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

if sys.platform != "win32":
    import resource

MEMORY = 1 << 29
"""Bytes of address space."""
MOST_RENDERED = 4 << 20
"""Characters of a rendered conversation."""


class _Generation(jinja2.ext.Extension):
    """Takes `{% generation %}`, which marks what the model wrote, and renders what is in it."""

    tags = {"generation"}  # noqa: RUF012 - as Jinja declares it

    def parse(self, parser: Any) -> Any:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Namespace(jinja2.utils.Namespace):
    """Takes no name that begins with an underscore."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        self, *rest = args
        for name in dict(*rest, **kwargs):
            _check_name(name)
        jinja2.utils.Namespace.__init__(self, *rest, **kwargs)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: Any) -> None:
    if str(name).startswith("_"):
        raise jinja2.exceptions.SecurityError("a namespace takes no name that begins with _")


def _raise(message: Any) -> None:
    raise jinja2.exceptions.TemplateError(str(message))


def _by_chance(*about: Any) -> None:
    raise jinja2.exceptions.TemplateError("it draws at random, so that no context could be rendered again")


def _json(
    value: Any,
    ensure_ascii: bool = False,
    indent: Any = None,
    separators: Any = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def compiled(source: str, day: str) -> jinja2.Template:
    """The template as transformers reads it, but with a clock that stands at the beginning of `day`."""
    now = datetime.fromisoformat(day)
    # Not optimized: Jinja would compute constants, such as a filter that pads to a gigabyte, while it compiles.
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        extensions=[_Generation, jinja2.ext.loopcontrols],
    )
    environment.filters.update(tojson=_json, random=_by_chance)
    environment.globals.update(
        raise_exception=_raise,
        strftime_now=lambda form: now.strftime(form),
        dict=lambda *args, **kwargs: dict(*args, **kwargs),
        namespace=_Namespace,
        lipsum=_by_chance,
    )
    return environment.from_string(source)


def rendered(template: jinja2.Template, variables: dict[str, Any]) -> str:
    """The text.

    Raises:
        ValueError: it is longer than `MOST_RENDERED`.
    """
    parts, size = [], 0
    for part in template.generate(**variables):
        parts.append(part)
        size += len(part)
        if size > MOST_RENDERED:
            raise ValueError(f"it makes more than {MOST_RENDERED} characters of a conversation")
    return "".join(parts)


def answers(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """What each line gets."""
    next(lines)
    yield {"text": ""}
    setup = json.loads(next(lines))
    made: list[jinja2.Template] = []

    def begin() -> str:
        made.append(compiled(setup["template"], setup["day"]))
        return ""

    yield _tried(begin)
    for line in lines:
        asked = json.loads(line)
        yield _tried(lambda asked=asked: rendered(made[0], {**setup["variables"], **asked}))  # type: ignore[misc]


def _tried(make: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"text": make()}
    except MemoryError:
        return {"error": f"it takes more than {MEMORY >> 20} MiB"}
    except RecursionError:
        return {"error": "it calls itself without end"}
    except Exception as problem:  # noqa: BLE001 - a template may raise anything
        return {"error": f"{type(problem).__name__}: {problem}"[:1000]}


def main() -> None:
    """Answers until stdin ends."""
    if sys.platform != "win32":
        limits = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
        for kind, most in limits.items():
            resource.setrlimit(kind, (most, most))
    for answer in answers(iter(sys.stdin.readline, "")):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
