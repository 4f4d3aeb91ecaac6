"""The glossary says what the views show: the words of their help card, their badges, their marks."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from rao_lab.credit.diagnose import BADGES
from rao_lab.experiments.glossary import entries, make, signs
from rao_lab.tree import text
from tests.browser.lab import FLAGS

NO_WORDS = re.compile(r"^(width|border|ramp|What shapes|Shapes, symbols|[\d.]+ )|var\(|^M\d")
LONGER = {
    "asked for what a node above was asked for",
    "it failed, and its children pay for it",
    "any other: the Badges view and the head of the node name it",
}
"""What the card says of badges in short; the glossary has the sentence of every badge instead."""


def test_the_committed_glossary_is_what_the_command_writes(repo: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    make.main(["--out", str(tmp_path), "--pictures", str(pictures)])
    for name in ("glossary.md", "glossary_to_print.html", "student_sheet_to_print.html"):
        assert (tmp_path / name).read_text("utf-8") == (repo / "data/docs" / name).read_text("utf-8"), name
    kept = repo / "data/pictures/glossary"
    assert {each.name: each.read_text("utf-8") for each in pictures.iterdir()} == {
        each.name: each.read_text("utf-8") for each in kept.iterdir()
    }
    assert {each.stem for each in kept.iterdir()} == set(signs.PICTURES), "each picture stands beside a word"


def test_every_word_of_the_help_card_is_in_it(repo: Path) -> None:
    """Found by another way than the command reads the card: every text of the card that is long enough to be words."""
    card = (repo / "widgets/src/help/help.js").read_text("utf-8")
    said = [
        json.loads(f'"{each}"')
        for each in re.findall(r'"((?:[^"\\\n]|\\.)*)"', card.split("const STATUS")[1])
    ]
    words = [each for each in said if " " in each and not NO_WORDS.search(each)]
    page = unescape((repo / "data/docs/glossary.md").read_text("utf-8"))
    missing = {each for each in words if each not in page} - LONGER
    assert len(words) > 60 and not missing, missing


def test_its_marks_and_badges_are_those_of_the_views(repo: Path) -> None:
    shapes = (repo / "widgets/src/shared/shapes.js").read_text("utf-8")
    assert all(signs.BADGES[kind] in shapes for kind in ("loop", "plus")) and signs.TAG in shapes
    page = (repo / "data/docs/glossary.md").read_text("utf-8")
    for badge in BADGES.values():
        assert f"badge_{badge.mark}.svg" in page and f"**{badge.name}**" in page
    assert {name: getattr(text._UNICODE, name) for name in entries.TEXT} == entries.TEXT


TERMS = (
    "agent", "root", "copy", "child", "helper", "sub-agent", "token", "refused", "sandbox", "prompt", "dialect",
    "adapter", "LoRA", "credit", "reward", "bonus", "gradient share", "baseline", "advantage", "arm",
    "ablation", "probe", "fork",
)  # fmt: skip


def test_every_term_of_the_course_has_a_row(repo: Path) -> None:
    page = (repo / "data/docs/glossary.md").read_text("utf-8")
    named = {name for names in re.findall(r"\| \*\*(.+?)\*\*: ", page) for name in names.split(", ")}
    letters = set(re.findall(r"</i> \| (\w+)[:,] ", page))
    assert {*TERMS} <= named | letters, {*TERMS} - named - letters


@pytest.mark.parametrize("name", ["glossary", "student_sheet"])
def test_the_page_to_print_fetches_nothing(name: str, repo: Path) -> None:
    page = (repo / f"data/docs/{name}_to_print.html").read_text("utf-8")
    assert "size: A4" in page and "http" not in page and "<script" not in page and "src=" not in page


def test_the_sheet_to_print_has_all_words_of_the_sheet(repo: Path) -> None:
    def words(text: str) -> list[str]:
        return re.findall(r"[^\W_]+", text)

    page = (repo / "data/docs/student_sheet_to_print.html").read_text("utf-8").partition("<body>")[2]
    sheet = (repo / "data/docs/student_sheet.md").read_text("utf-8")
    said = re.sub(r"\]\([^)]*\)", "", sheet)
    assert words(unescape(re.sub("<[^>]*>", " ", page))) == words(said)
    assert "**" not in page and "](" not in page and "|" not in page


@pytest.mark.slow
@pytest.mark.parametrize(("name", "sides"), [("glossary", 2), ("student_sheet", 1)])
def test_it_prints_on_so_many_sides(name: str, sides: int, repo: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(color_scheme="dark")
        page.goto((repo / f"data/docs/{name}_to_print.html").as_uri())
        printed = page.pdf(prefer_css_page_size=True)
        browser.close()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= sides
