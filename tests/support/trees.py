"""Trees for tests of views: made from a plain description, through events and the one fold.

`showcase_group` is a task of eight trees whose third delegates to four generations; `random_group` and
`random_step` make any size. Token ids come from a word-piece vocabulary of this module, so that
`decode` gives back what a model would have read.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from rao_lab.tree import (
    Acted,
    Call,
    Event,
    Finished,
    Group,
    Message,
    Scored,
    Spawned,
    Status,
    Task,
    Tree,
    TreeHeader,
    TurnEnded,
    TurnStarted,
)
from rao_lab.tree.fold import Fold, fold

WINDOW = 4096
PREAMBLE = "Craft the following items: "
SYSTEM = (
    "You work on a task by writing Python. Every reply is one or two sentences of thought, then one block.\n"
    "Functions: get_info(items), view_inventory(), craft(ingredients, target), finish(message), "
    "await launch_subagent(targets, num_steps)"
)

_IDS: dict[str, int] = {}
_WORDS: list[str] = []
_PIECE = re.compile(r"<\|\w+\|>|\s?\w{1,5}|\s|[^\w\s]", re.DOTALL)


def encode(text: str) -> array[int]:
    """Word pieces of this module's own vocabulary."""
    ids = array("i")
    for piece in _PIECE.findall(text):
        if piece not in _IDS:
            _IDS[piece] = len(_WORDS)
            _WORDS.append(piece)
        ids.append(_IDS[piece])
    return ids


def decode(ids: Sequence[int]) -> list[tuple[str, bool]]:
    """Each id's text, and whether it is a special token."""
    return [(_WORDS[i], _WORDS[i].startswith("<|")) for i in ids]


@dataclass
class Plan:
    """One node as a test wants it: what it asks, how it ends, whom it launches in which turn."""

    goal: str
    s: float | None = 1.0
    status: Status = Status.FINISHED
    launches: dict[int, list[list[Plan]]] = field(default_factory=dict)
    """Turn -> batches of children; a batch of several was launched together."""
    turns: int = 1
    thought: str = ""
    code: str = ""
    output: str = ""
    value: Any = None
    reason: str = ""
    heavy: int = 0
    """Extra words in the last observation, to fill the window."""


