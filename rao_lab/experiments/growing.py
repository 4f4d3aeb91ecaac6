"""Draws a recorded tree as it grew and was credited: the moving picture at the top of the README.

    python -m rao_lab.experiments.growing data/pathologies/as_it_should_be.rao --at 12:2.2 --out growing.svg

One SVG without scripts: a browser plays it three times and then shows its last frame, which is also what a reader
sees who asked for less motion. Code, results, times and numbers are those of the run file. Time passes by the decode
steps of the tree, the clock that is the same on every machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rao_lab.api.explain import Explanation, explain
from rao_lab.api.reopen import open_run
from rao_lab.base.safe_text import one_line, shorten
from rao_lab.base.words import counted
from rao_lab.errors import InputError
from rao_lab.experiments.drawn import MONO, SANS, SERIF, mark, text, variables
from rao_lab.tree import Node, Tree
from rao_lab.tree.text import preamble, short_goal, signed
from rao_lab.tree.times import Times

MOST, DEEPEST = 8, 2
"""The largest tree that stays readable: nodes, and the depth of the deepest."""
STEP = 0.17
"""Seconds of the picture for one decode step."""
OPENING, PHASE, HOLD, ROUNDS = 0.8, 3.6, 7.0, 3
"""Seconds before the first turn, for each term of the credit, and for the last frame; and how often it plays."""
WIDTH, LEFT, TOP = 940, 20, 52
CARD, HIGH, GAP, PITCH = 268, 62, 48, 78
LANE, LANES_LEFT = 17, 84
CODE = 36
"""Characters of code that fit into a card."""


@dataclass
class Stage:
    """What appears when. Each moment is a share of the whole, so that all animations keep together."""

    length: float
    rules: dict[str, str] = field(default_factory=dict)

    def shown(self, start: float, end: float | None, inside: str) -> str:
        """Something that is seen from `start` to `end`, in seconds; None: to the last frame, and without motion."""
        frames = f"0%,{self._at(start)}{{opacity:0}}{self._at(start + 0.15)}"
        if end is None:
            frames += ",to{opacity:1}"
        else:
            frames += f",{self._at(end - 0.01)}{{opacity:1}}{self._at(end)},to{{opacity:0}}"
        rest = "" if end is None else ' style="opacity:0"'
        return f'<g class="{self._rule(frames)}"{rest}>{inside}</g>'

    def moved(self, start: float, end: float, before: str, inside: str) -> str:
        """Something that is transformed by `before`, and comes to its own place evenly."""
        frames = f"0%,{self._at(start)}{{transform:{before}}}{self._at(end)},to{{transform:none}}"
        return f'<g class="{self._rule(frames)}">{inside}</g>'

    def style(self) -> str:
        """Motion only for readers who did not ask for less of it."""
        frames = "".join(f"@keyframes {name}{{{frames}}}" for frames, name in self.rules.items())
        names = "".join(f".{name}{{animation-name:{name}}}" for name in self.rules.values())
        every = ",".join(f".{name}" for name in self.rules.values())
        play = f"{every}{{animation:{self.length:g}s linear {ROUNDS} none}}"
        return f"{frames}@media (prefers-reduced-motion:no-preference){{{play}{names}}}"

    def _rule(self, frames: str) -> str:
        return self.rules.setdefault(frames, f"k{len(self.rules)}")

    def _at(self, seconds: float) -> str:
        return f"{100 * seconds / self.length:.2f}%"


class Earned(NamedTuple):
    """The credit of an agent that has one."""

    s: float
    R: float
    A: float
    c: float

    @classmethod
    def of(cls, found: Explanation) -> Earned:
        terms = found.terms
        if terms.s is None or terms.R is None or terms.A is None or terms.c is None:
            raise InputError(f"node {terms.node} has no credit: choose a tree that was scored and trained")
        return cls(terms.s, terms.R, terms.A, terms.c)


@dataclass(frozen=True)
class Scene:
    """A tree with its times and its credit, and where each agent stands."""

    tree: Tree
    times: Times
    root: Explanation
    credit: Sequence[Earned]
    places: Sequence[tuple[float, float]]
    stage: Stage

    def at(self, steps: float) -> float:
        """When a decode step ends, in seconds of the picture."""
        return OPENING + STEP * steps

    def phase(self, number: int) -> float:
        """When a term of the credit is said: s, R, A, c, and what to look for."""
        return self.at(self.times.end) + 0.6 + PHASE * number

    @property
    def floor(self) -> float:
        """Where the cards end."""
        return max(y for _, y in self.places) + HIGH


def scene(path: Path, step: int, tree: str) -> Scene:
    """Reads one tree of a run with its credit. `tree` is GROUP.TREE."""
    with open_run(path) as run:
        root = explain(run, at=f"{step}:{tree}/0")
        found = run.tree(root.terms)
        rest = [explain(run, at=f"{step}:{tree}/{node.path}") for node in found.nodes[1:]]
    if len(found.nodes) > MOST or found.depth > DEEPEST:
        size = f"{counted(len(found.nodes), 'node')}, depth {found.depth}"
        raise InputError(
            f"tree {tree} is too large to be drawn ({size}): at most {MOST} nodes and depth {DEEPEST}"
        )
    times = found.timeline().on("steps")
    if not times.known:
        raise InputError(f"tree {tree} has no decode steps: nobody recorded when its nodes ran")
    length = OPENING + STEP * times.end + 0.6 + 4 * PHASE + HOLD
    return Scene(found, times, root, [*map(Earned.of, (root, *rest))], _places(found), Stage(length))


def drawn(what: Scene, title: str) -> str:
    """The picture as SVG."""
    cards = [line for place in range(len(what.tree.nodes)) for line in _card(what, place)]
    body = [*_edges(what), *cards, *_strip(what), *_sentences(what)]
    height = what.floor + 48 + LANE * len(what.tree.nodes) + 76
    style = (
        f"{variables()}text{{font:13px {SANS};fill:var(--text)}}.soft{{fill:var(--label);font-size:12px}}"
        f".code{{font:11.4px {MONO}}}.say{{font:18px {SERIF}}}.goal{{font-weight:600;font-size:15px}}"
        f".plus{{fill:var(--plus);font-weight:600;font-size:14px}}.minus{{fill:var(--minus);font-weight:600;font-size:14px}}"
        f".grow{{transform-box:fill-box}}{what.stage.style()}"
    )
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img"'
            ' aria-label="A tree of agents grows, is scored and credited">',
            f"<style>{style}</style>",
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}" rx="12" fill="var(--page)"'
            ' stroke="var(--strong)"/>',
            text(LEFT, 28, title, "soft"),
            *body,
            "</svg>\n",
        )
    )


def _places(tree: Tree) -> list[tuple[float, float]]:
    """A row for each leaf; a parent stands between its first and its last child."""
    rows: dict[str, float] = {}
    for node in tree.walk():
        if not node.children:
            rows[node.path] = float(len(rows))
    for node in sorted(tree.nodes, key=lambda each: -each.depth):
        if node.children:
            rows[node.path] = (rows[node.children[0]] + rows[node.children[-1]]) / 2
    return [(LEFT + node.depth * (CARD + GAP), TOP + rows[node.path] * PITCH) for node in tree.nodes]


def _card(what: Scene, place: int) -> Iterator[str]:
    """An agent: its goal, what it writes turn by turn, and then what it earned."""
    (x, y), node, lane = what.places[place], what.tree.nodes[place], what.times.lanes[place]
    start, end, stage = what.at(lane.started), what.at(lane.ended), what.stage
    goal = shorten(short_goal(node, preamble(what.tree.nodes)), 16)
    inside = _box(x, y, CARD, HIGH, "var(--panel)", ' stroke="var(--strong)"')
    inside += text(x + 32, y + 23, goal, "goal") + text(x + CARD - 10, y + 17, node.path, "soft", "end")
    yield stage.shown(start - 0.3, None, inside)
    for bar in what.times.bars[place]:
        shape = "waiting" if bar.kind == "waiting" else "running"
        yield stage.shown(what.at(bar.start), what.at(bar.end), mark(shape, x + 10, y + 10))
    for turn, span in zip(node.turns, lane.turns, strict=True):
        code = shorten(one_line(turn.code.strip()), CODE)
        yield stage.shown(what.at(span.started), what.at(span.ended), text(x + 10, y + 46, code, "code"))
    back = f"returned {shorten(repr(node.value), 24)}"
    yield stage.shown(end, what.phase(1), text(x + 10, y + 46, back, "code"))
    yield stage.shown(end, what.phase(0), mark("unscored", x + 10, y + 10))
    yield stage.shown(what.phase(0), None, mark(_shape(node), x + 10, y + 10))
    yield from _earned(what, place, x, y)


def _earned(what: Scene, place: int, x: float, y: float) -> Iterator[str]:
    """s, then R, then A as a bar about its zero, then c."""
    terms, stage = what.credit[place], what.stage
    yield stage.shown(
        what.phase(0), what.phase(1), text(x + CARD - 10, y + 46, f"s = {terms.s:.2f}", "", "end")
    )
    yield stage.shown(what.phase(1), None, text(x + 10, y + 46, f"s {terms.s:.2f}", ""))
    yield stage.shown(what.phase(1), None, text(x + 60, y + 46, f"R {terms.R:.2f}", ""))
    most = max(1.0, *(abs(each.A) for each in what.credit))
    long, zero = 28 * abs(terms.A) / most, x + 172
    left, kind = (zero, "plus") if terms.A >= 0 else (zero - long, "minus")
    edge = "left" if terms.A >= 0 else "right"
    bar = (
        f'<rect class="grow" x="{left:g}" y="{y + 37:g}" width="{max(long, 1):g}" height="10" rx="2"'
        f' fill="var(--bar{kind.title()})"/>'
    )
    grown = stage.moved(what.phase(2), what.phase(2) + 0.7, "scaleX(.02)", bar)
    grown = grown.replace("<g class", f'<g style="transform-box:fill-box;transform-origin:{edge}" class')
    axis = f'<path d="M{zero:g} {y + 33:g}v18" stroke="var(--second)"/>'
    value = text(x + CARD - 10, y + 47, f"A {signed(terms.A)}", kind, "end")
    yield stage.shown(what.phase(2), None, grown + axis + value)
    yield stage.shown(what.phase(3), None, text(x + CARD - 62, y + 17, f"c {signed(terms.c)}", "soft", "end"))


def _box(x: float, y: float, wide: float, high: float, fill: str, more: str = "") -> str:
    round_off = 7 if high > 20 else 2
    place = f'x="{x:.1f}" y="{y:g}" width="{wide:.1f}" height="{high:g}" rx="{round_off}"'
    return f'<rect {place} fill="{fill}"{more}/>'


def _shape(node: Node) -> str:
    if node.success is None:
        return "unscored"
    return "succeeded" if node.success == 1 else "partly" if node.success > 0 else "failed"


def _edges(what: Scene) -> Iterator[str]:
    """From parent to child; at last as thick as the child's |c|, in the tone of its sign."""
    for place, lane in enumerate(what.times.lanes):
        if lane.parent < 0:
            continue
        (left, above), (x, y) = what.places[lane.parent], what.places[place]
        left, above, y = left + CARD, above + HIGH / 2, y + HIGH / 2
        half = (left + x) / 2
        way = f'd="M{left:g} {above:g}C{half:g} {above:g} {half:g} {y:g} {x:g} {y:g}" fill="none"'
        thin = f'<path {way} stroke="var(--faint)" stroke-width="1.4"/>'
        yield what.stage.shown(what.at(lane.started) - 0.3, None, thin)
        c = what.credit[place].c
        tone, size = "barPlus" if c >= 0 else "barMinus", min(8.2, 1.2 + 5 * abs(c))
        thick = f'<path {way} stroke="var(--{tone})" stroke-width="{size:.1f}"/>'
        yield what.stage.shown(what.phase(3), None, thick)


