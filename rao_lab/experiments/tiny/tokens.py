"""The tokens of the embedded policy for TextCraft."""

from __future__ import annotations

from rao_lab.environments.textcraft.book import preset
from rao_lab.experiments.tiny.language import Language

NUMBERS = range(21)
"""Numbers that have tokens of their own. Tasks of the preset "small" never need larger ones."""
STEPS = 12
"""Turns given to a child. A child without slips needs 3."""
ITEMS = preset("small").vocabulary

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
"""What is read: the words of the dialect and of the world."""
STOPS = (LOOKED, STOCK, FINISH, GIVE_UP)
STOP_FORMS = (MADE, MADE_FINISH, SENT, SENT_LAST)


LANGUAGE = Language(ITEMS, CODE, WORDS, dict.fromkeys(NUMBER_FORMS, NUMBERS), STOPS, STOP_FORMS)
