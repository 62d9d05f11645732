"""Where Redis is, read from a URL, and under what name a customer's quota is kept there."""

import hashlib
import json
import socket
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis import Connection
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from kentik_async.errors import ConfigError
from kentik_async.quota.limits import QuotaClass

__all__ = ["Node", "RedisAddress", "prefix_of"]

Node = tuple[str, int]
"""Host and port."""

_FORM = "redis://[user:password@]host[:port][/database], or rediss:// for TLS"
_CONNECT_TIMEOUT = 5.0

# A peer that has gone without a word is noticed within half a minute, also where nothing is to be sent.
_KEEPALIVE = {
    getattr(socket, name): value
    for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name) and hasattr(socket, "SOL_TCP")
}


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where Redis is and how to log in there.

    Attributes:
        place: Host, port and database, for messages.
        node: The server that the URL names; of a cluster, any of its nodes.
        options: What redis-py takes; they hold the password, so they are never shown.
    """

    place: str
    node: Node
    options: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> "RedisAddress":
        """Read `redis[s]://[user[:password]@]host[:port][/database][?option=…]`.

        Args:
            url: The URL; with `rediss` it is TLS, and the server's name is verified. Options are redis-py's,
                such as `ssl_ca_certs=/path`.

        Raises:
            ConfigError: It is no such URL. The message shows neither user nor password.
        """
        try:
            parts = urllib.parse.urlsplit(url)
            options: dict[str, Any] = {**parse_url(url)}
            host, port = options.pop("host", ""), options.pop("port", 6379)
        except (ValueError, TypeError, AttributeError):
            raise ConfigError(f"limiter is no usable Redis URL: give {_FORM}") from None
        if parts.scheme not in ("redis", "rediss") or not host or parts.fragment:
            raise ConfigError(f"limiter is no Redis URL with a host: give {_FORM}")
        database = parts.path.strip("/")
        if database and not (database.isascii() and database.isdecimal()):
            raise ConfigError(f"limiter's Redis database is {database!r}: give a number, as in {_FORM}")
        options.setdefault("socket_connect_timeout", _CONNECT_TIMEOUT)
        options.setdefault("socket_keepalive", True)
        options.setdefault("socket_keepalive_options", _KEEPALIVE)
        options["socket_timeout"] = float(options["socket_connect_timeout"])  # of an answer, while connecting
        options |= {"protocol": 2, "decode_responses": False, "retry": Retry(NoBackoff(), 0)}
        shown = f"[{host}]" if ":" in host else host
        address = cls(f"{shown}:{port}/{options.get('db', 0)}", (host, port), options)
        try:
            address.connection(address.node)
        except Exception as error:  # noqa: BLE001 (whatever redis-py raises, the option is what it dislikes)
            raise ConfigError(
                f"limiter's Redis URL has an option that cannot be used ({type(error).__name__}): "
                "check what stands after its '?'"
            ) from None
        return address

    @property
    def connect_timeout(self) -> float:
        """For how many seconds to try to connect."""
        return float(self.options["socket_connect_timeout"])

    def connection(self, node: Node) -> Connection:
        """Return a connection that is not yet made."""
        options = dict(self.options)
        kind: type[Connection] = options.pop("connection_class", Connection)
        return kind(host=node[0], port=node[1], **options)


def prefix_of(endpoints: Sequence[str], customer: str, quota_class: QuotaClass) -> str:
    """Return what the key and the channels of one customer's quota in one class begin with.

    All have one hash tag, so that a Redis Cluster keeps them together. They tell whose quota it is only to
    who knows it already.

    Args:
        endpoints: Where the requests go; each installation counts for itself.
        customer: Whose quota it is.
        quota_class: Its class.
    """
    identity = json.dumps([sorted(endpoints), customer]).encode()
    return f"kentik-async:{{{hashlib.sha256(identity).hexdigest()[:32]}}}:{quota_class}"
