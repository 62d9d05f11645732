"""Writes files for language models: llms.txt lists the pages, llms-full.txt has all, in Markdown."""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.text import TextTranslator

SOURCES: dict[str, str] = {}
TEXTS: dict[str, str] = {}
SUMMARIES: dict[str, str] = {}
MADE_OF_OTHERS = re.compile(r"^```\{(eval-rst|include|literalinclude)\}", re.MULTILINE)


def keep(app: Sphinx, page: str, source: list[str]) -> None:
    """Keep the Markdown of a page; the marks in it are filled in."""
    SOURCES[page] = source[0]


def read(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Store the text and the summary of a page before it is written: to load it again takes seconds."""
    SUMMARIES[page] = summary(doctree)
    TEXTS[page] = as_markdown(app, doctree, page)


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the files beside the pages."""
    if error is not None:
        return
    site = Path(app.outdir)
    listed, full = [], []
    for page in [name for name in pages(app, "index") if name != "index"]:
        text = TEXTS[page]
        target = site / f"{page}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
        listed.append(f"- [{app.env.titles[page].astext()}]({page}.md): {SUMMARIES[page]}")
        full.append(text)
    head = f"# {app.config.project}\n\n> {SUMMARIES['index']}\n"
    (site / "llms.txt").write_text("\n".join([head, "## Pages\n", *listed, ""]), encoding="utf-8")
    (site / "llms-full.txt").write_text("\n\n".join([head, *full]), encoding="utf-8")


def pages(app: Sphinx, page: str) -> list[str]:
    """Return a page and those below it, in the order of the navigation."""
    return [page, *(name for child in app.env.toctree_includes.get(page, []) for name in pages(app, child))]


def summary(doctree: nodes.document) -> str:
    """Return the first sentence of a page."""
    first = next(iter(doctree.findall(nodes.paragraph)), None)
    text = "" if first is None else first.astext().replace("\n", " ")
    return text.split(". ")[0].removesuffix(".").removesuffix(":") + "."


def as_markdown(app: Sphinx, doctree: nodes.document, page: str) -> str:
    """Return the source of a page, or its text if it is made of docstrings or other files."""
    if not MADE_OF_OTHERS.search(SOURCES[page]):
        return SOURCES[page]
    doctree.walkabout(translator := TextTranslator(doctree, app.builder))
    return translator.body


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the events; the last to read a source."""
    app.connect("source-read", keep, priority=900)
    app.connect("doctree-resolved", read)
    app.connect("build-finished", write)
    return {"parallel_read_safe": False, "parallel_write_safe": False}
