"""The document: AS groups, sites and site markets as declared in files."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from kentik_async.errors import ConfigError
from kentik_async.state.format.entries import DeclaredObject, members, read_entry, text_of
from kentik_async.state.format.fields import API, APIS, KINDS, NAME_KEYS, SINGULAR, Kind, fields_of
from kentik_async.state.format.nodes import Mistakes, Node, Position, read_text, write_text

__all__ = ["Document"]

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_KEYS = ("version", "api", "as_groups", "sites", "site_markets", "protect")


@dataclass(frozen=True, slots=True)
class Document:
    """The declared content of an account.

    Attributes:
        kinds: The kinds of objects that it manages.
        entries: The objects.
        api: The API that sites are managed with, "v6" or "v5".
        protect: For each kind, the names and patterns that are never deleted.
    """

    kinds: frozenset[Kind]
    entries: tuple[DeclaredObject, ...]
    api: API = "v6"
    protect: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    _text: str | None = field(default=None, compare=False, repr=False)

    @classmethod
    def load(cls, *paths: str | os.PathLike[str]) -> Self:
        """Read files and merge them.

        Args:
            *paths: Files in YAML or JSON, and folders: all files in them, also in folders inside, whose names
                end with .yaml, .yml or .json.

        Raises:
            DocumentError: There are mistakes; the error lists all of them with their places.
            ConfigError: A file cannot be read, or ruamel.yaml is not installed.
        """
        mistakes = Mistakes()
        texts = [(str(path), _read(path, mistakes)) for given in paths for path in _files(Path(given))]
        if not texts:
            raise ConfigError("no file given: name a file or a folder")
        return cls._merged(texts, mistakes)

    @classmethod
    def parse(cls, text: str, *, name: str = "<text>") -> Self:
        """Read a document in YAML or JSON.

        Args:
            text: The content of one file.
            name: The file's name in messages.

        Raises:
            DocumentError: There are mistakes; the error lists all of them with their places.
            ConfigError: ruamel.yaml is not installed.
        """
        return cls._merged([(name, text)], Mistakes())

    def dump(self) -> str:
        """Return the document as YAML.

        A document that was read from one file is returned as it was written, with its comments and its order.
        Otherwise the objects are sorted.
        """
        return write_text(self.to_dict()) if self._text is None else self._text

    def to_dict(self) -> dict[str, Any]:
        """Return the document as plain values, sorted: the content of a file in JSON."""
        content: dict[str, Any] = {"version": 1}
        if self.api != "v6":
            content["api"] = self.api
        for kind in ("as_groups", "sites", "site_markets"):
            if kind in self.kinds:
                own = [entry for entry in self.entries if entry.kind == kind]
                content[kind] = {entry.key: _content(entry, self.api) for entry in own}
        if self.protect:
            content["protect"] = {kind: list(names) for kind, names in self.protect.items()}
        return content

    @classmethod
    def _merged(cls, texts: list[tuple[str, str]], mistakes: Mistakes) -> Self:
        parts = []
        for name, text in texts:
            root = read_text(text, name, mistakes)
            if root is not None:
                parts.append(_Part(root, mistakes))
        api = _one_api(parts, mistakes)
        entries = [entry for part in parts for entry in part.entries(api, mistakes)]
        kinds: frozenset[Kind] = frozenset(kind for part in parts for kind in KINDS if kind in part.members)
        if api == "v5" and "site_markets" in kinds:
            for part in parts:
                if "site_markets" in part.members:
                    place = part.members["site_markets"][0].place
                    mistakes.add(place, "site_markets needs API v6; remove it, or remove api: v5")
        _check_together(entries, mistakes)
        mistakes.check()
        protect: dict[Kind, tuple[str, ...]] = {
            kind: tuple(dict.fromkeys(names))
            for kind in KINDS
            if (names := [name for part in parts for name in part.protected(kind)])
        }
        entries.sort(key=lambda entry: (KINDS.index(entry.kind), entry.key))
        return cls(kinds, tuple(entries), api, protect, texts[0][1] if len(texts) == 1 else None)


class _Part:
    """One file."""

    def __init__(self, root: Node, mistakes: Mistakes) -> None:
        self.members = members(root, "the file", mistakes, _KEYS)
        self._protect: dict[Kind, list[str]] = {}
        self.api: tuple[Position, API] | None = None
        version = self.members["version"][1] if "version" in self.members else None
        if root.kind == "mapping" and (version is None or version.value != 1 or version.value is True):
            shown = "" if version is None else f"; got {version.shown}"
            mistakes.add((version or root).place, f"version must be 1{shown}")
        if "api" in self.members:
            self._read_api(self.members["api"][1], mistakes)
        if "protect" in self.members:
            self._read_protect(self.members["protect"][1], mistakes)

    def entries(self, api: API, mistakes: Mistakes) -> Iterable[DeclaredObject]:
        """Read the objects."""
        for kind in KINDS:
            if kind in self.members:
                for key, node in members(self.members[kind][1], kind, mistakes).values():
                    yield read_entry(kind, api, key, node, mistakes)

    def protected(self, kind: Kind) -> list[str]:
        """Return the protected names and patterns of a kind."""
        return self._protect.get(kind, [])

    def _read_api(self, node: Node, mistakes: Mistakes) -> None:
        if node.value in APIS:
            self.api = (node.place, node.value)
        else:
            mistakes.add(node.place, f"api must be one of {', '.join(APIS)}; got {node.shown}")

    def _read_protect(self, node: Node, mistakes: Mistakes) -> None:
        found = members(node, "protect", mistakes, KINDS)
        for kind in KINDS:
            if kind not in found:
                continue
            patterns = found[kind][1]
            owner = f"protect.{kind}"
            if patterns.kind != "list":
                mistakes.add(patterns.place, f"{owner} must be a list of names; got {patterns.shown}")
                continue
            names = [text_of(one, f"{owner}[{index}]", mistakes) for index, one in enumerate(patterns.value)]
            self._protect[kind] = [name for name in names if name]


def _files(path: Path) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        found = sorted(
            one
            for one in path.rglob("*")
            if one.suffix in _SUFFIXES
            and one.is_file()
            and not any(part.startswith(".") for part in one.relative_to(path).parts)
        )
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from None
    if not found:
        raise ConfigError(f"the folder {path} has no file that ends with .yaml, .yml or .json")
    return found


def _read(path: Path, mistakes: Mistakes) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        mistakes.add(Position(str(path), line, column), "the file must be encoded as UTF-8")
        return "version: 1"
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from None


def _one_api(parts: list[_Part], mistakes: Mistakes) -> API:
    stated = [part.api for part in parts if part.api is not None]
    if not stated:
        return "v6"
    first_place, api = stated[0]
    for place, other in stated[1:]:
        if other != api:
            mistakes.add(place, f"api must be the same in all files; {first_place} has {api}; got {other}")
    return api


def _check_together(entries: list[DeclaredObject], mistakes: Mistakes) -> None:
    """Check all objects together: duplicates and references."""
    by_key: dict[tuple[str, str], DeclaredObject] = {}
    by_name: dict[tuple[str, str], DeclaredObject] = {}
    by_id: dict[tuple[str, str], DeclaredObject] = {}
    for entry in entries:
        kind = SINGULAR[entry.kind]
        first = by_key.setdefault((entry.kind, entry.key), entry)
        if first is not entry:
            mistakes.add(entry.place, f"{kind} {entry.key!r} is already at {first.place}")
            continue
        alike = by_name.setdefault((entry.kind, entry.name), entry)
        if alike is not entry and not (entry.kind == "sites" and entry.id and alike.id):
            place = entry.place_of(NAME_KEYS[entry.kind])
            mistakes.add(place, f"the {kind} at {alike.place} is also named {entry.name!r}")
        if entry.id is not None and (owner := by_id.setdefault((entry.kind, entry.id), entry)) is not entry:
            mistakes.add(entry.place_of("id"), f"the {kind} at {owner.place} also has the id {entry.id!r}")
    for entry in entries:
        market = entry.fields.get("site_market") if entry.kind == "sites" else None
        if market is not None and ("site_markets", market) not in by_key:
            hint = f"; add it: site_markets: {{{market}: {{}}}}" if market.isidentifier() else ""
            mistakes.add(
                entry.place_of("site_market"),
                f"sites.{entry.key}: site_market {market!r} is not in site_markets{hint}",
            )


def _content(entry: DeclaredObject, api: API) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if entry.id is not None:
        content["id"] = entry.id
    if entry.name != entry.key:
        content[NAME_KEYS[entry.kind]] = entry.name
    known = fields_of(entry.kind, api)
    for name in dict.fromkeys([*known, *entry.fields]):
        if name not in entry.fields:
            continue
        value = entry.fields[name]
        top, _, short = name.partition(".")
        if short:
            content.setdefault(top, {})[short] = value
        else:
            content[top] = value
    return content
