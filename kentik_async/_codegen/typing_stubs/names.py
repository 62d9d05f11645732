"""The names and imports of a `.pyi` file, including aliases for names that are hidden."""

from __future__ import annotations

import keyword
from collections.abc import Iterator

from google.protobuf import descriptor_pb2 as pb

from kentik_async._codegen import descriptors
from kentik_async._codegen.packages import Package, Symbols
from kentik_async._codegen.python_module import alias, import_line, relative

__all__ = ["Names"]


class Names:
    """The names of one `.pyi` file. Collects the imports and aliases of the names that are used."""

    def __init__(self, package: Package, symbols: Symbols) -> None:
        self._package = package
        self._symbols = symbols
        self._in_classes = set(_names_in_classes(package))
        self._imports: set[str] = set()
        self._aliases: set[str] = set()

    def imports(self) -> list[str]:
        """Return the import lines of all used names."""
        return sorted(self._imports)

    def aliases(self) -> list[str]:
        """Return lines that give types another name, which no field hides."""
        if not self._aliases:
            return []
        type_alias = self.of("typing", "TypeAlias")
        return [f"{self._global(name)}: {type_alias} = {name}" for name in sorted(self._aliases)]

    def of(self, module: str, name: str) -> str:
        """Return a name of a module, under an alias that nothing in the package has."""
        private = self._package.free(f"_{name}")
        self._imports.add(f"from {module} import {name} as {private}")
        return private

    def private(self, name: str) -> str:
        """Return a private name that nothing in the package has."""
        return self._package.free(name)

    def runtime(self, name: str) -> str:
        """Return a name of the generated root's `_runtime`."""
        return self.of(f"{relative(self._package)}_runtime", name)

    def builtin(self, name: str) -> str:
        """Return a builtin; with its module if the package declares the same name."""
        if name not in self._package.declared:
            return name
        builtins = self._package.free("_builtins")
        self._imports.add(f"import builtins as {builtins}")
        return f"{builtins}.{name}"

    def type(self, full_name: str) -> str:
        """Return a message or enum; `Any` if its name is a Python keyword."""
        symbol = self._symbols[full_name.removeprefix(".")]
        first, *rest = symbol.name.split(".")
        if any(keyword.iskeyword(part) for part in (first, *rest)):
            return self.of("typing", "Any")
        if symbol.package != self._package.path:
            self._imports.add(import_line(symbol, self._package))
            return f"{alias(symbol, self._package)}.{symbol.name}"
        if first in self._in_classes:
            self._aliases.add(first)
            first = self._global(first)
        return ".".join([first, *rest])

    def _global(self, name: str) -> str:
        return self._package.free(f"_global_{name}")

    def enum_value(self, full_name: str) -> str:
        """Return the type of the values of an enum."""
        name = self.type(full_name)
        return name if name == self._package.free("_Any") else f"{name}.ValueType"

    def map_entry(self, full_name: str) -> pb.DescriptorProto | None:
        """Return the entry message of a map type; None for other types."""
        proto = self._symbols[full_name.removeprefix(".")].proto
        is_entry = isinstance(proto, pb.DescriptorProto) and proto.options.map_entry
        return proto if is_entry and isinstance(proto, pb.DescriptorProto) else None


def _names_in_classes(package: Package) -> Iterator[str]:
    """Yield the names that the classes of a package define, which hide names of the module there."""
    for service in package.services:
        yield from (method.name for method in service.methods)
    for file in package.files:
        for _, part in descriptors.declared(file):
            if isinstance(part, pb.DescriptorProto):
                yield from (field.name for field in part.field)
                yield from (nested.name for nested in part.nested_type)
                yield from (enum.name for enum in part.enum_type)
                yield from (value.name for enum in part.enum_type for value in enum.value)
            else:
                yield from (value.name for value in part.value)
