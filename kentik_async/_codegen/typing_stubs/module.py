"""Writes the `.pyi` file of a package, for type checkers and editors."""

from __future__ import annotations

import keyword

from kentik_async._codegen.packages import Method, Package, Service, Symbols
from kentik_async._codegen.python_module import HEADER, docstring, indented
from kentik_async._codegen.typing_stubs.messages import MessageWriter
from kentik_async._codegen.typing_stubs.names import Names

__all__ = ["typing_stub"]


def typing_stub(package: Package, symbols: Symbols) -> str:
    """Return the text of a package's `__init__.pyi`."""
    names = Names(package, symbols)
    body: list[str] = []
    for file in package.files:
        writer = MessageWriter(file, package.comments, names)
        for enum in file.enum_type:
            body += ["", *writer.enum(enum, enum.name), "", *writer.values_beside(enum, enum.name, "Final")]
        for message in file.message_type:
            body += ["", *writer.message(message, message.name)]
    for service in package.services:
        body += ["", *_stub(service, names), "", *_servicer(service, names), "", *_adder(service, names)]
    origin = package.origin or package.path
    head = [f'"""{origin}: its messages, enums, stubs and servicers.', "", HEADER, '"""', ""]
    aliases = names.aliases()
    return "\n".join([*head, *names.imports(), *body, "", *aliases]).rstrip() + "\n"


def _stub(service: Service, names: Names) -> list[str]:
    """The client side of a service."""
    body = docstring(service.comment)
    # An RPC of this name hides the facts from instances; the class still has them.
    if all(method.name != "METHODS" for method in service.methods):
        specs = f"{names.builtin('dict')}[{names.builtin('str')}, {names.runtime('MethodSpec')}]"
        body.append(f"METHODS: {names.of('typing', 'ClassVar')}[{specs}]")
    body.append(f"def __init__(self, channel: {names.runtime('Channel')}) -> None: ...")
    for method in service.methods:
        sides = ("Stream" if side else "Unary" for side in (method.client_streaming, method.server_streaming))
        types = f"{names.type(method.request)}, {names.type(method.response)}"
        kind = f"{names.runtime(''.join(sides))}[{types}]"
        for name in (method.python_name, method.name):
            if name and not keyword.iskeyword(name):
                body += [f"{name}: {kind}", *docstring(method.comment)]
    return [f"class {service.name}Stub:", *indented(body)]


def _servicer(service: Service, names: Names) -> list[str]:
    """The server side of a service."""
    body = docstring(service.comment)
    for method in service.methods:
        if not keyword.iskeyword(method.name):
            body += _serving(method, names)
    return [f"class {service.name}Servicer:", *indented(body or ["..."])]


def _serving(method: Method, names: Names) -> list[str]:
    """Return a method to override with `async def`, or with an async generator if it returns a stream."""
    request, response = names.type(method.request), names.type(method.response)
    context = f"{names.of('grpc.aio', 'ServicerContext')}[{request}, {response}]"
    awaitable = names.of("collections.abc", "Awaitable")
    argument, result = request, f"{awaitable}[{response}]"
    if method.client_streaming:
        argument = f"{names.of('collections.abc', 'AsyncIterator')}[{request}]"
    if method.server_streaming:
        result = f"{names.of('collections.abc', 'AsyncIterator')}[{response}] | {awaitable}[None]"
    return [
        f"def {method.name}(",
        f"    self, request: {argument}, context: {context}",
        f") -> {result}: ...",
    ]


def _adder(service: Service, names: Names) -> list[str]:
    """Return the function that adds a servicer to a server."""
    server = names.of("grpc.aio", "Server")
    return [
        f"def add_{service.name}Servicer_to_server(",
        f"    servicer: {service.name}Servicer, server: {server}",
        ") -> None: ...",
    ]
