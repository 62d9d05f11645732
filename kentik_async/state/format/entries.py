"""Reads one object of a document from its node. Pure."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kentik_async._validation import valid_name
from kentik_async.errors import ValidationError
from kentik_async.state.format.fields import API, NAME_KEYS, Field, Kind, fields_of
from kentik_async.state.format.nodes import Mistakes, Node, Position

__all__ = ["DeclaredObject", "members", "read_entry", "text_of"]


@dataclass(frozen=True, slots=True)
class DeclaredObject:
    """One object as a document declares it.

    Attributes:
        kind: Its kind.
        key: Its key in the document.
        name: Its name or title.
        id: The identifier of the object that it adopts; None to find it by its name.
        fields: The managed fields: canonical values; None removes an optional field.
        place: The place of its key.
        places: The place of each field.
    """

    kind: Kind
    key: str
    name: str
    id: str | None
    fields: Mapping[str, Any]
    place: Position = field(compare=False)
    places: Mapping[str, Position] = field(compare=False, default_factory=dict)

    def place_of(self, name: str) -> Position:
        """Return the place of a field, or else of the object."""
        return self.places.get(name, self.place)


def members(
    node: Node, owner: str, mistakes: Mistakes, allowed: Iterable[str] | None = None
) -> dict[str, tuple[Node, Node]]:
    """Return the pairs of a mapping by their keys.

    Args:
        node: The mapping.
        owner: Its name in messages.
        mistakes: Collects keys that are unknown, duplicate or not text.
        allowed: The known keys; None for any.
    """
    if node.kind != "mapping":
        hint = "; write {} for none" if node.value is None else ""
        mistakes.add(node.place, f"{owner} must be a mapping; got {node.shown}{hint}")
        return {}
    known = None if allowed is None else tuple(allowed)
    found: dict[str, tuple[Node, Node]] = {}
    for key, value in node.value:
        name = text_of(key, f"a key of {owner}", mistakes)
        if name is None:
            continue
        if name in found:
            mistakes.add(key.place, f"{owner}: {name!r} is already in line {found[name][0].place.line}")
        elif known is not None and name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            mistakes.add(key.place, f"{owner}: unknown key {name!r}; allowed: {', '.join(known)}{hint}")
        else:
            found[name] = (key, value)
    return found


def text_of(node: Node, owner: str, mistakes: Mistakes) -> str | None:
    """Return the text of a scalar that is not blank; None if it is not one."""
    if node.kind != "scalar" or not isinstance(node.value, str):
        hint = "; write it in quotes" if node.kind == "scalar" and node.value is not None else ""
        mistakes.add(node.place, f"{owner} must be text; got {node.shown}{hint}")
        return None
    try:
        return valid_name(node.value, owner)
    except ValidationError as error:
        mistakes.add(node.place, str(error))
        return None


def read_entry(kind: Kind, api: API, key: Node, node: Node, mistakes: Mistakes) -> DeclaredObject:
    """Read one object; invalid fields are omitted.

    Args:
        kind: The object's kind.
        api: The API of sites.
        key: Its key, which is text.
        node: Its value.
        mistakes: Collects invalid fields.
    """
    owner = f"{kind}.{key.value}"
    known = fields_of(kind, api)
    name_key = NAME_KEYS[kind]
    tops = tuple(dict.fromkeys(name.partition(".")[0] for name in known))
    found = members(node, owner, mistakes, ("id", name_key, *tops))
    reader = _FieldReader(owner, mistakes)
    for top, (_, value) in found.items():
        if top in known:
            reader.read(top, top, known[top], value)
        elif top not in ("id", name_key):
            reader.group(top, {n: f for n, f in known.items() if n.startswith(f"{top}.")}, value)
    id_node = found["id"][1] if "id" in found else None
    name_node = found[name_key][1] if name_key in found else key
    name = text_of(name_node, f"{owner}: {name_key}", mistakes) if name_key in found else str(key.value)
    places = reader.places | {name_key: name_node.place} | ({"id": id_node.place} if id_node else {})
    return DeclaredObject(
        kind,
        str(key.value),
        name or str(key.value),
        _identifier(id_node, owner, mistakes),
        reader.fields,
        key.place,
        places,
    )


def _identifier(node: Node | None, owner: str, mistakes: Mistakes) -> str | None:
    if node is None:
        return None
    if node.kind == "scalar" and isinstance(node.value, int) and not isinstance(node.value, bool):
        return str(node.value)
    return text_of(node, f"{owner}: id", mistakes)


class _FieldReader:
    """Reads the fields of one object."""

    def __init__(self, owner: str, mistakes: Mistakes) -> None:
        self.fields: dict[str, Any] = {}
        self.places: dict[str, Position] = {}
        self._owner = owner
        self._mistakes = mistakes

    def group(self, top: str, known: Mapping[str, Field], node: Node) -> None:
        """Read a mapping of fields, or null."""
        self.places[top] = node.place
        if node.kind == "scalar" and node.value is None:
            self.fields[top] = None
            return
        names = {name.partition(".")[2]: name for name in known}
        for short, (_, value) in members(node, f"{self._owner}: {top}", self._mistakes, names).items():
            self.read(names[short], names[short], known[names[short]], value)

    def read(self, name: str, shown: str, field: Field, node: Node) -> None:
        """Read one field."""
        self.places[name] = node.place
        if field.removable and node.kind == "scalar" and node.value is None:
            self.fields[name] = None
        elif field.many:
            self._many(name, shown, field, node)
        else:
            value = self._checked(field, shown, node)
            if value is not None:
                self.fields[name] = value

    def _many(self, name: str, shown: str, field: Field, node: Node) -> None:
        if node.kind != "list":
            self._mistakes.add(node.place, f"{self._owner}: {shown} must be a list; got {node.shown}")
            return
        values: list[Any] = []
        for index, item in enumerate(node.value):
            value = self._checked(field, f"{shown}[{index}]", item)
            if value in values:
                self._mistakes.add(item.place, f"{self._owner}: {shown} has {value!r} twice")
            elif value is not None:
                values.append(value)
        self.fields[name] = sorted(values)

    def _checked(self, field: Field, shown: str, node: Node) -> Any:
        try:
            return field.check(_plain(node, self._owner, self._mistakes), shown)
        except ValidationError as error:
            self._mistakes.add(node.place, f"{self._owner}: {error}")
            return None


def _plain(node: Node, owner: str, mistakes: Mistakes) -> Any:
    if node.kind == "mapping":
        pairs = members(node, owner, mistakes)
        return {key: _plain(value, owner, mistakes) for key, (_, value) in pairs.items()}
    if node.kind == "list":
        return [_plain(one, owner, mistakes) for one in node.value]
    return node.value
