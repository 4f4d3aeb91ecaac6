"""Settings of Sphinx for both sites. Their sources are made by `sources`; nothing is fetched."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature

import rao_lab
from rao_lab.publish.site.reference import homes

project = "RAO Lab"
author = "RAO Lab contributors"
release = version = rao_lab.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
root_doc = "index"

html_theme = "furo"
html_title = f"RAO Lab {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_search_scorer = str(Path(__file__).with_name("search_scorer.js"))
html_show_sphinx = False
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"  # drawn by the browser: no script, nothing fetched
smartquotes_action = "D"  # dashes, and quotes as they are
highlight_language = "text"
suppress_warnings = ["misc.highlighting_failure"]  # JSON with "..." in it
pygments_style, pygments_dark_style = "friendly", "monokai"

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # `execute` has run them
nb_ipywidgets_js: dict[str, Any] = {}
nb_merge_streams = True

default_role = "py:obj"  # a name in backquotes is a link, if it is public
add_module_names = False
toc_object_entries_show_parents = "hide"
python_maximum_signature_line_length = 88
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autosummary_generate = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False


def _public(app: Sphinx, env: Any, node: Any, content: Any) -> Any:
    """A type is named by the module that holds it; readers know it by its public name."""
    name = node.get("reftarget", "").removeprefix("rl.").rpartition(".")[2]
    if node.get("refdomain") != "py" or name not in rao_lab.__all__:
        return None
    domain = env.get_domain("py")
    for target in (f"rao_lab.{name}", f"{homes().get(name)}.{name}"):
        found = domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, content)
        if found is not None:
            return found
    return None


def _shared_scripts(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """A page with figures of plotly gets its program, one file for all pages. Views of notebooks need the room of
    the list of sections."""
    if re.match(r"notebooks/\d", page):
        context["furo_hide_toc"] = True
    if "data-figure=" in context.get("body", ""):
        app.add_js_file("plotly.min.js", priority=200)


def _static(app: Sphinx, config: Any) -> None:
    """What the sources bring beside text."""
    sources = Path(app.srcdir)
    config.html_static_path += [str(sources / "_shared")] if (sources / "_shared").is_dir() else []
    config.html_extra_path += [str(sources / "_extra")] if (sources / "_extra").is_dir() else []


def _inline_math(self: Any, node: nodes.math) -> None:
    self.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def _block_math(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def _signature(app: Sphinx, what: str, name: str, obj: Any, options: Any, written: str, returned: str) -> Any:
    """A widget's own parameters, and defaults that are made anew as dots."""
    if not written:
        return None
    if written.startswith("(*args"):
        whole = inspect.signature(obj.__init__)
        whole = whole.replace(parameters=list(whole.parameters.values())[1:], return_annotation=whole.empty)
        written = stringify_signature(whole, unqualified_typehints=True)
    return written.replace("<factory>", "..."), returned


def _dedented(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Examples stand indented under a line of text: as a block of their own they need no quotation around them."""
    text = inspect.cleandoc("\n".join(lines)).replace("`rl.", "`")
    lines[:] = text.splitlines()


def _tell(app: Sphinx) -> None:
    """Sphinx itself says nothing (-q) but what is wrong, and a build takes minutes."""
    app.connect(
        "env-before-read-docs", lambda app, env, names: print(f"reading {len(names)} pages ...", flush=True)
    )
    app.connect("env-updated", lambda app, env: print("writing pages ...", flush=True))


def setup(app: Sphinx) -> None:
    _tell(app)
    # What Sphinx read before is read again, if this file has changed.
    app.add_config_value("made_by", Path(__file__).read_text("utf-8"), "env")
    app.connect("missing-reference", _public)
    app.connect("html-page-context", _shared_scripts, priority=900)
    app.connect("config-inited", _static)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-process-docstring", _dedented, priority=100)
    app.add_html_math_renderer("mathml", (_inline_math, None), (_block_math, None))
