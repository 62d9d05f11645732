"""Mermaid diagrams, drawn in the browser by a copy of mermaid in the site.

`make docs` downloads the library from the npm registry and sets MERMAID to its path. Without it, or without
JavaScript, a page shows the text of its diagrams.
"""

import os
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.fileutil import copy_asset_file

LIBRARY = os.environ.get("MERMAID", "")
if not Path(LIBRARY).is_file():
    LIBRARY = ""


class Mermaid(SphinxDirective):
    """A diagram; its text is the content."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the diagram's text as an element that the library replaces with a drawing."""
        text = "\n".join(self.content)
        return [nodes.raw("", f'<pre class="mermaid">{escape(text)}</pre>', format="html")]


def add_scripts(app: Sphinx, page: str, template: str, context: Any, doctree: nodes.document | None) -> None:
    """Load the library on the pages that have diagrams."""
    if (
        LIBRARY
        and doctree is not None
        and any("mermaid" in raw.astext() for raw in doctree.findall(nodes.raw))
    ):
        app.add_js_file("mermaid.min.js", loading_method="defer")
        app.add_js_file("diagrams.js", loading_method="defer")


def copy_library(app: Sphinx, error: Exception | None) -> None:
    """Copy the library into the site."""
    if LIBRARY and error is None:
        copy_asset_file(LIBRARY, Path(app.outdir) / "_static" / "mermaid.min.js")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("mermaid", Mermaid)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", copy_library)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
