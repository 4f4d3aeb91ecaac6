"""Writes the glossary: small pictures, a page of Markdown, and a page to print on two sides of A4; and the student
sheet as a page to print.

    python -m rao_lab.experiments.glossary.make --out data/docs --pictures data/pictures/glossary

It reads the help card of the front end, so it needs a checkout.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from html import escape
from pathlib import Path

from rao_lab.experiments.drawn import SANS, variables
from rao_lab.experiments.glossary.entries import LETTERS, Entry, Section, sections
from rao_lab.experiments.glossary.sheet import sheet_page
from rao_lab.experiments.glossary.signs import HIGH, PICTURES, WIDE, picture

HELP = Path(__file__).resolve().parents[3] / "widgets" / "src" / "help" / "help.js"
SHEET = HELP.parents[3] / "data" / "docs" / "student_sheet.md"
SHORT = 12
"""Entries of a section that stays in one column of the page to print."""
_SHORT = ' class="short"'
_PROJECT = tomllib.loads((HELP.parents[3] / "pyproject.toml").read_text("utf-8"))["project"]
TITLE = f"RAO Lab {_PROJECT['version']}"
HEAD = """# Glossary

Every mark, colour, symbol and key of the views, and the terms of the notebooks.
[To print](glossary_to_print.html), on two sides of A4: open that page in a browser and print it. `?` in a view shows
most of it in the same words: not *Who does what*, *Colours* and *Measured and compared*, and only two badges, since the
Badges view explains all.
`python -m rao_lab.experiments.glossary.make` writes this page.
"""
_STYLE = """
@page { size: A4; margin: 9mm 9mm 11mm; }
@page { @bottom-left { content: "TITLE: glossary"; font: 7pt SANS; } }
@page { @bottom-right { content: counter(page) " of " counter(pages); font: 7pt SANS; } }
body { font: 8.8pt/1.22 SANS; color: var(--text); background: var(--page); margin: 0 auto; max-width: 190mm; }
h1 { font-size: 12pt; margin: 0 0 1mm; }
h1 small { font-weight: 400; font-size: 8.8pt; color: var(--label); }
h2 { font-size: 9pt; margin: 0 0 .6mm; break-after: avoid; border-bottom: .2mm solid var(--strong); }
section { padding-top: 2.2mm; }
section.short { break-inside: avoid; }
main { columns: 3; column-gap: 5mm; }
div { display: grid; grid-template-columns: 9.5mm 1fr; gap: 1.6mm; padding: .35mm 0; }
div { break-inside: avoid; color: var(--second); }
div.plain { display: block; }
div.kbd { grid-template-columns: 14.5mm 1fr; }
b { color: var(--text); }
svg { width: 9.5mm; height: 4.3mm; }
i { font: italic 10pt serif; color: var(--text); }
kbd { font: 8pt SANS; color: var(--text); white-space: nowrap; }
@media print { :root { LIGHT } }
"""


def markdown(found: Sequence[Section]) -> str:
    """The page with its pictures beside it."""
    lines = [HEAD]
    for section in found:
        lines += [f"## {section.title}", "", "| | |", "|---|---|"]
        tag = _tag(section)
        lines += [f"| {_sign(entry, tag)} | {_words(entry)} |" for entry in section.entries]
        lines.append("")
    return "\n".join(lines)


def _tag(section: Section) -> str:
    """What a sign without a picture is: a letter of a formula, or a key."""
    return "i" if section.title == LETTERS else "kbd"


def _sign(entry: Entry, tag: str) -> str:
    if entry.picture:
        return f"![sign: {_plain(entry.name or entry.words)}](../pictures/glossary/{entry.picture}.svg)"
    return f"<{tag}>{_plain(entry.sign)}</{tag}>" if entry.sign else ""


def _words(entry: Entry) -> str:
    return f"**{_plain(entry.name)}**: {_plain(entry.words)}" if entry.name else _plain(entry.words)


def _plain(words: str) -> str:
    """Words in a cell of Markdown."""
    return escape(words, quote=False).replace("|", "&#124;")


def page(found: Sequence[Section]) -> str:
    """One file to print; it fetches nothing."""
    every, light = _colours()
    style = _STYLE.replace("SANS", SANS).replace("LIGHT", light).replace("TITLE", TITLE)
    body = "".join(
        f"<section{_SHORT if len(section.entries) <= SHORT else ''}>\n<h2>{section.title}</h2>"
        + "".join(_row(entry, _tag(section)) for entry in section.entries)
        + "</section>"
        for section in found
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>RAO Lab: glossary</title>'
        f"<style>{every}{style}</style></head>\n"
        f"<body><h1>{TITLE} <small>every mark, colour, symbol, key and term</small></h1>"
        f"<main>\n{body}\n</main></body></html>\n"
    )


def _colours() -> tuple[str, str]:
    """Variables of both modes, and those of the light one."""
    every = variables()
    return every, every.removeprefix(":root{").split("}")[0]


def _row(entry: Entry, tag: str) -> str:
    words = (f"<b>{escape(entry.name)}</b>: " if entry.name else "") + escape(entry.words)
    if entry.picture:
        sign = f'<svg viewBox="0 0 {WIDE} {HIGH}" aria-hidden="true">{PICTURES[entry.picture]()}</svg>'
        return f"\n<div>{sign}<span>{words}</span></div>"
    if entry.sign:
        return f'\n<div class="{tag}"><{tag}>{escape(entry.sign)}</{tag}><span>{words}</span></div>'
    return f'\n<div class="plain">{words}</div>'


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/docs"), help="folder of the pages")
    parser.add_argument(
        "--pictures", type=Path, default=Path("data/pictures/glossary"), help="folder of the pictures"
    )
    given = parser.parse_args(arguments)
    found = sections(HELP.read_text(encoding="utf-8"))
    given.pictures.mkdir(parents=True, exist_ok=True)
    for entry in (entry for section in found for entry in section.entries if entry.picture):
        (given.pictures / f"{entry.picture}.svg").write_text(picture(entry.picture), encoding="utf-8")
    (given.out / "glossary.md").write_text(markdown(found), encoding="utf-8")
    (given.out / "glossary_to_print.html").write_text(page(found), encoding="utf-8")
    sheet = sheet_page(SHEET.read_text(encoding="utf-8"), *_colours(), SANS)
    (given.out / "student_sheet_to_print.html").write_text(sheet, encoding="utf-8")


if __name__ == "__main__":
    main()
