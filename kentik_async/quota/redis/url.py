"""Where Redis is, read from a URL, and under what name a customer's quota is kept there."""

import hashlib
import json
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

__all__ = ["RedisAddress", "prefix_of"]

_FORM = "redis://[user:password@]host[:port][/database], or rediss:// for TLS"
_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where Redis is and how to log in there.

    Attributes:
        place: Host, port and database, for messages.
        node: Host and port of the server that the URL names; of a cluster, any of its nodes.
        options: What redis-py takes; they hold the password, so they are never shown.
    """

    place: str
    node: tuple[str, int]
    options: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> "RedisAddress":
        """Read `redis[s]://[user[:password]@]host[:port][/database][?option=…]`.

        With `rediss` it is TLS, and the server's name is verified. Options are redis-py's, such as
        `ssl_ca_certs=/path`.

        Raises:
            ConfigError: It is no such URL. The message shows neither user nor password.
        """
        try:
            parts = urllib.parse.urlsplit(url)
            options: dict[str, Any] = {**parse_url(url)}  # type: ignore[no-untyped-call]  # redis-py's omission
            host, port = options.pop("host"), options.pop("port", 6379)
        except (ValueError, TypeError, AttributeError, KeyError):
            raise ConfigError(f"limiter is no Redis URL with a host: give {_FORM}") from None
        if parts.fragment:
            raise ConfigError(f"limiter's Redis URL has a part after '#': give {_FORM}, with '#' as %23")
        database = parts.path.strip("/")
        if database and not (database.isascii() and database.isdecimal()):
            raise ConfigError(f"limiter's Redis database is {database!r}: give a number, as in {_FORM}")
        if options.get("ssl_cert_reqs") == "none":
            options.setdefault("ssl_check_hostname", False)  # redis-py 6 cannot do without
        options.setdefault("socket_keepalive", True)  # a peer that has gone without a word is noticed
        options |= {"protocol": 2, "decode_responses": False, "retry": Retry(NoBackoff(), 0)}
        shown = f"[{host}]" if ":" in host else host
        try:
            timeout = float(options.get("socket_connect_timeout", _TIMEOUT))
            options |= {"socket_connect_timeout": timeout, "socket_timeout": timeout}
            address = cls(f"{shown}:{port}/{options.get('db', 0)}", (host, port), options)
            address.connection(address.node)
        except Exception as error:  # noqa: BLE001 (whatever redis-py raises, the option is what it dislikes)
            raise ConfigError(
                f"limiter's Redis URL has an option that cannot be used ({type(error).__name__}): "
                "check what stands after its '?'"
            ) from None
        return address

    def connection(self, node: tuple[str, int]) -> Any:
        """Return a connection of redis-py's that is not yet made; its methods lack annotations."""
        options = dict(self.options)
        kind: type[Connection] = options.pop("connection_class", Connection)
        return kind(host=node[0], port=node[1], **options)


def prefix_of(endpoints: Sequence[str], customer: str, quota_class: QuotaClass) -> str:
    """Return what the key and the channels of one customer's quota in one class begin with.

    All have one hash tag, so that a Redis Cluster keeps them together. They tell whose quota it is only to
    who knows it already.
    """
    identity = json.dumps([sorted(endpoints), customer]).encode()
    return f"kentik-async:{{{hashlib.sha256(identity).hexdigest()[:32]}}}:{quota_class}"