def _strip(what: Scene) -> Iterator[str]:
    """When each agent decoded and waited, uncovered as time passes."""
    top, count, wide = what.floor + 34, len(what.tree.nodes), WIDTH - LANES_LEFT - LEFT
    each = wide / what.times.end
    yield text(
        LEFT, top - 10, "time in decode steps; solid: the agent writes, hatched: it waits for a copy", "soft"
    )
    yield (
        '<pattern id="waits" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path d="M0 0V5" stroke="var(--faint)" stroke-width="1.6"/></pattern>'
    )
    for place, node in enumerate(what.tree.nodes):
        y = top + LANE * place
        yield what.stage.shown(
            what.at(what.times.lanes[place].started) - 0.3, None, text(LEFT, y + 11, node.path, "soft")
        )
        for bar in what.times.bars[place]:
            x, long = LANES_LEFT + bar.start * each, (bar.end - bar.start) * each
            fill = "url(#waits)" if bar.kind == "waiting" else "var(--seq4)"
            yield _box(x, y + 1, max(1.0, long - 1.5), 12, fill)
    cover = _box(LANES_LEFT + wide + 1, top - 2, wide + 2, LANE * count + 2, "var(--page)")
    start, end = what.at(0), what.at(what.times.end)
    yield f'<svg x="0" y="0" width="{WIDTH - 2}" overflow="hidden">'
    yield what.stage.moved(start, end, f"translateX(-{wide + 1}px)", cover)
    yield "</svg>"


