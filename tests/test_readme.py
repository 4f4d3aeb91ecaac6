"""What the README says holds: its Python runs, its commands, links and pictures are there, and it can be cited."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from rao_lab.base.words import fixed
from rao_lab.cli import main as cli
from rao_lab.errors import RunFileError
from tests.support.chat_servers import says, serving

SHORT = {"steps=20)": "steps=2, tasks_per_step=2, group_size=2, probe_tasks=1)"}

REPO = Path(__file__).parents[1]
PAGES = [
    REPO / "README.md",
    REPO / "notebooks" / "README.md",
    REPO / "notebooks" / "answers.md",
    REPO / "data" / "README.md",
    *sorted((REPO / "data" / "docs").rglob("*.md")),
]


@pytest.fixture
def blocks(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.chdir(tmp_path)
    text = (repo / "README.md").read_text("utf-8")
    found = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for old, new in SHORT.items():
        assert sum(old in block for block in found) == 2
        found = [block.replace(old, new) for block in found]
    yield found


def run(block: str, names: dict[str, Any]) -> None:
    exec(block, names)  # noqa: S102 - our own page


def test_the_python_of_the_readme_runs_in_order(
    blocks: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {}
    run(blocks[0], names)
    names["session"].result()
    with pytest.raises(RunFileError, match=r"first\.rao exists already: --resume goes on with it"):
        run(blocks[0], names)  # the cell once more
    for block in blocks[1:]:
        run(block, names)
    out = capsys.readouterr().out
    assert "textcraft/small-0/medium/test/0" in out
    assert "textcraft/small-0/medium/train/" in out
    assert sorted(path.name for path in (tmp_path / "runs").glob("*.rao")) == ["first.rao", "second.rao"]


@pytest.mark.slow
def test_the_commands_of_a_prompt_in_ten_minutes_run_in_order(repo: Path, tmp_path: Path) -> None:
    """As printed, but for the server: one of our own answers, which reads no prompt."""
    page = (repo / "data/docs/prompt_bench.md").read_text("utf-8")
    (tools,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my_tools.py").write_text(tools, "utf-8")
    (commands,) = re.findall(r"```\n(rao-lab .*?)```", page, re.DOTALL)
    out = {}
    with serving(says("```python\nfinish(age_of('Ada'))\n```")) as server:
        for line in commands.splitlines():
            _, *words = shlex.split(line.replace("http://127.0.0.1:8080/v1#model", server.address))
            done = subprocess.run(
                [sys.executable, "-m", "rao_lab", *words],
                cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(repo)}, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            assert done.returncode == 0, (line, done.stderr)
            out[words[0] if words[0] != "prompts" else words[1]] = done.stdout
    assert {*out} == {"new", "show", "diff", "run", "bench", "fork"}
    assert "✓ 0  What is the age of Ada?" in out["run"]
    assert "2 prompts x 3 tasks x 4 repeats: 24 trees" in out["bench"] and "no winner" in out["bench"]
    assert "8 of 8" in out["fork"], "the server gives the right age of Ada, the first task"
    assert (tmp_path / "bench.html").stat().st_size > 10_000


def test_the_tools_of_a_prompt_in_ten_minutes_run(repo: Path) -> None:
    page = (repo / "data/docs/prompt_bench.md").read_text("utf-8")
    (tools,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    run(tools, names)
    task = names["family"].tasks("train")[0]
    assert names["right"](names["age_of"]("Ada"), task) in (True, False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPO).as_posix())
def test_pictures_have_words_and_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for words, place in re.findall(r"!\[(.*?)\]\((.*?)\)", text, re.DOTALL):
        assert len(words) >= (9 if "/glossary/" in place else 20), f"{page.name}: what does {place} show?"
    for tag in re.findall(r"<img [^>]*>", text):
        assert re.search(r'alt="[^"]{3,}"', tag), f"{page.name}: {tag}"
    places = [place for place in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in place]
    for place in [*places, *re.findall(r'src="([^"]+)"', text)]:
        file = place.partition("#")[0]
        assert not file or (page.parent / file).exists(), f"{page.name} leads to {place}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPO).as_posix())
def test_commands_and_their_options_exist(page: Path) -> None:
    root = get_command(cli.app)
    for found in re.findall(
        r"`(rao-lab [^`]+)`|^(?:\S*[/\\])?(rao-lab .*)$", page.read_text("utf-8"), re.MULTILINE
    ):
        line = " ".join("".join(found).split("  #")[0].split())
        words = [word for word in line.replace("'", "").replace('"', "").split()[1:] if word != "..."]
        command, groups = root, True
        while groups and words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
            groups = hasattr(command, "commands")
        assert command is not root or not words or words[0].startswith("-"), f"{page.name}: {line}"
        known = {opt for each in command.params for opt in (*each.opts, *each.secondary_opts)} | {
            "--help",
            "-h",
        }
        options = {word.partition("=")[0].rstrip(",.;:)") for word in words if word.startswith("--")}
        assert options <= known, f"{page.name}: `{line}` has no {options - known}"


def test_targets_of_make_exist(repo: Path) -> None:
    known = set(re.findall(r"^([a-z-]+):", (repo / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = re.findall(
        r"(?:`|^)make ([a-z-]+)(?=`| [A-Z ])", (repo / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert {"demo", "lab", "course", "docs", "offline-kit", "test"} <= set(named) <= known


def test_the_lesson_plan_has_the_minutes_of_the_notebooks(repo: Path) -> None:
    plan = (repo / "README.md").read_text("utf-8").split("## The course")[1].split("\n## ")[0]
    rows = re.findall(r"^\| \d \| \[`(\w+)`\]\(notebooks/\1\.ipynb\) \| (\d+) \|", plan, re.MULTILINE)
    assert rows and all(f"`{path.stem}`" in plan for path in (repo / "notebooks").glob("[0-9]*.ipynb"))
    for name, minutes in rows:
        cells = json.loads((repo / f"notebooks/{name}.ipynb").read_text("utf-8"))["cells"]
        assert f"{minutes} minutes" in " ".join("".join(cells[0]["source"]).split()), name


def test_the_first_page_is_small_and_whole(repo: Path) -> None:
    """`python -m tests.support.readme_pictures` saves it."""
    page = (repo / "data/pages/first.html").read_text("utf-8")
    assert len(page.encode()) <= 1_500_000
    assert "Content-Security-Policy" in page and "as_it_should_be.rao" in page and "4x c5" in page


def test_it_can_be_cited(repo: Path) -> None:
    found = yaml.safe_load((repo / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((repo / "pyproject.toml").read_text("utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(found)
    assert str(found["version"]) == project["version"] and found["license"] == project["license"]
    (paper,) = found["references"]
    readme = (repo / "README.md").read_text("utf-8")
    assert paper["identifiers"][0]["value"] == "arXiv:2605.06639" and paper["title"] in readme
    assert all(author["family-names"] in readme for author in paper["authors"])


def test_make_lab_asks_nobody_about_news(repo: Path, tmp_path: Path) -> None:
    """JupyterLab reads these defaults; what its user has chosen comes before them."""
    command = ["make", "-s", "-n", "lab", f"VENV={tmp_path}"]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=True, timeout=300)
    (line,) = [each for each in done.stdout.splitlines() if "overrides.json" in each]
    subprocess.run(line, shell=True, check=True, timeout=300)
    said = json.loads((tmp_path / "share/jupyter/lab/settings/overrides.json").read_text("utf-8"))
    assert said["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_the_table_of_the_demo_is_that_of_the_kept_run(repo: Path) -> None:
    """`data/tiny/demo.json` is what `rao-lab demo --json` printed, without the rows of single tasks and the paths."""
    kept = json.loads((repo / "data/tiny/demo.json").read_text("utf-8"))
    lines = (repo / "README.md").read_text("utf-8").replace("**", "").splitlines()
    for agent in ("recursive", "flat"):
        for when in ("before", "after"):
            bands = kept[when][agent].values()
            shown = [
                [fixed(band[name], 2).removeprefix("0") for name in ("success", "low", "high")]
                for band in bands
            ]
            cells = " | ".join(f"{success} [{low}, {high}]" for success, low, high in shown)
            assert f"| {agent}, {when} | {cells} |" in lines
    ceilings = " | ".join(
        fixed(band["flat_ceiling"], 2).removeprefix("0") for band in kept["after"]["flat"].values()
    )
    assert f"| flat ceiling | {ceilings} |" in lines
