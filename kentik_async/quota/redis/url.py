"""Where Redis is, read from a URL, and under what names a customer's quota stands there."""

import hashlib
import json
import socket
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Connection
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from kentik_async.errors import ConfigError
from kentik_async.quota.limits import QuotaClass

__all__ = ["RedisAddress", "RedisNames"]

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
        options: What redis-py takes; they hold the password, so they are never shown.
    """

    place: str
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
            port = parts.port
            options: dict[str, Any] = {**parse_url(url)}
        except (ValueError, TypeError, AttributeError):
            raise ConfigError(f"limiter is no usable Redis URL: give {_FORM}") from None
        if parts.scheme not in ("redis", "rediss") or not parts.hostname or parts.fragment:
            raise ConfigError(f"limiter is no Redis URL with a host: give {_FORM}")
        database = parts.path.strip("/")
        if database and not (database.isascii() and database.isdecimal()):
            raise ConfigError(f"limiter's Redis database is {database!r}: give a number, as in {_FORM}")
        if parts.scheme == "rediss":
            # Before its version 6, redis-py verified the certificate and not whose it is.
            options.setdefault("ssl_check_hostname", options.get("ssl_cert_reqs") != "none")
        options.setdefault("socket_connect_timeout", _CONNECT_TIMEOUT)
        options.setdefault("socket_keepalive", True)
        options.setdefault("socket_keepalive_options", _KEEPALIVE)
        options |= {"protocol": 2, "decode_responses": False, "socket_timeout": None}
        options["retry"] = Retry(NoBackoff(), 0)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        address = cls(f"{host}:{port or 6379}/{options.get('db', 0)}", options)
        try:
            address.connection()
        except Exception as error:  # noqa: BLE001 (whatever redis-py raises, the option is what it dislikes)
            raise ConfigError(
                f"limiter's Redis URL has an option that cannot be used ({type(error).__name__}): "
                "check what stands after its '?'"
            ) from None
        return address

    def moved(self, host: str, port: int) -> "RedisAddress":
        """Return the address of another node of the same cluster; an empty host is the same host."""
        host = host or self.options["host"]
        return RedisAddress(
            f"{host}:{port}/{self.options.get('db', 0)}", {**self.options, "host": host, "port": port}
        )

    @property
    def connect_timeout(self) -> float:
        """For how many seconds to try to connect."""
        return float(self.options["socket_connect_timeout"])

    def connection(self) -> Connection:
        """Return a connection that is not yet made."""
        options = dict(self.options)
        kind: type[Connection] = options.pop("connection_class", Connection)
        return kind(**options)


@dataclass(frozen=True, slots=True)
class RedisNames:
    """The key and the channels of one customer's quota in one class.

    All have one hash tag, so that a Redis Cluster keeps them together. They tell whose quota it is only to
    who knows it already.

    Attributes:
        prefix: What they begin with; also the channel that all members listen to.
    """

    prefix: str

    @classmethod
    def of(cls, endpoints: Sequence[str], customer: str, quota_class: QuotaClass) -> "RedisNames":
        """Name the quota of a customer at an installation.

        Args:
            endpoints: Where the requests go; each installation counts for itself.
            customer: Whose quota it is.
            quota_class: Its class.
        """
        identity = json.dumps([sorted(endpoints), customer]).encode()
        return cls(f"kentik-async:{{{hashlib.sha256(identity).hexdigest()[:32]}}}:{quota_class}")

    @property
    def key(self) -> str:
        """The key of the state."""
        return f"{self.prefix}:state"

    @property
    def time_channel(self) -> str:
        """The channel of the members that know the time: others ask there whether the clock was set."""
        return f"{self.prefix}:time"

    def channel(self, member: str) -> str:
        """Return the channel of one member."""
        return f"{self.prefix}:{member}"