def _sentences(what: Scene) -> Iterator[str]:
    """What happens, in words: one sentence for each term, and the last one stays."""
    y, stage = what.floor + 48 + LANE * len(what.tree.nodes) + 26, what.stage
    root = what.root
    lam, b, others = root.config.lam, root.terms.b, len(root.compared)
    grown = (
        "An agent gets a goal. It writes code, launches copies of itself,",
        "and goes on with what they return.",
    )
    scored = (
        "s: success. A check says of every agent whether it reached its own goal:",
        "1 for yes, 0 for no.",
    )
    returned = (
        f"R: reward. R = s + λ × the mean s of its copies, here with λ = {lam:.2f}.",
        "Whoever delegates well earns a bonus.",
    )
    compared = (
        f"A: advantage. A = R − b. The baseline b = {b:.2f} is the mean R of agent 0 in the other",
        f"{others} trees of this task: is this better than usual?",
    )
    taught = (
        "c = w · A multiplies all that an agent wrote: blue is made more likely, orange less.",
        "w: the weight of its depth. " + _odd(what),
    )
    moments = (0.0, *map(what.phase, range(4)))
    ends = (*moments[1:], None)
    said = zip(moments, ends, (grown, scored, returned, compared, taught), strict=True)
    for start, end, lines in said:
        words = "".join(text(LEFT, y + 22 * row, line, "say") for row, line in enumerate(lines))
        yield stage.shown(start, end, words)


def _odd(what: Scene) -> str:
    """What a reader may wonder about."""
    for node, each in zip(what.tree.nodes, what.credit, strict=True):
        if not node.children and node.success == 1 and each.A < 0:
            return f"{node.path} succeeded, yet A < 0: without copies it earns no bonus."
    return ""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="a run file of a training")
    parser.add_argument("--at", default="12:2.2", metavar="STEP:GROUP.TREE")
    parser.add_argument("--out", type=Path, default=Path("data/pictures/growing.svg"))
    given = parser.parse_args(arguments)
    step, _, tree = given.at.partition(":")
    what = scene(given.run, int(step), tree)
    goal = short_goal(what.tree.nodes[0], preamble(what.tree.nodes))
    title = f"A recorded tree, step {step} of a training. The goal: {goal}. Each card is an agent: the same model."
    given.out.write_text(drawn(what, title), encoding="utf-8")


if __name__ == "__main__":
    main()
