"""`python -m rao_lab.publish.site course` makes the pages of the course; with `docs`, the documentation."""

from __future__ import annotations

import argparse
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from rao_lab.publish.site.execute import REPO, execute, read_times, write_times
from rao_lab.publish.site.sources import Sources

SITE = REPO / "site"
MAX_PAGE_MB = 12.0
"""A page of the course with its explorers, without the two programs that all pages share."""


INSTALL = 'pip install -e ".[all,docs]" -c constraints.txt'

ABOUT = """Writes pages that need no server and no network: `course` runs the notebooks and makes a
page of each, with trees to click; `docs` makes the documentation, with these pages and a
search. It works on a checkout."""
EXAMPLES = """examples:
  python -m rao_lab.publish.site course               then open site/course/index.html
  python -m rao_lab.publish.site course --only 03     one notebook anew, the others as they ran before
  python -m rao_lab.publish.site docs                 then open site/docs/index.html
  python -m rao_lab.publish.site docs --quick         with the results of notebooks that ran before
"""


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rao_lab.publish.site",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "site", choices=("course", "docs"), help="the course alone, or all of the documentation"
    )
    parser.add_argument("--quick", action="store_true", help="run no notebook: take what ran before")
    parser.add_argument("--small", action="store_true", help="notebooks run less, as for tests")
    parser.add_argument("--only", metavar="NAME", help="run only notebooks whose name holds NAME")
    parser.add_argument("--folder", type=Path, default=SITE, help="where to write; by default site/")
    return parser


def main() -> int:
    asked = options().parse_args()
    if lacking := [name for name in ("sphinx", "myst_nb", "furo") if find_spec(name) is None]:
        print(f"error: {', '.join(lacking)} not installed: {INSTALL}", file=sys.stderr)
        return 2
    folder: Path = asked.folder.resolve()
    executed, times = folder / "executed", folder / "executed" / "times.json"
    notebooks = sorted((REPO / "notebooks").glob("[0-9]*.ipynb"))
    if not asked.quick:
        wanted = [path for path in notebooks if not asked.only or asked.only in path.name]
        ran = execute(wanted, executed, asked.small)
        write_times(ran, times, asked.small)
        failed = [each for each in ran if each.problem]
        if failed:
            for each in failed:
                print(f"error: {each.name}, {each.problem}", file=sys.stderr)
            return 1
    print("laying out the pages ...", flush=True)
    sources = Sources(folder / "sources" / asked.site, executed, notebooks, read_times(times))
    sources.course() if asked.site == "course" else sources.docs()
    return build(sources.folder, folder / asked.site, times)


def build(sources: Path, out: Path, times: Path) -> int:
    """Runs Sphinx; warnings are errors."""
    from sphinx.cmd.build import build_main

    shutil.rmtree(out, ignore_errors=True)
    state = sources.parent / f"{out.name}.state"
    options = [
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        "-c",
        str(Path(__file__).resolve().parent),
        "-d",
        str(state),
    ]
    failed = build_main([*options, str(sources), str(out)])
    if failed:
        return failed
    (out / ".nojekyll").touch()
    if times.is_file():
        shutil.copy(times, out / "times.json")
    return report(out)


def report(out: Path) -> int:
    """Says how large the site is, and whether a page of a notebook is too large."""
    too_large = 0
    for page in sorted((out / "notebooks").glob("[0-9]*.html")):
        held = [page, *(out / "explorers").glob(f"{page.stem}-*.html")]
        size = sum(path.stat().st_size for path in held) / 1e6
        too_large += size > MAX_PAGE_MB
        print(f"{page.stem:<28}{size:6.1f} MB{' is too large' if size > MAX_PAGE_MB else ''}")
    whole = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
    print(f"{out}: {whole:.1f} MB, open {out / 'index.html'}")
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
