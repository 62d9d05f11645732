"""The emulator's one tie to the client's side: how a `KentikClient` is pointed at it.

Imported when a client or a connection is asked for, and never by the rest of the emulator, which must not
know how the client reads the vendor's rules.
"""

from typing import Any

from kentik_async.client import KentikClient
from kentik_async.emulator.engine.auth import User
from kentik_async.quota import Quota

__all__ = ["KentikClient", "connection"]


def connection(user: User, *, grpc_endpoint: str, rest_endpoint: str, speed: float) -> dict[str, Any]:
    """Return the keyword arguments that point a `KentikClient` at an emulator, as one of its users.

    Args:
        user: As whom.
        grpc_endpoint: The URL of API v6.
        rest_endpoint: The URL of API v5.
        speed: How many times faster than at the vendor time passes there.
    """
    return {
        "email": user.email,
        "token": user.token,
        "customer": user.customer,
        "grpc_endpoint": grpc_endpoint,
        "rest_endpoint": rest_endpoint,
        "quota": Quota.NON_QUERY.scaled(speed),
        "query_quota": Quota.QUERY.scaled(speed),
    }
