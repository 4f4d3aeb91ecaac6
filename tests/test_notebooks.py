"""The course's notebooks run from top to bottom, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rao_lab as rl
from rao_lab.course.exercise import exercises
from tests.support.kernels import Kernel

NOTEBOOKS = sorted(path.stem for path in (Path(__file__).parents[1] / "notebooks").glob("[0-9]*.ipynb"))
TOLD_BELOW = {"01_watch_it_learn", "05_prompt_bench", "08_your_environment"}
"""Their quick tests look at what they say, too."""


@pytest.fixture
def in_short(one_kernel: Kernel, tmp_path: Path) -> Kernel:
    """The kernel that all share, in this test's folder, as the short form of a notebook wants it."""
    small = {"RAO_LAB_SMALL": "1", "RAO_LAB_CACHE": str(tmp_path / "nothing is fetched")}
    one_kernel.clean(tmp_path, small)
    return one_kernel


def cells_of(name: str, repo: Path, tmp_path: Path, kernel: Kernel | None = None) -> list[str]:
    """Runs a notebook; what each of its code cells said."""
    return [outputs(cell) for cell in executed(name, repo, tmp_path, kernel)]


def outputs(cell: Any) -> str:
    return "".join(str(part.get("text", part.get("data", {}).get("text/plain", ""))) for part in cell.outputs)


def executed(name: str, repo: Path, folder: Path, kernel: Kernel | None = None) -> list[Any]:
    """The code cells of a notebook that ran from top to bottom in a folder; by default in a kernel of its own."""
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    book = nbformat.read(repo / "notebooks" / f"{name}.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in book.cells), "no outputs are kept in the repository"
    where = {"metadata": {"path": str(folder)}}
    if kernel is None:
        client.NotebookClient(book, timeout=600, kernel_name="python3", resources=where).execute()
    else:
        running = client.NotebookClient(book, km=kernel.manager, timeout=600, resources=where)
        with kernel.waited_for_by_a_loop() as running.kc:
            running.execute()
    return [cell for cell in book.cells if cell.cell_type == "code"]


def watch_it_learn(code: list[Any]) -> None:
    """What notebook 01 says, however long it trains."""
    said = [outputs(cell) for cell in code]
    assert len(code) == 12 and "craft" in said[1].lower()
    assert [said[at][:9] for at in (2, 9, 10, 11)] == [f"○ 1.{number} not" for number in (1, 2, 3, 4)]
    assert "your guess: None" in said[7] and said[7].count("probes, step") >= 2
    # What is saved can be read without a kernel: text and a picture stand beside the widget.
    for at in (5, 8):
        view = next(part for part in code[at].outputs if "data" in part)
        assert "application/vnd.jupyter.widget-view+json" in view["data"] and "text/html" in view["data"]
    assert "finished" in said[8], "the last view shows the run as it ended"


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name not in TOLD_BELOW])
def test_a_notebook_runs_in_short(name: str, repo: Path, tmp_path: Path, in_short: Kernel) -> None:
    """To the end without an error; every exercise is there, and says that it is not answered yet."""
    said = "\n".join(cells_of(name, repo, tmp_path, in_short))
    asked = [each.number for each in exercises(name[:2].lstrip("0"))]
    assert re.findall(r"^○ (\S+) not answered yet", said, re.MULTILINE) == asked
    assert {path.name for path in tmp_path.iterdir()} <= {"runs", "mine"}


def test_notebook_01_in_short(repo: Path, tmp_path: Path, in_short: Kernel) -> None:
    watch_it_learn(executed("01_watch_it_learn", repo, tmp_path, in_short))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]


@pytest.mark.slow
def test_notebook_01_and_its_answers(repo: Path, tmp_path: Path) -> None:
    code = executed("01_watch_it_learn", repo, tmp_path)
    watch_it_learn(code)
    assert "training, step 0 of 10" in outputs(code[4])
    assert outputs(code[6]) == "10 steps: 480 trees to learn from, and 48 trees of probes\n"
    with rl.open_run(tmp_path / "runs/first.rao") as run:
        depth_has_the_same_weight(run)
        roots_of_a_task_add_up_to_nothing(run)
        lambda_pays_for_copies(run)


# What the exercises of notebook 01 teach, held against the run that it makes.


