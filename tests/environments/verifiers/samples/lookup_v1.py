"""A taskset of `verifiers.v1`: numbers are looked up by name, and rewards read the reply and the shared state."""

import asyncio
import time

import verifiers.v1 as vf


class Data(vf.TaskData):
    answer: str
    trouble: str = ""


class Asked(vf.State):
    asked: int = 0


class TableConfig(vf.ToolsetConfig):
    pass


class Table(vf.Toolset[TableConfig, Asked]):
    async def setup(self):
        self.numbers = {"a": 1, "b": 2}

    @vf.tool
    async def get(self, key: str, times: int = 1) -> int:
        """The number of a name."""
        self.state.asked += 1
        return self.numbers[key] * times


class LookupTask(vf.Task[Data, Asked]):
    @classmethod
    def toolsets(cls, config):
        return [Table(TableConfig())]

    async def setup(self, trace, runtime):
        if self.data.trouble == "setup":
            await runtime.run(["ls"])

    @vf.reward(weight=0.75)
    async def right(self, trace) -> float:
        match self.data.trouble:
            case "raises":
                raise ValueError("no such table")
            case "slow":
                await asyncio.sleep(60)
            case "hangs":
                time.sleep(1.5)
        return {"nan": float("nan"), "big": 9.0}.get(
            self.data.trouble, float(trace.last_reply == self.data.answer)
        )

    @vf.reward(weight=0.25)
    async def asked(self, trace) -> float:
        return min(1.0, trace.state.asked / 2) * (len(trace.tool_messages) == trace.state.asked)

    @vf.stop
    async def enough(self, trace: vf.Trace) -> bool:
        return trace.state.asked > 9


class Boxed(LookupTask):
    NEEDS_CONTAINER = True


class ReadsFiles(LookupTask):
    @vf.reward
    async def files(self, trace, runtime) -> float:
        return 1.0


class Away(LookupTask):
    @classmethod
    def toolsets(cls, config):
        return [Table(TableConfig(url="http://127.0.0.1:1"))]


class Unscored(LookupTask):
    @vf.reward(weight=0.0)
    async def right(self, trace) -> float:
        return 1.0

    @vf.reward(weight=0.0)
    async def asked(self, trace) -> float:
        return 1.0


KINDS = {kind.__name__: kind for kind in (LookupTask, Boxed, ReadsFiles, Away, Unscored)}


class LookupConfig(vf.TasksetConfig):
    trouble: str = ""
    kind: str = "LookupTask"
    rows: int = 30


class Lookup(vf.Taskset[LookupTask, LookupConfig]):
    def load(self):
        for place in range(self.config.rows):
            prompt = {"none": None}.get(self.config.trouble, f"What is a + b? ({place // 2})")
            data = Data(prompt=prompt, system_prompt="Be brief.", answer="3", trouble=self.config.trouble)
            yield KINDS[self.config.kind](data, self.config.task)


class Endless(Lookup):
    INFINITE = True


class Duel(vf.Env):
    pass


__all__ = ["Lookup"]
