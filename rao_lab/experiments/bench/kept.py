"""Figures that are kept: a bench's report as a file with a picture, and the tables of a page, made from the files.

    rao-lab bench rollout --out data/bench          measures, and writes rollout.json and rollout.svg
    python -m rao_lab.experiments.bench.kept        writes the tables into data/docs/speed.md

A table stands in the page between two comments, `<!-- bench: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rao_lab.experiments.bench.chart import figure, picture

PLACE = re.compile(r"(<!-- bench: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
WAYS = ("generate", "padded", "continuous", "engine")

Report = Mapping[str, Any]


def keep(report: Report, folder: Path) -> list[Path]:
    """Writes a report and its picture; those of a GPU are named apart."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = ("gpu_" if report["machine"]["device"].startswith("cuda") else "") + report["bench"]
    paths = [folder / f"{stem}.json", folder / f"{stem}.svg"]
    paths[0].write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    paths[1].write_text(picture(report), encoding="utf-8")
    return paths


def with_tables(page: str, folder: Path) -> str:
    """The text of a page with its tables made anew from the files of `folder`."""

    def made(found: re.Match[str]) -> str:
        name = found[2]
        report = json.loads((folder / f"{FILES[name]}.json").read_text(encoding="utf-8"))
        return found[1] + "\n".join(TABLES[name](report)) + "\n" + found[3]

    return PLACE.sub(made, page)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return "|" + "---|" * columns


def _speeds(report: Report) -> list[str]:
    """Tokens a second of the four ways, and how many times the engine's are those of each."""
    cases = {case["name"]: case for case in report["cases"]}
    lines = [_row("", *(f"`{way}`" if way == "generate" else way for way in WAYS), "engine, times each")]
    lines.append(_rule(6))
    for group in dict.fromkeys(name.rpartition("/")[0] for name in cases):
        model, _, size = group.partition("/")
        agents, _, tokens = size.partition(" x ")
        if agents == "8":
            continue  # between what the table shows
        what = f"{agents} agent{'s' * (agents != '1')}, {tokens} tokens a turn" if size else "whole trees"
        speeds = [cases[f"{group}/{way}"]["median"] for way in WAYS]
        times = [cases[f"{group}/engine"]["ratios"][f"{group}/{way}"][1] for way in WAYS[:-1]]
        lines.append(
            _row(f"{model}, {what}", *map(figure, speeds), " / ".join(f"{each:.1f}" for each in times))
        )
    return [*lines, "", _machine(report)]


def _adapter(report: Report) -> list[str]:
    found = {case["name"]: case["median"] for case in report["cases"]}
    names = ("generate, one by one", "generate, padded", "engine", "engine, adapter", "update, adapter")
    heads = ("one by one, `generate`", "padded, `generate`", "engine", "engine with an adapter")
    lines = [_row("", *heads, "update of the adapter"), _rule(6)]
    for size in dict.fromkeys(name.partition("/")[0] for name in found):
        speeds = [f"{found[f'{size}/{name}']:,.0f}" for name in names]
        speeds[-1] += f" in {found[f'{size}/update, peak memory']:.1f} GB"
        lines.append(_row(size, *speeds))
    return lines


def _clicks(report: Report) -> list[str]:
    """Milliseconds by what was done and by nodes."""
    found = {tuple(case["name"].rsplit("/", 1)): case["median"] for case in report["cases"]}
    deeds, sizes = (list(dict.fromkeys(each)) for each in zip(*found, strict=True))
    lines = [_row("ms", *(f"{int(size):,} nodes" for size in sizes)), _rule(1 + len(sizes))]
    for deed in deeds:
        lines.append(_row(deed, *(f"{found[deed, size]:,.0f}" for size in sizes)))
    return [*lines, "", _machine(report)]


def _watched(report: Report) -> list[str]:
    """How many times a step alone costs while a view shows it: median, and lower and upper quarter."""
    times: dict[str, dict[str, str]] = {}
    for case in report["cases"]:
        if ratios := case["ratios"]:
            low, middle, high = ratios["alone"]
            times.setdefault(case["name"], {})[case["unit"]] = f"{middle:.2f} ({low:.2f} to {high:.2f})"
    units = list(next(iter(times.values())))
    lines = [_row("a step, times one alone", *units), _rule(1 + len(units))]
    lines += [_row(name, *(found[unit] for unit in units)) for name, found in times.items()]
    return [*lines, "", _machine(report)]


def _updates(report: Report) -> list[str]:
    """Trained tokens a processor second and memory of each arm, and how many times TRL's ours is."""
    found = {case["name"]: case["median"] for case in report["cases"]}
    lines = [_row("", "trained tokens a second", "ours, times", "kept for the backward pass, MB"), _rule(4)]
    for arm in (name for name in found if f"{name}: kept for the backward pass" in found):
        kept = found[f"{arm}: kept for the backward pass"]
        lines.append(_row(arm, figure(found[arm]), f"{found['ours'] / found[arm]:.2f}", f"{kept:,.0f}"))
    return [*lines, "", _machine(report)]


def _parts(report: Report) -> list[str]:
    """Shares of the processor's time, in percent, and what they allow at most."""
    groups: dict[str, dict[str, float]] = {}
    for case in report["cases"]:
        group, _, part = case["name"].rpartition("/")
        groups.setdefault(group, {})[part] = case["median"]
    heads: list[str] = max(map(list, groups.values()), key=len)
    lines = [_row("", *heads), _rule(1 + len(heads))]
    for group, parts in groups.items():
        cells = (figure(parts[part]) if part in parts else "" for part in heads)
        lines.append(_row(group.replace("/", ", "), *cells))
    return [*lines, "", _machine(report)]


def _machine(report: Report) -> str:
    """Where a table is from. A machine that had other work says so."""
    machine = report["machine"]
    load, cores = machine.get("load"), machine["cores"]
    busy = load is not None and cores is not None and load > cores
    beside = (
        f" that {load:.0f} busy processes shared, so trust the ratios more than the speeds" if busy else ""
    )
    short = ", quick form" if report.get("quick") else ""
    file = f"{report['bench']}.json"
    return f"({machine['device']}, {cores} cores{beside}{short}: [`{file}`](../bench/{file}))"


TABLES: Mapping[str, Callable[[Report], Sequence[str]]] = {
    "rollout": _speeds,
    "adapter": _adapter,
    "parts": _parts,
    "train": _updates,
    "views": _clicks,
    "live": _watched,
}
FILES = {name: "gpu_adapter" if name == "adapter" else name for name in TABLES}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--page", type=Path, default=Path("data/docs/speed.md"))
    parser.add_argument("--folder", type=Path, default=Path("data/bench"), help="where the reports lie")
    given = parser.parse_args(arguments)
    text = given.page.read_text(encoding="utf-8")
    given.page.write_text(with_tables(text, given.folder), encoding="utf-8")


if __name__ == "__main__":
    main()
