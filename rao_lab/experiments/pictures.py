"""Draws the picture of a step's way, for data/docs/house.md: task, tree, credit, update, file, view.

    python -m rao_lab.experiments.pictures --out data/pictures

The picture has a background of its own and follows the reader's light or dark setting, so that it can be
read on any page.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

STYLE = """
  svg { --panel: #ffffff; --box: #f6f8fa; --line: #d0d7de; --ink: #1f2328; --soft: #59636e;
        --more: #2f6fb5; --less: #b85a12; --done: #0f7b5f; }
  @media (prefers-color-scheme: dark) {
    svg { --panel: #0f141a; --box: #1a2129; --line: #39424d; --ink: #e6edf3; --soft: #9aa5b1;
          --more: #6aa9e9; --less: #e8924a; --done: #3fb68f; }
  }
  text { font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }
  .title { font-size: 17px; font-weight: 600; }
  .package, .formula { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
  .package { font-size: 12px; fill: var(--more); }
  .soft { fill: var(--soft); }
  .panel { fill: var(--panel); stroke: var(--line); }
  .box { fill: var(--box); stroke: var(--line); }
  .arrow { fill: none; stroke: var(--soft); stroke-width: 1.6; marker-end: url(#head); }
  .live { stroke-dasharray: 4 4; }
  .edge { fill: none; stroke: var(--soft); stroke-width: 1.4; }
  .axis { stroke: var(--soft); }
  .head { fill: var(--soft); }
  .more { fill: var(--more); } .less { fill: var(--less); } .done { fill: var(--done); }
"""
WIDTH, HEIGHT = 960, 470
ROW = 20
"""Height of a node in the tree and of its bar in the credit."""
FOOT = (
    "api/ joins all this as rl.train and rl.run; evaluation/ runs trees without an update; "
    "cli/ and experiments/ stand on top"
)


@dataclass(frozen=True, slots=True)
class Station:
    """One box of the picture."""

    title: str
    packages: str
    x: int
    y: int
    width: int
    height: int
    words: Sequence[str]


STATIONS = (
    Station("task", "environments/", 24, 92, 196, 184, ("a goal, functions,", "and a verifier")),
    Station("tree", "tree/", 262, 92, 196, 184, ("execution/ runs agents,", "which launch copies")),
    Station("credit", "credit/", 500, 92, 196, 184, ("what every agent", "earned: c = w · (R − b)")),
    Station(
        "update", "training/", 738, 92, 196, 184, ("the tokens of every agent", "move the weights by its c")
    ),
    Station(
        "file",
        "store/",
        262,
        346,
        672,
        74,
        ("one SQLite file: trees with texts and tokens, credit, metrics",),
    ),
    Station("view", "views/", 24, 346, 196, 74, ("Explorer, page, text",)),
)
NODES = {"0": (0, 0.08), "0.0": (1, 0.28), "0.0.0": (2, -0.12), "0.1": (1, -1.12)}
"""Depth and advantage A of the nodes that are drawn: of the tree at the top of the README."""
FAILED = "0.1"


def way() -> str:
    """The picture as SVG."""
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            ' aria-label="A step: task, tree, credit, update; all of it goes to the file, which views read">',
            f"<style>{STYLE}</style>",
            '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
            ' orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker>',
            f'<rect class="panel" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="12"/>',
            *(line for station in STATIONS for line in _station(station)),
            *_task(40, 146),
            *_tree(286, 144),
            *_credit(610, 144),
            *_update(754, 146),
            *_arrows(),
            _text(480, 449, FOOT, "soft", "middle"),
            "</svg>\n",
        )
    )


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{words}</text>'


def _station(station: Station) -> Iterator[str]:
    x, y, right = station.x, station.y, station.x + station.width
    yield f'<rect class="box" x="{x}" y="{y}" width="{station.width}" height="{station.height}" rx="8"/>'
    yield _text(x + 16, y + 28, station.title, "title")
    yield _text(right - 16, y + 28, station.packages, "package", "end")
    for place, words in enumerate(reversed(station.words)):
        yield _text(x + 16, y + station.height - 16 - 18 * place, words, "soft")


def _task(x: int, y: int) -> Iterator[str]:
    yield _text(x, y + 6, "2x b2", "formula")
    for place, call in enumerate(("get_info", "craft", "launch_subagent")):
        yield _text(x, y + 28 + 17 * place, call, "formula soft")


def _tree(x: int, y: int) -> Iterator[str]:
    """The nodes a line each, joined to their parents."""
    places = {path: (x + 34 * depth, y + ROW * row) for row, (path, (depth, _)) in enumerate(NODES.items())}
    for path, (left, top) in places.items():
        above = places.get(path.rpartition(".")[0])
        if above is not None:
            yield f'<path class="edge" d="M{above[0]} {above[1]}V{top}H{left}"/>'
    for path, (left, top) in places.items():
        yield f'<circle class="{"less" if path == FAILED else "done"}" cx="{left}" cy="{top}" r="5.5"/>'
        yield _text(left + 12, top + 4.5, path, "soft")


def _credit(x: int, y: int) -> Iterator[str]:
    """A bar for each node, to the right of the axis if its advantage is positive."""
    yield f'<path class="axis" d="M{x} {y - 6}v{ROW * len(NODES) - 2}"/>'
    for row, (_, advantage) in enumerate(NODES.values()):
        length = max(2.0, abs(advantage) * 60)
        left = x if advantage > 0 else x - length
        kind = "more" if advantage > 0 else "less"
        yield f'<rect class="{kind}" x="{left:.1f}" y="{y - 4 + ROW * row}" width="{length:.1f}" height="8"/>'


def _update(x: int, y: int) -> Iterator[str]:
    yield _text(x, y + 20, "Σ c · ∇ log p(token)", "formula")
    yield _text(x, y + 44, "one loss for all depths", "soft")


def _arrows() -> Iterator[str]:
    for left in (220, 458, 696):
        yield f'<path class="arrow" d="M{left + 4} 184H{left + 38}"/>'
    yield '<path class="arrow" d="M836 88V62Q836 50 824 50H372Q360 50 360 62V86"/>'
    words = "the new weights write the next turns: policies/ and prompts/"
    yield _text(598, 38, words, "soft", "middle")
    for left, words in ((360, "turns and nodes"), (598, "credit of every node"), (836, "metrics")):
        yield f'<path class="arrow" d="M{left} 280V340"/>'
        yield _text(left + 10, 315, words, "soft")
    yield '<path class="arrow" d="M258 383H226"/>'
    yield '<path class="arrow live" d="M300 280Q296 312 210 340"/>'
    yield _text(196, 318, "live", "soft", "end")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/pictures"), help="folder to write")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "way.svg").write_text(way(), encoding="utf-8")


if __name__ == "__main__":
    main()
