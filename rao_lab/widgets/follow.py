"""Watches a run file that another process writes, and tells a feed what it finds."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from contextlib import suppress

from rao_lab.errors import MissingError, RunFileError
from rao_lab.store import Run
from rao_lab.widgets.feed import Feed

POLL_SECONDS = 0.4


def follow_run(run: Run, feed: Feed) -> Callable[[], None]:
    """Starts a thread that polls the file; returns a function that ends it."""
    stop = threading.Event()
    thread = threading.Thread(
        target=_work, args=(run, weakref.ref(feed), stop), name="rao-lab-follow", daemon=True
    )
    thread.start()
    return stop.set


def _work(run: Run, feed_ref: weakref.ref[Feed], stop: threading.Event) -> None:
    revision = 0
    while True:
        feed = feed_ref()
        if feed is None or feed.ended:
            return
        going = run.being_written  # asked first: what was written before the end is still read below
        with suppress(RunFileError):  # being checkpointed, or gone: the next look tells
            revision = _look(run, feed, revision)
        if not going:
            feed.changed()
            return
        del feed
        if stop.wait(POLL_SECONDS):
            return


def _look(run: Run, feed: Feed, revision: int) -> int:
    changes = run.changes_since(revision)
    if changes.revision == revision:
        return revision
    summaries = run.steps
    open_steps = {each.step for each in summaries if each.ended is None}
    newest = max((each.step for each in summaries), default=0)
    wanted = {tree.id for step in open_steps | {newest} for tree in run.trees(step)}
    for tree_id, events in changes.events.items():
        for event in events:
            feed.event(changes.headers[tree_id], event)
    for tree_id in changes.trees:
        if tree_id in wanted:
            with suppress(MissingError):
                feed.tree(run.tree(tree_id))
    for step in changes.steps:
        if step not in open_steps and step >= newest - 1:
            feed.finished(step, _credit(run, step))
    feed.changed()
    return changes.revision


def _credit(run: Run, step: int):  # type: ignore[no-untyped-def]
    try:
        return run.attributions(step)
    except MissingError:
        return None
