"""Comparisons as one self-contained page: a sentence, tables that need no script, and plotly figures in both themes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import fmean

from rao_lab.base.words import counted, fixed
from rao_lab.evaluation.bootstrap import Interval
from rao_lab.evaluation.compare import Comparison
from rao_lab.evaluation.measures import Measure
from rao_lab.evaluation.summary import Summary
from rao_lab.store import spare_run_file
from rao_lab.tree.text import signed_interval
from rao_lab.views.bench.page import put
from rao_lab.views.compare.figures import HEIGHT, comparison_figures
from rao_lab.views.diff.style import css, said
from rao_lab.views.explorer.page import spare_other_file
from rao_lab.views.intervals import axis, bar

CSP = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
STYLE = f"""
html, body {{ margin: 0; min-height: 100% }}
@media (prefers-color-scheme: dark) {{ html {{ background: #212121; color-scheme: dark }} }}
.rao-sheet .sentence {{ font-family: inherit }}
.plots {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 8px 24px }}
.plots h2 {{ margin-top: 20px }}
.plots > div {{ min-width: 0 }}
.plots .drawn {{ height: {HEIGHT}px }}
"""
SCRIPT = """
const figures = JSON.parse(document.getElementById("figures").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
function draw() {
  for (const [id, both] of Object.entries(figures)) {
    const { data, layout } = both[dark.matches ? 1 : 0];
    Plotly.react(id, data, layout, { displayModeBar: false, responsive: true });
  }
}
draw();
dark.addEventListener("change", draw);
"""


def save_comparisons(found: Mapping[str, Comparison], path: Path) -> None:
    """Writes the page.

    Args:
        found: by what each is called on the page, such as "temperature 0.5"; "" = it needs no name.

    Raises:
        InputError, RunFileError: something else lies there.
        UnavailableError: it cannot be written.
    """
    spare_run_file(path)
    spare_other_file(path)
    put(path, comparison_page(found).encode("utf-8", "backslashreplace"))


def comparison_page(found: Mapping[str, Comparison]) -> str:
    """The page as text."""
    from plotly.offline import get_plotlyjs

    paths = _paths(found.values())
    found = {name: each.shown for name, each in found.items()}
    figures: dict[str, list[object]] = {}
    sheets = "".join(
        _sheet(name, each, f"plot{at}", figures) for at, (name, each) in enumerate(found.items())
    )
    data = json.dumps(figures, allow_nan=False).replace("<", "\\u003c")
    library = get_plotlyjs().replace("</script", "<\\/script")
    arms = " and ".join(dict.fromkeys(arm for each in found.values() for arm in each.tries))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(CSP)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Comparison of {said(arms)}</title>\n<style>{css()}{STYLE}</style>\n</head>\n<body>\n"
        f'<main>{sheets}<div class="rao-sheet">{_notes(found)}{paths}</div></main>\n'
        f'<script type="application/json" id="figures">{data}</script>\n'
        f"<script>{library}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _sheet(name: str, found: Comparison, key: str, figures: dict[str, list[object]]) -> str:
    """One comparison; its figures are added to `figures`, each in light and in dark."""
    plots = []
    light, dark = comparison_figures(found), comparison_figures(found, dark=True)
    for at, (title, figure) in enumerate(light.items()):
        place = f"{key}-{at}"
        figures[place] = [json.loads(each.to_json()) for each in (figure, dark[title])]
        plots.append(
            f'<div><h2>{said(title)}</h2><div class="drawn" id="{place}" role="img" '
            f'aria-label="{said(title)}: the numbers stand in the tables"></div></div>'
        )
    return (
        f'<div class="rao-sheet">{_head(name, found)}{_arms(found)}{_differences(found)}'
        f'<div class="plots">{"".join(plots)}</div>{_bands(found)}</div>'
    )


def _head(name: str, found: Comparison) -> str:
    tasks = found.measures[0].tasks
    parts = [name, counted(tasks, "task"), counted(found.repeats, "try at each", "tries at each")]
    first = next(iter(found.evaluations.values()))
    task = first.trees[0].task.id if first.trees else ""
    parts += [
        f"policy {' and '.join(dict.fromkeys(each.policy for each in found.evaluations.values()))}",
        f"tasks from {task}" if task else "",
        "" if first.temperature is None or "temperature" in name else f"temperature {first.temperature:g}",
    ]
    quiet = " · ".join(said(part) for part in parts if part)
    limits = "" if found.budget is None else f'<p class="about">Budget: {said(found.budget)}.</p>'
    return (
        f'<h1>Comparison <span class="quiet">{quiet}</span></h1>'
        f'<p class="sentence">{said(sentence(found))}</p>{limits}'
    )


def sentence(found: Comparison) -> str:
    """Which arm solves more, as far as its interval tells: within the budget if there is one, otherwise by a try."""
    overall = [each for each in found.measures if not each.band]
    measure = overall[-1] if found.budget is not None else overall[0]
    how = "within the budget" if found.budget is not None else "by one try"
    if not measure.differences:
        return f"{next(iter(measure.values))} is alone: there is nothing to compare it with."
    parts = []
    for (first, second), gap in measure.differences.items():
        if gap is None:
            parts.append(f"No task was scored by both {first} and {second}.")
        elif gap.low > 0 or gap.high < 0:
            better, worse = (first, second) if gap.value > 0 else (second, first)
            parts.append(f"{better} solves more than {worse} {how}: {_gap(gap)}.")
        else:
            parts.append(f"Whether {first} or {second} solves more {how} is not resolved: {_gap(gap)}.")
    return " ".join(parts)


def _gap(gap: Interval) -> str:
    return signed_interval(gap.value, gap.low, gap.high)


def _arms(found: Comparison) -> str:
    """What each arm solves, and what it costs: two tables, so that neither is wider than a narrow window."""
    overall = [each for each in found.measures if not each.band]
    shown = overall[-1] if found.budget is not None else overall[0]
    solves = {
        **{said(each.name): "" for each in overall},
        "flat ceiling": "share of tasks whose flat transcript fits the window",
        **({"success where it fits": "on the tasks that fit"} if found.repeats == 1 else {}),
    }
    costs = {
        "nodes": "a tree",
        "depth": "a tree",
        "tries": "a task, with those for the budget",
        "tokens": "generated in a try",
        "turns": "of a try",
        "tokens for each success": "generated, failed tries included",
        "not scored": "tries",
    }
    scale = f'<th class="name">{said(shown.name)}{axis("0", "0.5", "1")}</th>'
    bars = {arm: f"<td>{bar(shown.values[arm], 0.0)}</td>" for arm in found.tries}
    first = {arm: bars[arm] + _cells(_solved(found, arm, overall)) for arm in found.tries}
    second = {arm: _cells(_spent(found, arm)) for arm in found.tries}
    return f"{_table(scale, solves, first)}<h2>Cost</h2>{_table('', costs, second)}"


def _table(before: str, heads: Mapping[str, str], rows: Mapping[str, str]) -> str:
    """Heads with what they say if they are pointed at, and a row for each arm."""
    named = "".join(f'<th title="{about}">{name}</th>' for name, about in heads.items())
    body = "".join(f'<tr><td class="name">{said(arm)}</td>{cells}</tr>' for arm, cells in rows.items())
    return (
        f'<div class="wide" tabindex="0"><table><thead><tr><th class="name"></th>{before}{named}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"<td>{text}</td>" for text in texts)


def _solved(found: Comparison, arm: str, overall: Sequence[Measure]) -> Iterator[str]:
    part = found.evaluations[arm].overall
    yield from (_share(each.values[arm]) for each in overall)
    yield "—" if part.flat_ceiling is None else fixed(part.flat_ceiling, 2)
    if found.repeats == 1:
        yield _fitting(part)


def _spent(found: Comparison, arm: str) -> Iterator[str]:
    cost = found.costs[arm]
    # All of one kind: the tries that everyone made at every task, not those that only a budget had room for.
    rows = [row for tries in found.tries[arm] for row in tries[: found.repeats]]
    yield fixed(fmean(row.nodes for row in rows), 1)
    yield fixed(fmean(row.depth for row in rows), 1)
    yield fixed(cost.tries, 1)
    yield f"{cost.tokens:,.0f}" if cost.tokens else "—"
    yield f"{cost.turns:,.1f}"
    yield f"{cost.tokens_a_success:,.0f}" if cost.tokens and cost.tokens_a_success else "—"
    yield f"{sum(row.success is None for row in rows):,}"


def _fitting(part: Summary) -> str:
    return "—" if part.fitting is None or part.fitting.success is None else fixed(part.fitting.success, 2)


def _share(seen: Interval | None) -> str:
    return (
        "not scored"
        if seen is None
        else f"{fixed(seen.value, 2)} [{fixed(seen.low, 2)}, {fixed(seen.high, 2)}]"
    )


def _differences(found: Comparison) -> str:
    rows = "".join(
        f'<tr><td class="name">{said(f"{first} minus {second}")}</td><td class="name quiet">{said(each.name)}</td>'
        f"<td>{bar(gap, -1.0)}</td>{_signed(gap)}</tr>"
        for each in found.measures
        if not each.band
        for (first, second), gap in each.differences.items()
    )
    if not rows:
        return ""
    return (
        f'<h2>Differences <span class="quiet">on the same tasks, 95 % intervals</span></h2><div class="wide" '
        f'tabindex="0"><table><thead><tr><th class="name"></th><th></th><th>{axis("−1", "0", "+1")}</th><th></th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _signed(gap: Interval | None) -> str:
    if gap is None:
        return "<td>not known</td>"
    tone = "plus" if gap.low > 0 else "minus" if gap.high < 0 else ""
    return f'<td class="{tone}">{_gap(gap)}</td>'


def _bands(found: Comparison) -> str:
    """The numbers of the first figure, for who cannot see it, and how the arms differ in them."""
    parts = [each for each in found.measures if each.band]
    if not parts:
        return ""
    values = _banded(
        parts,
        ["", *found.tries],
        lambda each: _cells(
            [counted(each.tasks, "task"), *(_share(each.values[arm]) for arm in found.tries)]
        ),
    )
    pairs = [f"{first} minus {second}" for first, second in parts[0].differences]
    apart = _banded(parts, pairs, lambda each: map(_signed, each.differences.values()))
    differ = f'<p class="about">First minus second, on the same tasks.</p>{apart}' if pairs else ""
    return f"<h2>By difficulty</h2>{values}{differ}"


def _banded(parts: Sequence[Measure], heads: Sequence[str], cells: Callable[[Measure], Iterable[str]]) -> str:
    """A table with a row for each band and measure."""
    named = "".join(f"<th>{said(head)}</th>" for head in heads)
    rows = "".join(
        f'<tr><td class="name band">{said(each.band)}</td><td class="name quiet">{said(each.name)}</td>'
        f"{''.join(cells(each))}</tr>"
        for each in parts
    )
    return (
        '<div class="wide" tabindex="0"><table><thead><tr><th class="name"></th><th class="name"></th>'
        f"{named}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _paths(found: Iterable[Comparison]) -> str:
    """Where the policies lie that are not called by their path."""
    lines = {
        f"{short} is {name}."
        for each in found
        for name, short in zip(each.evaluations, each.shown.evaluations, strict=True)
        if name != short
    }
    return "".join(f'<p class="about">{said(line)}</p>' for line in sorted(lines))


def _notes(found: Mapping[str, Comparison]) -> str:
    """How to read the page, said once; what differs between its comparisons is named."""
    lines: dict[str, list[str]] = {}
    for name, each in found.items():
        for line in _lines(each):
            lines.setdefault(line, []).append(name)
    said_once = (
        f"{line[:-1]} ({', '.join(names)})." if len(names) < len(found) else line
        for line, names in lines.items()
    )
    return "<h2>How to read it</h2>" + "".join(f'<p class="about">{said(line)}</p>' for line in said_once)


def _lines(found: Comparison) -> Iterator[str]:
    first = next(iter(found.tries.values()))
    ceiling = next(iter(found.evaluations.values())).overall.flat_ceiling_of
    items = len({tuple(rows[0].labels.items()) or rows[0].task for rows in first})
    yield (
        "Intervals are over tasks, by how far a figure spreads when tasks are drawn again and again: Wilson's of a "
        "share, Student's t of a difference. That of a difference is as wide as if one more try had come out "
        "otherwise, since a few tasks may agree by chance. "
        f"There are {counted(len(first), 'task')}, of {counted(items, 'kind')} that are drawn together. "
        "They say nothing of training again with another seed."
    )
    yield (
        f"pass@k is the chance that one of k tries succeeds, without bias. It and everything beside it are of "
        f"{counted(found.repeats, 'try', 'tries')} at each task; tries that only a budget had room for count within "
        "the budget alone."
    )
    if found.budget is not None:
        yield (
            "Within the budget: an arm tries again until the budget of the task is used up; a try that goes over it "
            "counts for nothing."
        )
    if ceiling:
        yield f"The flat ceiling is the share of tasks whose flat transcript ({ceiling}) fits the window."
        each = (f"{arm}: {_fitting(one.overall)}" for arm, one in found.evaluations.items())
        yield f"On the tasks that fit, the first try succeeds with {', '.join(each)}."
