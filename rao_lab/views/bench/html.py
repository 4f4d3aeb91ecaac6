"""A prompt bench as a fragment of HTML without a script: figures, differences, and tasks with their trees.

A mark in the table by task opens the tree beside that of the first variant (of the first: beside that of the second).
The marks are labels of hidden radio buttons, each with a panel after it, in a row under that of its task. So the arrow
keys go from tree to tree, and no script is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rao_lab.base.safe_text import one_line
from rao_lab.base.words import counted, fixed
from rao_lab.evaluation.bench_figures import Figures
from rao_lab.evaluation.bench_text import interval, number, percent, time, usd
from rao_lab.evaluation.prompt_bench import Bench, Spot
from rao_lab.evaluation.verdict import Versus
from rao_lab.tree import Tree
from rao_lab.tree.diff import diff_trees
from rao_lab.tree.text import preamble, signed_interval
from rao_lab.views.diff.html import diff_html
from rao_lab.views.diff.style import css, mark, said, shape_of, symbols
from rao_lab.views.intervals import axis, bar

NAME = 40
_WIDE = '<div class="wide" tabindex="0">'
REASONS = 3


def bench_sheet(bench: Bench, key: str, room: int, now: str | None = None) -> tuple[str, int]:
    """The whole sheet with its style, and how many pairs of trees it leaves out.

    Args:
        key: what all ids begin with.
        room: bytes that the panels may take.
        now: of a bench that still runs, what runs: no trees are opened then.
    """
    bench = bench.shown
    panels, left_out = _panels(bench, key, room) if now is None else ({}, 0)
    more = f'<p class="about">{counted(left_out, "pair")} of trees left out for size.</p>' if left_out else ""
    body = f"{_head(bench, now)}{_figures(bench)}{_differences(bench)}{_tasks(bench, key, panels)}"
    chosen = "".join(
        f'.rao-sheet:has(#{panel}:checked) label[for="{panel}"]{{background:var(--selected)}}'
        for panel in panels
    )
    return (
        f'<div class="rao-sheet"><style>{css()}{chosen}</style>{symbols(key)}{body}{more}</div>',
        left_out,
    )


def _head(bench: Bench, now: str | None) -> str:
    policies = ", ".join(dict.fromkeys(one_line(each.policy, NAME) for each in bench.variants if each.policy))
    about = said(bench.size("×") + (f" · {policies}" if policies else ""))
    sentence = (
        bench.verdict.sentence if now is None else "It runs; what stands here is what has been found so far"
    )
    stopped = bench.stopped and f"Stopped: {bench.stopped}."
    live = "" if now is None else f'<p class="live">{said(now)}</p>'
    told = (bench.note, bench.retries, stopped, bench.estimate if now is not None else "")
    notes = live + "".join(f'<p class="about">{said(note)}</p>' for note in told if note)
    return (
        f'<h1>Prompt bench <span class="quiet">{about}</span></h1>'
        f'<p class="sentence">{said(sentence[:1].upper() + sentence[1:])}.</p>{notes}'
    )


HEADS = (
    ("success", "mean over tasks, 95 % interval over tasks"), ("nodes", "a tree"), ("depth", "a tree"),
    ("turns", "a tree"), ("delegating", "share of trees whose root launched"), ("children", "of a node that launched"),
    ("read", "tokens a tree"), ("written", "tokens a tree"), ("USD", "a tree"), ("time", "a tree"),
    ("no action", "share of turns whose reply held none"), ("code failed", "share of turns"),
    ("at a limit", "share of nodes"), ("refused", "launches and calls a tree, by kind on hover"),
    ("not scored", "trees, with reasons on hover"),
)  # fmt: skip
COSTS = 6
"""Where the second table begins."""
NOTHING_TOLD = "<td>—</td>"


def _figures(bench: Bench) -> str:
    """Two tables, beside each other if there is room: what the trees were like; what they cost and where they failed.

    What nobody tells of any variant, such as prices, has no column.
    """
    rows = [_row(one) for one in bench.figures]
    told = [place for place in range(len(HEADS)) if any(row[place] != NOTHING_TOLD for row in rows)]
    begin = f"<th>{axis('0', '0.5', '1')}</th>"
    bars = [f"<td>{bar(one.success, 0.0)}</td>" for one in bench.figures]
    first = _table(bench, rows, [place for place in told if place < COSTS], begin, bars)
    second = _table(bench, rows, [place for place in told if place >= COSTS])
    return f'<div class="beside">{first}{second}</div>'


def _table(
    bench: Bench,
    rows: Sequence[Sequence[str]],
    shown: Sequence[int],
    begin: str = "",
    bars: Sequence[str] = (),
) -> str:
    heads = "".join(f'<th title="{HEADS[place][1]}">{HEADS[place][0]}</th>' for place in shown)
    lines = "".join(
        f'<tr><td class="name" title="{said(about.prompt)}">{said(one_line(about.name, NAME))}'
        f"{_hash(about.prompt) if bars else ''}</td>"
        f"{bars[number] if bars else ''}{''.join(row[place] for place in shown)}</tr>"
        for number, (about, row) in enumerate(zip(bench.variants, rows, strict=True))
    )
    head = f'<thead><tr><th class="name"></th>{begin}{heads}</tr></thead>'
    return f"{_WIDE}<table>{head}<tbody>{lines}</tbody></table></div>"


def _hash(prompt: str) -> str:
    """What tells a prompt of files from others of its name."""
    _, at, rest = prompt.partition("@")
    return f' <span class="quiet">@{said(one_line(rest, 12))}</span>' if at else ""


def _row(one: Figures) -> list[str]:
    """A cell under each of `HEADS`."""
    trees = one.scored.total
    kinds = ", ".join(f"{kind} ×{count:,}" for kind, count in one.refusals.items())
    reasons = "; ".join(f"{count} × {why}" for why, count in [*one.scored.why_not.items()][:REASONS])
    texts = (
        interval(one),
        number(one.nodes),
        number(one.depth),
        number(one.turns),
        percent(one.delegating_trees),
        number(one.children),
        "—" if one.tokens_in is None else f"{one.tokens_in:,.0f}",
        "—" if one.tokens_out is None else f"{one.tokens_out:,.0f}",
        usd(one.cost),
        time(one.seconds),
        percent(one.unparsed),
        percent(one.failed_turns),
        percent(one.limited),
    )
    refused = fixed(sum(one.refusals.values()) / trees, 1) if trees else "—"
    return [
        *(f"<td>{text}</td>" for text in texts),
        f'<td title="{said(kinds)}">{refused}</td>',
        f'<td title="{said(reasons)}">{one.scored.unscored}</td>',
    ]


def _differences(bench: Bench) -> str:
    many = len(bench.differences) > 1
    holm = "<th>p, Holm</th>" if many else "<th>p</th>"
    rows = "".join(_difference(pair) for pair in bench.differences)
    return (
        '<h2>Paired differences</h2><p class="about">First minus second, on the same tasks with the same noise; 95 % '
        f"intervals over tasks.</p>"
        f'{_WIDE}<table><thead><tr><th class="name"></th><th>{axis("−1", "0", "+1")}</th><th></th><th>tasks'
        f"</th>{holm}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _difference(pair: Versus) -> str:
    seen = pair.seen
    names = f"{said(one_line(pair.first, NAME))} − {said(one_line(pair.second, NAME))}"
    if seen is None:
        return f'<tr><td class="name">{names}</td><td>{bar(None, -1.0)}</td><td>not known</td><td>0</td><td></td></tr>'
    sign = ("plus" if seen.value > 0 else "minus") if seen.low * seen.high > 0 else ""
    text = signed_interval(seen.value, seen.low, seen.high)
    return (
        f'<tr><td class="name">{names}</td><td>{bar(seen, -1.0)}</td><td class="{sign}">{text}</td>'
        f"<td>{seen.tasks}</td><td>{fixed(pair.p, 3)}</td></tr>"
    )


def _tasks(bench: Bench, key: str, panels: Mapping[str, str]) -> str:
    heads = "".join(
        f'<th class="name trees" title="{said(name)}">{said(one_line(name, NAME))}</th><th>mean</th>'
        for name in bench.names
    )
    roots = [tree.root for tree in bench.trees.values()]
    shared = preamble(roots)
    banded = len({task.difficulty for task in bench.tasks}) > 1
    rows = []
    for place, task in enumerate(bench.tasks):
        cells = "".join(_cell(bench, variant, place, key, panels) for variant in range(len(bench.variants)))
        goal = one_line(task.goal.removeprefix(shared), 120)
        opened = "".join(html for panel, html in panels.items() if panel.startswith(f"{key}-{place}-"))
        full, difficulty = said(one_line(task.goal, 400)), said(one_line(task.difficulty, 20))
        rows.append(
            f'<tr class="task"><td class="quiet">{place + 1}</td><td class="goal" title="{full}">{said(goal)}</td>'
            f'<td class="quiet">{difficulty if banded else ""}</td>{cells}<td class="rest"></td></tr>'
        )
        if opened:
            rows.append(f'<tr class="open"><td colspan="{4 + 2 * len(bench.names)}">{opened}</td></tr>')
    choose = _choose(bench) if panels else "The trees can be opened when it has ended."
    none = (
        f'<input type="radio" class="pick" name="{key}" id="{key}-none" aria-label="no trees">'
        if panels
        else ""
    )
    return (
        f'<h2>By task</h2><p class="about">A mark for each repeat. {choose}</p>{_WIDE}{none or ""}<table class="cells">'
        f'<thead><tr><th></th><th class="name">task</th><th></th>{heads}<th></th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _choose(bench: Bench) -> str:
    """What a mark opens."""
    first, second = (said(one_line(name, NAME)) for name in bench.names[:2])
    if len(bench.names) == 2:
        return f"Choose one: the trees of {first} and {second}, of this task and repeat, open side by side."
    return f"Choose one: its tree opens beside that of {first}. One of {first} opens beside that of {second}."


def _cell(bench: Bench, variant: int, task: int, key: str, open_ids: Mapping[str, str]) -> str:
    """The marks of one variant and task, and the mean of what was scored."""
    marks, scores = [], []
    for repeat in range(bench.repeats):
        tree = bench.trees.get(Spot(variant, task, repeat))
        if tree is None:
            marks.append('<span class="quiet" title="not run">·</span>')
            continue
        if tree.success is not None:
            scores.append(tree.success)
        shown = mark(shape_of(tree.root), key)
        panel = _panel_id(key, task, repeat, max(1, variant))
        words = f"{counted(len(tree), 'node')}, repeat {repeat + 1}"
        opens = f'<label for="{panel}" title="{words}">{shown}</label>'
        marks.append(opens if panel in open_ids else f'<span title="{words}">{shown}</span>')
    mean = fixed(sum(scores) / len(scores), 2) if scores else "—"
    return f'<td class="trees">{"".join(marks)}</td><td>{mean}</td>'


def _panel_id(key: str, task: int, repeat: int, variant: int) -> str:
    return f"{key}-{task}-{repeat}-{variant}"


def _pairs(bench: Bench) -> Iterator[tuple[int, int, int, Tree, Tree]]:
    """Task, repeat, the other variant, and the trees of the first variant and of that."""
    for task in range(len(bench.tasks)):
        for repeat in range(bench.repeats):
            first = bench.trees.get(Spot(0, task, repeat))
            for variant in range(1, len(bench.variants)):
                second = bench.trees.get(Spot(variant, task, repeat))
                if first is not None and second is not None:
                    yield task, repeat, variant, first, second


def _panels(bench: Bench, key: str, room: int) -> tuple[dict[str, str], int]:
    """A panel by its id for every pair of trees, while there is room; and how many there are no room for."""
    made: dict[str, str] = {}
    left_out = 0
    for task, repeat, variant, first, second in _pairs(bench):
        names = one_line(bench.names[0], NAME), one_line(bench.names[variant], NAME)
        panel = _panel_id(key, task, repeat, variant)
        title = f"Task {task + 1}, repeat {repeat + 1}: {said(names[0])} and {said(names[1])}"
        html = (
            f'<input type="radio" class="pick" name="{key}" id="{panel}" aria-label="{title}">'
            f'<section class="panel" aria-label="{title}"><label class="close" for="{key}-none">close</label>'
            f"<h2>{title}</h2>{diff_html(diff_trees(first, second), key, names)}</section>"
        )
        room -= len(html.encode("utf-8", "replace"))
        if room < 0:
            left_out += 1
        else:
            made[panel] = html
    return made, left_out
