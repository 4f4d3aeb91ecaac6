"""The credit of a step, one blob for each credit config."""

from __future__ import annotations

import sqlite3
from typing import Any

from rao_lab.credit import Attributions, CreditConfig
from rao_lab.store.cells import cells
from rao_lab.store.columns.bytes import Allowance, pack, unpack
from rao_lab.store.columns.credit import attributions_from_bytes, attributions_to_bytes
from rao_lab.store.rows.texts import TextIds, Texts, table


def insert_attributions(
    connection: sqlite3.Connection, texts: TextIds, step: int, attributions: Attributions, used: bool
) -> None:
    """`used`: the trainer multiplied by them."""
    config = texts.json(attributions.config.to_dict())
    connection.execute(
        "INSERT OR REPLACE INTO attributions VALUES (?, ?, ?, ?, ?)",
        (step, config, used, *pack(attributions_to_bytes(attributions))),
    )


def load_attributions(
    connection: sqlite3.Connection, step: int, config: CreditConfig | None
) -> tuple[Attributions | None, int]:
    """What the trainer multiplied by, or what was stored for a config; and how many are stored."""
    allowance = Allowance.of(connection)
    texts = Texts(connection, allowance)
    rows = connection.execute(
        "SELECT config, size, body FROM attributions WHERE step = ? ORDER BY used DESC, rowid", (step,)
    ).fetchall()
    for text_id, size, body in rows:
        cells("attributions", ("config",), [(text_id,)])
        stored = table(texts.plain(text_id), "a credit config")
        if config is None or _same(stored, config):
            raw = unpack(size, body, allowance, f"the credit of step {step}")
            return attributions_from_bytes(raw, stored), len(rows)
    return None, len(rows)


def _same(stored: dict[str, Any], config: CreditConfig) -> bool:
    """Whether a rule is the stored one; fields that are newer than the file have their usual values there."""
    usual = CreditConfig().to_dict()
    return {**usual, **stored} == config.to_dict()
