"""The tokens of the embedded policy: pieces of the Python that the sandbox runs, and words of its dialect.

Text is cut into as few tokens as possible, by a unigram model with one score for all. So the text of an
action gives back the tokens that were sampled. Text without a token is spelt in bytes. A turn ends with any
token whose text ends a line of code, so that no step is spent on an end token.
"""

from __future__ import annotations

from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from rao_lab.environments.textcraft.book import preset

NUMBERS = range(21)
"""Numbers that have tokens of their own. Tasks of the preset "small" never need larger ones."""
STEPS = 12
"""Turns given to a child. A child without slips needs 3."""
ITEMS = preset("small").vocabulary
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"

LOOK = 'get_info(["'
LOOKED = '"])\n'
ALSO = '", "'
CRAFT = 'craft({"'
LAUNCH = 'await launch_subagent({"'
GATHER = 'import asyncio\nawait asyncio.gather(launch_subagent({"'
STOCK = "view_inventory()\n"
FINISH = 'finish("done")\n'
GIVE_UP = 'finish("failed")\n'

NEED = " #"
HAVE = " (#) "
ENTRY = '": #, "'
OF = '": #}, ("'
MADE = '", #))\n'
MADE_FINISH = '", #))\nfinish("done")\n'
SENT = f'": #}}, {STEPS})\n'
SENT_MORE = f'": #}}, {STEPS}), launch_subagent({{"'
SENT_LAST = f'": #}}, {STEPS}))\n'

CODE = (LOOK, LOOKED, ALSO, CRAFT, LAUNCH, GATHER, STOCK, FINISH, GIVE_UP)
NUMBER_FORMS = (NEED, HAVE, ENTRY, OF, MADE, MADE_FINISH, SENT, SENT_MORE, SENT_LAST)
"""The forms of a number: in observations, then in code, with what surrounds it."""
WORDS = (
    *("team ", "solo ", ", ", " = ", " by", " base\n", "made\n", "done\n", "nothing\n", "empty\n", "cut\n"),
    *("\n", " ", "no: missing ", "no\n", "failed\n", "error\n"),
    *("no: agents\n", "no: await\n", "no: base\n", "no: children\n", "no: deep\n", "no: multiple\n"),
    *("no: own\n", "no: recipe\n", "no: turns\n", "no: unknown\n"),
    *("failed: context\n", "failed: budget\n", "failed: turns\n", "failed: time\n", "failed: cancelled\n"),
    *("failed: lost\n", "SyntaxError\n", "NameError\n", "TypeError\n", "ValueError\n", "KeyError\n"),
    *("IndexError\n", "AttributeError\n", "RuntimeError\n", "ZeroDivisionError\n", "TimeoutError\n"),
    "MemoryError\n",
)
"""What is read: the words of the dialect and of the world. A token's place is its id, so they keep their order."""
STOPS = (LOOKED, STOCK, FINISH, GIVE_UP)
STOP_FORMS = (MADE, MADE_FINISH, SENT, SENT_LAST)


def write(form: str, number: int) -> str:
    """The text of a number in one of `NUMBER_FORMS`."""
    return form.replace("#", str(number))


def vocabulary() -> list[str]:
    """The text of every token, in the order of their ids."""
    fixed = dict.fromkeys((*CODE, *WORDS))
    numbers = [write(form, number) for form in NUMBER_FORMS for number in NUMBERS]
    return ["<pad>", "<unk>", *ITEMS, *fixed, *numbers, *(f"<0x{byte:02X}>" for byte in range(256))]


def stop_texts() -> list[str]:
    """The texts of the tokens that end a turn."""
    return [*STOPS, *(write(form, number) for form in STOP_FORMS for number in NUMBERS)]


def build() -> PreTrainedTokenizerFast:
    """The tokenizer, with its chat template."""
    scored = [(text, -9.0 if text.startswith("<0x") else -1.0) for text in vocabulary()]
    core = Tokenizer(models.Unigram(scored, unk_id=1, byte_fallback=True))
    core.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", unk_token="<unk>")
    tokenizer.chat_template = TEMPLATE
    return tokenizer