def depth_has_the_same_weight(run: rl.Run) -> None:
    nodes = {row["step"]: row["nodes"] for row in run.metrics if row["step"]}
    assert nodes[10] > 1.5 * nodes[1], "the trees grow"
    grown = {}
    for step in (1, 10):
        found = run.attributions(step)
        depth = found.table.depth
        levels = range(int(depth[found.trained].max()) + 1)
        sums = [float(found.w[found.trained & (depth == level)].sum()) for level in levels]
        each = [float(found.w[found.trained & (depth == level)].mean()) for level in levels]
        assert sums == pytest.approx([sums[0]] * len(sums)), "every depth has the same sum of w"
        assert step != 1 or max(each) == each[-1], "the deepest level is the heaviest"
        grown[step] = int((depth > 0).sum()) / int((depth == 0).sum())
        flat = rl.attribute(run.groups(step), rl.CreditConfig(depth_weighting="none"))
        assert set(flat.w[flat.trained]) == {1.0}
    assert grown[10] > 1.5 * grown[1], "most of the new agents are copies"


def roots_of_a_task_add_up_to_nothing(run: rl.Run) -> None:
    found = run.attributions(10)
    table = found.table
    roots = table.parent < 0
    spread = {group: float(np.std(found.R[roots & (table.group == group)])) for group in set(table.group)}
    widest = roots & (table.group == max(spread, key=spread.__getitem__))
    R, A = found.R[widest], found.A[widest]
    assert len(R) == 4
    assert found.b[widest] == pytest.approx((R.sum() - R) / 3), "b is the mean R of the other roots"
    assert A.sum() == pytest.approx(0) and A.max() > 0 > A.min()


def lambda_pays_for_copies(run: rl.Run) -> None:
    found, other = run.attributions(10), rl.attribute(run.groups(10), rl.CreditConfig(lam=0.0))
    table = found.table
    sign, then = (np.where(np.abs(A) < 1e-12, 0, np.sign(A)) for A in (found.A, other.A))
    known = ~np.isnan(found.A)
    helped = np.zeros(len(table.s), bool)
    helped[table.parent[(table.parent >= 0) & (table.s > 0)]] = True
    alone = np.ones(len(table.s), bool)
    alone[table.parent[table.parent >= 0]] = False
    lost_plus, lost_minus = known & (sign > 0) & (then <= 0), known & (sign < 0) & (then >= 0)
    assert lost_minus.any() and helped[lost_plus].all(), "who loses its plus had copies that succeeded"
    assert alone[lost_minus].mean() > 0.5, "most that lose their minus have no copies"
    assert other.R[alone & known] == pytest.approx(found.R[alone & known])
    assert (other.b[known] <= found.b[known] + 1e-12).all(), "b fell"


@pytest.mark.slow
def test_notebook_02_shows_what_it_says_of_agents(repo: Path, tmp_path: Path) -> None:
    said = cells_of("02_recursive_agents", repo, tmp_path)
    assert said[1].endswith("times 3 7\nfinish 21\n'21'"), "the executor in 40 lines"
    assert said[2].startswith("0 ['(1 plus 2) times (3 plus 4)', 'ask 1 plus 2', '3', 'ask 3 plus 4', '7'")
    assert "7 nodes · depth 2" in said[4] and "returned 36" in said[4]
    assert "gave 21" in said[6] and "Work out: (5 minus 6) times (7 plus 8)" in said[6]
    alone, end, shared, sooner = map(
        int, re.findall(r"\d+(?= decode steps of all agents| from start)", said[9])
    )
    assert alone == end and 0.4 < sooner / shared < 0.7, "about a half, not a seventh"
    assert "returned 36" in said[13] and "do the rest of the work yourself" in said[13]
    assert said[14].count("▣") == 3 and said[14].count("'failed': 'ran out of turns'") == 4
    assert "success 0: the root ended with context_limit" in said[17]
    assert "success 1: the root ended with finished" in said[17]
    assert [said[at].count("not answered yet") for at in (3, 12, 16, 19)] == [1, 1, 1, 1]


