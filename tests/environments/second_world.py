"""A whole environment in 60 lines: agents add up a list of numbers, and may halve it and ask for each half."""

from rao_lab.protocols import Action, Function, Launch, Refusal, Score
from rao_lab.tree import Task

ADD = Function("add", "add(first: int, second: int) -> int", "The sum of two numbers.")
HALVE = Function("halve", "halve(numbers: list[int]) -> list", "The first half and the second half.")
FINISH = Function("finish", "finish(total: int)", "Ends your work and returns the total.")
LAUNCH = Function("launch_subagent", "launch_subagent(numbers: list[int])", "A helper adds them up.", True)


class Sums:
    def __init__(self, numbers):
        self.numbers, self.wanted = numbers, {}

    def functions(self):
        return (ADD, HALVE)

    def control_functions(self):
        return (FINISH, LAUNCH)

    def root(self):
        return Launch(f"Add up: {self.numbers}", {"numbers": self.numbers})

    def admit(self, parent, args, kwargs):
        if len(args) == 1 and isinstance(args[0], list) and all(isinstance(n, int) for n in args[0]):
            return Launch(f"Add up: {args[0]}", {"numbers": args[0]})
        raise Refusal("bad_launch", "write launch_subagent([1, 2])")

    def enter(self, path, launch):
        self.wanted[path] = sum(launch.args["numbers"])

    def call(self, path, name, args, kwargs):
        match name, *args:
            case "add", int(), int():
                return sum(args)
            case "halve", list(numbers):
                return [numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]]
        raise Refusal("bad_call", f"{name} takes other arguments")

    def leave(self, path, value):
        return Score(float(value == self.wanted[path]))


class AddUp:
    name, styles = "add-up", ("halves",)

    def tasks(self, split):
        lists = [[*range(first, 2 * first + 2)] for first in range(1, 7)]
        return [Task(f"{split}/{len(row)}", f"Add up: {row}", data={"numbers": row}) for row in lists]

    def open(self, task):
        return Sums(task.data["numbers"])

    def play(self, request, style, mistakes):
        numbers, off = request.args["numbers"], 0 if mistakes is None else mistakes.randint(1, 9)
        if len(numbers) <= 2 or request.agent == "flat":
            return Action("I add.", f"t = {off}\nfor n in {numbers}:\n    t = add(t, n)\nfinish(t)")
        both = f"await asyncio.gather(*[launch_subagent(half) for half in halve({numbers})])"
        return Action("I halve.", f"import asyncio\na, b = {both}\nfinish(add(a, b) + {off})")
