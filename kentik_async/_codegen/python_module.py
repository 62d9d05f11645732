"""Writes the `.py` file of a package."""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterator

from google.protobuf import descriptor_pb2 as pb

from kentik_async._codegen.packages import Method, Package, Service, Symbol, Symbols

__all__ = ["HEADER", "alias", "import_line", "python_module", "relative"]

HEADER = "Written by `python -m codegen`; changes made here are lost."


def python_module(package: Package, symbols: Symbols) -> str:
    """Return the text of a package's `__init__.py`."""
    lines = [
        f'"""{package.origin or package.path}: its messages, enums, stubs and servicers.',
        "",
        HEADER,
        '"""',
        "",
        f"from {relative(package)} import _runtime",
        "",
        "_types = _runtime.load(__name__)",
        *(_binding(name) for file in package.files for name in _top_level(file)),
    ]
    if imports := _imports(package, symbols):
        lines += ["", "# Down here, since two packages may import each other.", *imports]
    for service in package.services:
        lines += ["", "", *_stub(service, package, symbols)]
        lines += ["", "", *_servicer(service)]
        lines += ["", "", *_adder(service)]
    return "\n".join(lines) + "\n"


def quote(text: str) -> str:
    """Return a string literal in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def relative(package: Package) -> str:
    """Return the dots of a relative import from a package to the generated root."""
    return "." * (package.path.count(".") + 2)


def alias(path: str) -> str:
    """Return the alias of a package in other packages."""
    return f"_{path.replace('.', '__')}".replace("_google__protobuf__", "_")


def import_line(symbol: Symbol, package: Package) -> str:
    """Return the line that imports the package of a symbol under its alias."""
    parent, _, name = symbol.package.rpartition(".")
    start = parent if symbol.well_known else relative(package) + parent
    return f"from {start} import {name} as {alias(symbol.package)}"


def _imports(package: Package, symbols: Symbols) -> list[str]:
    """Return the imports of the packages whose types are used, because their classes must be bound too."""
    used = {symbols[name].package: symbols[name] for name in package.types()}
    return sorted(import_line(symbol, package) for path, symbol in used.items() if path != package.path)


def _top_level(file: pb.FileDescriptorProto) -> Iterator[str]:
    """Yield the names that a file defines in its module."""
    for enum in file.enum_type:
        yield enum.name
        yield from (value.name for value in enum.value)
    yield from (message.name for message in file.message_type)


def _binding(name: str) -> str:
    target = f"globals()[{quote(name)}]" if keyword.iskeyword(name) else name
    return f"{target} = _types[{quote(name)}]"


def _reference(full_name: str, package: Package, symbols: Symbols) -> str:
    """Return an expression for a message class."""
    symbol = symbols[full_name]
    parts = symbol.name.split(".")
    if symbol.package != package.path:
        text = alias(symbol.package)
    elif keyword.iskeyword(parts[0]):
        text = f"_types[{quote(parts.pop(0))}]"
    else:
        text = parts.pop(0)
    for part in parts:
        text = f"getattr({text}, {quote(part)})" if keyword.iskeyword(part) else f"{text}.{part}"
    return text


def _stub(service: Service, package: Package, symbols: Symbols) -> list[str]:
    return [
        f"class {service.name}Stub:",
        f'    """Calls {service.full_name}, on a grpc.aio channel or one that calls the same way."""',
        "",
        "    METHODS = {",
        *(line for method in service.methods for line in _spec(method, package, symbols)),
        "    }",
        "",
        "    def __init__(self, channel):",
        "        _runtime.bind(self, channel)",
    ]


def _spec(method: Method, package: Package, symbols: Symbols) -> list[str]:
    values = {
        "name": quote(method.name),
        "path": quote(method.path),
        "verb": quote(method.http.verb),
        "http_path": quote(method.http.path),
        "body": quote(method.http.body),
        "client_streaming": repr(method.client_streaming),
        "server_streaming": repr(method.server_streaming),
        "request": _reference(method.request, package, symbols),
        "response": _reference(method.response, package, symbols),
    }
    return [
        f"        {quote(method.name)}: _runtime.MethodSpec(",
        *(f"            {name}={value}," for name, value in values.items()),
        "        ),",
    ]


def _servicer(service: Service) -> list[str]:
    plain = [method.name for method in service.methods if not keyword.iskeyword(method.name)]
    reserved = [method.name for method in service.methods if keyword.iskeyword(method.name)]
    lines = [
        f"class {service.name}Servicer:",
        f'    """Serves {service.full_name}: override the methods; the others answer UNIMPLEMENTED."""',
    ]
    if plain:
        lines += ["", *(f"    {name} = _runtime.unimplemented" for name in plain)]
    if reserved:
        lines += [
            "",
            "",
            *(f'setattr({service.name}Servicer, "{name}", _runtime.unimplemented)' for name in reserved),
        ]
    return lines


def _adder(service: Service) -> list[str]:
    return [
        f"def add_{service.name}Servicer_to_server(servicer, server):",
        f'    """Adds a servicer of {service.full_name} to a grpc.aio server that has not started."""',
        f"    _runtime.serve({quote(service.full_name)}, {service.name}Stub.METHODS, servicer, server)",
    ]
