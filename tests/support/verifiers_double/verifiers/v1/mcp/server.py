"""The state that a call of a tool sees."""

from contextvars import ContextVar
from typing import Any

_call_state: ContextVar[Any] = ContextVar("vf_call_state", default=None)
