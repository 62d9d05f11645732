"""Imports grpcio without the log lines that its C++ core prints to stderr, unless the user chose them."""

import os

__all__ = ["grpc"]

_VARIABLE = "GRPC_VERBOSITY"

# The core reads the variable when it is imported, so the process and its children never see the change.
_chosen = _VARIABLE in os.environ
if not _chosen:
    os.environ[_VARIABLE] = "NONE"
try:
    import grpc
    import grpc.aio
finally:
    if not _chosen:
        del os.environ[_VARIABLE]