@dataclass
class _Maker:
    header: TreeHeader
    random: Random
    tokens: bool = True
    timed: list[tuple[float, Event]] = field(default_factory=list)

    def add(self, kind: type, time: float, **values: Any) -> None:
        self.timed.append((time, kind(seq=0, tick=int(time * 20), time=round(time, 4), **values)))

    def events(self) -> list[Event]:
        ordered = sorted(self.timed, key=lambda item: item[0])
        return [replace(event, seq=seq) for seq, (_, event) in enumerate(ordered)]

    def node(
        self, plan: Plan, path: str, at: float, parent_turn: int | None, batch: int, together: bool
    ) -> float:
        parent, _, _ = path.rpartition(".")
        self.add(
            Spawned,
            at,
            node=path,
            parent=parent or None,
            parent_turn=parent_turn,
            launch_batch=batch,
            together=together,
            depth=path.count("."),
            goal=plan.goal,
            args={"targets": {self.item(plan): 1}},
            template="codeact",
            window=WINDOW if self.tokens else 0,
        )
        spawned = 0
        clock = at
        last = max([plan.turns, *plan.launches])
        for turn in range(1, last + 1):
            batches = plan.launches.get(turn, [])
            clock, spawned = self.turn(plan, path, turn, last, batches, clock, spawned)
        self.end(plan, path, clock)
        return clock

    def turn(
        self,
        plan: Plan,
        path: str,
        turn: int,
        last: int,
        batches: Sequence[Sequence[Plan]],
        clock: float,
        spawned: int,
    ) -> tuple[float, int]:
        messages = self._messages(plan, turn)
        self.add(TurnStarted, clock, node=path, turn=turn, messages=messages)
        thought, code = self._action(plan, turn, last, batches)
        text = f"{thought}\n```python\n{code}\n```"
        prompt = "".join(f"<|im_start|>{m.role}\n{m.content}<|im_end|>\n" for m in messages)
        sampled = encode(text + "<|im_end|>") if self.tokens else array("i")
        read = encode(prompt + "<|im_start|>assistant\n") if self.tokens else array("i")
        spent = 0.4 + 0.02 * len(text.split()) + self.random.random()
        clock += spent
        self.add(
            Acted,
            clock,
            node=path,
            turn=turn,
            continues=turn > 1,
            prompt_ids=read,
            sampled_ids=sampled,
            logprobs=array("f", [-0.3] * len(sampled)),
            entropies=array("f", [0.5] * len(sampled)),
            policy_version=self.header.policy_version,
            text=text,
            thought=thought,
            code=code,
            stop="stop",
            decode_steps=len(sampled),
        )
        calls: list[Call] = (
            []
            if batches
            else [
                Call(
                    "get_info",
                    ([self.item(plan)],),
                    result=[{"item": self.item(plan), "recipe": {"a2_i5": 3, "f1_i6": 1}}],
                )
            ]
        )
        waited = 0.0
        for number, batch in enumerate(batches):
            ends = []
            for child in batch:
                name = f"{path}.{spawned}"
                spawned += 1
                ends.append(self.node(child, name, clock + 0.01, turn, number, len(batch) > 1))
                calls.append(
                    Call("launch_subagent", ({self.item(child): 1}, 6), result=child.value, child=name)
                )
            waited += max(ends) - clock
            clock = max(ends)
        clock += 0.05
        output = self._output(plan, turn, last, batches)
        error = plan.reason if plan.status is Status.ERROR and turn == last else None
        self.add(
            TurnEnded,
            clock,
            node=path,
            turn=turn,
            calls=tuple(calls),
            output=output,
            error=error,
            waiting_seconds=round(waited, 3),
        )
        return clock, spawned

    def _messages(self, plan: Plan, turn: int) -> tuple[Message, ...]:
        if turn == 1:
            return Message("system", SYSTEM), Message("user", f"Goal: {plan.goal}")
        filler = " ".join(f"item{i}" for i in range(plan.heavy)) if turn == 2 else ""
        return (
            Message("user", f"printed: {self.short(plan)}: 3x a2_i5, 1x f1_i6, 2x e0_i8 {filler}".strip()),
        )

    @staticmethod
    def item(plan: Plan) -> str:
        return plan.goal.split("x ")[-1]

    @staticmethod
    def short(plan: Plan) -> str:
        return plan.goal.removeprefix(PREAMBLE)

    def _action(self, plan: Plan, turn: int, last: int, batches: Sequence[Sequence[Plan]]) -> tuple[str, str]:
        if batches:
            lines = [self._launch(batch) for batch in batches]
            return plan.thought or "These parts do not depend on each other.", "\n".join(lines)
        if turn == 1 and last > 1:
            item = self.short(plan).split("x ")[-1]
            return "", f'info = get_info(["{item}"])\nprint(info)'
        if plan.code:
            return plan.thought, plan.code
        if plan.status is Status.FINISHED and turn == last:
            return (
                "All is made.",
                f'craft({{"raw_o3": 2}}, ("{self.short(plan)}", 1))\nfinish("crafted {self.short(plan)}")',
            )
        return (
            "I still lack something.",
            'print(view_inventory())  # what is left?\ncraft({"raw_o2": 1}, ("b4_i0", 1))',
        )

    def _launch(self, batch: Sequence[Plan]) -> str:
        if len(batch) == 1:
            return f'r = await launch_subagent({{"{self.item(batch[0])}": 1}}, 6)\nprint(r)'
        inner = ",\n".join(f'    launch_subagent({{"{self.item(child)}": 1}}, 6)' for child in batch)
        return f"r = await asyncio.gather(\n{inner})\nfor x in r: print(x)"

    def _output(self, plan: Plan, turn: int, last: int, batches: Sequence[Sequence[Plan]]) -> str:
        if batches:
            told = {True: "crafted {}", False: "gave up on {}: 2x b4_i0 is missing"}
            return "\n".join(told[(c.s or 0) >= 1].format(self.short(c)) for batch in batches for c in batch)
        if plan.output:
            return plan.output
        return f"{self.short(plan)}: 3x a2_i5, 1x f1_i6, 2x e0_i8" if turn == 1 and last > 1 else ""

    def end(self, plan: Plan, path: str, at: float) -> None:
        value = plan.value if plan.value is not None else f"crafted {self.short(plan)}"
        done = plan.status is Status.FINISHED
        self.add(
            Finished, at, node=path, status=plan.status, value=value if done else None, reason=plan.reason
        )
        self.add(
            Scored,
            at,
            node=path,
            success=plan.s,
            source=None if plan.s is None else ("verifier" if done else "rule"),
            fraction=plan.s,
        )


