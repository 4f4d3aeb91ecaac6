"""A policy run on this machine: any decoder-only transformers folder, safetensors or GGUF.

A context only grows: a turn's prompt is the node's earlier ids, then what it sampled, then a suffix for the
new messages. Text is never turned into ids twice, so the ids that are trained are the ids that were sampled.
If a chat template rewrites what came before, the turn reads all of it anew (`chat.py`), and is a new sequence.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from rao_lab.base import checks as checked
from rao_lab.base.cell import facts_html
from rao_lab.base.checks import choice, whole
from rao_lab.base.device import choose, usual_dtype
from rao_lab.base.rendering import RenderError
from rao_lab.base.safe_text import unquoted
from rao_lab.base.threads import chosen, computing
from rao_lab.base.warned import warn_user
from rao_lab.errors import ConfigError, InputError
from rao_lab.policies import conversation
from rao_lab.policies.local import adapter as adapters
from rao_lab.policies.local.chat import Chat
from rao_lab.policies.local.config import longest_context, more_room, named_temperature, stop_ids
from rao_lab.policies.local.engine import Engine, Sampled
from rao_lab.policies.local.folder import one_line_about, quiet, read_model, weights_bytes
from rao_lab.policies.local.light import LightLlama, read_light
from rao_lab.policies.local.llama import LlamaForward
from rao_lab.policies.local.runner import runner_of
from rao_lab.policies.local.template import Template, checked_day, today
from rao_lab.policies.local.thoughts import Thoughts
from rao_lab.policies.pending import key_order, lost
from rao_lab.prompts import Prompt, find, made_for
from rao_lab.protocols import NodeKey, TurnReply, TurnRequest
from rao_lab.tree import ROOT, Message, Turn

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DEFAULT_WINDOW = 4096
DTYPES = ("float32", "bfloat16", "float16")


class TransformerPolicy:
    """Samples turns from a local model.

    Attributes:
        model: the weights; a trainer steps them, adds one to `version` and calls `clear_cache`.
        tokenizer: with its chat template.
        version: number of optimizer steps behind the weights.
        window: largest context in tokens; by default what the config says, but at most `DEFAULT_WINDOW`.
        dialect: name of the dialect that the model was made for: "codeact" or "terse".
        prompt: the words that its agents read if a call names no other; None = of its dialect.
        temperature: of the softmax that is sampled from; log-probs are of that same distribution.
        usual_temperature: of sampling outside training, if a call names none: what it was loaded with, otherwise
            what the model's generation config names; None = neither says anything.
        threads: how many threads of the CPU it computes with; None = as torch is set.
    """

    def __init__(
        self,
        model: PreTrainedModel | LightLlama,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str = "transformer",
        prompt: Prompt | None = None,
        window: int | None = None,
        temperature: float | None = None,
        forward: Literal["auto", "model"] = "auto",
        cache_gb: float | None = None,
        clock: str | None = None,
        threads: int | None = None,
    ) -> None:
        own: dict[str, Any] = getattr(model.config, "rao_lab", None) or {}
        self._longest = longest = longest_context(model)
        self._model = model.eval()
        self.tokenizer = tokenizer
        self.name = name
        self.opened: Mapping[str, Any] = {}
        """How it was loaded, for a run to go on by; `load_policy` says it."""
        self.version = 0
        self.prompt = None if prompt is None else find(prompt)
        self.dialect = made_for(self.prompt, own.get("dialect", "codeact"))
        self.world = str(own.get("world", ""))
        """The bundled world that it was made for; "" = its config names none."""
        fitting = min(int(own.get("window", DEFAULT_WINDOW)), longest or DEFAULT_WINDOW)
        self.window = whole("window", window or fitting, least=1)
        if longest is not None and self.window > longest:
            raise ConfigError(
                f"window={self.window} but this model looks at {longest} tokens: give at most that"
            )
        self._vocabulary: int = model.get_input_embeddings().num_embeddings
        self._runner = runner_of(model, forward, cache_gb)
        self._engine = Engine(
            self._runner, stop_ids(model, tokenizer), 1.0 if temperature is None else temperature
        )
        self.usual_temperature = temperature
        if temperature is None and self.dialect != "terse":  # the folder of `tiny` names that of its training
            self.usual_temperature = named_temperature(model)
        weights = sum(each.nbytes for each in model.parameters())
        self.threads = (
            chosen(weights, model.device) if threads is None else whole("threads", threads, least=1)
        )
        self._day = today() if clock is None else checked_day(clock)
        self._read_template()
        self._thoughts = Thoughts(tokenizer)
        self._texts = lru_cache(maxsize=65536)(self._decode)
        self._ids = lru_cache(maxsize=16384)(self._encode)
        self._running: dict[NodeKey, tuple[bool, list[int], int]] = {}
        self._shown: dict[NodeKey, str] = {}
        """The last prompt of each node, if the template rendered it."""
        self._unasked: list[TurnReply] = []
        """Turns that were lost because the template could not render them."""

    def __repr__(self) -> str:
        adapter = adapters.words(self.model)
        about = f"{self.name} v{self.version}{adapter and ', ' + adapter}, window={self.window}"
        return f"TransformerPolicy({about}, {self._model.device})"

    def _repr_html_(self) -> str:
        weights = sum(each.numel() for each in self._model.parameters())
        about = {
            "weights": weights,
            "version": self.version,
            "adapter": adapters.words(self.model) or None,
            "dtype": str(self._model.dtype).removeprefix("torch."),
        }
        reads = {"device": str(self._model.device), "window": self.window, "prompt": self.dialect}
        return facts_html(f"Local model {self.name}", {**about, **reads, "temperature": self.temperature})

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        dtype: torch.dtype | str | None = None,
        device: str | torch.device | None = None,
        lora: int | None = None,
        adapter: str | Path | None = None,
        **settings: Any,
    ) -> TransformerPolicy:
        """Loads a folder (config, tokenizer, safetensors), a `.gguf` file, or a hub id.

        Args:
            dtype: of the weights, such as "bfloat16"; None = float32 on a CPU and for small models, otherwise
                bfloat16.
            device: such as "cuda"; None = the GPU if there is one.
            lora: rank of a new adapter. It alone is trained; the model's own weights stay (needs peft).
            adapter: folder of an adapter that was trained before, such as a checkpoint's `policy/`.
            settings: see `__init__`.

        Raises:
            ConfigError: this machine does not have the device, or no weights have the dtype.
            MissingError: there is no such file.
            InputError: it does not hold a chat model that transformers can read.
            UnavailableError: the model does not fit into memory, or cannot be run here.
        """
        place = choose(device)
        kind = getattr(torch, choice("dtype", dtype, DTYPES)) if isinstance(dtype, str) else dtype
        kind = kind or usual_dtype(place, weights_bytes(path))
        settings.setdefault("name", Path(path).stem)
        if lora is not None and adapter is not None:
            raise ConfigError(f"lora={lora} makes a new adapter, and adapter names one: give one of them")
        light = None
        if lora is None and adapter is None and settings.get("forward", "auto") == "auto":
            light = read_light(path, kind, place)
        model, tokenizer = light or read_model(path, kind, place)
        if adapter is not None:
            model = adapters.load(model, Path(adapter))
        elif lora is not None:
            model = adapters.fresh(model, lora)
        with one_line_about(path):
            policy = cls(model, tokenizer, **settings)
            policy._try_out()
        for note in policy.notes:
            warn_user(note)
        return policy

    @property
    def model(self) -> PreTrainedModel:
        if isinstance(self._model, LightLlama):
            self._model = self._model.whole()
            if isinstance(self._runner, LlamaForward):
                self._runner.take(self._model)
        return self._model

    @property
    def temperature(self) -> float:
        return self._engine.temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._engine.temperature = checked.temperature(value)

    @property
    def clock(self) -> str:
        """The day that the chat template is told, such as "2026-11-28"; "" if it does not ask."""
        return self._day if self._template.asks_the_day else ""

    @clock.setter
    def clock(self, day: str) -> None:
        if checked_day(day) != self._day:
            self._day = day
            self._read_template()

    @property
    def written(self) -> int:
        """Tokens that it sampled so far, those of turns that are under way too."""
        return self._engine.written

    def _read_template(self) -> None:
        """Tries out what the chat template does."""
        tokenizer = self.tokenizer
        source = tokenizer.get_chat_template()
        self._template = Template(source, tokenizer.special_tokens_map, self._day, self.name)
        self._chat = Chat(self._template)
        if self._chat.joins:
            self._template.close()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known of how its chat template treats messages."""
        system = "" if self._chat.system else "has no system role: system text begins the first user message"
        rewrites = (
            "changes earlier replies, such as those with thoughts: a turn after one reads all anew"
            if self._chat.rewrites
            else ""
        )
        return tuple(
            f"the chat template of {unquoted(self.name)} {note}" for note in (system, rewrites) if note
        )

    def submit(self, request: TurnRequest) -> None:
        try:
            continues, prompt, before = self._prompt(request)
        except RenderError as problem:
            self._unasked.append(lost(request, str(problem)))
            return
        window = min(request.window, self.window) if request.window else self.window
        self._running[request.key] = (continues, prompt, window)
        self._engine.submit(
            request.key,
            before + prompt,
            noise=request.noise,
            room=request.max_new_tokens,
            window=window,
        )

    def repeat(self, key: NodeKey, context: Sequence[int], ids: Sequence[int]) -> None:
        """Decodes a turn again whose ids are known; see `ReplayPolicy`."""
        self._running[key] = (True, [], self.window)
        self._engine.submit(key, context, noise=(), room=len(ids), window=len(context) + len(ids), given=ids)

    def tick(self) -> Sequence[TurnReply]:
        lost_turns, self._unasked = self._unasked, []
        with computing(self.threads):
            ended_turns = self._engine.tick()
        replies = [self._reply(ended) for ended in ended_turns]
        return (
            sorted([*lost_turns, *replies], key=lambda reply: key_order(reply.key)) if lost_turns else replies
        )

    def forget(self, key: NodeKey) -> None:
        self._engine.forget(key)
        self._running.pop(key, None)
        self._shown.pop(key, None)
        self._unasked = [reply for reply in self._unasked if reply.key != key]

    def clear_cache(self) -> None:
        """Drops everything computed with earlier weights."""
        self._engine.clear()

    def save(self, folder: str | Path) -> None:
        """Writes a folder that `load` and transformers can read: config, tokenizer, safetensors.

        If the model has an adapter, only the adapter is written: to load it, the model is needed as well.
        """
        with quiet():
            if hasattr(self.model, "peft_config"):
                adapters.save(self.model, Path(folder), self.name)
            else:
                self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)

    def _try_out(self) -> None:
        """Reads one message and writes one token: a model that cannot do so is refused when it is loaded."""
        ids = self._ids(self._chat.prompt([Message("user", "a")]))[:8]
        if not ids:
            raise InputError(
                f"policy {unquoted(self.name)}: its tokenizer makes no tokens of a message: it belongs to another model"
            )
        key: NodeKey = (0, ROOT)
        self._engine.submit(key, ids, noise=(0,), room=1, window=len(ids) + 1)
        self._engine.tick()
        self._engine.forget(key)
        self._engine.clear()

    def _prompt(self, request: TurnRequest) -> tuple[bool, list[int], list[int]]:
        """Three things: whether the turn continues its context, the ids it adds, and the ids before them."""
        before = self._before(request) if request.history else []
        shown = self._shown.pop(request.key, None)
        suffix, rendered = None, ""
        if before:
            said = conversation.whole(request.history, ())
            suffix, rendered = self._chat.suffix(shown, said, request.messages)
        if suffix is None:
            rendered = rendered or self._chat.prompt(conversation.whole(request.history, request.messages))
            prompt = list(self._ids(rendered))
            before = []
        else:
            prompt = list(self._ids(self._after_stop(before[-1], suffix)))
        if rendered and not self._chat.joins:
            self._shown[request.key] = rendered
        return bool(before), prompt, before

    def _before(self, request: TurnRequest) -> list[int]:
        known = self._engine.context(request.key)
        if known is not None:
            return list(known)
        return conversation.context_ids(request.history) if self._wrote(request.history) else []

    def _wrote(self, history: Sequence[Turn]) -> bool:
        """Whether the ids of these turns are what this model would have read and written.

        They are not if another model wrote them, a server, or a hand. The node is then read anew from its texts.
        """
        for turn in history:
            ids = tuple(turn.sampled_ids)
            if (
                not ids
                or max(*ids, *turn.prompt_ids) >= self._vocabulary
                or not turn.text.endswith(self._texts(ids))
            ):
                return False
        fresh = max(place for place, turn in enumerate(history) if place == 0 or not turn.continues)
        said = conversation.whole(history[:fresh], history[fresh].messages)
        return self._ids(self._chat.prompt(said)) == tuple(history[fresh].prompt_ids)

    def _after_stop(self, last: int, suffix: str) -> str:
        """The suffix without the end of a reply, if the model has written that end itself."""
        if last not in self._engine.stop_ids:
            return suffix
        end = self.tokenizer.decode([last])
        return suffix.removeprefix(end) if isinstance(end, str) and end else suffix

    def _reply(self, ended: Sampled) -> TurnReply:
        continues, prompt, window = self._running.pop(ended.key)
        error = ""
        if len(prompt) >= window and not continues:
            error = (
                f"its prompt takes {len(prompt):,} tokens and its context holds {window:,}: "
                f"{more_room(window, self.window, self._longest)}"
            )
        return TurnReply(
            key=ended.key,
            text=self._thoughts.opened(prompt) + self._texts(tuple(ended.ids)),
            stop=ended.stop,
            continues=continues,
            prompt_ids=array("i", prompt),
            sampled_ids=ended.ids,
            logprobs=ended.logprobs,
            entropies=ended.entropies,
            version=self.version,
            decode_steps=len(ended.ids),
            error=error,
        )

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of a whole conversation, as its chat template renders it."""
        return len(self._ids(self._chat.text(messages)))

    def _encode(self, text: str) -> tuple[int, ...]:
        # Lone surrogates have no UTF-8, so no tokenizer takes them.
        clean = text.encode("utf-8", "replace").decode("utf-8")
        ids = tuple(self.tokenizer.encode(clean, add_special_tokens=False))
        if max(ids, default=0) >= self._vocabulary:
            raise InputError(
                f"policy {unquoted(self.name)}: its tokenizer makes id {max(ids)} and the model knows "
                f"{self._vocabulary} tokens: they do not belong to one model"
            )
        return ids

    def _decode(self, ids: tuple[int, ...]) -> str:
        text = self.tokenizer.decode(
            self._thoughts.shown(ids),
            skip_special_tokens=not self._thoughts.special,
            clean_up_tokenization_spaces=False,
        )
        assert isinstance(text, str)
        return text
