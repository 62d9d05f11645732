"""Connection arguments for a `KentikClient` that talks to an emulator.

This is the only emulator module that imports the client. It is imported on demand, so that the rest of the
emulator stays independent of the client's implementation of the rate limits.
"""

from typing import Any

from kentik_async.client import KentikClient
from kentik_async.emulator.engine.auth import User
from kentik_async.quota import Quota

__all__ = ["KentikClient", "connection"]


def connection(
    user: User, *, grpc_endpoint: str, v6_rest_endpoint: str, rest_endpoint: str, speed: float
) -> dict[str, Any]:
    """Return the keyword arguments for a `KentikClient` that connects to an emulator.

    Args:
        user: The user to authenticate as.
        grpc_endpoint: The URL of API v6 over gRPC.
        v6_rest_endpoint: The URL of API v6 as JSON.
        rest_endpoint: The URL of API v5.
        speed: The emulator's clock speed-up factor.
    """
    return {
        "email": user.email,
        "token": user.token,
        "customer": user.customer,
        "grpc_endpoint": grpc_endpoint,
        "v6_rest_endpoint": v6_rest_endpoint,
        "rest_endpoint": rest_endpoint,
        "quota": Quota.NON_QUERY.scaled(speed),
        "query_quota": Quota.QUERY.scaled(speed),
    }