def events_of(plan: Plan, header: TreeHeader, seed: int = 0, tokens: bool = True) -> list[Event]:
    """What the executor would have said."""
    maker = _Maker(header, Random(seed), tokens)
    maker.node(plan, "0", 0.0, None, 0, False)
    return maker.events()


def tree_of(plan: Plan, header: TreeHeader | None = None, seed: int = 0, tokens: bool = True) -> Tree:
    header = header or TreeHeader(Task("medium 017", PREAMBLE + plan.goal, "medium"), step=1)
    return fold(header, events_of(plan, header, seed, tokens))


def unfinished(plan: Plan, header: TreeHeader, share: float, seed: int = 0) -> Tree:
    """A tree that is still at work: the first part of its events."""
    events = events_of(plan, header, seed)
    builder = Fold(header)
    for event in events[: max(1, int(len(events) * share))]:
        builder.add(event)
    return builder.tree()


def together(*plans: Plan) -> list[list[Plan]]:
    return [list(plans)]


def showcase_plan() -> Plan:
    """Fourteen nodes in four generations: one child fails, one hits its limit, one repeats its goal."""
    craft = PREAMBLE
    k2 = Plan(
        craft + "4x k2_i7",
        1.0,
        launches={2: together(Plan(craft + "8x b1_i4"), Plan(craft + "4x h0_i2"))},
        turns=3,
    )
    p4 = Plan(
        craft + "2x p4_i1",
        0.0,
        Status.TURN_LIMIT,
        {3: together(Plan(craft + "6x d0_i9"))},
        turns=5,
        heavy=1750,
    )
    repeat = Plan(
        craft + "2x p4_i1", 1.0, launches={1: together(Plan(craft + "2x p4_i1", 0.0, turns=2))}, turns=2
    )
    m5 = Plan(craft + "2x m5_i3", 1.0, launches={2: together(k2, p4), 4: together(repeat)}, turns=5)
    c3 = Plan(
        craft + "1x c3_i2",
        0.0,
        launches={
            2: together(
                Plan(craft + "3x a2_i5"),
                Plan(craft + "1x f1_i6", 0.0, heavy=300, turns=3),
                Plan(craft + "2x e0_i8"),
            )
        },
        turns=3,
        thought="The three do not depend on each other, so I ask for them together.",
    )
    return Plan(
        craft + "2x m5_i3, 1x c3_i2",
        1.0,
        launches={2: together(m5, c3), 3: together(Plan(craft + "1x f1_i6", turns=2))},
        turns=4,
    )


def random_plan(random: Random, nodes: int, skill: float = 0.7, depth: int = 6) -> Plan:
    """About `nodes` nodes (never more), success more likely with `skill`."""
    plan, _ = _grow(random, max(1, nodes), skill, depth)
    return plan


