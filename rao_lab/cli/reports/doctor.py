"""What `rao-lab doctor` found, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rao_lab.base.words import counted
from rao_lab.cli.doctor import ROOM

BUSY = 0.2
"""Fewer cores than this in use are not worth a word."""


def doctor_text(report: Mapping[str, Any]) -> str:
    """What the doctor found, in words."""
    lines = [
        f"rao-lab {report['rao_lab']}   Python {report['python']}   {report['system']}",
        f"device    {report['device']}, {report['dtype']}, {report['device_memory_gb']:.1f} GB",
        f"machine   {_cores(report)}, {report['memory_gb']:.1f} GB memory",
        f"threads   {_threads(report['threads'])}",
        "versions  " + _wrapped([f"{name} {said or '-'}" for name, said in report["versions"].items()]),
        f"browser   {'found' if report['browser'] else 'none: browser tests are skipped'}"
        f"; Node {'found' if report['node'] else 'none: the committed bundles are used'}",
    ]
    for name, said in report["checks"].items():
        lines.append(f"{name:<9} {said['problem'] or said['found']}")
    for name, there in report["models"].items():
        lines.append(f"{name:<9} {'in the cache' if there else f'not fetched (rao-lab fetch {name})'}")
    lines.append("")
    lines.append(f"Largest model that fits, {ROOM:.0%} of the memory left for activations:")
    for row in report["fits"]:
        mark = "*" if row["default"] else " "
        lines.append(f"{mark} {row['way']:<15} {row['largest'] or 'none':<12} {row['arithmetic']}")
    lines.append(
        f"* as models are loaded here ({report['dtype']}); load_policy(..., dtype=...) takes the other"
    )
    lines.append("")
    lines.append("Problems: " + ("; ".join(report["problems"]) if report["problems"] else "none"))
    return "\n".join(lines)


def _cores(report: Mapping[str, Any]) -> str:
    busy = report["cores_busy"]
    return f"{counted(report['cores'], 'core')}" + (f" ({busy:g} of them busy now)" if busy >= BUSY else "")


def _threads(found: Mapping[str, Any]) -> str:
    """With how many threads torch computes, why, and how they wait."""
    waiting = "they wait asleep" if found["sleep"] else "they spin (OMP_WAIT_POLICY)"
    if found["asked"]:
        return f"{found['others']}, as {found['asked']} says; {waiting}"
    return f"{found['small']} in small models, {found['others']} in larger ones now; {waiting}"


def _wrapped(parts: Sequence[str]) -> str:
    rows = [parts[0]]
    for part in parts[1:]:
        joined = f"{rows[-1]}, {part}"
        rows[-1:] = [joined] if len(joined) < 70 else [rows[-1], part]
    return ("\n" + " " * 10).join(rows)
