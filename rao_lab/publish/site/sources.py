"""The sources of both sites, laid out for Sphinx: pages of the repository at their places, and pages that are made."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rao_lab.publish.site.execute import REPO
from rao_lab.publish.site.reference import command_pages, reference_pages

PAGES = (
    "README.md",
    "CHANGELOG.md",
    "data/**/*.md",
    "notebooks/README.md",
    "widgets/README.md",
)
"""Of the documentation. `notebooks/answers.md` is none of them: students read these pages."""
LEFT_OUT = {"data/skeleton/README.md": "a form that `rao-lab new environment` fills in"}
SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("The course", ("course", "notebooks/README", "data/docs/student_sheet")),
    ("Guides", ("data/docs/*",)),
    ("Worlds", ("data/docs/worlds/*",)),
    ("Reference", ("api/index", "commands/index")),
    ("What was measured", ("data/claims/report", "data/claims/*", "data/README", "data/*/README", "data/*")),
    ("The project", ("widgets/README", "CHANGELOG")),
)
"""What the list at the left says: captions, each with its pages."""
NOT_RUN = "\n\n> **This notebook was not run for this page:** its results and views are missing."
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
RAW = re.compile(r'\b(?:src|srcset|poster)="([^":]+)"')


class Sources:
    """Lays out the sources of one site in a folder. A file that stays as it was keeps its date, so that Sphinx works
    on what changed.

    Args:
        executed: what `execute` wrote.
        notebooks: those of the course.
    """

    def __init__(
        self, folder: Path, executed: Path, notebooks: Sequence[Path], times: Sequence[dict[str, Any]]
    ) -> None:
        self.folder = folder
        self._executed = executed
        self._notebooks = notebooks
        self._times = {each["name"]: each for each in times}
        self._named = {f"notebooks/{path.name}" for path in notebooks}
        self._pages: set[str] = set()
        self._laid: set[Path] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def docs(self) -> set[str]:
        """All of the documentation; returns the names of its pages."""
        found = sorted({path for pattern in PAGES for path in REPO.glob(pattern)})
        texts = [path for path in found if path.relative_to(REPO).as_posix() not in LEFT_OUT]
        made = {**reference_pages(), **command_pages()}
        self._pages = {path.relative_to(REPO).as_posix() for path in texts} | self._named | set(made)
        names = {Path(name).with_suffix("").as_posix() for name in self._pages} - {"README"} | {"course"}
        self._lay_notebooks()
        self.put("course.md", self._course())
        for name, text in made.items():
            self.put(name, text)
        for path in texts:
            name = path.relative_to(REPO).as_posix()
            text = self._rewritten(path.read_text("utf-8"), Path(name))
            if name == "README.md":
                name, text = "index.md", text + contents(names)
            self.put(name, text)
        self._clear()
        return names

    def course(self) -> set[str]:
        """The course alone."""
        self._pages = set(self._named)
        self._lay_notebooks()
        self.put("index.md", self._course())
        self._clear()
        return {Path(name).with_suffix("").as_posix() for name in self._pages}

    def put(self, name: str, text: str | bytes) -> None:
        """Lays a file, if it is not there as it should be."""
        path = self.folder / name
        data = text.encode("utf-8") if isinstance(text, str) else text
        self._laid.add(path)
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def _clear(self) -> None:
        """Takes away what an earlier call laid and this one did not."""
        for path in self.folder.rglob("*"):
            if path.is_file() and path not in self._laid:
                path.unlink()

    def _course(self) -> str:
        """The first page of the course: a line for each notebook."""
        rows, listed = [], ""
        for path in self._notebooks:
            title, about = heading(json.loads(path.read_text("utf-8")))
            known = self._times.get(path.stem)
            took = f"{known['seconds']:.0f} s, {known['cpu_seconds']:.0f} s of CPU" if known else "not run"
            small = " (small)" if known and known["small"] else ""
            rows.append(f"| {path.stem[:2]} | [{title}](notebooks/{path.name}) | {about} | {took}{small} |")
            listed += f"{path.stem[:2]} {title} <notebooks/{path.stem}>\n"
        return (
            f"# The course\n\nRecursive delegation and credit assignment, on a laptop. {self._how()} To run a notebook "
            "yourself and to solve its exercises, open it in JupyterLab: `make lab`, or `jupyter lab notebooks` "
            "without make.\n\n"
            "| | part | about | ran in |\n|---|---|---|---|\n" + "\n".join(rows) + "\n\n"
            f"```{{toctree}}\n:hidden:\n\n{listed}```\n"
        )

    def _how(self) -> str:
        """How the pages came about."""
        ran = [path.stem[:2] for path in self._notebooks if (self._executed / path.name).is_file()]
        views = "The views in it work: click, and use the keys that `?` names."
        if len(ran) == len(self._notebooks):
            return f"Each page is a notebook that was run from top to bottom. {views}"
        if not ran:
            return "Each page is a notebook that was not run: results are missing."
        return f"Run from top to bottom: {', '.join(ran)}. {views} The others were not run: results are missing there."

    def _lay_notebooks(self) -> None:
        figures = False
        for path in self._notebooks:
            ran = self._executed / path.name
            book = json.loads((ran if ran.is_file() else path).read_text("utf-8"))
            where = Path("notebooks", path.name)
            if not ran.is_file():
                first = book["cells"][0]
                first["source"] = "".join(first["source"]) + NOT_RUN
            for cell in book["cells"]:
                if cell["cell_type"] == "markdown":
                    cell["source"] = self._rewritten("".join(cell["source"]), where)
            book["metadata"]["kernelspec"] = {
                "name": "python3",
                "display_name": "Python 3",
                "language": "python",
            }
            text = json.dumps(book, ensure_ascii=False)
            figures = figures or "data-figure=" in text
            self.put(where.as_posix(), text)
        for page in sorted((self._executed / "explorers").glob("*")):
            self.put(f"_extra/explorers/{page.name}", page.read_bytes())
        if figures:
            from plotly.offline import get_plotlyjs

            self.put("_shared/plotly.min.js", get_plotlyjs())

    def _rewritten(self, text: str, page: Path) -> str:
        """The text with links to what the site has. What it does not have stays text, and files come along."""
        for name in RAW.findall(text):
            self._bring(_within(page, name), "_extra/")
        blocks = re.split(r"(^```.*?^```[^\n]*$)", text, flags=re.DOTALL | re.MULTILINE)
        blocks[::2] = [LINK.sub(lambda found: self._link(found, page), block) for block in blocks[::2]]
        return "".join(blocks)

    def _link(self, found: re.Match[str], page: Path) -> str:
        mark, words, target, anchor = found.groups()
        if "://" in target or target.startswith("mailto:"):
            return found[0]
        name = _within(page, target)
        known = next((each for each in self._places(name) if each in self._pages), None)
        here = page.parent.as_posix()
        if known is not None and not mark:
            known = "index.md" if known == "README.md" else known
            return f"[{words}]({os.path.relpath(known, here)}{anchor or ''})"
        path = REPO / name
        if path.suffix == ".html" and path.is_file():  # a saved page opens, and is not downloaded
            self._bring(name, "_extra/")
            return f'<a href="{target}{anchor or ""}">{words}</a>'
        if path.is_file() and path.suffix not in (".md", ".ipynb"):
            self._bring(name)
            return found[0]
        return words if path.exists() else found[0]  # what is nowhere is an error of the build

    def _places(self, name: str) -> list[str]:
        """Pages that a link may mean: the file, the first page of a folder, the chapter of a package."""
        chapter = f"api/{Path(name).name.removesuffix('.py')}.rst" if name.startswith("rao_lab/") else ""
        course = "course.md" if name == "notebooks" and "README.md" in self._pages else ""
        return [name, f"{name}/README.md", chapter, course]

    def _bring(self, name: str, to: str = "") -> None:
        path = REPO / name
        if path.is_file():
            self.put(f"{to}{name}", path.read_bytes())


def _within(page: Path, target: str) -> str:
    return os.path.normpath(page.parent / target).replace(os.sep, "/")


def heading(book: dict[str, Any]) -> tuple[str, str]:
    """The title of a notebook, and its goal: the first paragraph that begins with this word, otherwise the first."""
    texts = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "markdown"]
    title, _, rest = texts[0].strip().partition("\n")
    paragraphs = [" ".join(each.split()) for each in rest.strip().split("\n\n")]
    goal = next((each for each in paragraphs if re.match(r"\W*goal\b", each, re.IGNORECASE)), paragraphs[0])
    goal = re.sub(r"^\W*goal\W*", "", goal, flags=re.IGNORECASE)
    return title.lstrip("# "), LINK.sub(r"\2", goal).replace("|", "\\|")


def contents(names: set[str]) -> str:
    """The lists of pages, as the first page ends with them; each page stands in one."""
    left, lists = set(names), []
    for caption, patterns in SECTIONS:
        inside: list[str] = []
        for pattern in patterns:
            match: Callable[[str], bool] = _matcher(pattern)
            inside += sorted(name for name in left if match(name) and name not in inside)
        left -= set(inside)
        if inside:
            listed = "\n".join(inside)
            lists.append(f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n")
    return "".join(lists)


def _matcher(pattern: str) -> Callable[[str], bool]:
    """As the shell has it: a star does not reach into folders."""
    return lambda name: name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)
