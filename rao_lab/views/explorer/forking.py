"""Forks that are asked for in the view: run in a thread of their own, one call at a time, and shown when they end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from rao_lab.errors import RaoLabError
from rao_lab.evaluation.forks import Forks
from rao_lab.views.explorer.feed import Feed, Outlet

MakeForks = Callable[..., Forks]
"""`rl.fork`, or a function that is called as it is."""
EDITS = ("goal", "prompt", "action")


class Forking:
    """Answers the requests for forks of one Explorer.

    Args:
        make: runs them.
        about: makes what it is given beside the request, such as the run.
    """

    def __init__(
        self, make: MakeForks, about: Callable[[], Mapping[str, Any]], feed: Feed, outlet: Outlet
    ) -> None:
        self._make = make
        self._about = about
        self._feed = feed
        self._outlet = outlet
        self._thread: threading.Thread | None = None

    def ask(self, message: Mapping[str, Any]) -> None:
        """Starts what is asked for; returns at once. While forks are being made, others are refused."""
        if self._thread is not None and self._thread.is_alive():
            self._say(error="forks are being made already: wait until they have ended")
            return
        self._thread = threading.Thread(
            target=self._work, args=(dict(message),), name="rao-lab-forks", daemon=True
        )
        self._thread.start()

    def join(self, timeout: float = 60.0) -> None:
        """Waits for what runs."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _work(self, message: Mapping[str, Any]) -> None:
        try:
            self._say(ended=0, of=int(message["repeats"]))
            step, place = int(message["step"]), int(message["tree"])
            found = self._make(
                self._feed.table(step).tree(place),
                str(message["path"]),
                int(message["turn"]),
                rest=message["rest"],
                repeats=message["repeats"],
                progress=False,
                on_forks=lambda ended, of: self._say(ended=ended, of=of),
                **_change(message),
                **self._about(),
            )
        except (RaoLabError, KeyError, TypeError, ValueError) as problem:
            self._say(error=str(problem))
        except Exception as problem:  # noqa: BLE001 - a user's policy or function: the view says that it failed
            self._say(error=f"{type(problem).__name__}: {problem}")
        else:
            self._feed.put("forks", (step, found))
            self._feed.look_after()
            self._say(says=str(found))

    def _say(self, **told: Any) -> None:
        self._outlet.send({"type": "forking", **told})


def _change(message: Mapping[str, Any]) -> dict[str, Any]:
    """What is changed, as the keywords of `rl.fork`."""
    edit, value = message.get("edit"), message.get("value")
    if edit == "child_value":
        return {"child_value": {str(message.get("child")): value}}
    return {edit: value} if edit in EDITS else {}
