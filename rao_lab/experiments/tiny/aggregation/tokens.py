"""The tokens of the embedded policy for aggregation.

Each number has eleven forms, with what surrounds it, so that `read(8, 16)` is three tokens. Python adds: an agent that
reads on keeps what it has counted so far in `n`, and one that hands parts on finishes with the sum of what comes back.
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
COUNTS = range(SLICE + 1)
"""What one slice may hold."""
SAID = range(LONGEST // 2 + 1)
"""What a helper may say: no half of a context holds more."""

READ = "read("
LENGTH = "length()\n"
GATHER = "import asyncio\nfinish(sum(await asyncio.gather(launch_subagent("
ONE_BY_ONE = "finish(await launch_subagent("
FINISH = "finish("
GIVE_UP = 'finish("failed")\n'

LINES = " #\n"
ANSWER = "#\n"
START = "#, "
END = "#)\n"
SO_FAR = "n = #\n"
MORE = "n += #\n"
TOTAL = "finish(n + #)\n"
AND = "#), launch_subagent("
TOGETHER = "#))))\n"
THEN = "#) + await launch_subagent("
ALONE = "#))\n"

CODE = (READ, LENGTH, GATHER, ONE_BY_ONE, FINISH, GIVE_UP)
LANGUAGE = Language(
    names=(*KINDS, *WORDS, *(f" {word}" for word in WORDS)),
    code=CODE,
    words=(*dialect_words(), *(f"no: {word}\n" for _, word in REFUSALS)),
    forms={
        LINES: PLACES,
        ANSWER: sorted({*SAID, *PLACES}),
        START: PLACES,
        END: sorted({*COUNTS, *PLACES}),
        **dict.fromkeys((SO_FAR, MORE, TOTAL), COUNTS),
        **dict.fromkeys((AND, TOGETHER, THEN, ALONE), PLACES),
    },
    stops=(LENGTH, GIVE_UP),
    stop_forms=(END, TOTAL, TOGETHER, ALONE),
    alike=[(kind, *words, *(f" {word}" for word in words)) for kind, words in KINDS.items()],
)
