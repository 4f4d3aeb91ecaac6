"""Policies that run whole trees by a way of writing turns other than the engine (`ways.py`)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from rao_lab.experiments.bench.ways import Way
from rao_lab.policies import conversation
from rao_lab.protocols import NodeKey, TurnReply, TurnRequest


class Actor:
    """A policy of the same model, template and window. Every turn is read from its messages, as a server does."""

    version = 0

    def __init__(self, name: str, policy: Any, way: Way, stops: Sequence[int]) -> None:
        self.name = name
        self.dialect, self.window = policy.dialect, policy.window
        self._tokenizer, self._way, self._stops = policy.tokenizer, way, frozenset(stops)
        self._prompts: dict[NodeKey, list[int]] = {}
        self._full: list[TurnReply] = []

    def submit(self, request: TurnRequest) -> None:
        messages = conversation.whole(request.history, request.messages)
        chat = [{"role": message.role, "content": message.content} for message in messages]
        text = self._tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        prompt = self._tokenizer.encode(text, add_special_tokens=False)
        room = min(request.max_new_tokens, self.window - len(prompt))
        if room < 1:
            self._full.append(TurnReply(request.key, "", stop="context"))
        else:
            self._prompts[request.key] = prompt
            self._way.submit(request.key, prompt, room)

    def tick(self) -> Sequence[TurnReply]:
        full, self._full = self._full, []
        return [*full, *(self._reply(turn.key, turn.ids) for turn in self._way.tick())]

    def forget(self, key: NodeKey) -> None:
        self._prompts.pop(key, None)
        self._way.forget(key)
        self._full = [reply for reply in self._full if reply.key != key]

    def _reply(self, key: NodeKey, ids: Sequence[int]) -> TurnReply:
        zeros = array("f", [0.0] * len(ids))
        return TurnReply(
            key,
            self._tokenizer.decode(ids, skip_special_tokens=True),
            stop="stop" if ids and ids[-1] in self._stops else "length",
            prompt_ids=array("i", self._prompts.pop(key)),
            sampled_ids=array("i", ids),
            logprobs=zeros,
            entropies=zeros,
            decode_steps=len(ids),
        )
