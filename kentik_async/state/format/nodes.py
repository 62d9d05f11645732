"""Reads YAML and JSON into nodes that have a place in their file."""

import io
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kentik_async.errors import ConfigError, DocumentError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node as YAMLNode

__all__ = ["Mistakes", "Node", "Position", "read_text", "write_text"]

_INSTALL = "YAML needs the package ruamel.yaml: pip install 'kentik-async[state]'"
_NOT_FOLDED = 1 << 30
_PLAIN = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_ .-]{0,100}[A-Za-z0-9_])?")
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its place.

    Attributes:
        place: Its start.
        value: A scalar, a list of nodes, or a list of pairs of nodes.
        kind: "scalar", "list" or "mapping".
    """

    place: Position
    value: Any
    kind: str

    @property
    def shown(self) -> str:
        """The value in messages."""
        return repr(self.value) if self.kind == "scalar" else f"a {self.kind}"


class Mistakes:
    """Collects mistakes, to report all of them at once."""

    def __init__(self) -> None:
        self._found: list[tuple[Position, str]] = []

    def add(self, place: Position, message: str) -> None:
        """Add a mistake."""
        self._found.append((place, message))

    def check(self) -> None:
        """Raise DocumentError if there are mistakes."""
        if self._found:
            lines = self.lines()
            raise DocumentError("\n".join(lines), mistakes=lines)

    def lines(self) -> tuple[str, ...]:
        """Return `FILE:LINE:COLUMN: message` for each mistake, by place."""
        by_place = sorted(self._found, key=lambda found: (found[0].file, found[0].line, found[0].column))
        return tuple(dict.fromkeys(f"{place}: {' '.join(message.split())}" for place, message in by_place))


def read_text(text: str, file: str, mistakes: Mistakes) -> Node | None:
    """Read the only document of a text.

    Args:
        text: YAML or JSON.
        file: The file's name, for places.
        mistakes: Collects errors in the YAML.

    Returns:
        The root; None if the text is empty or not valid.

    Raises:
        ConfigError: ruamel.yaml is not installed.
    """
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
    except ModuleNotFoundError:
        raise ConfigError(_INSTALL) from None
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(_without_surrogates(text))
        if root is None:
            mistakes.add(Position(file), "the file is empty; it needs at least: version: 1")
            return None
        return _node(root, yaml.constructor, file)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
        problem = error.problem or error.context or "not valid YAML"
        hint = "; indent with spaces" if "'\\t'" in problem else ""
        mistakes.add(place, f"not valid YAML: {problem}{hint}")
    except YAMLError as error:
        position = getattr(error, "position", None)
        reason = getattr(error, "reason", None) or error
        before = text[:position] if isinstance(position, int) else ""
        place = Position(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        mistakes.add(place, f"not valid YAML: {reason}")
    except (RecursionError, ValueError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        mistakes.add(Position(file), f"not valid YAML: {reason}")
    return None


def write_text(value: Any) -> str:
    """Return a structure of mappings, lists and scalars as YAML, in its order.

    Raises:
        ConfigError: ruamel.yaml is not installed.
    """
    try:
        from ruamel.yaml import YAML
    except ModuleNotFoundError:
        raise ConfigError(_INSTALL) from None
    yaml = YAML()
    yaml.width = _NOT_FOLDED
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(_quoted(value), out)
    return out.getvalue()


def _quoted(value: Any) -> Any:
    """Return a structure whose unusual strings are in double quotes, where every character can be escaped."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, dict):
        return {_quoted(key): _quoted(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_quoted(one) for one in value]
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        return DoubleQuotedScalarString(value)
    return value


def _node(node: "YAMLNode", constructor: Any, file: str) -> Node:
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    place = Position(file, node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, MappingNode):
        return Node(place, [_pair(key, one, constructor, file) for key, one in node.value], "mapping")
    if isinstance(node, SequenceNode):
        return Node(place, [_node(one, constructor, file) for one in node.value], "list")
    return Node(place, _scalar(node, constructor), "scalar")


def _pair(key: "YAMLNode", value: "YAMLNode", constructor: Any, file: str) -> tuple[Node, Node]:
    first, second = _node(key, constructor, file), _node(value, constructor, file)
    # For the parser, an omitted value starts at the place of the next token.
    return first, replace(second, place=first.place) if value.value == "" and second.value is None else second


def _scalar(node: "YAMLNode", constructor: Any) -> Any:
    kind = str(node.tag).rpartition(":")[2]
    if kind not in ("null", "bool", "int", "float"):
        return str(node.value)  # also dates, which nothing in the file needs
    return constructor.construct_object(node)


def _without_surrogates(text: str) -> str:
    r"""Return JSON or YAML whose pairs of escaped surrogates, such as \ud83d\ude00, are characters."""
    return _SURROGATES.sub(
        lambda found: found[1] + (bytes.fromhex(found[2]) + bytes.fromhex(found[3])).decode("utf-16-be"), text
    )
