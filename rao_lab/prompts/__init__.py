"""A node's state as messages, and what the model wrote as an action: prompts, found by name.

    >>> rl.prompts.find("terse").parse("finish('done')").code
    "finish('done')"

A dialect knows no environment, no policy and no sandbox. `codeact` is for chat models: prose and one Python
block a reply, and what the block printed comes back. `terse` is for the embedded tiny model: a reply is code and
nothing else, and what each call returned comes back in a few words. Both are code. The words for a chat model may
also be files: a folder of Jinja templates, of which some ship (`rl.prompts.list()`).
"""

from __future__ import annotations

from rao_lab.prompts.codeact import CodeAct
from rao_lab.prompts.find import CODE, SHIPPED, Prompt, chosen, find, made_for, of_record, recorded
from rao_lab.prompts.load import Listing, PromptDiff, diff, load
from rao_lab.prompts.load import listed as list
from rao_lab.prompts.template import VARIABLES, TemplateDialect
from rao_lab.prompts.terse import Terse
