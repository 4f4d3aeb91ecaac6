"""What only some systems have stands behind a guard, so that Windows and macOS run the same package.

What a system has is read from the stubs of the standard library that mypy brings.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
SYSTEMS = ("linux", "darwin", "win32")
MODULES = ("os", "signal", "time", "socket", "sys", "threading", "multiprocessing", "asyncio")
ALONE = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "readline", "syslog", "msvcrt", "winreg")
"""Modules that some systems lack."""
REFUSED = {"preexec_fn", "pass_fds"}
"""Arguments of `subprocess` that Windows refuses."""
SOCKETS_ALONE = {"select.select", "select.poll"}
"""On Windows, pipes and files cannot be waited for with these."""


def names_on(system: str, body: list[ast.stmt]) -> set[str]:
    """The names that a stub defines on a system."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.If):
            try:
                chosen = eval(ast.unparse(node.test), {"sys": Told(system), "TYPE_CHECKING": True})  # noqa: S307 - conditions of stubs
            except (NameError, AttributeError):
                chosen = True
            found |= names_on(system, node.body if chosen else node.orelse)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {each.id for each in node.targets if isinstance(each, ast.Name)}
    return found


class Told:
    """`sys` as a stub asks it."""

    version_info = (3, 11)

    def __init__(self, platform: str) -> None:
        self.platform = platform


@cache
def not_everywhere() -> frozenset[str]:
    """Names of the standard library, as in "os.fork", that one of the three systems lacks."""
    spec = find_spec("mypy")
    assert spec is not None and spec.submodule_search_locations is not None
    stubs = Path(spec.submodule_search_locations[0]) / "typeshed" / "stdlib"
    found = set(SOCKETS_ALONE)
    for module in MODULES:
        file = next(
            each for each in (stubs / f"{module}.pyi", stubs / module / "__init__.pyi") if each.is_file()
        )
        body = ast.parse(file.read_text(encoding="utf-8")).body
        if module == "signal":  # its numbers are members of enumerations
            body = [*body, *(each for one in body if isinstance(one, ast.ClassDef) for each in one.body)]
        there = [names_on(system, body) for system in SYSTEMS]
        found |= {f"{module}.{name}" for name in set.union(*there) - set.intersection(*there)}
    return frozenset(found)


def is_guard(test: ast.expr) -> bool:
    """Whether a condition asks for the system, or whether a name is there."""
    text = ast.unparse(test)
    return any(words in text for words in ("sys.platform", "os.name", "hasattr(os,", "hasattr(signal,"))


def unguarded(body: list[ast.stmt]) -> list[tuple[int, str]]:
    """What is used without a guard around it, and without one above it that leaves its block."""
    found: list[tuple[int, str]] = []
    for node in body:
        if isinstance(node, ast.If) and is_guard(node.test):
            if isinstance(node.body[-1], (ast.Return, ast.Raise, ast.Continue)):
                break
            continue
        blocks = [value for _, value in ast.iter_fields(node) if is_block(value)]
        blocks += [case.body for case in getattr(node, "cases", [])]
        blocks += [handler.body for handler in getattr(node, "handlers", [])]
        inner = {id(each) for block in blocks for each in block}
        found += [
            each for child in ast.iter_child_nodes(node) if id(child) not in inner for each in used(child)
        ]
        found += [each for block in blocks for each in unguarded(block)]
        found += imported(node)
    return found


def is_block(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], ast.stmt)


def imported(node: ast.stmt) -> list[tuple[int, str]]:
    names = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names if alias.name in ALONE]
    elif isinstance(node, ast.ImportFrom) and node.module:
        whole = [f"{node.module}.{alias.name}" for alias in node.names]
        names = [node.module] if node.module in ALONE else [one for one in whole if one in not_everywhere()]
    return [(node.lineno, name) for name in names]


def used(node: ast.AST) -> list[tuple[int, str]]:
    if isinstance(node, ast.ExceptHandler):
        return []
    if isinstance(node, ast.IfExp) and is_guard(node.test):
        return []
    if isinstance(node, ast.BoolOp) and any(map(is_guard, node.values)):
        return []
    found = [each for child in ast.iter_child_nodes(node) for each in used(child)]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        name = f"{node.value.id}.{node.attr}"
        if name in not_everywhere():
            found.append((node.lineno, name))
    if isinstance(node, ast.keyword) and node.arg in REFUSED:
        found.append((node.value.lineno, str(node.arg)))
    return found


def test_what_some_systems_lack_is_asked_for_first() -> None:
    found = [
        f"{path.relative_to(REPO)}:{line}: {name}"
        for path in sorted((REPO / "rao_lab").rglob("*.py"))
        for line, name in unguarded(ast.parse(path.read_text(encoding="utf-8")).body)
    ]
    assert not found, "not on every system: ask sys.platform first\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import os\nos.fork()", ["os.fork"]),
        (
            "import signal\ndef f(pid):\n    with g():\n        os.kill(pid, signal.SIGKILL)",
            ["signal.SIGKILL"],
        ),
        ("import fcntl", ["fcntl"]),
        ("from os import setsid", ["os.setsid"]),
        ("try:\n    pass\nexcept OSError:\n    os.getuid()", ["os.getuid"]),
        ("import select\nselect.select([pipe], [], [], 1)", ["select.select"]),
        ("len(os.sched_getaffinity(0))", ["os.sched_getaffinity"]),
        ("Popen(command, preexec_fn=f)", ["preexec_fn"]),
        ("if sys.platform != 'win32':\n    os.setsid()", []),
        ("def f():\n    if sys.platform != 'linux':\n        return\n    os.memfd_create('x')", []),
        ("def f():\n    if busy:\n        return\n    os.memfd_create('x')", ["os.memfd_create"]),
        ("f(os.getuid() if hasattr(os, 'getuid') else 0)", []),
        ("os.kill(pid, signal.SIGTERM)\nos.getpid()\nos.cpu_count()", []),
    ],
)
def test_a_guard_is_seen_and_its_lack_too(code: str, names: list[str]) -> None:
    assert [name for _, name in unguarded(ast.parse(code).body)] == names
