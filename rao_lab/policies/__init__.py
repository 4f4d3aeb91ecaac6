"""Who writes the turns: a model on this machine, a server, a rule, or a recording."""

from typing import TYPE_CHECKING

from rao_lab.base.lazy import face

if TYPE_CHECKING:
    from rao_lab.policies.endpoint import EndpointPolicy
    from rao_lab.policies.load import load_policy
    from rao_lab.policies.local.transformer import TransformerPolicy
    from rao_lab.policies.replay import ReplayPolicy
    from rao_lab.policies.scripted import ScriptedPolicy

__getattr__, __dir__, __all__ = face(__name__, __file__)
