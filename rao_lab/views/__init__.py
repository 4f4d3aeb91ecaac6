"""To look at what happened: the Explorer, figures, boards for a terminal."""

from typing import TYPE_CHECKING

from rao_lab.base.lazy import face

if TYPE_CHECKING:
    from rao_lab.views import figures
    from rao_lab.views.explorer.widget import Explorer, save_run
    from rao_lab.views.per_token.find import launches, tokens

__getattr__, __dir__, __all__ = face(__name__, __file__)
