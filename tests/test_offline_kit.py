"""The offline kit: which wheels another system needs, what is said if one lacks, and what the installer checks."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import Tag

from rao_lab.publish.kit import __main__ as make_kit
from rao_lab.publish.kit import install
from rao_lab.publish.site import __main__ as site

REPO = Path(__file__).resolve().parent.parent

Target, closure, gather = make_kit.Target, make_kit.closure, make_kit.gather


def wheel(folder: Path, name: str, *needs: str, tag: str = "py3-none-any") -> Path:
    """A wheel without code: `name` as in "torch-2.13.0"."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{tag}.whl"
    project, version = name.split("-")
    said = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(
            f"{name}.dist-info/METADATA", said + "".join(f"Requires-Dist: {need}\n" for need in needs)
        )
        packed.writestr(f"{name}.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
    return path


START = Requirement("rao-lab[all]==0.1.0")
NEEDS = (
    *("numpy", "torch>=2.6", "colour; sys_platform == 'win32'", "bell; platform_system == 'Darwin'"),
    *("old; python_version < '3.12'", "lab[tools]; extra == 'all'", "tests; extra == 'dev'"),
)


def names(found: dict[str, object]) -> str:
    return " ".join(sorted(found))


@pytest.mark.parametrize(
    ("system", "python", "needed"),
    [
        ("windows", "3.12", "colour lab numpy torch"),
        ("macos", "3.13", "bell lab numpy torch"),
        ("linux", "3.11", "lab numpy old torch"),
    ],
)
def test_conditions_are_read_for_the_other_system(
    tmp_path: Path, system: str, python: str, needed: str
) -> None:
    wheel(tmp_path, "rao_lab-0.1.0", *NEEDS)
    chosen, lacking = closure(Target(system, python), tmp_path, START)
    assert (names(chosen), names(lacking)) == ("rao-lab", needed)
    assert str(lacking["torch"]) == "==2.13.0,>=2.6"  # the pin is that of constraints.txt


def test_wheels_that_fit_are_taken_and_what_they_need_in_turn(tmp_path: Path) -> None:
    for name in ("rao_lab-0.1.0", "torch-2.13.0", "numpy-1.0"):
        wheel(tmp_path, name, *(NEEDS if name.startswith("rao") else ()), tag="py3-none-any")
    wheel(tmp_path, "numpy-2.4.6", "deep<3", tag="cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64")
    wheel(tmp_path, "numpy-2.4.6", "deep<3", tag="cp312-cp312-win_amd64")
    wheel(tmp_path, "lab-5.0", "shape[all]; extra == 'tools'", "deep<4")
    wheel(tmp_path, "shape-1.0", "form; extra == 'all'")
    wheel(tmp_path, "deep-3.1", "unused")
    wheel(tmp_path, "deep-2.0")
    chosen, lacking = closure(Target("linux", "3.12"), tmp_path, START)
    assert names(chosen) == "deep lab numpy rao-lab shape torch"
    assert "manylinux" in chosen["numpy"].name and chosen["deep"].name.startswith("deep-2.0")
    assert names(lacking) == "form"
    # A wheel for another Python or another system is none.
    assert names(closure(Target("linux", "3.13"), tmp_path, START)[1]) == "form numpy unused"
    assert names(closure(Target("macos", "3.12"), tmp_path, START)[1]) == "bell form numpy unused"


def test_a_damaged_wheel_is_removed_so_that_the_next_try_loads_it_again(tmp_path: Path) -> None:
    whole = wheel(tmp_path, "rao_lab-0.1.0")
    whole.write_bytes(whole.read_bytes()[:90])
    with pytest.raises(make_kit.KitError, match=r"rao_lab-0\.1\.0.*damaged.*run this again"):
        closure(Target("linux", "3.12"), tmp_path, START)
    assert not whole.exists()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip loads from, and nowhere else."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "registry"))
    monkeypatch.delenv("PIP_CONSTRAINT", raising=False)
    return tmp_path / "registry"


def test_pip_loads_what_lacks_once_and_never_torch_with_cuda(
    tmp_path: Path, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = wheel(tmp_path / "wheels", "rao_lab-0.1.0", "torch", "plain>=2")
    wheel(registry, "plain-2.0", "deeper")
    wheel(registry, "deeper-1.0", "nvidia_tools; platform_system == 'Linux'")
    wheel(registry, "torch-2.13.0", tag="cp312-cp312-win_amd64")
    linux = "cp312-cp312-manylinux_2_28_x86_64"
    wheel(registry, "torch-2.13.0", "nvidia-cudnn; platform_system == 'Linux'", tag=linux)
    target = Target("windows", "3.12")
    found = gather(target, own.parent, own, (), cuda=False)
    assert [path.name.split("-")[0] for path in found] == ["deeper", "plain", "rao_lab", "torch"]
    for path in registry.iterdir():
        if path.name.startswith(("plain", "deeper")):
            path.unlink()
    assert gather(target, own.parent, own, (), cuda=False) == found  # nothing is loaded again
    with pytest.raises(make_kit.KitError, match=r"torch for Linux with CUDA alone.*TORCH_ARGS"):
        gather(Target("linux", "3.12"), own.parent, own, (), cuda=False)
    wheel(tmp_path / "cpu", "torch-2.13.0+cpu", tag=linux)
    with pytest.raises(make_kit.KitError, match="nvidia-tools"):  # which is no torch, and is not there
        gather(Target("linux", "3.12"), own.parent, own, ("--find-links", str(tmp_path / "cpu")), cuda=False)
    assert (own.parent / f"torch-2.13.0+cpu-{linux}.whl").is_file()


def test_without_a_network_one_line_says_so(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    own = wheel(tmp_path / "wheels", "rao_lab-0.1.0", "plain")
    with pytest.raises(make_kit.KitError, match="no package registry answers: run this again with a network"):
        gather(Target("windows", "3.12"), own.parent, own, (), cuda=False)


def test_help_teaches_by_examples_that_are_commands(capsys: pytest.CaptureFixture[str]) -> None:
    for options, begins in (
        (make_kit.options(), "python -m rao_lab.publish.kit"),
        (site.options(), "python -m rao_lab.publish.site"),
    ):
        said = options.format_help()
        examples = [line.strip() for line in said.split("examples:")[1].splitlines() if begins in line]
        assert len(examples) >= 4
        for line in examples:
            options.parse_args(shlex.split(re.split(r" {3,}", line.removeprefix(begins))[0]))
        assert all(len(line) <= 110 for line in said.split("examples:")[1].splitlines())


def test_a_python_that_no_wheels_are_made_for_is_refused_with_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kit", "--python", "3.12,3.15"])
    assert make_kit.main() == 2
    assert "no kit for Python 3.15: " in (said := capsys.readouterr().out) and "3.14" in said
    assert Target("windows", "3.14").tags() >= {Tag("cp314", "cp314", "win_amd64")}


def kit_of(folder: Path, monkeypatch: pytest.MonkeyPatch, **told: object) -> dict[str, object]:
    """A sealed kit with one wheel and a notebook, for this machine if `told` says nothing else."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    one = wheel(folder / "wheels", "plain-2.0")
    (folder / "notebooks").mkdir()
    (folder / "data").mkdir()
    (folder / "notebooks" / "01.ipynb").write_text("new", "utf-8")
    make_kit.seal(folder)
    monkeypatch.setattr(install, "KIT", folder)
    system = {"Darwin": "macos"}.get(platform.system(), platform.system().lower())
    return {"system": system, "wheels": {here: [one.name]}} | told


def test_the_installer_refuses_another_machine_and_a_damaged_kit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = kit_of(tmp_path / "kit", monkeypatch)
    files = install.wheels(told)
    install.verify(files)
    other = "windows" if platform.system() != "Windows" else "linux"
    with pytest.raises(SystemExit, match=r"This kit is for .*This machine is"):
        install.wheels({**told, "system": other})
    with pytest.raises(SystemExit, match=r"is for 64-bit Python 3\.99\. This is Python"):
        install.wheels({**told, "wheels": {"3.99": []}})
    files[0].write_bytes(b"cut")
    with pytest.raises(SystemExit, match=r"plain-2\.0.* is damaged: copy the kit again"):
        install.verify(files)
    files[0].unlink()
    with pytest.raises(SystemExit, match=r"plain-2\.0.* is missing"):
        install.verify(files)


def test_a_second_installation_keeps_a_students_notebooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit_of(tmp_path / "kit", monkeypatch)
    book = tmp_path / "home" / "notebooks" / "01.ipynb"
    install.copy(tmp_path / "home")
    assert book.read_text("utf-8") == "new"
    book.write_text("worked in", "utf-8")
    install.copy(tmp_path / "home")
    assert book.read_text("utf-8") == "worked in"


@pytest.mark.skipif(platform.system() == "Windows", reason="the file for Windows is another one")
def test_what_starts_jupyterlab_finds_the_commands_from_anywhere(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    programs = home / ".venv/bin"
    programs.mkdir(parents=True)
    (home / "notebooks").mkdir()
    for name, does in (("jupyter-lab", "pwd; command -v rao-lab"), ("rao-lab", "")):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n", "utf-8")
        (programs / name).chmod(0o755)
    starts = install.starter(home, programs)
    done = subprocess.run([starts], cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(home / "notebooks"), str(programs / "rao-lab")]


OFF = """
import fcntl, os, socket, struct, sys
with socket.socket() as any:  # the loopback, by which a kernel is spoken to
    fcntl.ioctl(any, 0x8914, struct.pack("16sh14s", b"lo", 0x41, b""))
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Run in a network namespace of its own: raises the loopback and becomes a command."""


@pytest.mark.slow
def test_a_class_installs_with_the_network_off(tmp_path: Path) -> None:
    """The kit of this machine, made from the registry; then no network, no cache, no settings of pip."""
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine makes no network namespaces")
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    make = [
        sys.executable,
        "-m",
        "rao_lab.publish.kit",
        "--out",
        str(tmp_path),
        "--python",
        python,
        "--no-archive",
    ]
    made = subprocess.run(make, cwd=REPO, capture_output=True, text=True, timeout=1500, check=False)
    if "no package registry answers" in made.stdout:
        pytest.skip("the kit is made with a network")
    assert made.returncode == 0, made.stdout[-2000:]
    (kit,) = tmp_path.glob("rao-lab-kit-*")
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "RAO_LAB_SMALL": "1", "OMP_NUM_THREADS": "1"}

    def off(*command: object, where: Path = home) -> str:
        whole = ["unshare", "-n", sys.executable, "-c", OFF, *map(str, command)]
        done = subprocess.run(
            whole, cwd=where, env=env, capture_output=True, text=True, timeout=1500, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    said = off(Path(sys.base_prefix) / "bin" / f"python{python}", kit / "install.py")
    lab = home / "rao-lab"
    assert f"RAO Lab is ready in {lab}" in said
    programs = lab / ".venv" / "bin"
    off(programs / "pip", "check")
    assert not json.loads(off(programs / "rao-lab", "doctor", "--json"))["problems"]
    assert "recursive" in off(programs / "rao-lab", "demo", "--quick", "--out", "demo", where=lab)
    books = lab / "notebooks"
    run = [programs / "jupyter", "nbconvert", "--execute", "--to", "notebook", "--output", "done.ipynb"]
    off(*run, books / "01_watch_it_learn.ipynb", where=books)
    assert '"output_type": "error"' not in (books / "done.ipynb").read_text("utf-8")


def links(page: Path) -> set[str]:
    """What a page shows or leads to beside it."""
    text = page.read_text("utf-8")
    if page.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    found = re.findall(
        r"\]\(([^)\s#:]+)(?:#[^)\s]*)?\)|\b(?:src|href|srcset|poster)=\"([^\"#:]+)(?:#[^\"]*)?\"", text
    )
    return {one or other for one, other in found}


def test_every_link_of_a_page_leads_to_something_in_the_kit_and_in_a_students_home(
    tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit, home = tmp_path / "kit", tmp_path / "home"
    make_kit.carry(kit)
    monkeypatch.setattr(install, "KIT", kit)
    install.copy(home)
    counted = 0
    for folder in (kit, home):
        for page in sorted(path for path in folder.rglob("*") if path.suffix in (".md", ".ipynb", ".html")):
            if page.name == "first.html":  # a program, which makes links as it runs
                continue
            found = links(page)
            counted += len(found)
            dead = [link for link in found if not (page.parent / link).exists()]
            assert not dead, (page.relative_to(folder), dead)
    assert counted > 200
    house = (kit / "data/docs/house.md").read_text("utf-8")
    assert "rao_lab/course)" not in house and "`course/`" in house, "the words stay, the link does not"
    assert (kit / "data/pictures/explorer_light.png").is_file() and (kit / "data/pages/first.html").is_file()


def test_the_kit_carries_what_notebooks_read_and_not_the_answers(tmp_path: Path, repo: Path) -> None:
    make_kit.carry(tmp_path)
    assert (repo / "notebooks/answers.md").is_file()
    assert {each.suffix for each in (tmp_path / "notebooks").iterdir()} == {".ipynb"}
    for notebook in (repo / "notebooks").glob("*.ipynb"):
        assert (tmp_path / "notebooks" / notebook.name).is_file()
    modules = [*(repo / "notebooks").glob("*.ipynb"), *(repo / "rao_lab/course").glob("*.py")]
    read = {
        name
        for path in modules
        for name in re.findall(r"recorded_path\(f?\\*[\"']([\w/.]+)", path.read_text("utf-8"))
    }
    assert read and not [name for name in read if not (tmp_path / "data" / name).exists()]