@pytest.mark.slow
def test_notebook_03_shows_what_it_says_of_credit(repo: Path, tmp_path: Path) -> None:
    said = cells_of("03_credit_by_hand", repo, tmp_path)
    assert said[1].splitlines()[1] == "0.0    s = 1   R = 1.40"
    assert "b = 0.867" in said[3] and (said[3].count("A = +"), said[3].count("A = -")) == (4, 3)
    assert said[5].startswith("depth 0: 4 agents, w = 1.50, together 6.00")
    assert said[6].count("the same") == 7, "by hand as by rl.attribute"
    assert "stands 0.667 below them" in said[8]
    assert "k = 8: R = 1.4 with the mean, 4.2 with the sum" in said[9]
    spread = [tuple(map(float, re.findall(r"0[.]\d{3}", line))) for line in said[10].splitlines()]
    assert spread == [(0.096, 0.284), (0.072, 0.033), (0.096, 0.044)]
    assert "depth 0:  36 of 461 agents,   8% of the weight" in said[11]
    assert "depth 3:   1 of 95 agents,  25% of the weight" in said[11]
    assert "q = 0.7: average A of a copy that succeeded +0.02" in said[12]
    exact = re.findall(r"0[.]\d{5}", said[15])
    assert exact == ["0.53282", "0.53282", "0.46645", "0.40625", "0.07312", "0.08857"], "decision 11"
    assert [said[at].count("not answered yet") for at in (2, 4, 13, 16)] == [1, 1, 1, 1]


@pytest.mark.slow  # it trains: about 25 s
def test_faults_are_found_and_mended(repo: Path, tmp_path: Path) -> None:
    said = cells_of("04_debug_credit", repo, tmp_path)
    whole = "\n".join(said)
    assert "not answered yet" in whole and "Traceback" not in whole
    assert "A       3   as trained" in whole and "what if" in whole
    assert "run C      task 1: 1 different trees of 6" in whole
    assert "train.credit.estimator" in whole and "root_only" in whole
    assert whole.count("solved probes, mended minus") == 3
    assert "as in sound     56.6" in whole and "λ = 3            0.0" in whole
    assert "\nmended  " in said[-2] and "mended" in said[-1]


@pytest.mark.slow  # it trains, and forks 36 trees: about 40 s
def test_forks_say_what_would_have_happened(repo: Path, tmp_path: Path) -> None:
    said = cells_of("06_fork_and_ask_why", repo, tmp_path)
    whole = " ".join("\n".join(said).split())
    assert "<TrainStep 6: 32 trees" in said[0]
    assert "A = -" in said[1], "the copy that is blamed most"
    assert "weights: tiny v5, checkpoint step-5, the node's own" in said[2]
    assert whole.count("advantage goes from") >= 3 and whole.count(" of 12 [") >= 3
    assert whole.count("root succeeds 0.") + whole.count("root succeeds 1.") == 3
    assert whole.count("not answered yet") == 3 and "12 forks" in said[-1]


def test_notebook_05_says_what_its_benches_say(repo: Path, tmp_path: Path, in_short: Kernel) -> None:
    said = cells_of("05_prompt_bench", repo, tmp_path, in_short)
    asked = [each for each in said if "not answered yet" in each]
    assert [each[2:5] for each in asked] == ["5.1", "5.2", "5.3", "5.4"]
    assert "divide_and_conquer@" in said[0] and "no_delegation@" in said[0]
    assert "+You are a translator from English to Python." in said[2]
    assert "--- system" in said[3] and "English: What is the age of Ada?" in said[3]
    assert "2 variants x 2 tasks x 1 repeat: 4 trees" in said[4]
    assert "no winner yet" in said[4]
    assert "prompts mean nothing to scripted" in said[6] and "the same success" in said[6]
    # Section 5: what the text says of the recorded bench.
    recorded = rl.PromptBench.open(repo / "data/runs/prompt_bench.rao")
    plain, example = recorded.figures
    assert (len(recorded.trees), recorded.planned, recorded.winner) == (24, 24, None)
    assert plain.success is not None and example.success is not None
    assert plain.success.value == example.success.value == 0
    assert plain.tokens_out < 0.5 * example.tokens_out, "half the tokens for the same success"
    assert str(recorded) == said[7].strip() and "--- by_example wrote:" in said[9]
    assert (repo / "data/runs/prompt_bench.rao").stat().st_size < 300_000


def test_notebook_08_makes_a_world_that_a_policy_plays(repo: Path, tmp_path: Path, in_short: Kernel) -> None:
    said = cells_of("08_your_environment", repo, tmp_path, in_short)
    asked = [each for each in said if "not answered yet" in each]
    assert [each[2:5] for each in asked] == ["8.1", "8.2", "8.3", "8.4"]
    assert "scripted v0" in said[3] and "returned" in said[3]
    assert "it raised TypeError" in said[5] and "of a cell, in right" in said[5], "the planted fault is found"
    assert "the value of another node" in said[5] and "do: return rl.Score" not in said[5]
    assert "albums: no fault found (11 checks passed)" in said[6]
    assert "context limit" in said[7] and "'one_page': " in said[7], (
        "who reads page after page breaks the rule"
    )
    assert "medium  0.00" in said[8] and "ended after step 1" in said[10]


