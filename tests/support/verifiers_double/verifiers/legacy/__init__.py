"""The older protocol."""

from verifiers.legacy.envs.environment import (
    EnvGroup,
    Environment,
    MultiTurnEnv,
    SingleTurnEnv,
    StatefulToolEnv,
    ToolEnv,
)
from verifiers.legacy.rubrics import Rubric

__all__ = ["EnvGroup", "Environment", "MultiTurnEnv", "Rubric", "SingleTurnEnv", "StatefulToolEnv", "ToolEnv"]
