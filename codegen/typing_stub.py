"""Writes the `.pyi` of a package: what type checkers and editors read."""

from __future__ import annotations

import keyword

from codegen.packages import Method, Package, Service, Symbols
from codegen.python_module import HEADER
from codegen.typing_messages import MessageWriter, docstring, indented
from codegen.typing_names import Names

__all__ = ["typing_stub"]


def typing_stub(package: Package, symbols: Symbols) -> str:
    """The text of a package's `__init__.pyi`."""
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
    specs = f"{names.builtin('dict')}[{names.builtin('str')}, {names.runtime('MethodSpec')}]"
    body = [
        *docstring(service.comment),
        f"METHODS: {names.of('typing', 'ClassVar')}[{specs}]",
        f"def __init__(self, channel: {names.runtime('Channel')}) -> None: ...",
    ]
    for method in service.methods:
        if not keyword.iskeyword(method.name):
            sides = (
                "Stream" if side else "Unary" for side in (method.client_streaming, method.server_streaming)
            )
            types = f"{names.type(method.request)}, {names.type(method.response)}"
            body += [f"{method.name}: {names.runtime(''.join(sides))}[{types}]", *docstring(method.comment)]
    return [f"class {service.name}Stub:", *indented(body)]


def _servicer(service: Service, names: Names) -> list[str]:
    """The server side of a service."""
    body = docstring(service.comment)
    for method in service.methods:
        if not keyword.iskeyword(method.name):
            body += _serving(method, names)
    return [f"class {service.name}Servicer:", *indented(body or ["..."])]


def _serving(method: Method, names: Names) -> list[str]:
    """A method to override: by `async def`, and by an asynchronous generator where it answers a stream."""
    request, response = names.type(method.request), names.type(method.response)
    context = f"{names.of('grpc.aio', 'ServicerContext')}[{request}, {response}]"
    awaitable = names.of("collections.abc", "Awaitable")
    received, answered = request, f"{awaitable}[{response}]"
    if method.client_streaming:
        received = f"{names.of('collections.abc', 'AsyncIterator')}[{request}]"
    if method.server_streaming:
        answered = f"{names.of('collections.abc', 'AsyncIterator')}[{response}] | {awaitable}[None]"
    return [
        f"def {method.name}(",
        f"    self, request: {received}, context: {context}",
        f") -> {answered}: ...",
    ]


def _adder(service: Service, names: Names) -> list[str]:
    """The function that adds a servicer to a server."""
    server = names.of("grpc.aio", "Server")
    return [
        f"def add_{service.name}Servicer_to_server(",
        f"    servicer: {service.name}Servicer, server: {server}",
        ") -> None: ...",
    ]
