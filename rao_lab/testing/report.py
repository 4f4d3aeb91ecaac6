"""What came of a check of an environment, in words: as text, in a notebook, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rao_lab.base.cell import table_html
from rao_lab.base.safe_text import one_line, unquoted
from rao_lab.base.words import counted
from rao_lab.errors import InputError

LINE = 300
"""Characters of one part of a finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an environment."""

    check: str
    """The check that found it, such as "guards"."""
    tried: str
    found: str
    """What came out."""
    advice: str
    where: str = ""
    """The file and the line, if an exception or a call that does not return names one."""
    more: int = 0
    """How many more were found that are like it."""

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return (
            f"{self.check}: {one_line(self.tried, LINE)}\n"
            f"      came out: {one_line(self.found, LINE)}{unquoted(place)}{self.like}\n"
            f"      do: {one_line(self.advice, LINE)}"
        )

    @property
    def like(self) -> str:
        """How many others there are, in words; empty if there are none."""
        return f" (and {self.more} more like it)" if self.more else ""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("check", "tried", "found", "advice", "where", "more")}


@dataclass(frozen=True, slots=True)
class EnvironmentReport:
    """What `rl.testing.check_environment` found. `print` shows it."""

    environment: str
    findings: Sequence[Finding]
    passed: Mapping[str, str]
    """Check -> what was tried and came out right."""
    notes: Sequence[str]
    """What could not be tried and why, and what is worth knowing."""
    seconds: float = field(compare=False, default=0.0)

    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not self.findings

    def raise_if_bad(self) -> None:
        """For a test: the whole report, if anything was found.

        Raises:
            InputError: with the report as its text.
        """
        if not self.ok:
            raise InputError(str(self))

    def to_json(self) -> dict[str, Any]:
        return {
            "environment": self.environment,
            "ok": self.ok,
            "findings": [each.to_json() for each in self.findings],
            "passed": dict(self.passed),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [self._title(), *(f"  ✗ {each}" for each in self.findings)]
        lines += [f"  ✓ {name}: {one_line(said, LINE)}" for name, said in self.passed.items()]
        lines += [f"  – {one_line(note, LINE)}" for note in self.notes]
        lines += ["(✓ was tried and is right, – was not tried, or is good to know)"] if self.notes else []
        return "\n".join(lines)

    __repr__ = __str__

    def _title(self) -> str:
        verdict = f"{counted(len(self.findings), 'fault')} found" if self.findings else "no fault found"
        return f"{unquoted(self.environment)}: {verdict} ({counted(len(self.passed), 'check')} passed)"

    def _repr_html_(self) -> str:
        rows = [
            ("✗", each.check, each.tried, f"{each.found} {each.where}".strip() + each.like, each.advice)
            for each in self.findings
        ]
        rows += [("✓", name, said, "", "") for name, said in self.passed.items()]
        heads = ("", "check", "tried", *(("came out", "do") if self.findings else ("", "")))
        return table_html(self._title(), heads, rows, self.notes, range(len(self.findings)))
