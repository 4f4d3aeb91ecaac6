"""A judge from a policy and a rubric, and how far it agrees with the verifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from rao_lab.api.find import find_trees
from rao_lab.api.given import check_policy, what
from rao_lab.base.calls import checked_call, unknown_field
from rao_lab.base.checks import flag, number, whole
from rao_lab.base.safe_text import quoted, unquoted
from rao_lab.base.words import counted
from rao_lab.errors import ConfigError, InputError, MissingError, UnavailableError
from rao_lab.evaluation import agreement as agreeing
from rao_lab.evaluation.agreement import Agreement
from rao_lab.evaluation.evaluate import Evaluation
from rao_lab.execution.judge.judge import COLDEST, MOST_CHARS, ROOT_PROXY, SETTINGS, PolicyJudge
from rao_lab.execution.judge.verdict import MOST_RUBRIC
from rao_lab.execution.scoring import RootProxy
from rao_lab.policies.load import PolicySettings, load_policy
from rao_lab.policies.own import is_own, own_object
from rao_lab.policies.prices import cost_of
from rao_lab.policies.scripted import ScriptedPolicy
from rao_lab.protocols import Judge, Policy
from rao_lab.store import Run
from rao_lab.training.metrics import TrainStep
from rao_lab.tree import Group, Tree
from rao_lab.views.progress import in_notebook

MOST_NAME = 255
"""Characters of what may be the name of a folder."""
ENDINGS = (".txt", ".md")
"""A text of one line that ends so names a file."""


@checked_call
def judge(
    policy: str | Policy,
    rubric: str | Path | None = None,
    *,
    graded: bool | None = None,
    temperature: float = 0.0,
    max_new_tokens: int = 400,
    max_chars: int = MOST_CHARS,
    seconds: float = 3600.0,
    check: int = 0,
    cache: str | Path | None = None,
    **settings: Unpack[PolicySettings],
) -> Judge:
    """A judge that asks a policy: it reads what a node did, and a rubric, and gives a verdict.

        >>> strict = rl.judge("http://127.0.0.1:8080/v1#model", rubric="Every name in the answer was looked up.")
        >>> strict
        <judge endpoint#model: Every name in the answer was looked up.>

    It is passed as `judge=` to `rl.run`, `rl.evaluate`, `rl.train` and the rest, and scores nodes that no verifier
    scores. The policy reads the node's goal, its turns, what its helpers returned and what it returned itself. The
    last line of its reply must be `VERDICT: 1` or `VERDICT: 0`. For any other reply it is asked once more and told
    what was wrong; after that the node is not scored, with status `error` and the reason.

    Equal content is asked about once. A verdict of a local model is reproducible; of a server it is not, and trees
    are marked.

    Args:
        policy: a name as `rl.load_policy` takes it, a policy, or "root": each node takes its root's success.
        rubric: what a success is, in words, or a file of them (.txt or .md); by default whether the goal was reached.
        graded: verdicts are numbers from 0 to 1. None = if the rubric begins with the word "Graded".
        temperature: of sampling verdicts; 0 = always the likeliest token.
        max_new_tokens: of a reply.
        max_chars: of a transcript, about; the middle of a longer one is left out. A model's window may bound it more.
        seconds: that a reply may take, as a safety net. They are looked at between decode steps: a server has a
            `timeout` of its own, and a policy of your own whose `tick` does not return is waited for.
        check: nodes that the world verified and that the judge judges, too, after each step of training. The step's
            metrics and the board then say how far the two agree; the credit stays as it is.
        cache: a file that keeps verdicts for other runs.
        settings: of the policy that is named, as in `rl.load_policy`: api_key_env, concurrency, prices, device, ...

    Raises:
        ConfigError: a setting that means nothing, or a policy that cannot judge.
        MissingError: no such policy or file. InputError: the file is no text, or no cache.
    """
    for name in settings.keys() - PolicySettings.__annotations__.keys():
        raise ConfigError(
            unknown_field(
                "judge", name, ["rubric", *SETTINGS, *PolicySettings.__annotations__], noun="argument"
            )
        )
    if policy == ROOT_PROXY:
        return _root(rubric, cache, settings)
    if isinstance(policy, str) and is_own(policy) and hasattr(own := own_object(policy, "judge"), "score"):
        if rubric is not None or settings:
            raise ConfigError(f"{unquoted(policy)} is a judge already: it takes no rubric and no setting")
        return own
    number("temperature", temperature, most=100.0)
    whole("max_new_tokens", max_new_tokens, least=8, most=100_000)
    whole("max_chars", max_chars, least=500, most=10_000_000)
    number("seconds", seconds, least=0.01, most=1e6)
    whole("check", check, least=0)
    if graded is not None:
        flag("graded", graded)
    words = read_rubric(rubric)
    if isinstance(policy, str):
        asked: Policy = load_policy(policy, temperature=temperature or None, **settings)
    elif settings:
        raise ConfigError(
            f"{next(iter(settings))} belongs to a policy that is named: this one is loaded already"
        )
    else:
        asked = policy
    check_policy(asked, "rl.judge(policy, rubric)")
    if isinstance(asked, ScriptedPolicy):
        raise ConfigError(
            "the scripted policy plays worlds by rule and cannot judge: give a chat model or a server"
        )
    prices = getattr(asked, "prices", None)
    return PolicyJudge(
        asked,
        words,
        graded=graded,
        temperature=temperature,
        max_new_tokens=max_new_tokens,
        max_chars=max_chars,
        seconds=seconds,
        check=check,
        cache=cache,
        cost=partial(cost_of, prices=prices) if prices else None,
    )


def judge_again(
    policy: str, rubric: str | Path | None, settings: Mapping[str, Any], recorded: Mapping[str, Any]
) -> Judge:
    """As `judge`, for a run that goes on: what is not given is as the run file says that it was."""
    if policy == ROOT_PROXY or (is_own(policy) and hasattr(own_object(policy, "judge"), "score")):
        return judge(policy, rubric, **settings)
    known = {name: recorded[name] for name in SETTINGS if name in recorded}
    if known.get("temperature") == COLDEST:
        known["temperature"] = 0.0
    words = recorded.get("rubric")
    if rubric is None and isinstance(words, str) and not _names_file(words):
        rubric = words
    return judge(policy, rubric, **{**known, **settings})


def _root(rubric: object, cache: object, settings: object) -> Judge:
    if rubric is not None or cache is not None or settings:
        raise ConfigError('judge("root") asks nobody: it takes no rubric, no cache and no setting')
    return RootProxy()


def read_rubric(given: str | Path | None) -> str | None:
    """The rubric's words, of a file if one is named.

    Raises:
        MissingError: no such file. InputError: it is no text, empty, or too long. UnavailableError: it cannot be read.
    """
    if given is None:
        return None
    if isinstance(given, (str, Path)) and _is_folder(str(given).strip()):
        raise InputError(
            f"the rubric {unquoted(given)} is a folder: name a file in it, or write the rubric in words"
        )
    words = given
    if named := isinstance(given, Path) or (isinstance(given, str) and _names_file(given)):
        words = _read(Path(str(given).strip()))
    if not isinstance(words, str) or not words.strip():
        said = f"the rubric {unquoted(given)} is empty" if named else f"rubric={quoted(given)} says nothing"
        raise InputError(f"{said}: write in words what a success is, or name a file")
    if len(words) > MOST_RUBRIC:
        raise InputError(f"the rubric has {len(words):,} characters: {MOST_RUBRIC:,} are the most")
    return words


def _names_file(words: str) -> bool:
    return "\n" not in words and words.strip().lower().endswith(ENDINGS)


def _is_folder(words: str) -> bool:
    return 0 < len(words) <= MOST_NAME and "\n" not in words and Path(words).is_dir()


def _read(path: Path) -> str:
    name = unquoted(path)
    if not path.is_file():
        raise MissingError(f"there is no rubric {name}: check the path")
    try:
        with path.open("rb") as stream:
            return stream.read(4 * MOST_RUBRIC + 4).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"the rubric {name} is no UTF-8 text: save the file as UTF-8") from None
    except OSError as problem:
        raise UnavailableError(f"the rubric {name} cannot be read: {problem.strerror}") from None


Judged = Run | TrainStep | Evaluation | Group | Tree | Sequence[Any]


@checked_call
def agreement(
    given: Judged,
    judge: Judge,
    nodes: int | None = 200,
    *,
    step: int | None = None,
    probes: bool = False,
    seed: int = 0,
) -> Agreement:
    """How far a judge agrees with the verifier: the judge is asked of nodes that have the verifier's word.

        >>> class Kind:
        ...     def score(self, tree: rl.Tree, path: str) -> rl.Score:
        ...         return rl.Score(1.0)
        >>> found = rl.agreement(tree, Kind())
        >>> found.overall.agreement, found.overall.kappa
        (1.0, None)

    `print(found)` and a cell of a notebook show the confusion matrix, overall, by depth and by the length of the
    transcript, with the share of nodes that both say the same of, Cohen's kappa and the balanced accuracy. A success
    of at least 0.5 counts as a yes. Nothing that is recorded changes.

    Args:
        given: a run, a step of training, an evaluation, groups or trees.
        judge: as `rl.judge` makes it, or one of your own.
        nodes: so many of the verified nodes at most, drawn by the seed; None = all.
        step: of a run; None = the newest that has trees.
        probes: of a run or a step of training, the probe trees are counted, too.

    Raises:
        InputError: none of the nodes was verified.
        ConfigError: this is nothing that has trees, or no judge.
        MissingError: the run has no such step, or no trees in it.
    """
    if isinstance(judge, type) or not callable(getattr(judge, "score", None)):
        raise ConfigError(f"judge is {what(judge)}: a judge is an object with a method score(tree, path)")
    if nodes is not None:
        whole("nodes", nodes, least=1)
    if step is not None and not isinstance(given, Run):
        raise ConfigError(f"step={quoted(step)} has a meaning only for a run")
    trees = [*_trees(given, step)]
    left_out = 0
    if not flag("probes", probes) and isinstance(given, Run | TrainStep):
        everything, trees = trees, [tree for tree in trees if not tree.header.probe]
        left_out = len(everything) - len(trees)
    policy = getattr(judge, "policy", None)
    if policy is None:
        found = agreeing.agreement(trees, judge, nodes, seed=seed)
    else:
        with in_notebook(policy, judge=judge) as shown:
            tick = shown.ticked()
            found = agreeing.agreement(trees, judge, nodes, seed=seed, on_tick=lambda: tick(0))
    if not found.verified:
        raise InputError(
            "no node of these trees has a verifier's word: there is nothing to compare the judge with"
            + f" ({counted(left_out, 'probe tree')} left out: probes=True counts them)" * (left_out > 0)
        )
    return replace(found, left_out=left_out)


def _trees(given: object, step: int | None) -> Iterator[Tree]:
    if isinstance(given, Run):
        for each in find_trees(given, step):
            yield each.load()
    elif isinstance(given, Tree):
        yield given
    elif isinstance(given, TrainStep | Evaluation | Group):
        yield from given.trees
    elif isinstance(given, Sequence) and not isinstance(given, str | bytes):
        for each in given:
            yield from _trees(each, None)
    else:
        raise ConfigError(
            f"rl.agreement takes a run, a step, an evaluation, groups or trees, not {what(given)}"
        )
