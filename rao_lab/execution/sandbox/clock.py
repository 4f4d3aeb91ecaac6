"""The logical clock as `time` and `datetime` show it in the sandbox: seconds since 1970, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

from pydantic_monty import FunctionSnapshot

LATEST = 253_402_300_799.0 - 86_400
"""Start of the last day that `datetime` knows, so that the time exists in every zone."""


def answer_clock(asked: FunctionSnapshot, clock: float) -> Any:
    """The answer if the code asks for the time, otherwise None.

    The arguments of other questions are not looked at: they may be impossible as values of this process.
    """
    function = asked.function_name
    seconds = float(min(max(0.0, clock), LATEST))
    if function == "time.time":
        return seconds
    if function == "date.today":
        return datetime.fromtimestamp(seconds, UTC).date()
    if function == "datetime.now":
        zone = next((arg for arg in asked.args[:1] if isinstance(arg, tzinfo)), None)
        moment = datetime.fromtimestamp(seconds, UTC)
        return moment.astimezone(zone) if zone else moment.replace(tzinfo=None)
    return None
