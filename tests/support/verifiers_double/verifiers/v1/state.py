"""The state of a rollout."""

from typing import Any

from pydantic import BaseModel

from verifiers.v1.utils.generic import concrete


class State(BaseModel):
    pass


def state_cls(cls: type) -> Any:
    return concrete(cls, State)
