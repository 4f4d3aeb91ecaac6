"""A small Llama model as its weights alone, until somebody needs the whole of it.

Importing transformers' model classes takes seconds, and `LlamaForward` needs none of them. So a small plain Llama
folder, such as that of the embedded policy, is read here. The model that transformers makes of it is built from the
same weights when it is first asked for: to be trained, or to be saved. A folder with anything unusual in it is left to
`folder.py`, which also says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rao_lab.base.early import THEN, wait_until_loaded
from rao_lab.base.safe_text import unquoted
from rao_lab.base.threads import SMALL_BYTES
from rao_lab.policies.local.folder import (
    ONE_AT_A_TIME,
    check_chat,
    one_line_about,
    quiet,
    read_object,
    source_of,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PLAIN = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
    "tie_word_embeddings": True,
    "attention_dropout": 0.0,
}
"""What a config must say."""
SIZES = (
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
    *("num_key_value_heads", "head_dim", "max_position_embeddings"),
)
"""Whole numbers that it must name."""
MAY = {
    *(
        "bos_token_id",
        "eos_token_id",
        "pad_token_id",
        "dtype",
        "initializer_range",
        "pretraining_tp",
        "rao_lab",
    ),
    *("rms_norm_eps", "rope_parameters", "transformers_version", "use_cache"),
}
"""What else it may name without being unusual."""
TOKENIZERS = ("TokenizersBackend", "PreTrainedTokenizerFast")
FILES = ("config.json", "generation_config.json", "tokenizer_config.json")


class _Config(SimpleNamespace):
    def get_text_config(self, decoder: bool) -> _Config:
        return self


class LightLlama:
    """The weights, named as in transformers' `LlamaForCausalLM`, with what `LlamaForward` asks a model for."""

    def __init__(
        self, raw: Mapping[str, Any], generation: Mapping[str, Any], tensors: Mapping[str, Tensor]
    ) -> None:
        self._raw, self._generation, self._tensors = dict(raw), dict(generation), tensors
        self._whole: PreTrainedModel | None = None
        self.config = _Config(**raw)
        self.generation_config = SimpleNamespace(**{"eos_token_id": None, **generation})
        layers = [
            SimpleNamespace(
                self_attn=SimpleNamespace(
                    **{f"{one}_proj": self._linear(n, f"self_attn.{one}") for one in "qkvo"}
                ),
                mlp=SimpleNamespace(
                    **{f"{one}_proj": self._linear(n, f"mlp.{one}") for one in ("gate", "up", "down")}
                ),
                input_layernorm=SimpleNamespace(weight=tensors[f"model.layers.{n}.input_layernorm.weight"]),
                post_attention_layernorm=SimpleNamespace(
                    weight=tensors[f"model.layers.{n}.post_attention_layernorm.weight"]
                ),
            )
            for n in range(raw["num_hidden_layers"])
        ]
        embeddings = tensors["model.embed_tokens.weight"]
        self.lm_head = SimpleNamespace(weight=embeddings)
        self.model = SimpleNamespace(
            embed_tokens=SimpleNamespace(weight=embeddings, num_embeddings=len(embeddings)),
            norm=SimpleNamespace(weight=tensors["model.norm.weight"]),
            layers=layers,
            rotary_emb=self._rotations,
        )
        self.device, self.dtype = embeddings.device, embeddings.dtype

    def _linear(self, layer: int, name: str) -> torch.nn.Linear:
        weight = self._tensors[f"model.layers.{layer}.{name}_proj.weight"]
        found = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
        found.weight = torch.nn.Parameter(weight, requires_grad=False)
        return found

    def eval(self) -> LightLlama:
        return self

    def parameters(self) -> Iterator[Tensor]:
        return iter(self._tensors.values())

    def get_input_embeddings(self) -> SimpleNamespace:
        found: SimpleNamespace = self.model.embed_tokens
        return found

    def _rotations(self, like: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin, [B, L, size], of positions [B, L]; as transformers computes its default kind."""
        size, base = self.config.head_dim, self.config.rope_parameters["rope_theta"]
        steps = torch.arange(0, size, 2, dtype=torch.float, device=like.device)
        angles = positions[..., None].float() * (1.0 / base ** (steps / size))
        both = torch.cat((angles, angles), dim=-1)
        return both.cos().to(like.dtype), both.sin().to(like.dtype)

    def whole(self) -> PreTrainedModel:
        """The model that transformers makes of this config, with these weights; always the same one."""
        wait_until_loaded(THEN)
        from transformers import AutoModelForCausalLM, GenerationConfig, LlamaConfig

        with ONE_AT_A_TIME, quiet(), torch.random.fork_rng(devices=[]):
            if self._whole is None:
                found = AutoModelForCausalLM.from_config(
                    LlamaConfig.from_dict(self._raw), dtype=self.dtype, attn_implementation="sdpa"
                )
                found.load_state_dict(self._tensors, strict=False)  # the head is the embeddings
                if self._generation:
                    found.generation_config = GenerationConfig.from_dict(self._generation)
                self._whole = found.to(self.device).eval()
        return self._whole


def read_light(
    path: str | Path, dtype: torch.dtype, device: torch.device
) -> tuple[LightLlama, PreTrainedTokenizerBase] | None:
    """The weights and the tokenizer of a small plain Llama folder; None if it is something else.

    Raises:
        MissingError: there is no such file or folder.
        InputError: it is no model, or its tokenizer cannot be used.
    """
    folder, said = Path(path), unquoted(path)
    source_of(path)  # bounds what the config says
    if not folder.is_dir():
        return None
    raw, generation, of_tokenizer = (
        read_object(folder / name, said) if (folder / name).is_file() else {} for name in FILES
    )
    weights = [*folder.glob("*.safetensors")]
    if (
        not _is_plain(raw)
        or [file.name for file in weights] != ["model.safetensors"]
        or weights[0].stat().st_size > SMALL_BYTES
        or of_tokenizer.get("tokenizer_class") not in TOKENIZERS
        or "auto_map" in of_tokenizer
    ):
        return None
    with one_line_about(path):
        tensors = _tensors(weights[0], raw)
        if tensors is None:
            return None
        from transformers import PreTrainedTokenizerFast

        with ONE_AT_A_TIME, quiet():
            tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
        check_chat(tokenizer, path)
        # Weights mapped from a file lie at any address, and the last bit of a product depends on that.
        placed = {name: each.to(device, dtype).clone() for name, each in tensors.items()}
    return LightLlama(raw, generation, placed), tokenizer


def _is_plain(raw: Mapping[str, Any]) -> bool:
    rotation = raw.get("rope_parameters")
    return (
        all(raw.get(name) == value for name, value in PLAIN.items())
        and all(type(raw.get(name)) is int and raw[name] > 0 for name in SIZES)
        and type(raw.get("rms_norm_eps")) is float
        and isinstance(rotation, dict)
        and rotation.keys() == {"rope_theta", "rope_type"}
        and rotation["rope_type"] == "default"
        and type(rotation["rope_theta"]) is float
        and raw["num_attention_heads"] % raw["num_key_value_heads"] == 0
        and raw.keys() <= {*PLAIN, *SIZES, *MAY}
    )


def _tensors(file: Path, raw: Mapping[str, Any]) -> dict[str, Tensor] | None:
    """The weights, if the file holds exactly those that the config describes."""
    from safetensors.torch import load_file

    wide, inner, size = raw["hidden_size"], raw["intermediate_size"], raw["head_dim"]
    queries, shared = raw["num_attention_heads"] * size, raw["num_key_value_heads"] * size
    layer = {
        "self_attn.q_proj": (queries, wide),
        "self_attn.k_proj": (shared, wide),
        "self_attn.v_proj": (shared, wide),
        "self_attn.o_proj": (wide, queries),
        "mlp.gate_proj": (inner, wide),
        "mlp.up_proj": (inner, wide),
        "mlp.down_proj": (wide, inner),
        "input_layernorm": (wide,),
        "post_attention_layernorm": (wide,),
    }
    expected = {"model.embed_tokens.weight": (raw["vocab_size"], wide), "model.norm.weight": (wide,)}
    for number in range(raw["num_hidden_layers"]):
        expected |= {f"model.layers.{number}.{name}.weight": shape for name, shape in layer.items()}
    found = load_file(file)
    fits = {name: tuple(each.shape) for name, each in found.items()} == expected
    return found if fits and all(each.is_floating_point() for each in found.values()) else None
