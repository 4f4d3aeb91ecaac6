"""The logical clock as `time` and `datetime` show it in the sandbox: seconds since 1970, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

LATEST = 253_402_300_799.0
"""The last second that a calendar has."""


def answer_clock(function: str, args: tuple[Any, ...], clock: float) -> Any:
    """The answer to a question for the time, or None if it is none."""
    seconds = float(min(max(0.0, clock), LATEST))
    if function == "time.time":
        return seconds
    if function == "date.today":
        return datetime.fromtimestamp(seconds, UTC).date()
    if function == "datetime.now":
        zone = args[0] if args and isinstance(args[0], tzinfo) else None
        moment = datetime.fromtimestamp(seconds, UTC)
        return moment.astimezone(zone) if zone else moment.replace(tzinfo=None)
    return None
