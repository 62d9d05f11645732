"""Finds protos: in the project's own folder, or in a checkout of the public schema repository."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kentik_async._codegen.errors import CodegenError

__all__ = ["Schema", "bundled", "checkout"]

_VENDOR = "kentik"
_SHOWN_APIS = 8


@dataclass(frozen=True, slots=True)
class Schema:
    """A tree of protos.

    Attributes:
        protos: The import folder of the API protos.
        vendored: Additional import folders, in order of preference.
    """

    protos: Path
    vendored: tuple[Path, ...] = ()

    def apis(self) -> dict[str, tuple[str, ...]]:
        """Return every API and its files, both sorted by name.

        Returns:
            API names (`as_group/v202212`: the folder below `kentik`) to import paths.
        """
        found: defaultdict[str, list[str]] = defaultdict(list)
        for path in self.protos.rglob("*.proto"):
            name = path.relative_to(self.protos)
            if name.parts[0] != "google":
                found[_api_name(name.parent)].append(name.as_posix())
        return {api: tuple(sorted(found[api])) for api in sorted(found)}

    def select(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the files of some APIs.

        Args:
            names: API names, as in `apis`; empty selects all.

        Returns:
            Sorted import paths.

        Raises:
            CodegenError: An API does not exist.
        """
        apis = self.apis()
        wanted = [name.strip("/") for name in names] or list(apis)
        for name in wanted:
            if name not in apis:
                raise CodegenError(f"no API {name!r} in {self.protos}; {_nearest(name, list(apis))}")
        return tuple(sorted({file for name in wanted for file in apis[name]}))

    def siblings(self, file: str) -> tuple[str, ...]:
        """Return every proto in the folder of an import path, sorted by name."""
        for root in (self.protos, *self.vendored):
            path = root / file
            if path.is_file():
                return tuple(sorted(p.relative_to(root).as_posix() for p in path.parent.glob("*.proto")))
        return (file,)


def bundled(root: Path) -> Schema:
    """Return the protos of this project.

    Args:
        root: The project's folder.
    """
    return Schema(root / "proto")


def checkout(root: Path) -> Schema:
    """Return the protos of a checkout of kentik/api-schema-public.

    Args:
        root: The folder of the checkout, with `proto/` and `protovendor/`.

    Raises:
        CodegenError: The folder is not such a checkout.
    """
    protos = root / "proto"
    if not root.is_dir():
        raise CodegenError(f"no schema checkout at {root}: no such folder")
    if not any((protos / _VENDOR).rglob("*.proto")):
        raise CodegenError(
            f"no schema checkout at {root}: it has no proto/{_VENDOR}/<api>/<version>/*.proto; "
            "--schema must be the folder of a clone of kentik/api-schema-public"
        )
    repositories = sorted(path for path in root.glob("protovendor/*/*/*") if path.is_dir())
    vendored = [path / "src" if (path / "src" / "google").is_dir() else path for path in repositories]
    return Schema(protos, tuple(vendored))


def _api_name(folder: Path) -> str:
    inside = folder.parts[1:] if folder.parts[:1] == (_VENDOR,) else folder.parts
    return "/".join(inside) or "."


def _nearest(name: str, apis: list[str]) -> str:
    same = [api for api in apis if name.partition("/")[0] in api.split("/")]
    if near := same[:_SHOWN_APIS] or difflib.get_close_matches(name, apis, n=3, cutoff=0.5):
        return f"did you mean {' or '.join(near)}?"
    more = f" and {len(apis) - _SHOWN_APIS} more" if len(apis) > _SHOWN_APIS else ""
    return f"available: {', '.join(apis[:_SHOWN_APIS])}{more}"
