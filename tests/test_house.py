"""The shape of the house: who imports whom, what is public, what is committed, what a wheel carries."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median
from traceback import format_exception_only

import pytest

import rao_lab

REPO = Path(__file__).resolve().parent.parent
PACKAGE = REPO / "rao_lab"

# The import table of data/docs/house.md: a package imports from earlier lines only, never from its own.
TABLE: tuple[frozenset[str], ...] = (
    frozenset({"errors", "base"}),
    frozenset({"tree"}),
    frozenset({"protocols", "credit"}),
    frozenset({"prompts", "environments", "store"}),
    frozenset({"execution", "policies"}),
    frozenset({"training", "evaluation"}),
    frozenset({"views"}),
    frozenset({"api"}),
    frozenset({"experiments", "testing", "course"}),
    frozenset({"cli"}),
    frozenset({"__main__", "publish"}),
)
LINE_OF = {room: line for line, rooms in enumerate(TABLE, start=1) for room in rooms}

TORCH_MAY = (
    *(
        "base/device.py",
        "base/threads.py",
        "policies/local/",
        "policies/fetch.py",
        "api/resume.py",
        "cli/doctor.py",
    ),
    *(
        f"training/{name}.py"
        for name in (
            "checkpoint",
            "descent",
            "helped",
            "objective",
            "optimizer",
            "processes",
            "rule_gradients",
            "state",
        )
    ),
    *("experiments/bench/", "experiments/tiny/", "experiments/claims/gradients.py"),
    "protocols.py",  # for a type alone
)


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def import_lines(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """Every import of a file, wherever it stands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports anywhere, also what only a type checker reads."""
    for node in import_lines(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif not node.level and node.module:
            if node.module == "rao_lab":
                yield from (f"rao_lab.{alias.name}" for alias in node.names)
            else:
                yield node.module


def rooms_imported(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name.startswith("rao_lab.")} - {"__version__"}


def test_imports_go_upwards_only() -> None:
    wrong = []
    for path in modules():
        here, name = room(path), path.relative_to(PACKAGE).as_posix()
        assert here in LINE_OF, f"{here} has no line yet: give it one in TABLE and in data/docs/house.md"
        for other in rooms_imported(path) - {here}:
            assert other in LINE_OF, f"{name} imports {other}, which has no line"
            if LINE_OF[other] >= LINE_OF[here] and (here, other) != ("base", "errors"):
                wrong.append(f"{name} (line {LINE_OF[here]}) imports {other} (line {LINE_OF[other]})")
    assert wrong == []


def test_no_relative_imports_and_torch_only_where_it_belongs() -> None:
    for path in modules():
        name = path.relative_to(PACKAGE).as_posix()
        relative = [node for node in import_lines(path) if isinstance(node, ast.ImportFrom) and node.level]
        assert not relative, f"{name}:{relative[0].lineno} is a relative import"
        if "torch" in {found.split(".")[0] for found in imported(path)}:
            assert name.startswith(TORCH_MAY), f"{name} imports torch"


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(REPO).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(path: Path, known: set[str]) -> set[str]:
    """The modules of the house that a file imports: `from package import name` is the module `package.name`
    if there is one, otherwise the package."""
    found = set()
    for node in import_lines(path):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in known else node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return (found & known) - {name_of(path)}


def test_no_module_imports_itself_by_way_of_others() -> None:
    known = {name_of(path) for path in modules()}
    imports = {
        name_of(path): imported_modules(path, known)
        for path in modules()
        if path.name != "__init__.py"  # a face hands on what lies below it
    }
    order = TopologicalSorter(
        {name: [each for each in found if each in imports] for name, found in imports.items()}
    )
    order.prepare()  # raises CycleError, which names the circle


def test_a_room_does_not_import_by_its_own_face() -> None:
    """The face imports the room, so this would be a circle. `publish` describes the face, which knows nothing of it."""
    known = {name_of(path) for path in modules()}
    for path in modules():
        face = set() if room(path) == "publish" else {"rao_lab"}
        own = face | {*(name_of(parent / "__init__.py") for parent in path.parents if parent > PACKAGE)}
        found = imported_modules(path, known | {"rao_lab"}) & own
        assert not found, f"{path.relative_to(REPO)} imports by {found}"


def test_the_page_of_the_house_shows_the_table() -> None:
    rows = re.findall(
        r"^\| (\d+) \| \[`(\w+)/`\]\(\.\./\.\./rao_lab/\2\) \|",
        (REPO / "data/docs/house.md").read_text("utf-8"),
        re.MULTILINE,
    )
    shown = {(int(line), room) for line, room in rows}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert shown == {(line, room) for room, line in LINE_OF.items() if room in packages}


def test_public_names_are_sorted_complete_and_load() -> None:
    assert list(rao_lab.__all__) == sorted(rao_lab.__all__)
    for name in rao_lab.__all__:
        assert getattr(rao_lab, name) is not None


def test_an_unknown_name_says_where_to_look() -> None:
    with pytest.raises(AttributeError, match=r"rao_lab\.__all__"):
        _ = rao_lab.no_such_name
    with pytest.raises(AttributeError, match="did you mean 'environment'") as one:
        _ = rao_lab.load_environment
    assert "Did you mean" not in "".join(format_exception_only(one.value))  # Python's own guess, beside ours


def test_importing_does_not_load_torch() -> None:
    modules = ("rao_lab", "rao_lab.views", "rao_lab.views.figures", "rao_lab.cli.main", "rao_lab.api.run")
    code = (
        "import importlib, sys\n"
        f"for module in {modules}:\n"
        "    importlib.import_module(module)\n"
        "    if 'torch' in sys.modules or 'transformers' in sys.modules:\n"
        "        sys.exit(f'import {module} loaded torch or transformers')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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
    sizes = {path: path.read_text(encoding="utf-8").count("\n") for path in modules()}
    for path, lines in sizes.items():
        assert lines <= 400, f"{path.relative_to(REPO)} has {lines} lines: split it"
    assert median(sizes.values()) <= 150


def test_a_module_says_what_it_is_for_and_a_package_in_one_sentence() -> None:
    for path in modules():
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert said, f"{path.relative_to(REPO)} has no docstring"
        if path.name == "__init__.py":
            assert re.fullmatch(r"[^.]+\.", said.splitlines()[0]), f"{path.relative_to(REPO)}: one sentence"


def test_every_folder_with_modules_is_a_package() -> None:
    for path in modules():
        assert (path.parent / "__init__.py").is_file(), path.parent


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
    carried = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "publish"]
    wanted = [*carried, *PACKAGE.glob("views/static/*"), PACKAGE / "py.typed"]
    assert {path.relative_to(REPO).as_posix() for path in wanted if path.is_file()} <= names


def test_the_wheel_carries_the_bundled_data_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "rao_lab/_data/README.md" in names
    kept = [
        path
        for folder in ("prompts", "skeleton")
        for path in (REPO / "data" / folder).rglob("*.*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    assert {f"rao_lab/_data/{path.relative_to(REPO / 'data').as_posix()}" for path in kept} <= {*names}
    assert len(kept) == 28
    strays = [name for name in names if not name.startswith(("rao_lab/", "rao_lab-"))]
    assert not strays
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]
    assert sum(entry.compress_size for entry in wheel.infolist()) < 40e6
