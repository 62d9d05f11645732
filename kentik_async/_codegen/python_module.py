"""Writes the `.py` file of a package."""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterator

from google.protobuf import descriptor_pb2 as pb

from kentik_async._codegen.packages import Method, Package, Service, Symbol, Symbols

__all__ = ["HEADER", "alias", "docstring", "import_line", "indented", "python_module", "quote", "relative"]

HEADER = "Written by `kentik-async codegen`; changes made here are lost."


def python_module(package: Package, symbols: Symbols) -> str:
    """Return the text of a package's `__init__.py`."""
    return _Writer(package, symbols).module()


def quote(text: str) -> str:
    """Return a string literal in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def relative(package: Package) -> str:
    """Return the dots of a relative import from a package to the generated root."""
    return "." * (package.path.count(".") + 2)


def alias(symbol: Symbol, package: Package) -> str:
    """Return the alias of a symbol's package in another package."""
    name = f"_{symbol.package.replace('.', '__')}".replace("_google__protobuf__", "_")
    return package.free(name)


def import_line(symbol: Symbol, package: Package) -> str:
    """Return the line that imports the package of a symbol under its alias."""
    parent, _, name = symbol.package.rpartition(".")
    start = parent if symbol.well_known else relative(package) + parent
    return f"from {start} import {name} as {alias(symbol, package)}"


def indented(lines: list[str]) -> list[str]:
    """Return the lines with one more level of indentation."""
    return [f"    {line}" if line else "" for line in lines]


def docstring(text: str) -> list[str]:
    """Return a comment as a docstring; nothing for an empty comment."""
    if not text:
        return []
    quotes_at_end = len(text) - len(text.rstrip('"'))
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if quotes_at_end % 3:
        text = f'{text[:-1]}\\"'
    first, *rest = text.splitlines()
    return [f'"""{first}', *rest, '"""'] if rest else [f'"""{first}"""']


class _Writer:
    """Writes the module of one package. Its private names are not those of any declaration."""

    def __init__(self, package: Package, symbols: Symbols) -> None:
        self._package = package
        self._symbols = symbols
        self._runtime = package.free("_runtime")
        self._types = package.free("_types")

    def module(self) -> str:
        """Return the text of the module."""
        package, runtime = self._package, self._runtime
        as_runtime = "" if runtime == "_runtime" else f" as {runtime}"
        lines = [
            f'"""{package.origin or package.path}: its messages, enums, stubs and servicers.',
            "",
            HEADER,
            '"""',
            "",
            f"from {relative(package)} import _runtime{as_runtime}",
            "",
            *self._load(),
            *(self._binding(name) for file in package.files for name in _top_level(file)),
            "",
            "# Down here, since two packages may import each other.",
            f"{runtime}.link(__name__)",
            *self._imports(),
        ]
        for service in package.services:
            lines += ["", "", *self._stub(service)]
            lines += ["", "", *self._servicer(service)]
            lines += ["", "", *self._adder(service)]
        return "\n".join(lines) + "\n"

    def _load(self) -> list[str]:
        services = {service.name for service in self._package.services}
        comments = self._package.comments.items()
        docs = {name: text for name, text in comments if name.partition(".")[0] not in services}
        if not docs:
            return [f"{self._types} = {self._runtime}.load(__name__, {{}})"]
        return [
            f"{self._types} = {self._runtime}.load(",
            "    __name__,",
            "    {",
            *(f"        {quote(name)}: {quote(text)}," for name, text in docs.items()),
            "    },",
            ")",
        ]

    def _imports(self) -> list[str]:
        """Return the imports of the packages whose types the services use."""
        methods = [method for service in self._package.services for method in service.methods]
        used = [self._symbols[name] for method in methods for name in (method.request, method.response)]
        others = (symbol for symbol in used if symbol.package != self._package.path)
        return sorted({import_line(symbol, self._package) for symbol in others})

    def _binding(self, name: str) -> str:
        target = f"globals()[{quote(name)}]" if keyword.iskeyword(name) else name
        return f"{target} = {self._types}[{quote(name)}]"

    def _reference(self, full_name: str) -> str:
        """Return an expression for a message class."""
        symbol = self._symbols[full_name]
        parts = symbol.name.split(".")
        if symbol.package != self._package.path:
            text = alias(symbol, self._package)
        elif keyword.iskeyword(parts[0]):
            text = f"{self._types}[{quote(parts.pop(0))}]"
        else:
            text = parts.pop(0)
        for part in parts:
            text = f"getattr({text}, {quote(part)})" if keyword.iskeyword(part) else f"{text}.{part}"
        return text

    def _stub(self, service: Service) -> list[str]:
        about = f"Calls {service.full_name}, on a grpc.aio channel or one that calls the same way."
        methods = [line for method in service.methods for line in self._spec(method)]
        return [
            f"class {service.name}Stub({self._runtime}.Stub):",
            *indented(docstring(f"{about}\n\n{service.comment}".rstrip())),
            "",
            "    METHODS = {",
            *methods,
            "    }",
        ]

    def _spec(self, method: Method) -> list[str]:
        values = {
            "name": quote(method.name),
            "path": quote(method.path),
            "verb": quote(method.http.verb),
            "http_path": quote(method.http.path),
            "body": quote(method.http.body),
            "client_streaming": repr(method.client_streaming),
            "server_streaming": repr(method.server_streaming),
            "request": self._reference(method.request),
            "response": self._reference(method.response),
            "python_name": quote(method.python_name),
            "doc": quote(method.comment),
        }
        return [
            f"        {quote(method.name)}: {self._runtime}.MethodSpec(",
            *(f"            {name}={value}," for name, value in values.items()),
            "        ),",
        ]

    def _servicer(self, service: Service) -> list[str]:
        about = f"Serves {service.full_name}: override the methods; the others answer UNIMPLEMENTED."
        unimplemented = f"{self._runtime}.unimplemented"
        plain = [method.name for method in service.methods if not keyword.iskeyword(method.name)]
        reserved = [method.name for method in service.methods if keyword.iskeyword(method.name)]
        lines = [
            f"class {service.name}Servicer:",
            *indented(docstring(f"{about}\n\n{service.comment}".rstrip())),
        ]
        if plain:
            lines += ["", *(f"    {name} = {unimplemented}" for name in plain)]
        if reserved:
            lines += [
                "",
                "",
                *(f'setattr({service.name}Servicer, "{name}", {unimplemented})' for name in reserved),
            ]
        return lines

    def _adder(self, service: Service) -> list[str]:
        stub, servicer = f"{service.name}Stub", f"{service.name}Servicer"
        arguments = f"servicer: {servicer}, server: {self._runtime}.Server"
        return [
            f"def add_{servicer}_to_server({arguments}) -> None:",
            f'    """Adds a servicer of {service.full_name} to a grpc.aio server that has not started."""',
            f"    {self._runtime}.serve({quote(service.full_name)}, {stub}.METHODS, servicer, server)",
        ]


def _top_level(file: pb.FileDescriptorProto) -> Iterator[str]:
    """Yield the names that a file defines in its module."""
    for enum in file.enum_type:
        yield enum.name
        yield from (value.name for value in enum.value)
    yield from (message.name for message in file.message_type)
