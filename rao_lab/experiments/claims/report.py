"""The report: verdicts and tables in Markdown with plots, from kept rows alone. It says what is missing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rao_lab.base.words import counted
from rao_lab.errors import InputError, MissingError, UnavailableError
from rao_lab.experiments.claims import closer, gradient_figures, prose, tables
from rao_lab.experiments.claims import rows as store
from rao_lab.experiments.claims.arms import ARMS, QUICK_ARMS, QUICK_SEEDS, SEEDS
from rao_lab.experiments.claims.beside import beside, meaning
from rao_lab.experiments.claims.harder import harder_lines
from rao_lab.experiments.claims.known import Known
from rao_lab.experiments.claims.plots import plots
from rao_lab.experiments.claims.sceptic import answers
from rao_lab.experiments.claims.second import RULE, second_tables
from rao_lab.experiments.claims.tables import short, told
from rao_lab.experiments.claims.verdicts import MISSING, OPEN, Verdict, judged

NAME, PLOTS = "report.md", "plots"


@dataclass(frozen=True, slots=True)
class Report:
    """What came out of the rows that are there."""

    verdicts: tuple[Verdict, ...]
    place: Path
    text: str
    """A line a claim, for a terminal."""


def write_report(folder: Path, out: Path) -> Report:
    """Makes the report.

    Args:
        folder: of the kept rows.
        out: where the report and its plots go.

    Raises:
        MissingError: there are no rows.
        UnavailableError: the folder cannot be written.
    """
    known = Known(store.all_kept(folder))
    if not known.arms:
        raise MissingError(
            f"{folder} holds no rows: run `rao-lab claims` first, or name another folder with --rows"
        )
    verdicts = judged(known)
    drawn = plots(known)
    lines = [
        *_head(known),
        *_verdicts(known, verdicts),
        *_why(known, verdicts),
        *_sections(known, drawn, out),
    ]
    place = out / NAME
    texts = {NAME: "\n".join(lines), "trees.md": _trees(known)}
    try:
        (out / PLOTS).mkdir(parents=True, exist_ok=True)
        for name, text in {**texts, **{f"{PLOTS}/{name}.svg": drawn[name] for name in drawn}}.items():
            (out / name).write_text(text.rstrip() + "\n", encoding="utf-8")
    except OSError as error:
        raise UnavailableError(f"{place} cannot be written: {error.strerror or error}") from None
    said = [f"({each.claim.id}) {each.claim.title}: {each.words}. {each.why}" for each in verdicts]
    said += [lacks] if (lacks := missing(known)) else []
    return Report(tuple(verdicts), place, "\n".join([*said, f"{place} has the tables"]))


def claims_json(report: Report) -> dict[str, Any]:
    """The verdicts as plain JSON."""
    return {
        "claims": [
            {
                "id": each.claim.id,
                "verdict": each.words,
                "ours": None if (first := each.figures[0].interval) is None else round(first.value, 4),
                "interval": None if first is None else [round(first.low, 4), round(first.high, 4)],
                "paper": each.claim.paper,
                "run": ", ".join(each.arms),
                "seeds": each.seeds,
                "figures": [
                    {
                        "name": part.name,
                        "side": part.side,
                        **({} if part.interval is None else part.interval.to_dict()),
                    }
                    for part in each.figures
                ],
            }
            for each in report.verdicts
        ],
        "report": str(report.place),
    }


def missing(known: Known) -> str:
    """Which units of the plan are not there, in a sentence; "" if none."""
    quick = bool(known.scale.get("quick"))
    seeds, names = (QUICK_SEEDS, QUICK_ARMS) if quick else (SEEDS, tuple(ARMS))
    lacks = {name: [seed for seed in seeds if seed not in known.kept(name)] for name in names}
    whole = [f"`{name}`" for name, gone in lacks.items() if len(gone) == len(seeds)]
    parts = [
        f"seed{'s' * (len(gone) > 1)} {', '.join(map(str, gone))} of `{name}`"
        for name, gone in lacks.items()
        if 0 < len(gone) < len(seeds)
    ]
    if not whole and not parts:
        return ""
    return f"Not run: {'; '.join([*([', '.join(whole)] if whole else []), *parts])}."


def _head(known: Known) -> Iterator[str]:
    scale = known.scale
    yield "# The claims"
    yield ""
    yield (
        "What Recursive Agent Optimization (arXiv 2605.06639) promises, tested in miniature: TextCraft, the embedded "
        f"policy of 0.64 M weights, {counted(len(known.seeds()), 'seed')}, {scale['tasks']} held-out tasks of each "
        "band. [plan.md](plan.md) says what is run and how it is judged; it was committed before the first run. This "
        "page is made from the kept rows alone: `rao-lab claims --report --rows data/claims/rows`."
    )
    yield ""
    if scale.get("quick"):
        yield (
            f"**Quick**: two seeds, {scale['steps']} steps and {scale['tasks']} tasks a band settle little; the "
            "verdicts are marked."
        )
        yield ""
    if lacks := missing(known):
        yield f"**{lacks}**"
        yield ""
    yield (
        f"{prose.INTERVALS} T is the temperature of the evaluation: 1 decides, as in training. Rows of other machines "
        "differ in the last bits and then in single trees, so a table of one machine holds within its intervals alone."
        f"{_made(known)}"
    )
    yield ""


def _made(known: Known) -> str:
    """What the rows say of how they were made."""
    made = [kept["made"] for arm in known.arms for kept in known.kept(arm).values() if "made" in kept]
    packages = [each["packages"] for each in made]
    parts = [
        f"{name} {', '.join(found)}"
        for name in ("rao-lab", "torch", "numpy", "python", "system", "machine")
        if (found := sorted({each[name] for each in packages if name in each}))
    ]
    if not parts:
        return ""
    threads = ", ".join(sorted({str(each.get("threads")) for each in made}))
    days = sorted({each["day"] for each in made if "day" in each})
    span = f" Days: {days[0]} to {days[-1]}." if days else " They do not name their day."
    commits = sorted({each["commit"] for each in made if each.get("commit")})
    nameless = [each for each in made if not each.get("commit")]
    source = f" Commits: {', '.join(commits)}" if commits else " They name no commit"
    if commits and nameless:
        early = all("commit" not in each for each in nameless)
        why = ", as they were made before units recorded it" if early else ""
        source += f"; {len(nameless)} of {len(made)} units name none{why}"
    return f" These were made with {', '.join(parts)}; threads a process: {threads}.{span}{source}."


def _verdicts(known: Known, verdicts: list[Verdict]) -> Iterator[str]:
    yield "## Verdicts"
    yield ""
    rows = []
    for each in verdicts:
        for at, part in enumerate(each.figures):
            ours = part.name, told(part.interval)
            claim = f"({each.claim.id}) {each.claim.title}", f"**{each.words}**"
            rows.append(
                [
                    *(claim if not at else ("", "")),
                    *ours,
                    *((each.claim.paper, str(each.seeds)) if not at else ("", "")),
                ]
            )
        rows += [
            ["", "", f"*not judged:* {name}", told(found), "", ""]
            for name, found in beside(known, each.claim.id)
        ]
    yield from tables.table(["claim", "verdict", "figure", "ours", "the paper", "seeds"], rows)


def _why(known: Known, verdicts: list[Verdict]) -> Iterator[str]:
    """A sentence or two for each claim that was judged."""
    for each in verdicts:
        if each.verdict == MISSING:
            yield f"- **({each.claim.id}) is not measured yet.** {each.why}"
            continue
        sides = [
            f"{part.name} {part.side}" for part in each.figures if len(each.figures) > 1 and part.side != OPEN
        ]
        said = f"By its parts: {'; '.join(sides)}. " if sides and each.claim.id != "b" else ""
        more = _rates_words(known) if each.claim.id == "e" else prose.WHY[each.claim.id]
        qualified = f" {words}" if (words := meaning(known, each.claim.id)) else ""
        yield f"- **({each.claim.id}) {each.words}.** {said}{more}{qualified}"
    yield ""


def _rates_words(known: Known) -> str:
    """How often roots delegate, before and after, where a flat transcript fits and where it does not."""
    told_ = []
    for arm in ("team_base", "rao"):
        rows = [row for row in known.rows(arm).values() if row.flat_tokens is not None]
        inside, outside = (
            tables.mean(row.delegated for row in rows if ((row.flat_tokens or 0) <= 128) is fits)
            for fits in (True, False)
        )
        told_.append(
            f"`{arm}` delegate on {short(inside)} of the tasks that fit and on {short(outside)} of the others"
        )
    return f"Roots of {'; roots of '.join(told_)}. {prose.WHY['e']}"


def _sections(known: Known, drawn: Collection[str], out: Path) -> Iterator[str]:
    for title, words, plot, parts in (
        ("What a sceptic asks", prose.SCEPTIC, "", [answers(known)]),
        ("Success", prose.SUCCESS, "success", [tables.success_tables(known)]),
        ("Room and skill", prose.ROOM, "", [tables.fitting_table(known)]),
        ("By window: claim (b)", "Hard tasks, temperature 1.", "windows", [tables.window_table(known)]),
        ("A second world: claim (b) in aggregation", RULE, "", [second_tables(known)]),
        ("Extreme above hard?", prose.HARDER, "", [harder_lines(known)]),
        ("Another recipe book", prose.BOOK, "", [tables.book_table(known)]),
        (
            "Children together and one by one: claim (d)",
            prose.SERIAL,
            "",
            [closer.serial_table(known), closer.against_flat_table(known)],
        ),
        ("What was learned: claim (e)", prose.LEARNED, "", [tables.tier_table(known)]),
        ("One rule?", prose.RULE, "", [closer.rule_table(known)]),
        ("Adaptivity", prose.ADAPTIVITY, "", [closer.adaptivity_table(known)]),
        ("Ablations and controls", prose.ABLATIONS, "ablations", [tables.ablation_table(known)]),
        ("Bias and variance of the gradient", prose.GRADIENTS, "", [_gradients(out)]),
        ("Learning", prose.LEARNING, "learning", [tables.training_table(known)]),
        ("Bias (i) grows as it learns", prose.BIAS, "bias", [iter([""])]),
        ("What a tree costs", "Means at temperature 1.", "", [tables.cost_table(known)]),
        ("At the limits of a tree", prose.LIMITS, "", [tables.limit_table(known)]),
        ("Run times", "Means of a unit, whose process has one thread.", "", [tables.time_table(known)]),
    ):
        found = [line for part in parts for line in part]
        if found and (plot in drawn or any(found)):
            yield from (f"## {title}", "", words, "")
            yield from ([f"![{title}](plots/{plot}.svg)", ""] if plot in drawn else [])
            yield from found


def _gradients(out: Path) -> Iterator[str]:
    """What `gradients.py` measured from one checkpoint, if it was run.

    Raises:
        InputError: its file is something else.
    """
    path = out / "gradients.json"
    if not path.exists():
        return
    try:
        yield from gradient_figures.table(json.loads(path.read_text(encoding="utf-8"))).splitlines()
    except (ValueError, LookupError, TypeError):
        raise InputError(f"{path} holds no gradients: make it again, or delete it") from None
    yield ""


def _trees(known: Known) -> str:
    """One small tree of each arm, as text."""
    lines = ["# One small tree an arm", "", "Evaluated at temperature 1; the first seed's.", ""]
    for arm in known.arms:
        seed, kept = min(known.kept(arm).items())
        lines += [f"## {arm}, seed {seed}", "", "```text", kept.get("picture", ""), "```", ""]
    return "\n".join(lines)
