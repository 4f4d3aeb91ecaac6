"""A group and the depths of a step in sentences. They are those of `widgets/src/group/words.js` (a test compares
them)."""

from __future__ import annotations

from collections.abc import Sequence

from rao_lab.base.words import counted, fixed
from rao_lab.credit import CreditConfig
from rao_lab.views.explorer.group_facts import DepthFact, GroupFact

_SMALL = (
    "none",
    *["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
)
_UNTRAINED = {
    1: "none is scored",
    2: "all were cancelled",
    3: "the rule trains roots alone, and none is scored",
    4: "no root is scored",
    5: "there is no other scored root to compare with",
    6: "the ids of their tokens are not recorded",
    7: "there is no scored sibling or other root to compare with",
    8: "the rule gives it no advantage",
}
"""Why no node of a group is trained, by the most frequent code of `WHY_NOT`."""
_PARTS = (
    (1 / 4, "a quarter"),
    (1 / 3, "a third"),
    (1 / 2, "half"),
    (2 / 3, "two thirds"),
    (3 / 4, "three quarters"),
)
_NEAR = 0.025
"""How far a share may be from a round part of the whole."""
_SAME = 0.07
"""How far apart two shares are that count as the same."""


def group_sentence(fact: GroupFact, config: CreditConfig) -> str:
    """What a group gave to the update, and if it gave nothing, why."""
    if fact.kind == "fork":
        return "Forks stand at their s: no step counts them, and they move no weights."
    if fact.kind == "probe":
        return "A probe: tried now and then, and never trained. Its trees stand at their s."
    if fact.kind == "coming":
        ended = _ended(fact.trees - fact.live, fact.trees)
        return f"{ended}. Roots stand at their s: there is no R without credit."
    if fact.kind == "untrained":
        return f"Not trained: {_UNTRAINED.get(fact.why, 'no node has an advantage')}."
    left = fact.trees - fact.known
    lost = (
        f" {_capital(_in_words(left))} of its roots {'is' if left == 1 else 'are'} not scored."
        if left
        else ""
    )
    return (_nothing(fact, config) if fact.kind == "nothing" else _taught(fact)) + lost


def list_sentence(facts: Sequence[GroupFact], scored: bool) -> str:
    """What the groups are whose roots scored alike, and how many taught nothing."""
    own = [fact for fact in facts if fact.kind not in ("fork", "probe")]
    if not scored or not own:
        return ""
    hollow = [fact for fact in own if fact.alike]
    none = [fact for fact in own if fact.kind in ("nothing", "untrained")]
    still = [fact for fact in hollow if fact.kind == "trained"]
    parts = []
    if still:
        some = "" if len(still) == len(hollow) else f"In {_in_words(len(still))} of {_in_words(len(hollow))} "
        below = "the nodes below differ" if some else "The nodes below them differ"
        other = f"{'the' if some else 'The'} rule compares with others"
        differ = other if any(fact.roots_moved for fact in still) else below
        so = "so the group is trained" if len(still) == 1 else "so these groups are trained"
        share = _percent(sum(fact.share for fact in still), 1)
        parts.append(f"{some}{differ}, {so} all the same ({share} of the update).")
    if none:
        groups = f"{_in_words(len(own))} {'group' if len(own) == 1 else 'groups'}"
        parts.append(f"{_capital(_in_words(len(none)))} of {groups} taught nothing: dotted.")
    probes = any(fact.alike for fact in facts if fact.kind in ("fork", "probe"))
    never = "" if hollow else " (probes, which are never trained)"
    begin = (
        f"Hollow: all roots scored alike{never}."
        if hollow or probes
        else "In no group all roots scored alike."
    )
    return " ".join([begin, *parts])


def depth_sentence(depths: Sequence[DepthFact], weighted: bool) -> str:
    """What weights of depth do to the update."""
    if not depths:
        return ""
    if not sum(row.share for row in depths) > 0:
        return "Every advantage is 0: these trees move no weights."
    if len(depths) == 1:
        return f"All trained nodes stand at depth {depths[0].depth}, so weights of depth change nothing."
    off = [row.other if weighted else row.share for row in depths]
    on = [row.share if weighted else row.other for row in depths]
    most = off.index(max(off))
    nodes = depths[most].nodes / sum(row.nodes for row in depths)
    begin = "Without weights," if weighted else "Weights are off:"
    takes = f"{begin} depth {depths[most].depth} takes {_part_of(off[most])} of the update"
    has = f"it has {_part_of(nodes)} of the nodes"
    first = f"{takes} because {has}." if abs(off[most] - nodes) < _SAME else f"{takes}; {has}."
    if max(on) - min(on) < _SAME:
        return f"{first} With them each depth {'counts' if weighted else 'would count'} about the same."
    top = on.index(max(on))
    take = "takes" if weighted else "would take"
    return f"{first} With them depth {depths[top].depth} {take} most, {_percent(on[top], 0)}."


def _ended(done: int, trees: int) -> str:
    if trees == 1:
        return f"Its one tree has {'' if done else 'not '}ended"
    if done == trees:
        return f"All {_in_words(trees)} trees have ended"
    return f"{_capital(_in_words(done))} of {_in_words(trees)} trees {'have' if done > 1 else 'has'} ended"


def _nothing(fact: GroupFact, config: CreditConfig) -> str:
    end = "every advantage is 0, and this group taught nothing."
    if not fact.alike:
        return _capital(end)
    rest = _below(config) if fact.nodes > fact.trees else "and none has children"
    every = " Every agent in it succeeded." if fact.scored and fact.won == fact.scored else ""
    none = " No agent in it succeeded." if fact.scored and fact.lost == fact.scored else ""
    return f"{_all_roots(fact)}, {rest}: {end}{every}{none}"


def _below(config: CreditConfig) -> str:
    """Why no node below roots that scored alike has an advantage."""
    if config.rule:
        return "and this rule gives every node 0"
    if config.baseline == "moving" and config.estimator == "rao":
        return "and no trained node differs from the mean of its depth"
    return {
        "root_only": "and this rule trains roots alone",
        "rao_root_adv": "and this rule gives every node the advantage of its root",
        "tree_relative": "and no trained node below them differs from its siblings",
    }.get(str(config.estimator), "and no trained node below them differs from that")


def _taught(fact: GroupFact) -> str:
    update = f"{_percent(fact.share, 1)} of the update"
    if fact.alike and not fact.roots_moved:
        more = f"{fact.moved} nodes below them have one and make"
        some = "one node below them has one and makes" if fact.moved == 1 else more
        return f"{_all_roots(fact)}, so no root has an advantage; {some} {update}."
    if fact.moved < fact.trained:
        return f"{fact.moved} of {counted(fact.trained, 'node')} have an advantage that is not 0: {update}."
    if fact.trained == 1:
        return f"Its one node makes {update}."
    return f"All {fact.trained} nodes have an advantage: {update}."


def _all_roots(fact: GroupFact) -> str:
    return (
        f"{'Both' if fact.known == 2 else f'All {_in_words(fact.known)}'} roots reach {fixed(fact.mean, 2)}"
    )


def _part_of(share: float) -> str:
    if share > 0.985:
        return "nearly all"
    return next((words for part, words in _PARTS if abs(share - part) < _NEAR), _percent(share, 0))


def _percent(share: float, places: int) -> str:
    return f"{share * 100:.{places}f} %"


def _in_words(number: int) -> str:
    return _SMALL[number] if number < len(_SMALL) else f"{number:,}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
