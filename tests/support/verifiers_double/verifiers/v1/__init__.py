"""Tasksets, tasks, toolsets and traces."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from verifiers.v1.state import State as State
from verifiers.v1.utils.decorators import discover_decorated, marked
from verifiers.v1.utils.generic import concrete

tool = marked("tool")
metric = marked("metric")
stop = marked("stop")
intercept = marked("intercept")
reward = marked("reward")


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TaskConfig(_Config):
    judges: list[Any] = []


class TasksetConfig(_Config):
    id: str = ""
    task: TaskConfig = TaskConfig()
    system_prompt: str | None = None


class RuntimeConfig(_Config):
    type: str = "subprocess"


class ToolsetConfig(_Config):
    colocated: bool = False
    runtime: RuntimeConfig = RuntimeConfig()
    url: str | None = None


class AgentConfig(_Config):
    pass


class AgentInfo(BaseModel):
    config: AgentConfig


class TaskData(BaseModel):
    model_config = ConfigDict(frozen=True)
    idx: int | None = None
    prompt: str | list[dict[str, Any]] | None = None
    system_prompt: str | None = None
    image: str | None = None


class Message(BaseModel):
    role: str
    content: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    name: str | None = None


class MessageNode(BaseModel):
    parent: int | None = None
    message: Message
    sampled: bool = False


class Reward(BaseModel):
    score: float
    weight: float = 1.0


class TraceTask(BaseModel):
    type: str
    data: Any
    key: str | None = None
    hash: str | None = None


class Trace(BaseModel):
    task: TraceTask
    agent: AgentInfo
    id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    nodes: list[MessageNode] = []
    rewards: dict[str, Reward | None] = {}
    state: Any = None
    stop_condition: str | None = None

    @property
    def reward(self) -> float:
        return sum(each.score * each.weight for each in self.rewards.values() if each)

    @property
    def last_reply(self) -> str:
        replies = [n.message for n in self.nodes if n.sampled and n.message.role == "assistant"]
        return (replies[-1].content or "").strip() if replies else ""

    @property
    def tool_messages(self) -> list[Message]:
        return [node.message for node in self.nodes if node.message.role == "tool"]

    def stop(self, condition: str) -> None:
        self.stop_condition = condition


class Task:
    NEEDS_CONTAINER = False
    key = hash = "0"

    def __class_getitem__(cls, kinds: Any) -> Any:
        return type(cls.__name__, (cls,), {"_kinds": kinds})

    def __init__(self, data: Any, config: Any = None) -> None:
        self.data, self.config = data, config or TaskConfig()

    async def setup(self, trace: Trace, runtime: Any) -> None:
        return None

    async def finalize(self, trace: Trace, runtime: Any) -> None:
        return None

    def hooks(self, attr: str) -> list[Callable[..., Any]]:
        return discover_decorated(self, attr)

    def plugged_judges(self) -> list[Any]:
        return []

    @classmethod
    def toolsets(cls, config: Any) -> list[Any]:
        return []

    async def score(self, trace: Trace, runtime: Any = None) -> None:
        for function in self.hooks("reward"):
            trace.rewards[function.__name__] = None
        for function in self.hooks("reward"):
            trace.rewards[function.__name__] = Reward(
                score=float(await function(trace=trace)), weight=getattr(function, "_vf_weight", 1.0)
            )


class Taskset:
    INFINITE = False

    def __class_getitem__(cls, kinds: Any) -> Any:
        return type(cls.__name__, (cls,), {"_kinds": kinds})

    def __init__(self, config: Any) -> None:
        self.config = config

    def __iter__(self) -> Iterator[Any]:
        for idx, task in enumerate(self.load()):  # type: ignore[attr-defined]
            task.data = task.data.model_copy(update={"idx": idx})
            yield task

    @classmethod
    def toolsets(cls, config: Any) -> list[Any]:
        return []


class Toolset:
    TOOL_PREFIX: str | None = ""

    def __class_getitem__(cls, kinds: Any) -> Any:
        return type(cls.__name__, (cls,), {"_kinds": kinds})

    def __init__(self, config: Any) -> None:
        self.config = config

    @property
    def state(self) -> Any:
        from verifiers.v1.mcp.server import _call_state

        return _call_state.get() or concrete(type(self), State)()

    @property
    def server_name(self) -> str:
        return "" if self.TOOL_PREFIX is None else self.TOOL_PREFIX or type(self).__name__.lower()

    async def setup(self) -> None:
        return None

    async def setup_task(self, task: Any) -> None:
        return None


class Env:
    def __init__(self, taskset: Taskset) -> None:
        self.taskset = taskset


class SingleAgentEnv(Env):
    pass
