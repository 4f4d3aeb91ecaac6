"""Writes sentences.json: `python -m tests.golden.make_sentences`. Its format is described in README.md beside it."""

from __future__ import annotations

import json
from typing import Any

from rao_lab.credit import attribute_table
from rao_lab.credit.words import sentence
from tests.golden.make import HERE, batches, means

SENTENCES = HERE / "sentences.json"
EVERY = 13
"""Of the cases of a batch; the others differ in numbers alone."""


def golden() -> dict[str, Any]:
    """The sentences of some cases of `credit.json`, each once."""
    texts: dict[str, int] = {}
    cases = []
    for batch, (grown, configs) in enumerate(batches()):
        table = grown.table()
        for place in range(0, len(configs), EVERY if len(configs) > EVERY else 1):
            config = configs[place]
            share_by: Any = ("token", "node")[place % 2]
            found = attribute_table(table, config, share_by, moving=means(config, place))
            said = [texts.setdefault(sentence(found, row), len(texts)) for row in range(len(table))]
            cases.append({"batch": batch, "case": place, "said": said})
    return {"texts": list(texts), "cases": cases}


def written(value: dict[str, Any]) -> str:
    return (
        json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace('{"batch"', '\n{"batch"') + "\n"
    )


if __name__ == "__main__":
    SENTENCES.write_text(written(golden()), encoding="utf-8")
