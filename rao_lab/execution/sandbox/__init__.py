"""Sandboxed Python sessions: a node's code runs here and reaches nothing but the functions it is given.

    with Sandbox(workers=2) as sandbox:
        functions = {"get_info": False, "launch_subagent": True, "finish": False}
        step = sandbox.run(None, code, functions, on_call, seed=7, clock=0.0)
        while isinstance(step, Awaiting):            # no worker is held while children run
            step = sandbox.resume(step.paused, {3: "the child's value"}, functions, on_call, clock=1.0)
        step.state                                   # the variables, for the node's next turn

Between turns, and while it awaits children, a node's REPL is bytes: no process belongs to a node. The interpreter
is pydantic-monty. It runs in worker processes, and a pool replaces those that die. Code that only makes calls, with
values written out, needs neither. This package knows no node, no world and no policy. Dumps are trusted bytes of this
process: never load one from disk.

    pool       the worker processes, and the two ways in: run and resume
    snippet    one run of code: it answers what the code asks until the code awaits or ends
    repeat     a snippet whose worker died begins again and does nothing twice
    results    what a run of code comes to, and how it is put away
    answers    the forms in which the interpreter is answered
    literal    code that only calls functions with values written out
    evaluator  makes its calls, without a worker
    guard      the code of ours that weighs every argument inside the sandbox
    values     the order in which a value's parts come in
    aio        our `asyncio`, which has what the interpreter's lacks
    failures   failures of code, in words for the model
    advice     what to write instead
    clock      the logical clock, as `time` and `datetime` show it
    worker     how worker processes are started and limited
"""

from rao_lab.execution.sandbox.advice import catches
from rao_lab.execution.sandbox.pool import Sandbox
from rao_lab.execution.sandbox.results import Awaiting, CallError, Ended, Fits, Launched, OnCall, Paused
from rao_lab.execution.sandbox.snippet import FINISH
from rao_lab.tree.plain import (
    MAX_VALUE_DEPTH,
    MAX_VALUE_ITEMS,
    MAX_VALUE_SIZE,
    NotPlainError,
    check_plain,
)
