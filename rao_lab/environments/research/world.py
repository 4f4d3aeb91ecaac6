"""The world of one tree: search, open, delegate, finish. Nothing in it changes, so siblings cannot disturb each other.

Every argument comes from code that a model wrote (see `arguments.py`). A refusal tells the model which value was wrong
and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rao_lab.environments.answers import same
from rao_lab.environments.arguments import bind, show
from rao_lab.environments.research.corpus import HITS, Corpus
from rao_lab.environments.research.graph import Graph
from rao_lab.environments.research.questions import MAX_QUESTION, kind_of, parse
from rao_lab.protocols import Function, Launch, Refusal, Score

MAX_CONTEXT = 4000
"""Longest `context` that a launch may pass on, in characters."""
MAX_QUERY = 1000
GOAL = "Find out: "
PLAIN = (
    Function(
        "search",
        "search(query: str) -> list[dict]",
        f"The at most {HITS} documents that fit the words best. Each is a dict: doc (what open takes), title, page "
        "and text (the part of this page that fits best).",
    ),
    Function(
        "open",
        "open(doc: str, page: int = 1) -> dict",
        "One page of a document: doc, title, page, pages (how many it has) and text.",
    ),
)
CONTROL = (
    Function(
        "finish",
        "finish(answer)",
        "Ends your work and hands the answer to whoever asked: a name or a number, and nothing else.",
    ),
    Function(
        "launch_subagent",
        'launch_subagent(question: str, context: str = "") -> Any',
        "A helper finds the answer to one question, such as a part of yours. Ask it as a whole sentence with full "
        "names: the helper does not know your question. Its value is the answer.",
        is_async=True,
    ),
)
Accepted = Sequence[str | int] | None
"""Right answers; None = nobody knows them, so a judge is asked."""


class ResearchWorld:
    """A `World`; used for one tree.

    Args:
        question, accepted: of the root.
        graph: tells what is true, so that questions of helpers are verified; None = nobody knows.
    """

    def __init__(
        self,
        corpus: Corpus,
        question: str,
        accepted: Accepted,
        graph: Graph | None,
        guard_own_goal: bool = True,
    ) -> None:
        self._corpus = corpus
        self._graph = graph
        self._guard_own_goal = guard_own_goal
        self._root = question, accepted
        self._asked: dict[str, str] = {}
        """Path of a node -> its question."""

    def functions(self) -> Sequence[Function]:
        return PLAIN

    def control_functions(self) -> Sequence[Function]:
        return CONTROL

    def root(self) -> Launch:
        return launch_for(self._root[0])

    def enter(self, path: str, launch: Launch) -> None:
        self._asked[path] = launch.args["question"]

    def leave(self, path: str, value: Any) -> Score | None:
        """Success 1 if the answer is right, otherwise 0; None if nobody knows what is right."""
        accepted = self._root[1] if "." not in path else self._true(self._asked[path])
        return None if accepted is None else Score(float(any(same(value, right) for right in accepted)))

    def _true(self, question: str) -> Accepted:
        """The right answers to a question, if the graph knows them."""
        asked = None if self._graph is None else parse(question)
        if self._graph is None or asked is None:
            return None
        answer = self._graph.answer(asked)
        return None if answer is None else self._graph.accepted(answer)

    # Launches

    def admit(self, parent: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Launch:
        given = bind("launch_subagent", ("question", "context"), 1, args, kwargs, "bad_launch")
        question, context = given["question"], given.get("context", "")
        if not isinstance(question, str) or not question.strip():
            raise Refusal("bad_launch", f"question must be a sentence; got {show(question)}")
        if len(question) > MAX_QUESTION:
            raise Refusal(
                "bad_launch",
                f"question has {len(question)} characters, and at most {MAX_QUESTION} are passed on",
            )
        if not isinstance(context, str):
            raise Refusal("bad_launch", f"context must be text; got {show(context)}")
        if len(context) > MAX_CONTEXT:
            raise Refusal(
                "bad_launch",
                f"context has {len(context)} characters, and at most {MAX_CONTEXT} are passed on",
            )
        self._guard(parent, question)
        return launch_for(question.strip(), context)

    def _guard(self, parent: str, question: str) -> None:
        above = parent if self._guard_own_goal else ""
        meant = self._meaning(question)
        while above:
            if self._meaning(self._asked.get(above, "")) == meant:
                whose = "your own question" if above == parent else "the question of an ancestor of yours"
                raise Refusal(
                    "own_goal", f"this is {whose}: search for its answer, or ask a helper for a part of it"
                )
            above = above.rpartition(".")[0]

    def _meaning(self, question: str) -> object:
        """Equal for questions that ask the same."""
        asked = parse(question)
        if asked is not None and self._graph is not None:
            return self._graph.same(asked)
        return "".join(letter for letter in question.casefold() if letter.isalnum())

    # Calls

    def call(self, path: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if name == "search":
            return self._search(bind(name, ("query",), 1, args, kwargs)["query"])
        if name == "open":
            given = bind(name, ("doc", "page"), 1, args, kwargs)
            return self._open(given["doc"], given.get("page", 1))
        known = ", ".join(function.name for function in PLAIN)
        raise Refusal("bad_call", f"no function {show(name)} here; there are {known}")

    def _search(self, query: Any) -> list[dict[str, Any]]:
        if not isinstance(query, str) or not query.strip():
            raise Refusal("bad_call", f"search takes words to look for, as text; got {show(query)}")
        if len(query) > MAX_QUERY:
            raise Refusal(
                "bad_call",
                f"query has {len(query)} characters: write a few words, at most {MAX_QUERY} characters",
            )
        return [
            {"doc": hit.doc, "title": hit.title, "page": hit.page, "text": hit.text}
            for hit in self._corpus.search(query)
        ]

    def _open(self, doc: Any, page: Any) -> dict[str, Any]:
        if not isinstance(doc, str):
            raise Refusal("bad_call", f"doc must be the doc of a hit, as text; got {show(doc)}")
        if doc not in self._corpus:
            raise Refusal("unknown_doc", f"no document {show(doc)}: take the doc of a hit of search")
        if isinstance(page, bool) or not isinstance(page, int):
            raise Refusal("bad_call", f"page must be a whole number; got {show(page)}")
        pages = self._corpus.page_count(doc)
        if not 1 <= page <= pages:
            raise Refusal("no_page", f"document {show(doc)} has pages 1 to {pages}; got {show(page)}")
        title, text = self._corpus.title(doc), self._corpus.page(doc, page)
        return {"doc": doc, "title": title, "page": page, "pages": pages, "text": text}


def launch_for(question: str, context: str = "") -> Launch:
    """What a node with this question is told; `args` holds `question`, its `kind` if it has one, and the `context`."""
    asked = parse(question)
    args: dict[str, Any] = {"question": question}
    goal = GOAL + question
    if asked is not None:
        args["kind"] = kind_of(asked)
    if context:
        args["context"] = context
        goal += f"\nFrom the agent that asks you: {context}"
    return Launch(goal, args)
