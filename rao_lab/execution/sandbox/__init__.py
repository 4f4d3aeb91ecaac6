"""Sandboxed Python sessions: a node's code runs here and reaches nothing but the functions it is given.

    with Sandbox(workers=2) as sandbox:
        step = sandbox.run(None, code, {"get_info": False, "launch_subagent": True, "finish": False},
                           on_call, seed=7, clock=0.0)
        while isinstance(step, Awaiting):            # no worker is held while children run
            step = sandbox.resume(step.paused, {3: "the child's value"}, on_call, clock=1.0)
        step.state                                   # the variables, for the node's next turn

A node's REPL between turns, or while it awaits children, is bytes: no process belongs to a node. The
interpreter is pydantic-monty, in worker processes that a pool replaces when they die. This package
knows no node, no world and no policy. Dumps are trusted bytes of this process: never load one from disk.
"""

from rao_lab.execution.sandbox.pool import Sandbox
from rao_lab.execution.sandbox.results import Awaiting, CallError, Ended, Launched, OnCall, Paused
from rao_lab.execution.sandbox.values import (
    MAX_VALUE_DEPTH,
    MAX_VALUE_ITEMS,
    MAX_VALUE_SIZE,
    NotPlainError,
    check_plain,
)
