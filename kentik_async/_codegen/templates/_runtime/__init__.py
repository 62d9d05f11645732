"""The runtime of the generated packages: registers messages, binds stubs, serves servicers.

Written by `kentik-async codegen`; changes made here are lost.
"""

from .enums import Enum
from .messages import link, load
from .rpc import (
    Channel,
    MethodSpec,
    Server,
    StreamStream,
    StreamUnary,
    Stub,
    UnaryStream,
    UnaryUnary,
    bind,
    serve,
    unimplemented,
)

__all__ = [
    "Channel",
    "Enum",
    "MethodSpec",
    "Server",
    "StreamStream",
    "StreamUnary",
    "Stub",
    "UnaryStream",
    "UnaryUnary",
    "bind",
    "link",
    "load",
    "serve",
    "unimplemented",
]
