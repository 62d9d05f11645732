"""Compiles protos into a Python package of messages, typed asyncio stubs and servicers.

`python -m codegen` in a checkout and `kentik-async codegen` are its commands.
"""

__all__: list[str] = []
