"""The student sheet as a page to print on one side of A4, from its page of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

_STYLE = """
@page { size: A4; margin: 14mm 16mm; }
body { font: 10.5pt/1.38 SANS; color: var(--text); background: var(--page); margin: 0 auto; max-width: 178mm; }
h1 { font-size: 16pt; margin: 0 0 2mm; }
p, ul, pre, table { margin: 0 0 2.4mm; }
ul { padding-left: 5mm; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 1mm 3mm 1mm 0; border-bottom: .2mm solid var(--rule); }
pre, code { font: 9.5pt ui-monospace, "DejaVu Sans Mono", monospace; }
pre { padding: 1.5mm 3mm; border-left: .6mm solid var(--strong); }
@media print { :root { LIGHT } }
"""


def sheet_page(markdown: str, colours: str, light: str, sans: str) -> str:
    """One file to print; it fetches nothing, and what is a link in the Markdown is plain words.

    Args:
        colours: variables of both modes as CSS, and `light` those of the light one.
    """
    style = _STYLE.replace("SANS", sans).replace("LIGHT", light)
    title = escape(markdown.partition("\n")[0].removeprefix("# "))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>RAO Lab: {title}</title>'
        f"<style>{colours}{style}</style></head>\n<body>\n"
        + "\n".join(_blocks(markdown))
        + "\n</body></html>\n"
    )


def _blocks(markdown: str) -> Iterator[str]:
    """Of what the sheet is made of: a head, a table, lists, code, paragraphs; an empty line parts them."""
    for block in re.split(r"\n{2,}", markdown.strip()):
        lines = block.splitlines()
        if block.startswith("# "):
            yield f"<h1>{_words(block[2:])}</h1>"
        elif block.startswith("```"):
            yield f"<pre>{escape(chr(10).join(lines[1:-1]))}</pre>"
        elif block.startswith("|"):
            head, _, *rows = (_cells(line) for line in lines)
            yield f"<table>{_row(head, 'th')}{''.join(_row(row, 'td') for row in rows)}</table>"
        elif block.startswith("- "):
            items = " ".join(line.strip() if line.startswith(" ") else f"\0{line[2:]}" for line in lines)
            yield f"<ul>{''.join(f'<li>{_words(item)}</li>' for item in items.split(chr(0))[1:])}</ul>"
        else:
            yield f"<p>{_words(' '.join(lines))}</p>"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _row(cells: list[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{_words(cell)}</{tag}>' for cell in cells)}</tr>"


def _words(words: str) -> str:
    """With bold and slanted words and code; of a link, what it says."""
    parts = re.split(r"`([^`]*)`", words.strip())
    return "".join(
        f"<code>{escape(part)}</code>" if at % 2 else _plain(part) for at, part in enumerate(parts)
    )


def _plain(words: str) -> str:
    shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", escape(words, quote=False))
    shown = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", shown)
    return re.sub(r"\*(.+?)\*", r"<i>\1</i>", shown)
