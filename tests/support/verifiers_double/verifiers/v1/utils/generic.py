"""What a class was made generic with."""

from typing import Any


def concrete(cls: type, base: type) -> Any:
    kinds = getattr(cls, "_kinds", ())
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, base)), base)
