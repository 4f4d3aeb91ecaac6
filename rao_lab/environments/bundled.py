"""The bundled worlds: name -> where its class lies. It imports nothing, so that the help of commands can list them."""

BUNDLED = {
    "textcraft": "rao_lab.environments.textcraft:TextCraft",
    "aggregation": "rao_lab.environments.aggregation:Aggregation",
    "arithmetic": "rao_lab.environments.arithmetic:Arithmetic",
    "mail": "rao_lab.environments.mail:Mail",
    "research": "rao_lab.environments.research:Research",
}
USUAL = "textcraft"
"""The world of who names none."""
VERIFIERS = "verifiers:"
"""verifiers:NAME is an environment of the library `verifiers`."""
