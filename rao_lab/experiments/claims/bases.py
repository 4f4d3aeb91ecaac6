"""The base policies that the arms start from; those that are not bundled are made once, into the cache.

    python -m rao_lab.experiments.claims.bases wide eager

Each takes about ten minutes on one core. A folder in the cache is named after its recipe, so a changed recipe makes
another. `checksum` tells which weights these are: on another machine, or with other versions, the same recipe may
give others.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from rao_lab.base.bundled import EMBEDDED, data_path
from rao_lab.base.checks import choice
from rao_lab.errors import RaoLabError, UnavailableError
from rao_lab.policies.fetch import cache_folder

KNOWN = (*EMBEDDED, "wide", "eager")


def base(name: str, say: Callable[[str], object] | None = None) -> Path:
    """The folder of a base, for `rl.load_policy`. The first time it is made: make it before processes start that need
    it, since each would make it for itself.

    Args:
        say: told a line every fifty steps while it is made; by default they go to the standard error.

    Raises:
        ConfigError: there is no such base.
        UnavailableError: the cache folder cannot be written.
    """
    if choice("base", name, KNOWN) in EMBEDDED:
        return data_path(EMBEDDED[name])
    from rao_lab.experiments.tiny.make import BASES, RECORD, make  # torch

    recipe = BASES[name]
    digest = sha256(json.dumps(recipe.recipe, sort_keys=True).encode()).hexdigest()[:10]
    folder = cache_folder() / f"{name}-{digest}"
    if (folder / RECORD).is_file():
        return folder
    say = say or (lambda line: sys.stderr.write(f"making {name}: {line}\n"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder.parent) as scratch:
            made = Path(scratch) / name
            make(recipe, made, f"python -m rao_lab.experiments.claims.bases {name}", say)
            if not (folder / RECORD).is_file():  # unless another process was faster
                made.rename(folder)
    except OSError as error:
        raise UnavailableError(
            f"the base {name} cannot be written to the cache folder ({error.strerror or error}): "
            "RAO_LAB_CACHE names another folder"
        ) from None
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    from rao_lab.experiments.tiny.make import checksum

    for name in sys.argv[1:] if arguments is None else arguments:
        folder = base(name)
        sys.stdout.write(f"{name}: {folder}, weights {checksum(folder)}\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RaoLabError as error:
        sys.exit(str(error))
