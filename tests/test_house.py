"""The shape of the house: who imports whom, what is public, what is committed, what a wheel carries."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import rao_lab

REPO = Path(__file__).resolve().parent.parent
PACKAGE = REPO / "rao_lab"

# A room may import rooms of earlier rows only, never its own row. The numbers are those of the README.
LAYERS: tuple[tuple[str, frozenset[str]], ...] = (
    ("1", frozenset({"errors", "interrupts", "intervals", "visible"})),
    ("1", frozenset({"checked"})),
    ("1", frozenset({"bundled", "plainjson", "recipes"})),
    ("2", frozenset({"events"})),
    ("2", frozenset({"tree"})),
    ("2", frozenset({"fold", "codec", "picture", "protocols"})),
    ("3", frozenset({"nodetable", "attribution", "limits", "policy_use", "repl", "prompts", "fetch"})),
    ("3", frozenset({"credit", "diagnose"})),
    ("4", frozenset({"device"})),
    ("4", frozenset({"sampling"})),
    ("4", frozenset({"environments", "engine", "judge"})),
    ("4", frozenset({"policies"})),
    ("5", frozenset({"metrics", "node_state", "sequences", "train_config"})),
    ("5", frozenset({"tree_log"})),
    ("5", frozenset({"node_run"})),
    ("5", frozenset({"draw", "executor", "objective", "train_state"})),
    ("6", frozenset({"checkpoint", "distributed", "store", "trainer"})),
    ("7", frozenset({"ceiling", "evaluation", "interop", "needs"})),
    ("8", frozenset({"figures", "terminal", "widgets"})),
    ("9", frozenset({"loading"})),
    ("9", frozenset({"resuming", "running", "session", "settings"})),
    ("9", frozenset({"reports", "training"})),
    ("9", frozenset({"api"})),
    ("10", frozenset({"bench", "claims", "demo", "doctor"})),
    ("11", frozenset({"options"})),
    ("11", frozenset({"commands"})),
    ("11", frozenset({"cli"})),
    ("11", frozenset({"__main__"})),
)
ROW_OF = {room: row for row, (_, rooms) in enumerate(LAYERS) for room in rooms}

# Methods of a record that hand over to a function further down the page, loaded when called.
DELEGATIONS = {("tree", "picture")}

# Views read records and the run file; what acts arrives as a callable.
VIEWS_MAY = {room for number, rooms in LAYERS if number in "123" for room in rooms} | {"store"}
TORCH_MAY = {
    *(
        "device",
        "engine",
        "sampling",
        "policies",
        "objective",
        "trainer",
        "train_state",
        "checkpoint",
        "distributed",
        "resuming",
    ),
    *("bench", "claims", "doctor", "fetch"),
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports anywhere, except what only a type checker reads."""
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            if node.module == "rao_lab":
                yield from (f"rao_lab.{alias.name}" for alias in node.names)
            else:
                yield node.module
        pending.extend(ast.iter_child_nodes(node))


def rooms_imported(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name.startswith("rao_lab.")} - {"__version__"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_upwards_only(path: Path) -> None:
    here = room(path)
    assert here in ROW_OF, f"{here} has no line yet: give it one in LAYERS and in the README"
    for other in rooms_imported(path) - {here}:
        assert other in ROW_OF, f"{path.name} imports {other}, which has no line"
        if (here, other) not in DELEGATIONS:
            assert ROW_OF[other] < ROW_OF[here], f"{here} (line {LAYERS[ROW_OF[here]][0]}) imports {other}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_relative_imports_and_torch_only_where_it_belongs(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    if "torch" in {name.split(".")[0] for name in imported(path)}:
        assert room(path) in TORCH_MAY


def test_widgets_and_figures_know_records_and_the_store_only() -> None:
    for path in modules():
        if room(path) in ("widgets", "figures"):
            assert rooms_imported(path) - {room(path)} <= VIEWS_MAY, path.name


def test_public_names_are_sorted_complete_and_load() -> None:
    assert list(rao_lab.__all__) == sorted(rao_lab.__all__)
    for name in rao_lab.__all__:
        assert getattr(rao_lab, name) is not None
    for module, names in rao_lab._HOMES.items():
        home = importlib.import_module(module)
        for name in names:
            assert getattr(rao_lab, name) is getattr(home, name)


def test_type_checkers_see_the_names_that_run_time_gives() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == set(rao_lab.__all__) - {"__version__"}


def test_an_unknown_name_says_where_to_look() -> None:
    with pytest.raises(AttributeError, match=r"rao_lab\.__all__"):
        _ = rao_lab.no_such_name


@pytest.mark.parametrize(
    "module", ["rao_lab", "rao_lab.widgets", "rao_lab.figures", "rao_lab.cli", "rao_lab.running"]
)
def test_importing_does_not_load_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or f"import {module} loaded torch or transformers"


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=REPO, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [REPO / name for name in done.stdout.decode().split("\0") if name and (REPO / name).is_file()]


def test_notebooks_are_committed_without_outputs() -> None:
    for path in tracked():
        if path.suffix == ".ipynb":
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
                assert not cell.get("outputs") and cell.get("execution_count") is None, path.name


# Written in pieces, or this file would find itself.
MACHINE = re.compile("|".join(["/wo" + r"rk/\w", "/ro" + r"ot/[\w.]"]).encode())
HOSTS = re.compile(
    "|".join(["pyp" + r"i\.org", "pythonhos" + "ted", "registry.np" + "mjs", "deb.deb" + "ian"]).encode()
)


def test_no_committed_file_names_a_machine_path_or_a_package_host() -> None:
    for path in tracked():
        content = path.read_bytes()
        for pattern in (MACHINE, HOSTS):
            found = None if b"\0" in content[:8000] else pattern.search(content)
            assert found is None, f"{path.relative_to(REPO)}: {found and found.group()!r}"


def test_modules_stay_short_enough_to_read() -> None:
    # The aim is 150, and 400 the sign to split.
    for path in modules():
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= 400, f"{path.relative_to(REPO)} has {lines} lines: split it"


def test_a_module_says_what_it_is_for() -> None:
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPO)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_carries_every_module_and_every_built_asset(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    wanted = [*PACKAGE.rglob("*.py"), *PACKAGE.glob("static/*"), PACKAGE / "py.typed"]
    assert {path.relative_to(REPO).as_posix() for path in wanted if path.is_file()} <= names


def test_the_wheel_carries_the_bundled_data_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "rao_lab/_data/README.md" in names
    strays = [name for name in names if not name.startswith(("rao_lab/", "rao_lab-"))]
    assert not strays
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]
    assert sum(entry.compress_size for entry in wheel.infolist()) < 40e6
