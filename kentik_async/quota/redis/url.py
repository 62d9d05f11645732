"""Parses the URL of a Redis, and names the key and channels of a customer's quota there."""

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
    """The address of a Redis, with the options and credentials of its connections.

    Attributes:
        place: Host, port and database, for messages.
        node: Host and port of the server that the URL names; in a cluster, any of its nodes.
        options: The arguments for redis-py; they contain the password, so they are never shown.
    """

    place: str
    node: tuple[str, int]
    options: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> "RedisAddress":
        """Parse `redis[s]://[user[:password]@]host[:port][/database][?option=…]`.

        `rediss` uses TLS and verifies the server's name. The options are those of redis-py, such as
        `ssl_ca_certs=/path`.

        Raises:
            ConfigError: The URL is invalid. The message shows neither user nor password.
        """
        try:
            parts = urllib.parse.urlsplit(url)
            options: dict[str, Any] = {**parse_url(url)}  # type: ignore[no-untyped-call]  # redis-py's omission
            host, port = options.pop("host"), options.pop("port", 6379)
        except (ValueError, TypeError, AttributeError, KeyError):
            raise ConfigError(f"limiter is not a valid Redis URL with a host: give {_FORM}") from None
        if parts.fragment:
            raise ConfigError(f"limiter's Redis URL has a part after '#': give {_FORM}, with '#' as %23")
        database = parts.path.strip("/")
        if database and not (database.isascii() and database.isdecimal()):
            raise ConfigError(f"limiter's Redis database is {database!r}: give a number, as in {_FORM}")
        if options.get("ssl_cert_reqs") == "none":
            options.setdefault("ssl_check_hostname", False)  # redis-py 6 requires it
        options.setdefault("socket_keepalive", True)  # detects a peer that has disappeared
        options |= {"protocol": 2, "decode_responses": False, "retry": Retry(NoBackoff(), 0)}
        shown = f"[{host}]" if ":" in host else host
        try:
            timeout = float(options.get("socket_connect_timeout", _TIMEOUT))
            options |= {"socket_connect_timeout": timeout, "socket_timeout": timeout}
            address = cls(f"{shown}:{port}/{options.get('db', 0)}", (host, port), options)
            address.connection(address.node)
        except Exception as error:  # noqa: BLE001 (any error of redis-py here is caused by an option)
            raise ConfigError(
                f"limiter's Redis URL has an option that cannot be used ({type(error).__name__}): "
                "check the part after '?'"
            ) from None
        return address

    def connection(self, node: tuple[str, int]) -> Any:
        """Return a redis-py connection that is not open yet; its methods lack annotations."""
        options = dict(self.options)
        kind: type[Connection] = options.pop("connection_class", Connection)
        return kind(host=node[0], port=node[1], **options)


def prefix_of(endpoints: Sequence[str], customer: str, quota_class: QuotaClass) -> str:
    """Return the prefix of the key and the channels of one customer's quota in one class.

    All have one hash tag, so that a Redis Cluster keeps them on one node. The prefix contains a hash, so it
    identifies the customer only to a reader who knows the customer.
    """
    identity = json.dumps([sorted(endpoints), customer]).encode()
    return f"kentik-async:{{{hashlib.sha256(identity).hexdigest()[:32]}}}:{quota_class}"
