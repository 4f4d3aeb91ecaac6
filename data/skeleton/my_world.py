"""A world: find the largest number of a row. One call shows one number, and a helper gets a part of the row.

Change it piece by piece, and let `rao-lab check my_world.py:MyWorld` say what broke.
"""

import rao_lab as rl
from rao_lab.environments.answers import same
from rao_lab.environments.arguments import bind, show
from rao_lab.environments.drawn import Drawn, drawn_of
from rao_lab.protocols import Action
from rao_lab.tree import Call

# What a model reads of each function. `finish` and `launch_subagent` have the arguments that you give them.
LOOK = rl.Function("look", "look(place: int) -> int", "The number at a place of the row.")
FINISH = rl.Function("finish", "finish(largest: int)", "Ends your work, and returns the largest number.")
LAUNCH = rl.Function(
    "launch_subagent",
    "launch_subagent(start: int, end: int)",
    "A helper finds the largest number at the places from start up to end - 1. Returns what it passed to finish, or "
    '{"failed": reason}. Must be awaited; several at once: await asyncio.gather(launch_subagent(...), ...).',
    is_async=True,
)


class Row:
    """The world of one tree. What the agents share, and what each was asked, is kept here and nowhere else."""

    def __init__(self, numbers, guard_own_goal):
        self.numbers, self.guard_own_goal = numbers, guard_own_goal
        self.asked = {}  # path of an agent ("0" is the root, "0.1" its second helper) -> places

    def functions(self):
        return [LOOK]

    def control_functions(self):
        return [FINISH, LAUNCH]

    def root(self):
        return self.launch(0, len(self.numbers))

    def launch(self, start, end):
        """What an agent is told; the script reads `args`, a model the text."""
        return rl.Launch(
            f"Find the largest number: places {start} to {end - 1}", {"start": start, "end": end}
        )

    def place(self, value, most):
        """A model wrote what comes in: it may be anything, and a `Refusal` tells the model what to write."""
        if type(value) is not int or not 0 <= value <= most:
            raise rl.Refusal("bad_place", f"there is no place {show(value)}: there are 0 to {most}")
        return value

    def admit(self, parent, args, kwargs):
        """An agent wants a helper. Nobody hands on its own goal, or that of an agent above it."""
        given = bind("launch_subagent", ("start", "end"), 2, args, kwargs)
        start, end = (self.place(given[name], len(self.numbers)) for name in ("start", "end"))
        if start >= end:
            raise rl.Refusal("bad_place", f"no place lies from {start} up to {end - 1}: start comes first")
        while self.guard_own_goal and parent:
            if self.asked[parent] == (start, end):
                raise rl.Refusal(
                    "own_goal", "this is your own goal, or that of an agent above you: hand on less"
                )
            parent = parent.rpartition(".")[0]
        return self.launch(start, end)

    def enter(self, path, launch):
        self.asked[path] = (launch.args["start"], launch.args["end"])

    def call(self, path, name, args, kwargs):
        if name != "look":
            raise rl.Refusal("bad_call", f"no function {show(name)} here; there is look")
        return self.numbers[
            self.place(bind(name, ("place",), 1, args, kwargs)["place"], len(self.numbers) - 1)
        ]

    def leave(self, path, value):
        """The verifier: of every agent, by what it was asked."""
        start, end = self.asked[path]
        return rl.Score(float(same(value, max(self.numbers[start:end]))))


class MyWorld(Drawn):
    """`Drawn` makes ids, splits and options of it. A world that reads files: see the bundled ones."""

    name = "my_world"
    levels = {"easy": 4, "medium": 16, "hard": 64}  # difficulty -> how many numbers
    suits = {"tiny": "easy", "chat": "easy", "scripted": "medium"}  # kind of policy -> difficulty
    styles = ("halves",)

    def __init__(self, difficulty="medium", seed=0, guard_own_goal=True):
        super().__init__(difficulty, seed, guard_own_goal=guard_own_goal)
        self.guard_own_goal = guard_own_goal

    def draw(self, difficulty, split, rng):
        """A task's goal, and its data (JSON), from which alone `open` makes its world. What is drawn says which split
        it is of, so no task of one split is in another: `drawn_of` draws until one of this split comes."""
        size = self.levels[difficulty]
        numbers = drawn_of(split, lambda: [rng.randrange(1000) for _ in range(size)])
        return f"Find the largest of {len(numbers)} numbers", {"numbers": numbers}

    def open(self, task):
        return Row(task.data["numbers"], self.guard_own_goal)

    def play(self, request, style, mistakes):
        """The script: how a patient programmer plays an agent's next turn. `mistakes` makes it a wrong one."""
        start, end = request.args["start"], request.args["end"]
        off = mistakes.randint(1, 9) if mistakes else 0
        if end - start <= 4 or request.agent == "flat":
            return Action("I look.", f"finish(max(look(place) for place in range({start}, {end})) + {off})")
        half = (start + end) // 2
        both = f"launch_subagent({start}, {half}), launch_subagent({half}, {end})"
        return Action("I halve.", f"import asyncio\nfinish(max(await asyncio.gather({both})) + {off})")

    def flat_plan(self, task):
        """The shortest play of a single agent, one call a turn: what fits into its window."""
        numbers = task.data["numbers"]
        looks = [[Call("look", (place,), result=number)] for place, number in enumerate(numbers)]
        return [*looks, [Call("finish", (max(numbers),))]]
