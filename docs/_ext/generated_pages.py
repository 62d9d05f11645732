"""Generates parts of pages from the code: public names from `__all__`, and the commands of the command line.

`<!-- names: MODULE -->` stands for all public names of a module, `<!-- names: MODULE A B -->` for
two of them, and `<!-- commands -->` for all commands.
"""

import enum
import importlib
import inspect
import re
import sys
import typing
from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.nodes import make_refnode

import kentik_async

NAMES = re.compile(r"^<!-- names: (\S+)(.*) -->$", re.MULTILINE)
COMMANDS = "<!-- commands -->"
LIMITED = re.compile(r"(?:\w+\.)*Annotated\[([\w.]+), (?:\w+\.)*Meta\([^()]*\)\]")


def fill_in(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace the marks of a page."""
    source[0] = NAMES.sub(lambda mark: "\n".join(documented(mark[1], mark[2].split())), source[0])
    if COMMANDS in source[0]:
        source[0] = source[0].replace(COMMANDS, commands())


def documented(module: str, names: list[str]) -> Iterator[str]:
    """Yield the directives for the names of a module; the ones of the package itself only by name."""
    home = importlib.import_module(module)
    yield "```{eval-rst}"
    for name in names or sorted(home.__all__, key=lambda name: is_constant(getattr(home, name))):
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
        elif not is_constant(thing):
            yield f".. autofunction:: {path}"
        else:
            yield f".. py:data:: {path}"
            yield f"   :value: {value(thing)}"
            yield ""
            yield from (f"   {line}" for line in comment(module, name))
        yield ""
    yield "```"


def is_constant(thing: object) -> bool:
    """Return whether a public name is a constant or a type alias."""
    return not callable(thing) or typing.get_origin(thing) is not None


def comment(module: str, name: str) -> list[str]:
    """Return the text below a constant where it is defined, in a module or below it."""
    for source in [source for source in sys.modules if f"{source}.".startswith(f"{module}.")]:
        analyzer = ModuleAnalyzer.for_module(source)
        # This search takes less time than the analysis of a module that does not define the name.
        defines = re.search(rf"^{name}\b.* = ", analyzer.code, re.MULTILINE)
        if defines and (lines := analyzer.find_attr_docs().get(("", name))):
            return lines
    return []


def value(thing: object) -> str:
    """Return the value of a constant or a type alias, without the paths of names."""
    return re.sub(r"\b(?:\w+\.)+(?=[A-Za-z_])", "", repr(thing))


def commands() -> str:
    """Return the help of all commands as Markdown."""
    from kentik_async.cli.app import app

    shown = app.generate_docs(max_heading_level=4)
    _, _, shown = shown.partition("\n")  # the page has its own title
    shown = re.sub(r"^## Table of Contents\n.*?(?=^\*\*)", "", shown, flags=re.MULTILINE | re.DOTALL)
    # The options of all commands are listed once, at the top.
    first, *others = shown.split("**Global options**:\n")
    ends = (re.sub(r"\A\n(\* .*\n)+", "", other) for other in others[1:])
    shown = "".join([first, "**Global options**:\n", others[0], *ends])
    shown = re.sub(r"(?:^  .*\n)+", example, shown, flags=re.MULTILINE)
    shown = shown.replace("```console\nkentik-async", "```text\nkentik-async").replace(" *[default: ()]*", "")
    # Hidden in the help, as the app's default parameter says; the generator does not pass it to subcommands.
    return re.sub(r"(?:, --(?:no|empty)-[a-z0-9-]+)+(?=`)", "", shown)


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


def plain_signature(
    app: Sphinx,
    kind: str,
    path: str,
    thing: object,
    options: object,
    arguments: str | None,
    result: str | None,
) -> tuple[str, str] | None:
    """Show no arguments of classes that users do not create, and types without their limits."""
    own = getattr(thing, "__module__", "").startswith("kentik_async.resources")
    if kind == "class" and (own or getattr(thing, "_is_protocol", False)):
        return "", ""
    return (LIMITED.sub(r"\1", arguments), result) if arguments and "Meta(" in arguments else None


def set_dashes(app: Sphinx, doctree: nodes.document) -> None:
    """Write a dash between a parameter and its description."""
    for text in [text for text in doctree.findall(nodes.Text) if text == " -- "]:
        text.parent.replace(text, nodes.Text(" \N{EN DASH} "))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the events."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("source-read", fill_in)
    app.connect("autodoc-process-signature", plain_signature)
    app.connect("doctree-read", set_dashes)
    app.connect("missing-reference", find_public)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
