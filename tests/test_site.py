"""The sites of `make course` and `make docs`: what they are made of, and in a real browser without a network."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import rao_lab as rl
from rao_lab.cli.main import COMMANDS, NEW, PROMPTS
from rao_lab.publish.site.execute import execute
from rao_lab.publish.site.outputs import PLOTLY, VIEW, static
from rao_lab.publish.site.sources import LINK, NOT_RUN, Sources


def listed(path: Path) -> Iterator[str]:
    """The pages in the lists of a page, from where it stands."""
    text = path.read_text("utf-8")
    blocks = re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL)
    blocks += re.findall(r"\.\. toctree::\n((?: +.*\n|\n)+)", text)
    for line in "\n".join(blocks).splitlines():
        if line.strip() and not line.strip().startswith(":"):
            yield re.sub(r".*<(.*)>$", r"\1", line.strip())


def test_every_page_is_in_a_list_and_every_public_name_and_command_has_its_place(
    repo: Path, tmp_path: Path
) -> None:
    notebooks = sorted((repo / "notebooks").glob("[0-9]*.ipynb"))
    folder = tmp_path / "sources"
    Sources(folder, tmp_path / "nothing ran", notebooks, []).docs()
    laid = {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in folder.rglob("*")
        if path.suffix in (".md", ".rst", ".ipynb") and "_extra" not in path.parts
    }
    reached, todo = set(), ["index"]
    while todo:
        page = todo.pop()
        reached.add(page)
        todo += [
            name
            for each in listed(laid[page])
            if (name := (Path(page).parent / each).as_posix()) not in reached
        ]
    assert reached == set(laid)
    assert {f"notebooks/{path.stem}" for path in notebooks} <= reached
    assert {"data/docs/judge", "data/docs/worlds/mail", "data/tiny/README", "CHANGELOG"} <= reached

    reference = "\n".join(path.read_text("utf-8") for name, path in laid.items() if name.startswith("api/"))
    named = re.findall(
        r"^\.\. auto(?:function|class|data|module):: (?:rao_lab\.)?(\S+)$", reference, re.MULTILINE
    )
    counted = Counter(name.rpartition(".")[2] if name.startswith("views.") else name for name in named)
    wanted = set(rl.__all__) - {"__version__"}
    assert wanted <= set(counted), f"lacks {wanted - set(counted)}"
    help_pages = {name.removeprefix("commands/") for name in laid if name.startswith("commands/")}
    groups = (("", COMMANDS), ("prompts_", PROMPTS), ("new_", NEW))
    assert help_pages == {"index", *(f"{group}{name}" for group, known in groups for name in known)}
    train = laid["commands/train"].read_text("utf-8")
    assert "Usage: rao-lab train" in train and "--resume" in train and "\x1b" not in train

    for path in laid.values():
        if path.suffix == ".md":
            for found in LINK.finditer(
                re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.M | re.S)
            ):
                if "://" not in found[3]:
                    assert (path.parent / found[3]).exists(), f"{path}: {found[0]}"


def test_no_site_has_the_answers_and_no_file_takes_the_name_of_a_page(repo: Path, tmp_path: Path) -> None:
    answers = re.findall(r"\| (\d+\.\d+ `[^`]+`)", (repo / "notebooks/answers.md").read_text("utf-8"))
    questions = re.findall(r"^\*\*(.+?\?)", (repo / "notebooks/answers.md").read_text("utf-8"), re.MULTILINE)
    assert len(answers) > 30 and len(questions) > 15
    for name in ("course", "docs"):
        sources = Sources(
            tmp_path / name, tmp_path / "nothing ran", sorted((repo / "notebooks").glob("[0-9]*.ipynb")), []
        )
        pages = sources.course() if name == "course" else sources.docs()
        for path in (each for each in sources.folder.rglob("*") if each.is_file()):
            text = path.read_bytes().decode("utf-8", "replace")
            told = [each for each in (*answers, *questions) if each in text]
            assert not told, f"{path} is published, and says {told[0]}"
        files = {
            each.relative_to(sources.folder / "_extra") for each in (tmp_path / name).glob("_extra/**/*.html")
        }
        assert not {each.with_suffix("").as_posix() for each in files} & pages, "a page would take its place"


def test_a_page_that_was_not_run_says_so(repo: Path, tmp_path: Path) -> None:
    notebooks = sorted((repo / "notebooks").glob("[0-9]*.ipynb"))
    executed = tmp_path / "executed"
    executed.mkdir()

    def said(name: str) -> dict[str, str]:
        sources = Sources(tmp_path / name, executed, notebooks, [])
        sources.course()
        return {
            path.stem[:2]: path.read_text("utf-8") for path in sources.folder.rglob("*") if path.is_file()
        }

    assert "not run: results are missing" in said("none")["in"]
    shutil.copy(notebooks[2], executed)
    some = said("some")
    assert "Run from top to bottom: 03. " in some["in"] and "The others were not run" in some["in"]
    assert NOT_RUN.strip() in json.loads(some["01"])["cells"][0]["source"] and "was not run" not in some["03"]
    for path in notebooks:
        shutil.copy(path, executed)
    assert "Each page is a notebook that was run from top to bottom." in said("all")["in"]


def test_outputs_need_no_kernel(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    traits = json.dumps({"traits": {"title": "runs/<a>.rao", "look": {"view": "board"}}})
    (kept / "k1.html").write_text(f'<script type="application/json" id="data">{traits}</script>', "utf-8")
    (kept / "k1.still").write_text("<svg>as it ended</svg>", "utf-8")
    (kept / "k2.txt").write_text("too large", "utf-8")
    shown = [
        {"text/plain": "<Explorer>", VIEW: {}, "text/html": "<svg>"},
        {"text/plain": "<Explorer>", VIEW: {}, "text/html": "<svg>"},
        {"text/plain": "Slider", VIEW: {}},
        {PLOTLY: {"data": [{"y": [1, 2], "name": "</script>"}], "layout": {"height": 300}}, "text/html": "x"},
        {"text/html": "<b>table</b>"},
    ]
    about: list[dict[str, Any]] = [
        {"rao_lab": {"key": "k1", "height": 720}},
        {"rao_lab": {"key": "k2"}},
        {},
        {},
        {},
    ]
    cell = nbformat.v4.new_code_cell("x")
    for data, metadata in zip(shown, about, strict=True):
        cell.outputs.append(nbformat.v4.new_output("display_data", data, metadata=metadata))
    book = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {"state": {}}})
    found = static(book, kept, tmp_path / "explorers", "03_a")
    frame, picture, slider, figure, table = (part["data"] for part in book.cells[0].outputs)
    assert (
        '<iframe class="explorer" src="../explorers/03_a-1.html" title="Explorer: runs/&lt;a&gt;.rao"'
        in (frame["text/html"])
    )
    assert '<div class="explorer-still"><svg>as it ended</svg></div>' in frame["text/html"], "for paper"
    assert "height:780px" in frame["text/html"] and (tmp_path / "explorers" / "03_a-1.html").is_file()
    assert picture == {"text/plain": "<Explorer>", "text/html": "<svg>"} and slider == {
        "text/plain": "Slider"
    }
    assert figure["text/html"].count("</script>") == 1 and "height:300px" in figure["text/html"]
    assert table == {"text/html": "<b>table</b>"} and "widgets" not in book.metadata
    assert (found.explorers, found.figures) == (1, 1)
    lost = nbformat.v4.new_output("display_data", {VIEW: {}}, metadata={"rao_lab": {"key": "k3"}})
    cell.outputs = [lost]
    with pytest.raises(
        RuntimeError, match="03_a, cell 1: an Explorer was shown, and the kernel kept neither"
    ):
        static(nbformat.v4.new_notebook(cells=[cell]), kept, tmp_path / "explorers", "03_a")
    assert [note.partition("(")[2] for note in found.notes] == ["too large)", "not an Explorer)"]


@pytest.mark.slow  # starts a kernel
def test_a_notebook_that_fails_is_named_with_its_cell(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [
        nbformat.v4.new_code_cell(source)
        for source in ("import os; os.environ['RAO_LAB_SMALL']", "1 / 0", "2")
    ]
    (tmp_path / "in").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "in" / "03_bad.ipynb")
    (ran,) = execute([tmp_path / "in" / "03_bad.ipynb"], tmp_path / "out", small=True)
    assert ran.problem == f"code cell 2 (id {cells[1].id}): ZeroDivisionError: division by zero"
    assert not (tmp_path / "out" / "03_bad.ipynb").exists() and "division by zero" in capsys.readouterr().out


@pytest.mark.slow  # starts a kernel
def test_every_explorer_of_a_notebook_has_a_page(repo: Path, tmp_path: Path) -> None:
    opened = f"import rao_lab as rl; run = rl.open_run({str(repo / 'data/course/sound.rao')!r})"
    sources = (opened, "rl.Explorer(run)", "rl.Explorer(run, view='group')")
    (tmp_path / "in").mkdir()
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbformat.write(book, tmp_path / "in" / "03_two.ipynb")
    (ran,) = execute([tmp_path / "in" / "03_two.ipynb"], tmp_path / "out", small=True)
    assert not ran.problem
    assert ran.explorers == len([*(tmp_path / "out").rglob("03_two-*.html")]) == 2
