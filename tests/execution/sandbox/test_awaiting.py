"""Launches and awaits: what is announced when, and how answers come back."""

from __future__ import annotations

from rao_lab.execution.sandbox import CallError, Launched, Sandbox
from tests.support.sandboxes import Node, awaiting, ended


def test_an_await_announces_the_launch_and_waits_without_a_worker(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("print('go')\nx = await launch('a', 2, k=[3])\nprint(x)"))
    assert step.launched == (Launched(0, "launch", ("a", 2), {"k": [3]}),)
    assert (step.pending, step.output) == ((0,), "go\n")
    assert Node(sandbox).run("print('another node')").output == "another node\n"
    assert ended(node.go_on(step, {0: {"failed": "no"}})).output == "go\n{'failed': 'no'}\n"


def test_gather_launches_all_and_keeps_their_order(sandbox: Sandbox) -> None:
    node = Node(sandbox, {"a": 1, "b": 2, "c": 3})
    end = node.run("import asyncio\nprint(await asyncio.gather(launch('a'), launch('b'), launch('c')))")
    assert end.output == "[1, 2, 3]\n"
    assert [[call.args for call in step.launched] for step in node.steps] == [
        [("a",), ("b",), ("c",)],
        [],
        [],
    ]
    assert [step.pending for step in node.steps] == [(0, 1, 2), (0, 1), (0,)]


def test_several_answers_may_come_together(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("import asyncio\nprint(await asyncio.gather(*[launch(i) for i in range(4)]))"))
    step = awaiting(node.go_on(step, {3: "d", 0: "a"}))
    assert step.pending == (1, 2)
    assert ended(node.go_on(step, {1: "b", 2: "c"})).output == "['a', 'b', 'c', 'd']\n"


def test_launches_in_turn_are_announced_in_turn(sandbox: Sandbox) -> None:
    node = Node(sandbox, {"a": 2, "b": 3})
    assert node.run("print(await launch('a') * await launch('b'))").output == "6\n"
    assert [[call.args for call in step.launched] for step in node.steps] == [[("a",)], [("b",)]]


def test_one_await_starts_every_pending_launch(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    end = node.run("hs = [launch(n) for n in range(3)]\nx = await hs[0]\nprint(x, [await h for h in hs[1:]])")
    assert end.output == "0 [1, 2]\n"
    assert [len(step.launched) for step in node.steps] == [3, 0, 0]


def test_helpers_may_launch(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    end = node.run(
        "import asyncio\n"
        "async def ask(n):\n"
        "  first = await launch(n)\n"
        "  return first + await launch(10 * n)\n"
        "print(await asyncio.gather(ask(1), ask(2)))"
    )
    assert end.output == "[11, 22]\n"
    assert [call.args for step in node.steps for call in step.launched] == [(1,), (2,), (20,), (10,)]


def test_a_helper_of_an_earlier_turn_may_launch(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.run("async def ask(n): return await launch(n)")
    assert node.run("print(await ask(5))").output == "5\n"


def test_calls_between_launches_count_in_the_ids(sandbox: Sandbox) -> None:
    step = awaiting(Node(sandbox).start("a = launch(1)\nget(2)\nb = launch(3)\nawait a"))
    assert [(call.call_id, call.args) for call in step.launched] == [(0, (1,)), (2, (3,))]


def test_asyncio_run_awaits_too(sandbox: Sandbox) -> None:
    assert Node(sandbox).run("import asyncio\nprint(asyncio.run(launch(4)))").output == "4\n"


def test_a_handle_may_be_awaited_twice(sandbox: Sandbox) -> None:
    assert Node(sandbox).run("h = launch(4)\nprint(await h, await h)").output == "4 4\n"


def test_launches_that_nobody_awaits_are_told(sandbox: Sandbox) -> None:
    end = ended(Node(sandbox).start("launch('a')\nlaunch('b')\nprint('done')"))
    assert [call.args for call in end.never_awaited] == [("a",), ("b",)]
    assert (end.unanswered, end.output, end.error) == ((), "done\n", None)


def test_launches_before_a_crash_are_told(sandbox: Sandbox) -> None:
    end = ended(Node(sandbox).start("h = launch('a')\n1 / 0\nawait h"))
    assert [call.args for call in end.never_awaited] == [("a",)]
    assert end.error == "ZeroDivisionError: division by zero (line 2: 1 / 0)"


def test_announced_launches_without_an_answer_are_told_at_the_end(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("hs = [launch(n) for n in 'abc']\nx = await hs[1]\nlaunch('late')\n1 / 0"))
    end = ended(node.go_on(step, {1: "B"}))
    assert end.unanswered == (0, 2)
    assert [call.args for call in end.never_awaited] == [("late",)]


def test_finishing_leaves_pending_launches_unanswered(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("hs = [launch(n) for n in 'ab']\nfinish(await hs[0])"))
    end = ended(node.go_on(step, {0: "A"}))
    assert (end.finished, end.value, end.unanswered) == (True, "A", (1,))


def test_an_error_as_answer_is_raised_at_the_await(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("try: await launch('a')\nexcept RuntimeError as error: print(error)"))
    assert ended(node.go_on(step, {0: CallError("refused: too deep")})).output == "refused: too deep\n"


def test_a_handle_does_not_outlive_its_turn(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.run("h = launch('a')")
    assert node.run("await h").error == (
        "RuntimeError: nothing answers this await: a handle does not outlive the turn that launched it"
    )
    assert node.run("print('goes on')").output == "goes on\n"


def test_an_old_handle_beside_a_new_launch_ends_in_an_error_too(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    node.run("get(1)\nh = launch('old')")
    end = node.run("new = launch('new')\nprint(await new)\nawait h")
    assert end.output == "new\n"
    assert end.error is not None
    assert "does not outlive" in end.error


def test_a_pause_can_be_resumed_twice_with_other_answers(sandbox: Sandbox) -> None:
    node = Node(sandbox)
    step = awaiting(node.start("x = 1\nx += await launch(0)\nprint(x)"))
    assert [ended(node.go_on(step, {0: n})).output for n in (1, 5)] == ["2\n", "6\n"]


def test_output_before_and_after_a_pause_is_one_and_cut_once() -> None:
    with Sandbox(output_chars=10) as sandbox:
        node = Node(sandbox)
        end = node.run("print('x' * 6)\nawait launch(1)\nprint('y' * 6)")
    assert (end.output, end.truncated) == ("xxxxxx\nyyy", True)
