"""Writes files for language models: llms.txt lists the pages, llms-full.txt has all, in Markdown."""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.text import TextTranslator

SOURCES: dict[str, str] = {}
MADE_OF_OTHERS = re.compile(r"^```\{(eval-rst|include|literalinclude)\}", re.MULTILINE)


def keep(app: Sphinx, page: str, source: list[str]) -> None:
    """Keep the Markdown of a page; the marks in it are filled in."""
    SOURCES[page] = source[0]


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the files beside the pages."""
    if error is not None:
        return
    site, env = Path(app.outdir), app.env
    listed, full = [], []
    for page in [name for name in pages(app, "index") if name != "index"]:
        doctree = env.get_doctree(page)
        text = as_markdown(app, page)
        target = site / f"{page}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
        listed.append(f"- [{env.titles[page].astext()}]({page}.md): {summary(doctree)}")
        full.append(text)
    index = env.get_doctree("index")
    head = f"# {app.config.project}\n\n> {summary(index)}\n"
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


def as_markdown(app: Sphinx, page: str) -> str:
    """Return the source of a page, or its text if it is made of docstrings or other files."""
    if not MADE_OF_OTHERS.search(SOURCES[page]):
        return SOURCES[page]
    doctree = app.env.get_and_resolve_doctree(page, app.builder)
    doctree.walkabout(translator := TextTranslator(doctree, app.builder))
    return translator.body


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the events; the last to read a source."""
    app.connect("source-read", keep, priority=900)
    app.connect("build-finished", write)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
