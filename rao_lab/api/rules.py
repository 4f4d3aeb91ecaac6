"""Credit by another rule of what a run recorded: the means of a moving baseline."""

from __future__ import annotations

from rao_lab.api.find import credited_steps
from rao_lab.base.words import counted
from rao_lab.credit import Attributions, CreditConfig, attribute_table
from rao_lab.credit.moving import NO_MEANS, carried
from rao_lab.credit.table import Floats
from rao_lab.errors import MissingError
from rao_lab.store import Run


def means_before(run: Run, step: int, config: CreditConfig) -> Floats | None:
    """The means that a moving baseline has before a step: as recorded, or counted from the steps before. None if the
    rule has no moving baseline.

    Raises:
        MissingError, RunFileError: a step before it is not there, cannot be read, or lacks trees.
    """
    if config.baseline != "moving":
        return None
    recorded = _recorded(run, step)
    if recorded is not None and recorded.moving is not None and _same_means(recorded.config, config):
        return recorded.moving
    known = [before for before in credited_steps(run) if before < step]
    if lost := sorted(set(range(1, step)) - set(known)):
        raise MissingError(
            f"a moving baseline at step {step} needs every step before it, and {run.path.name} holds no credit of "
            f"{counted(len(lost), 'step')}, the first is step {lost[0]}"
        )
    means = NO_MEANS
    for before in known:
        means = _after(run, before, config, means)
    return means


def _recorded(run: Run, step: int) -> Attributions | None:
    try:
        return run.attributions(step)
    except MissingError:
        return None


def _same_means(one: CreditConfig, other: CreditConfig) -> bool:
    """Whether both rules have the same returns and follow them alike."""
    return all(getattr(one, name) == getattr(other, name) for name in ("lam", "bonus", "cap", "kept"))


def _after(run: Run, step: int, config: CreditConfig, means: Floats) -> Floats:
    table = run.node_table(step).credit_table()
    returns = attribute_table(table, CreditConfig(config.lam, config.bonus, config.cap, baseline="none")).R
    return carried(config, means, table, returns)
