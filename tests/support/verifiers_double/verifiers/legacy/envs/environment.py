"""Environments with a dataset and a rubric."""

from __future__ import annotations

from typing import Any

from verifiers.legacy.rubrics import Rubric, RubricGroup
from verifiers.legacy.utils.message_utils import normalize_messages


class Environment:
    def __init__(
        self,
        dataset: Any = None,
        eval_dataset: Any = None,
        rubric: Any = None,
        system_prompt: str = "",
        max_turns: int = -1,
        env_id: str = "",
    ) -> None:
        self.dataset, self.eval_dataset, self.system_prompt = dataset, eval_dataset, system_prompt
        self.rubric = RubricGroup([rubric or Rubric(), Rubric([_turns], [0.0])])
        self.max_turns, self.env_id, self.tool_defs = max_turns, env_id, []

    def _built(self, rows: Any) -> Any:
        head = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        ask = [[*head, {"role": "user", "content": row["question"]}] for row in rows or ()]
        return rows and [{**row, "prompt": each} for row, each in zip(rows, ask, strict=True)]

    def build_dataset(self) -> Any:
        return self._built(self.dataset)

    def build_eval_dataset(self) -> Any:
        return self._built(self.eval_dataset)


class EnvGroup(Environment):
    def __init__(self, envs: list[Any]) -> None:
        super().__init__(envs[0].dataset)
        self.envs = envs


class MultiTurnEnv(Environment):
    async def setup_state(self, state: Any) -> Any:
        return None

    async def is_completed(self, state: Any) -> bool:
        full = 0 < self.max_turns <= len(state["trajectory"])
        return full or state.get("final_env_response") is not None

    async def add_trajectory_step(self, state: Any, step: Any) -> None:
        state["trajectory"].append(step)

    async def env_response(self, messages: Any, state: Any) -> Any:
        raise NotImplementedError

    async def get_prompt_messages(self, state: Any) -> Any:
        last = state["trajectory"][-1]
        messages = [*last["prompt"], *last["completion"]]
        return [*messages, *normalize_messages(await self.env_response(messages, state), "env_response")]

    async def cleanup(self, state: Any) -> None:
        last = state["trajectory"][-1]
        state["completion"] = [*last["prompt"], *last["completion"]][len(state["prompt"]) :]


class SingleTurnEnv(MultiTurnEnv):
    def __init__(self, **given: Any) -> None:
        super().__init__(max_turns=1, **given)


class ToolEnv(MultiTurnEnv):
    def __init__(self, tools: Any = (), **given: Any) -> None:
        super().__init__(**given)
        self.tool_map = {each.__name__: each for each in tools}

    async def call_tool(self, tool_name: str, tool_args: dict[str, Any], tool_call_id: str) -> Any:
        raise NotImplementedError

    async def env_response(self, messages: Any, state: Any) -> Any:
        raise NotImplementedError


class StatefulToolEnv(ToolEnv):
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.skipped_args: dict[str, list[str]] = {}

    def add_tool(self, tool: Any, args_to_skip: list[str]) -> None:
        self.tool_map[tool.__name__] = tool
        self.skipped_args[tool.__name__] = args_to_skip

    async def env_response(self, messages: Any, state: Any) -> Any:
        raise NotImplementedError


def _turns(state: Any) -> float:
    return float(len(state["trajectory"]))