@pytest.mark.slow
def test_the_embedded_policy_learns_the_rule_of_notebook_08(repo: Path, tmp_path: Path) -> None:
    nbformat, client = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    book = nbformat.read(repo / "notebooks" / "08_your_environment.ipynb", as_version=4)
    tail = "print([found.success for found in (*before, *after)])"
    book.cells.append(nbformat.v4.new_code_cell(tail))
    where = {"metadata": {"path": str(tmp_path)}}
    client.NotebookClient(book, timeout=1200, kernel_name="python3", resources=where).execute()
    medium, hard, medium_then, hard_then = json.loads(outputs(book.cells[-1]))
    assert medium < 0.1 and hard < 0.05, "it does not know the rule"
    assert medium_then > medium + 0.4 and hard_then >= hard


@pytest.mark.slow  # it trains an adapter: about 12 s
def test_notebook_09_goes_on_without_a_chat_model(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAO_LAB_CACHE", str(tmp_path / "nothing is fetched"))
    said = cells_of("09_your_model", repo, tmp_path)
    assert len(said) == 14
    assert "rao-lab fetch smollm2" in said[0] and "a recording" in said[0]
    assert "turn limit" in said[2]
    told = re.findall(r"^(\S+), task: (.+)\n    (\d+) turns, \d+ new tokens read", said[4], re.MULTILINE)
    assert [(name, turns) for name, _, turns in told][1] == ("smollm2", "6")
    assert len({task for _, task, _ in told}) == 2, "two tasks, each named"
    assert "64 agents" in said[5] and "the recorded figures stand" in said[6]
    assert "16.0 GB x 0.7 / 16 bytes = 0.70B parameters" in said[8]
    share = re.search(r"are trained: ([\d.]+)%", said[10])
    assert share and 0 < float(share.group(1)) < 20 and "step 3" not in said[10] and "TrainStep 3" in said[10]
    assert (
        re.search(r"TransformerPolicy\(tiny.*, adapter of rank 8,", said[11])
        and (tmp_path / "mine/adapter/adapter_config.json").is_file()
    )
    assert "4B: writes" in said[13]
    for number in ("9.1", "9.2", "9.3", "9.4"):
        assert any(f"{number} not answered yet" in each for each in said)


@pytest.mark.slow  # it trains and evaluates: about 45 s
def test_notebook_07_shows_what_its_text_says_of_the_claims(repo: Path, tmp_path: Path) -> None:
    said = cells_of("07_does_it_scale", repo, tmp_path)
    assert len(said) == 19
    assert "after recursive minus before recursive" in said[2]
    assert said[3].count("hard, seed ") == 5 and "hard, all seeds" in said[3]
    assert "better" in said[4], "an arm can seem better than itself"
    # Five times as many trees do not make the interval of all seeds less than half as wide.
    widths = [
        float(high) - float(low)
        for low, high in re.findall(r"\[([+\d.]+), ([+\d.]+)\]", said[3].replace("−", "-"))
    ]
    assert len(widths) == 6 and widths[-1] > max(widths[:-1]) / 2
    assert "flat ceiling, 64 tokens: 0.00" in said[5]
    steps = [re.findall(r"seed 0: (\d+) steps", said[at]) for at in (6, 8)]
    assert steps == [["40", "40"], ["79"]], "the answer of 7.1 stands below the exercise"
    assert said[9].count("not resolved") == 2, "the control learned nothing that shows"
    assert "critical path" in said[11] and "(d) wall-clock" in said[12]
    assert re.findall(r"^\((.)\).*(holds|fails)", said[13], re.MULTILINE) == [
        *zip("abcde", ["holds"] * 4 + ["fails"])
    ]
    assert "team_base" in said[14] and "Ablations and controls minus rao" in said[16]
    assert "your guess: None\nfarthest from rao is root_only: −0.035 [−0.066, −0.001], worse" in said[16]
    assert "not resolved: lam_0, no_depth_weights, no_baseline" in said[16]
    assert not re.search("Not run|[0-9] seed", said[16]), "nothing is missing, as the text says"
    by_seeds, alone = said[17].split("more seeds alone would not")
    assert "now: 5 seeds" in by_seeds and re.search(r"flat minus solo_base: about \d+ seeds", by_seeds)
    assert "lam_0 minus rao" in alone and "about" not in alone
    for number in ("7.1", "7.2", "7.3", "7.4"):
        assert any(f"{number} not answered yet" in each for each in said)
