"""Fills in what pages say about the code: public names from `__all__`, and the commands of the command line.

`<!-- names: MODULE -->` stands for all public names of a module, `<!-- names: MODULE A B -->` for
two of them, and `<!-- commands -->` for all commands.
"""

import enum
import importlib
import inspect
import re
from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

import kentik_async

NAMES = re.compile(r"^<!-- names: (\S+)(.*) -->$", re.MULTILINE)
COMMANDS = "<!-- commands -->"


def fill_in(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace the marks of a page."""
    source[0] = NAMES.sub(lambda mark: "\n".join(documented(mark[1], mark[2].split())), source[0])
    if COMMANDS in source[0]:
        source[0] = source[0].replace(COMMANDS, commands())


def documented(module: str, names: list[str]) -> Iterator[str]:
    """Yield the directives for the names of a module; the ones of the package itself only by name."""
    home = importlib.import_module(module)
    yield "```{eval-rst}"
    for name in names or home.__all__:
        thing = getattr(home, name)
        top = module != "kentik_async" and getattr(kentik_async, name, None) is thing
        path = f"kentik_async.{name}" if top and name in kentik_async.__all__ else f"{module}.{name}"
        if inspect.isclass(thing):
            yield f".. autoclass:: {path}"
            yield "   :members:"
            if issubclass(thing, enum.Enum):
                yield "   :undoc-members:"
            if issubclass(thing, Exception):
                yield "   :show-inheritance:"
            if module == "kentik_async.resources":
                yield "   :inherited-members:"
        elif callable(thing) and hasattr(thing, "__name__"):
            yield f".. autofunction:: {path}"
        else:
            yield f".. py:data:: {path}"
            yield f"   :value: {value(thing)}"
        yield ""
    yield "```"


def value(thing: object) -> str:
    """Return the value of a constant or a type alias, without the paths of names."""
    return re.sub(r"\b(?:\w+\.)+(?=[A-Za-z_])", "", repr(thing))


def commands() -> str:
    """Return the help of all commands as Markdown."""
    from kentik_async.cli.app import app

    shown = app.generate_docs(max_heading_level=4)
    _, _, shown = shown.partition("\n")  # the page has a title of its own
    shown = re.sub(r"^## Table of Contents\n.*?(?=^\*\*)", "", shown, flags=re.MULTILINE | re.DOTALL)
    # The options of all commands are listed once, at the top.
    first, *others = shown.split("**Global options**:\n")
    ends = (re.sub(r"\A\n(\* .*\n)+", "", other) for other in others[1:])
    shown = "".join([first, "**Global options**:\n", others[0], *ends])
    shown = re.sub(r"(?:^  .*\n)+", example, shown, flags=re.MULTILINE)
    return shown.replace("*[default: ()]*", "")


def example(lines: re.Match[str]) -> str:
    """Return the commands of an example as a block of code."""
    stripped = (line.strip().removeprefix("$ ") for line in lines[0].splitlines())
    return "".join(["```console\n", *(f"$ {line}\n" for line in stripped), "```\n"])


def find_public(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, text: nodes.Element
) -> object:
    """Resolve a name by its last part: docstrings and annotations use the short or the internal path."""
    if node.get("refdomain") != "py":
        return None
    name = node["reftarget"].removesuffix("()").rpartition(".")[2]
    domain = env.domains.python_domain
    found = [path for path in domain.objects if path == f"kentik_async.{name}" or path.endswith(f".{name}")]
    exact = [path for path in found if path == f"kentik_async.{name}"] or found
    own = node["reftarget"].startswith("kentik_async") or node.get("reftype") == "obj"
    if own and len(exact) == 1:
        target = domain.objects[exact[0]]
        return make_refnode(app.builder, node["refdoc"], target.docname, target.node_id, [text])
    return text  # of the standard library, or private


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the events."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("source-read", fill_in)
    app.connect("missing-reference", find_public)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
