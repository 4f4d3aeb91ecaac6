"""What `python -m rao_lab.publish.kit` may be asked, and for which Pythons there are kits."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rao_lab.policies.fetch import SOURCES

REPO = Path(__file__).resolve().parents[3]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
"""All that wheels are there for."""
USUAL = PYTHONS[:3]
ABOUT = """Makes the offline kit of RAO Lab: a folder, and a .zip of it, from which a class installs
without a network. It has the wheels for one system, the notebooks, recorded runs, and
install.py, which needs Python alone. This command needs a network and a checkout of
RAO Lab; what was loaded once is not loaded again."""
EXAMPLES = """examples:
  python -m rao_lab.publish.kit                                          for this system
  python -m rao_lab.publish.kit --platform windows --python 3.12         the smallest: for one Python
  python -m rao_lab.publish.kit --platform all --python 3.13,3.14
  python -m rao_lab.publish.kit --platform macos --with smollm2 --out /media/stick
  python -m rao_lab.publish.kit --platform linux --torch-args="--index-url ADDRESS"
                                    ADDRESS: an index with CPU builds, which pytorch.org's install page names
"""


def options() -> argparse.ArgumentParser:
    here = {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")
    parser = argparse.ArgumentParser(
        prog="python -m rao_lab.publish.kit",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    systems = ("linux", "macos", "windows", "all")
    parser.add_argument(
        "--platform", choices=systems, default=here, help="for which system (default: this one)"
    )
    parser.add_argument(
        "--python", default=",".join(USUAL), help="for which ones, of 3.11 to 3.14 (default: %(default)s)"
    )
    model = "also a chat model, for notebook 09; may be repeated"
    parser.add_argument(
        "--with", dest="models", action="append", choices=sorted(SOURCES), default=[], help=model
    )
    parser.add_argument("--out", type=Path, default=REPO / "dist", help="where kits are made (default: dist)")
    parser.add_argument("--no-archive", action="store_true", help="make the folder alone, and no .zip")
    parser.add_argument("--torch-args", default="", help="what pip gets for torch, as '--index-url ADDRESS'")
    parser.add_argument("--cuda", action="store_true", help="take torch with CUDA for Linux: gigabytes")
    return parser
