"""Pages made of the code: the public names, by the chapter that holds them, and what each command says of itself."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import rao_lab

CHAPTERS = (
    "tree", "credit", "environments", "prompts", "policies", "execution", "training", "store", "evaluation", "views",
    "api", "course", "testing", "protocols", "errors",
)  # fmt: skip
"""In the order of the story; what a teacher or a writer of worlds needs comes last."""
COLUMNS = 88
"""Of the help of commands."""


def homes() -> dict[str, str]:
    """The public names, each with the module that it is loaded from, without loading any."""
    block = next(
        node for node in ast.parse(Path(rao_lab.__file__).read_bytes()).body if isinstance(node, ast.If)
    )
    return {
        alias.asname or alias.name: node.module or ""
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def chapter_of(name: str, home: str) -> str:
    """The package that a name belongs to."""
    return name if home == "rao_lab" else home.split(".")[1]


def reference_pages() -> dict[str, str]:
    """The text of each page by its place, in the markup of Sphinx."""
    found: dict[str, list[str]] = {}
    for name, home in homes().items():
        found.setdefault(chapter_of(name, home), []).append(name)
    chapters = [*(each for each in CHAPTERS if each in found), *sorted(set(found) - set(CHAPTERS))]
    pages = {f"api/{chapter}.rst": _chapter(chapter, sorted(found[chapter])) for chapter in chapters}
    listed = "\n".join(f"   {chapter} <{chapter}>" for chapter in chapters)
    tables = "\n".join(
        f"{chapter}\n{'-' * len(chapter)}\n\n{_table(sorted(found[chapter]))}" for chapter in chapters
    )
    pages["api/index.rst"] = (
        "The names of ``rl.``\n====================\n\nEverything below is there after ``import rao_lab as rl``. "
        f"``help(rl.run)`` says the same.\n\n.. toctree::\n   :hidden:\n\n{listed}\n\n{tables}"
    )
    return pages


def _about(chapter: str) -> str:
    """The first paragraph of what a package says of itself."""
    home = Path(rao_lab.__file__).parent / chapter
    path = home / "__init__.py" if home.is_dir() else home.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    return text.split("\n\n")[0].replace("`rl.", "`")


def _table(names: list[str]) -> str:
    rows = "\n".join(f"   {name}" for name in names)
    return f".. currentmodule:: rao_lab\n\n.. autosummary::\n   :nosignatures:\n\n{rows}\n"


def _chapter(chapter: str, names: list[str]) -> str:
    title = f"Reference: {chapter}"  # in a search, no page is called as a module
    parts = [title, "=" * len(title), "", _about(chapter), "", _table(names)]
    return "\n".join([*parts, *(_entry(name) for name in names)])


def _entry(name: str) -> str:
    home = homes()[name]
    module = f"{home}.{name}" if home == "rao_lab" or _is_file(home, name) else ""
    if module:
        heading = f"{name}\n{'-' * len(name)}\n\n" if name != chapter_of(name, home) else ""
        members = "\n".join(_directive(each) for each in members_of(module))
        return (
            f"{heading}.. automodule:: {module}\n   :no-members:\n\n.. currentmodule:: {module}\n\n{members}\n"
            ".. currentmodule:: rao_lab\n"
        )
    return _directive(name)


def members_of(module: str) -> list[str]:
    """What a public module offers: its `__all__`, otherwise what it defines and hands on."""
    found = import_module(module)
    public = getattr(found, "__all__", None)
    if public is None:
        path = Path(str(found.__file__))
        public = []
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                public.append(node.name)
            elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
                names = [(alias.asname, alias.name) for alias in node.names]
                public += [new or old for new, old in names if new or path.name == "__init__.py"]
    return sorted(name for name in public if not name.startswith("_") and callable(getattr(found, name)))


def _directive(name: str) -> str:
    if name.isupper():
        return f".. autodata:: {name}\n   :no-value:\n"
    if name[0].isupper():
        return f".. autoclass:: {name}\n   :members:\n"
    return f".. autofunction:: {name}\n"


def _is_file(home: str, name: str) -> bool:
    return (Path(rao_lab.__file__).parent.parent / home.replace(".", "/") / f"{name}.py").is_file()


def command_pages() -> dict[str, str]:
    """What each command says with --help, a page each."""
    from typer.testing import CliRunner

    from rao_lab.cli.main import COMMANDS, NEW, PROMPTS, app

    names = [*COMMANDS, *(f"prompts {name}" for name in PROMPTS), *(f"new {name}" for name in NEW)]
    runner = CliRunner(
        env={"COLUMNS": str(COLUMNS), "TERMINAL_WIDTH": str(COLUMNS), "NO_COLOR": "1", "TERM": "dumb"}
    )

    def said(words: str) -> str:
        result = runner.invoke(app, [*words.split(), "--help"], prog_name="rao-lab")
        lines = [line.rstrip() for line in result.output.strip("\n").splitlines()]
        return "\n".join(["```text", *lines, "```", ""])

    pages = {f"commands/{name.replace(' ', '_')}.md": f"# rao-lab {name}\n\n{said(name)}" for name in names}
    listed = "\n".join(name.replace(" ", "_") for name in names)
    pages["commands/index.md"] = (
        f"# The command line\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n\n{said('')}"
    )
    return pages
