"""A timeline as a still picture: what a cell shows that ends with `tree.timeline()`, and what a notebook keeps."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from rao_lab.base.safe_text import shorten, visible
from rao_lab.tree import Node
from rao_lab.tree.text import preamble, short_goal
from rao_lab.tree.timeline import Clock, Timeline
from rao_lab.tree.timeline_text import Scale, nodes_shown, round_step
from rao_lab.tree.times import Bar, Times

NAMES, WIDTH, PITCH, TOP = 150, 620, 20, 24
TONES = {"critical": "#55479a", "generation": "#a89dd6", "code": "#858d96"}
_HATCH = (
    '<defs><pattern id="rao-waits" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0V5" stroke="#a2a8af" stroke-width="1.4"/></pattern></defs>'
)


def timeline_svg(line: Timeline, clock: Clock | None = None) -> str:
    """Lanes under an axis, of a large tree those that matter most; "" if nobody recorded when its nodes ran."""
    clock = clock or next(iter(line.clocks), None)
    if clock is None:
        return ""
    times, nodes = line.on(clock), line.tree.nodes
    rows = {at: TOP + row * PITCH for row, at in enumerate(nodes_shown(nodes, times))}
    height = TOP + len(rows) * PITCH + 8
    width = NAMES + WIDTH + 12
    parts = [
        _HATCH,
        *_axis(times, Scale(clock == "steps"), height),
        *_lines(times, rows),
        *_names(nodes, rows),
        *(part for at, y in rows.items() for bar in times.bars[at] for part in _bar(times, bar, y)),
        *(
            _box(times, leg.start, leg.end, rows[leg.node], TONES["critical"], leg.kind == "code")
            for leg in times.path
            if leg.node in rows and leg.kind != "waiting"
        ),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'role="img" style="background:#fff;max-width:100%" font-family="Helvetica,Arial,sans-serif" font-size="11">'
        f"{''.join(parts)}</svg>"
    )


def timeline_html(line: Timeline) -> str:
    """The picture with what it comes to in words."""
    picture = timeline_svg(line)
    if not picture:
        return f"<pre>{escape(str(line))}</pre>"
    hidden = len(line.tree.nodes) - len(nodes_shown(line.tree.nodes, line.on(line.clocks[0])))
    words = [
        *line.ideal(),
        f"{hidden:,} nodes not drawn" if hidden else "",
        "dark: the critical path, hatched: waits",
    ]
    said = escape(" · ".join(filter(None, words)))
    style = "font:12px Helvetica,Arial,sans-serif;color:#4a5058"
    return f'<div style="{style}"><div>{said}</div>{picture}</div>'


def _x(times: Times, time: float) -> float:
    return NAMES + time / times.end * WIDTH


def _axis(times: Times, scale: Scale, height: int) -> Iterator[str]:
    step = round_step(times.end, 7)
    for at in range(int(times.end / step) + 1):
        x = _x(times, at * step)
        words = scale(at * step) if at else "0"
        yield f'<path d="M{x:.1f} {TOP - 6}V{height}" stroke="#e4e6e9"/>'
        yield f'<text x="{x:.1f}" y="12" fill="#636a73" font-size="10">{escape(words)}</text>'


def _names(nodes: tuple[Node, ...], rows: dict[int, int]) -> Iterator[str]:
    without = preamble(nodes)
    for at, y in rows.items():
        node = nodes[at]
        goal = escape(shorten(f"{node.path}  {short_goal(node, without)}", 24))
        title = escape(visible(f"{node.path} {node.goal}"))
        yield f'<text x="4" y="{y + 13}" fill="#1b1f24"><title>{title}</title>{goal}</text>'


def _bar(times: Times, bar: Bar, y: int) -> Iterator[str]:
    if bar.kind == "waiting":
        yield _box(times, bar.start, bar.end, y, "url(#rao-waits)", True)
    else:
        yield _box(times, bar.start, bar.end, y, TONES[bar.kind], bar.kind == "code")


def _box(times: Times, start: float, end: float, y: int, fill: str, narrow: bool) -> str:
    top, high = (y + 6, 8) if narrow else (y + 3, 14)
    wide = max(1.0, _x(times, end) - _x(times, start) - (0 if narrow else 1))
    return f'<rect x="{_x(times, start):.1f}" y="{top}" width="{wide:.1f}" height="{high}" rx="1.5" fill="{fill}"/>'


def _lines(times: Times, rows: dict[int, int]) -> Iterator[str]:
    """From each launch to the child, and from its end back."""
    critical = {leg.node for leg in times.path}
    for at, y in rows.items():
        lane = times.lanes[at]
        if lane.parent not in rows or not lane.started >= 0:
            continue
        strong = at in critical
        tone, size = (TONES["critical"], 1.4) if strong else ("#c9cdd2", 1)
        for time in (lane.started, *(() if lane.live else (times.ends[at],))):
            x = _x(times, time)
            yield f'<path d="M{x:.1f} {rows[lane.parent] + 12}V{y + 8}" stroke="{tone}" stroke-width="{size}"/>'
