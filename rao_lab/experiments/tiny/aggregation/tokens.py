"""The tokens of the embedded policy for aggregation.

Each number has ten forms, with what surrounds it, so that `read(8, 16)` is three tokens and `finish(3 + 5)` is three
as well. Python adds: an agent that reads on keeps what it has counted so far in `n`.
"""

from __future__ import annotations

from rao_lab.environments.aggregation.small import KINDS, WORDS
from rao_lab.environments.aggregation.words import REFUSALS
from rao_lab.experiments.tiny.language import Language
from rao_lab.prompts.terse import words as dialect_words

SLICE = 8
"""Lines of one `read`. Spans begin and end at multiples of it."""
LONGEST = 256
"""Lines of the longest context."""
PLACES = range(0, LONGEST + 1, SLICE)
COUNTS = range(129)
"""Numbers that have tokens: no half of a context needs a larger one, and of wholes Python makes the sum."""

READ = "read("
LENGTH = "length()\n"
LAUNCH = "await launch_subagent("
GATHER = "import asyncio\nawait asyncio.gather(launch_subagent("
FINISH = "finish("
GIVE_UP = 'finish("failed")\n'

LINES = " #\n"
SAID = "#\n"
START = "#, "
END = "#)\n"
END_MORE = "#), launch_subagent("
END_LAST = "#))\n"
ADDED = "# + "
SO_FAR = "n = #\n"
MORE = "n += #\n"
TOTAL = "finish(n + #)\n"

CODE = (READ, LENGTH, LAUNCH, GATHER, FINISH, GIVE_UP)
LANGUAGE = Language(
    names=(*KINDS, *WORDS, *(f" {word}" for word in WORDS)),
    code=CODE,
    words=(*dialect_words(), *(f"no: {word}\n" for _, word in REFUSALS)),
    forms={
        LINES: PLACES,
        SAID: sorted({*COUNTS, *PLACES}),
        START: PLACES,
        END: sorted({*COUNTS, *PLACES}),
        END_MORE: PLACES,
        END_LAST: PLACES,
        ADDED: COUNTS,
        SO_FAR: range(SLICE + 1),
        MORE: range(SLICE + 1),
        TOTAL: range(SLICE + 1),
    },
    stops=(LENGTH, GIVE_UP),
    stop_forms=(END, END_LAST, TOTAL),
    alike=[(kind, *words, *(f" {word}" for word in words)) for kind, words in KINDS.items()],
)