def _grow(random: Random, budget: int, skill: float, depth: int) -> tuple[Plan, int]:
    item = f"{random.choice('abcdefghkmp')}{random.randrange(10)}_i{random.randrange(1, 9)}"
    plan = Plan(f"{PREAMBLE}{random.randrange(1, 9)}x {item}", turns=random.randrange(1, 4))
    used = 1
    left = budget - 1
    turn = 1
    while left > 0 and depth > 0:
        wanted = min(left, random.choice([1, 2, 2, 3, 3, 4, 6]))
        share = max(1, left // max(1, random.choice([1, 1, 2])))
        batch = []
        for place in range(wanted):
            room = share // wanted + (place < share % wanted)
            if room < 1 or left < 1:
                break
            child, taken = _grow(random, min(room, left), skill, depth - 1)
            batch.append(child)
            left -= taken
            used += taken
        turn += 1
        alone = random.random() < 0.3
        plan.launches[turn] = [[child] for child in batch] if alone else [batch]
        if turn > 12:
            break
    draw = random.random()
    if draw < skill:
        plan.s = 1.0
    elif draw < skill + 0.1:
        plan.s, plan.status = 0.0, Status.TURN_LIMIT
    else:
        plan.s = 0.0
    plan.turns = max([plan.turns, *plan.launches]) + (1 if plan.launches else 0)
    return plan, used


def header_of(
    task: str, goal: str, step: int, group: int, rollout: int, difficulty: str = "medium", **more: Any
) -> TreeHeader:
    return TreeHeader(
        Task(task, goal, difficulty, "train"),
        environment="textcraft",
        seed=7,
        step=step,
        group=group,
        rollout=rollout,
        policy="tiny",
        policy_version=max(0, step - 1),
        **more,
    )


def showcase_group(step: int = 1, index: int = 0, task: str = "medium 017") -> Group:
    """Eight trees whose roots earn 1.4, 0.2, 1.27, 0, 1.2, 0.4, 1 and 1.4 at lambda 0.4."""
    craft = PREAMBLE
    win, lose = Plan(craft + "2x m5_i3"), Plan(craft + "2x m5_i3", 0.0)
    goal = craft + "2x m5_i3, 1x c3_i2"

    def root(s: float, *children: Plan) -> Plan:
        return Plan(goal, s, launches={2: together(*children)} if children else {}, turns=3)

    plans = [
        root(1.0, replace(win, launches={1: together(win, win)}), replace(win, launches={1: together(win)})),
        root(0.0, win, replace(lose, launches={1: together(lose, lose, lose)})),
        showcase_plan(),
        root(0.0, replace(lose, launches={1: together(replace(lose, launches={1: together(lose)}))})),
        root(1.0, replace(win, launches={1: together(win, win)}), lose),
        root(0.0, win, win, win),
        root(1.0),
        root(
            1.0,
            replace(win, launches={1: together(win, win)}),
            replace(win, launches={1: together(win, win)}),
            win,
        ),
    ]
    return group_of(plans, task, goal, step, index)


def group_of(
    plans: Sequence[Plan], task: str, goal: str, step: int, index: int, tokens: bool = True, **more: Any
) -> Group:
    difficulty = task.split()[0]
    trees = [
        tree_of(
            plan, header_of(task, goal, step, index, rollout, difficulty, **more), seed=rollout, tokens=tokens
        )
        for rollout, plan in enumerate(plans)
    ]
    return Group(trees[0].task, tuple(trees), step, index, probe=bool(more.get("probe")))


def random_group(
    seed: int,
    size: int = 8,
    nodes: int = 12,
    step: int = 1,
    index: int = 0,
    task: str = "",
    skill: float = 0.7,
    tokens: bool = True,
    **more: Any,
) -> Group:
    random = Random(seed)
    name = task or f"medium {random.randrange(1000):03}"
    plans = [random_plan(random, random.randrange(1, 2 * nodes), skill) for _ in range(size)]
    for plan in plans:
        plan.goal = plans[0].goal
    return group_of(plans, name, plans[0].goal, step, index, tokens, **more)


def random_step(
    seed: int, groups: int = 16, size: int = 8, nodes: int = 12, step: int = 1, skill: float = 0.7
) -> list[Group]:
    names = sorted(Random(seed).sample(range(100), groups))
    return [
        random_group(seed * 1000 + place, size, nodes, step, place, f"medium {number:03}", skill)
        for place, number in enumerate(names)
    ]


def bare_tree(nodes: int, seed: int = 0, fan: int = 4) -> Tree:
    """A large tree without messages: for measuring views."""
    from rao_lab.tree import Node

    random = Random(seed)
    children: dict[str, list[str]] = {"0": []}
    open_paths = ["0"]
    while len(children) < nodes:
        above = open_paths[random.randrange(max(0, len(open_paths) - 400), len(open_paths))]
        path = f"{above}.{len(children[above])}"
        children[above].append(path)
        children[path] = []
        if path.count(".") < 9:
            open_paths.append(path)
        if len(children[above]) >= fan:
            open_paths.remove(above)
    made = [
        Node(
            path,
            path.rpartition(".")[0] or None,
            spawn_index=int(path.rpartition(".")[2]) if "." in path else 0,
            parent_turn=1 if "." in path else None,
            together="." in path,
            depth=path.count("."),
            goal=f"{PREAMBLE}{random.randrange(1, 9)}x m{random.randrange(40)}_i{random.randrange(9)}",
            status=Status.FINISHED,
            success=float(random.random() < 0.7),
            success_source="verifier",
            children=tuple(below),
            ended=1.0,
        )
        for path, below in children.items()
    ]
    made.sort(key=lambda node: tuple(map(int, node.path.split("."))))
    return Tree(header_of("big", PREAMBLE + "big", 1, 0, 0), tuple(made), ended=1.0)


def metrics_of(steps: int, seed: int = 0) -> Mapping[int, float]:
    """A plausible success curve."""
    random = Random(seed)
    return {
        k: max(0.0, min(1.0, 0.15 + 0.75 * k / steps + random.gauss(0, 0.04))) for k in range(1, steps + 1)
    }
