"""Renders Jinja templates in a process of its own, which `rendering.py` starts as a script.

A template comes with a model or in a folder, and either may be anybody's. So it runs in Jinja's sandbox, without a
clock of its own and without chance, in a process that may take little memory and write no file. It stops itself if
it takes too long, and says where; if it cannot, whoever started it ends it.

One JSON value a line. The first asks whether the process has started, the second says the files and how they are
read, each other one asks for some of them. Each is answered by {"texts": [...]} or {"error": ..., "file": ...,
"line": ...}; "slow" is there, too, if time ran out.
"""

from __future__ import annotations

import json
import signal
import sys
import traceback
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
_PRINTED = (str, int, float, list, tuple, dict, type(None), jinja2.Undefined)
"""What a strict template may print: everything else prints as its place in memory."""


class _Slow(Exception):
    """Time ran out."""


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


def _printed(value: Any) -> Any:
    if not isinstance(value, _PRINTED):
        raise jinja2.exceptions.TemplateError(
            f"it prints a {type(value).__name__}: call it, or make it a list or text"
        )
    return value


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


def environment(files: dict[str, str], day: str | None, strict: bool) -> jinja2.Environment:
    """Jinja's sandbox over these files, as transformers reads templates.

    Args:
        day: at its beginning the clock stands that `strftime_now` reads; None = there is no such function.
        strict: a name that does not exist is an error, and so is what prints otherwise each time.
    """
    # Not optimized: Jinja would compute constants, such as a filter that pads to a gigabyte, while it compiles.
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=strict,  # of a file that another includes
        optimized=False,
        extensions=[_Generation, jinja2.ext.loopcontrols],
        loader=jinja2.FunctionLoader(lambda name: (files[name], name, None) if name in files else None),
        auto_reload=False,
        undefined=jinja2.StrictUndefined if strict else jinja2.Undefined,
        finalize=_printed if strict else None,
    )
    made.filters.update(tojson=_json, random=_by_chance)
    made.globals.update(
        raise_exception=_raise,
        dict=lambda *args, **kwargs: dict(*args, **kwargs),
        namespace=_Namespace,
        lipsum=_by_chance,
    )
    if day is not None:
        now = datetime.fromisoformat(day)
        made.globals["strftime_now"] = lambda form: now.strftime(form)
    return made


def rendered(template: jinja2.Template, variables: dict[str, Any], most: int) -> str:
    """The text.

    Raises:
        TemplateError: it is longer than `most` characters.
    """
    parts, size = [], 0
    for part in template.generate(**variables):
        parts.append(part)
        size += len(part)
        if size > most:
            raise jinja2.exceptions.TemplateError(f"it makes more than {most} characters")
    return "".join(parts)


def answers(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """What each line gets."""
    next(lines)
    yield {"texts": []}
    setup = json.loads(next(lines))
    made = environment(setup["files"], setup["day"], setup["strict"])

    def compiled() -> list[str]:
        for name in setup["files"]:
            made.get_template(name)
        return []

    def asked(names: list[str], own: dict[str, Any]) -> list[str]:
        variables = {**setup["variables"], **own}
        texts = []
        for setup["now"] in names:
            texts.append(rendered(made.get_template(setup["now"]), variables, setup["most"]))
        return texts

    yield _tried(compiled, setup)
    for line in lines:
        names, own = json.loads(line)
        yield _tried(lambda names=names, own=own: asked(names, own), setup)  # type: ignore[misc]


def _tried(make: Callable[[], list[str]], setup: dict[str, Any]) -> dict[str, Any]:
    try:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, setup["seconds"])
        return {"texts": make()}
    except _Slow as problem:
        return {"error": f"it takes more than {setup['seconds']:g} s", "slow": True, **_place(problem, setup)}
    except MemoryError as problem:
        return {"error": f"it takes more than {MEMORY >> 20} MiB", **_place(problem, setup)}
    except RecursionError as problem:
        return {"error": "it calls itself without end", **_place(problem, setup)}
    except Exception as problem:  # noqa: BLE001 - a template may raise anything
        said = getattr(problem, "message", None) or str(problem)
        kind = "" if isinstance(problem, jinja2.TemplateError) and setup["strict"] else type(problem).__name__
        return {"error": f"{kind}: {said}".removeprefix(": ")[:1000], **_place(problem, setup)}
    finally:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, 0)


def _place(problem: BaseException, setup: dict[str, Any]) -> dict[str, Any]:
    """The file and the line that an error is about; 0 = not known."""
    if isinstance(problem, jinja2.TemplateSyntaxError):
        return {"file": problem.name or "", "line": problem.lineno}
    at = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(problem.__traceback__)
        if frame.f_code.co_filename in setup["files"]
    ]
    return dict(zip(("file", "line"), at[-1] if at else (setup.get("now", ""), 0)))


def _out_of_time(*about: Any) -> None:
    raise _Slow


def main() -> None:
    """Answers until stdin ends."""
    if sys.platform != "win32":
        limits = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
        for kind, most in limits.items():
            resource.setrlimit(kind, (most, most))
        signal.signal(signal.SIGALRM, _out_of_time)
    for answer in answers(iter(sys.stdin.readline, "")):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
