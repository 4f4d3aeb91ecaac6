"""Calls of the public face: only what does not fit a signature becomes one line."""

from __future__ import annotations

import pytest

from rao_lab.base.calls import checked_call, nearest
from rao_lab.errors import ConfigError


@checked_call
def halved(number: int, *, whole: bool = False) -> float:
    return number // 2 if whole else number / 2


def test_a_call_that_fits_is_made_and_one_that_does_not_names_the_nearest_argument() -> None:
    assert halved(3, whole=True) == 1
    with pytest.raises(ConfigError, match="did you mean 'whole'"):
        halved(3, whol=True)  # type: ignore[call-arg]


class Made:
    @classmethod
    @checked_call
    def of(cls, number: int, whole: bool = False) -> float:
        return halved(number, whole=whole)


def test_a_class_method_says_what_it_takes() -> None:
    assert Made.of(3, whole=True) == 1
    with pytest.raises(ConfigError, match="of has no argument 'whol': did you mean 'whole'"):
        Made.of(3, whol=True)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="of needs number: it takes number, whole"):
        Made.of()  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="of takes number, whole in this order"):
        Made.of(1, True, 3)  # type: ignore[call-arg]


def test_only_a_near_name_is_offered() -> None:
    assert nearest("colour", ["lora", "base"]) is None
    assert nearest("env", ["prompts", "environment"]) == "environment"
    assert nearest("colum", ["column", "at_once"]) == "column"


def test_a_type_error_of_what_was_called_is_raised_as_it_is() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        halved("3")  # type: ignore[arg-type]
