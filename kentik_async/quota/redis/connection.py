"""The connections to Redis: one to ask, one to be told. Wire alone, no policy.

They are made and dropped together: a member that could not be told would lose its turns. In a cluster they
follow the key to the node that has it, and remember the other nodes in case that one is lost.
"""

import contextlib
import re
import threading
from collections.abc import Callable
from importlib.resources import files
from typing import Any, TypeVar

from redis import exceptions as redis_errors

from kentik_async.errors import ConfigError
from kentik_async.quota.redis.replica import Exchange, Reading
from kentik_async.quota.redis.url import RedisAddress

__all__ = ["ConnectionLostError", "RedisConnection"]

R = TypeVar("R")

_SCRIPT = files("kentik_async.quota.redis").joinpath("compare_and_set.lua").read_bytes()
_READ = (b"?", b"", b"")  # made from a version that there never is
_REDIRECTIONS = 5

_PERMISSIONS = (
    "eval, hmget, hset, pexpire, time, info, select, subscribe and publish (in a cluster also "
    "asking and cluster|slots), on keys and channels kentik-async:*"
)

_PASSING = re.compile(
    "(^|-)(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN|UNKILLABLE) "
)
"""Replies of a server that will do its work again; in a script's error the code follows a hyphen."""


class ConnectionLostError(Exception):
    """There is no connection to Redis at present, or it cannot serve; its text has no credentials."""


class RedisConnection:
    """Two connections to one server, made and dropped together; one thread may ask at a time.

    Attributes:
        up: Whether the connections are made.
    """

    def __init__(
        self,
        address: RedisAddress,
        key: str,
        instant: Callable[[], float],
        on_message: Callable[[bytes, bytes], None],
        on_lost: Callable[[], None],
        patience: float,
    ) -> None:
        """Start without a connection; an answer may take `patience` seconds.

        In another thread `on_message` is called with the channel and the text of each message, and `on_lost`
        when the hearing connection is lost.
        """
        self.up = False
        self._address = address
        self._nodes = [address.node]  # the first is tried first
        self._asks = False  # whether that node is being handed the key by another
        self._key = key
        self._instant = instant
        self._on_message, self._on_lost = on_message, on_lost
        self._timeout: float = address.options["socket_timeout"]  # while connecting
        self._patience = patience
        self._asking: Any = None  # both of redis-py's `Connection`, which lacks annotations
        self._hearing: Any = None

    def open(self, *channels: str) -> None:
        """Make the connections and listen to channels.

        Raises:
            ConnectionLostError: Redis cannot be reached, or is not ready.
            ConfigError: Redis refuses the credentials, or lacks what is needed.
        """
        deadline, tries = self._instant() + self._timeout, len(self._nodes) + _REDIRECTIONS
        for left in reversed(range(tries)):
            try:
                self._connect(channels)
            except (redis_errors.RedisError, OSError) as error:
                failure = self._drop(error)
                if isinstance(failure, ConfigError) or not left or self._instant() >= deadline:
                    raise failure from None
            else:
                return

    def exchange(self, *arguments: bytes | str) -> Exchange:
        """Commit what is made from the present state; without arguments, which are the script's, read it.

        Raises:
            ConnectionLostError: The connection is lost, or the answer is overdue: it was committed, or not.
            ConfigError: Redis refuses it.
        """
        return self._try(self._script, *arguments)

    def publish(self, channel: str, message: str) -> int:
        """Tell all who listen to a channel; return how many they are."""
        return int(self._try(self._ask, "PUBLISH", channel, message))

    def subscribe(self, channel: str) -> None:
        """Listen to one more channel."""
        self._try(self._hearing.send_command, "SUBSCRIBE", channel)

    def close(self) -> None:
        """Close the connections; from any thread."""
        self.up = False
        both, self._asking, self._hearing = (self._asking, self._hearing), None, None
        for connection in both:
            if connection is not None:
                connection.disconnect()

    def _connect(self, channels: tuple[str, ...]) -> None:
        self.close()
        asking = self._asking = self._address.connection(self._nodes[0])
        hearing = self._hearing = self._address.connection(self._nodes[0])
        asking.connect()
        hearing.connect()
        hearing.send_command("SUBSCRIBE", *channels)
        for _ in channels:
            hearing.read_response()
        self._script()  # is the key here?
        if b"redis_mode:cluster" in self._ask("INFO", "server"):
            self._find_nodes()
        self.up = True
        # What follows from what is asked from now on is heard.
        threading.Thread(target=self._listen, args=(hearing,), name="kentik_async redis", daemon=True).start()

    def _find_nodes(self) -> None:
        """Remember the nodes of the cluster; without the permission the seed and redirections must do."""
        with contextlib.suppress(redis_errors.ResponseError):
            here = self._nodes[0]
            nodes = [here, self._address.node]
            for _, _, *owners in self._ask("CLUSTER", "SLOTS"):
                nodes += [((host or b"").decode() or here[0], port) for host, port, *_ in owners]
            self._nodes = list(dict.fromkeys(nodes))

    def _script(self, *arguments: bytes | str) -> Exchange:
        asked = self._instant()
        seconds, fraction, run, *held = self._ask("EVAL", _SCRIPT, 1, self._key, *(arguments or _READ))
        clock = Reading(asked, self._instant(), int(seconds) + int(fraction) / 1_000_000)
        return Exchange(clock, run, tuple(held[0]) if held else ())

    def _ask(self, *command: bytes | str | int) -> Any:
        connection = self._asking
        if self._asks:
            connection.send_command("ASKING")
            connection.read_response()
        connection.send_command(*command, check_health=False)
        if not connection.can_read(timeout=self._patience if self.up else self._timeout):
            raise TimeoutError("it does not answer")
        return connection.read_response()

    def _try(self, work: Callable[..., R], *arguments: bytes | str) -> R:
        try:
            if not self.up:
                raise redis_errors.ConnectionError("the connection is lost")
            return work(*arguments)
        except (redis_errors.RedisError, OSError) as error:
            raise self._drop(error) from None

    def _listen(self, connection: Any) -> None:
        try:
            while connection.can_read(timeout=None):
                heard = connection.read_response()
                if heard[0] == b"message":
                    self._on_message(heard[1], heard[2])
        except (redis_errors.RedisError, OSError, ValueError, AttributeError):
            pass  # the latter are what redis-py makes of it that another thread closes the connection
        finally:
            if connection is self._hearing:
                self.up = False
                self._on_lost()

    def _drop(self, error: Exception) -> Exception:
        """Drop the connections after a failure; return what it means: something to wait out, or to put right.

        An answer that is overdue might come to the next question; one that refuses, from a server that was
        replaced, will be another on a new connection.
        """
        self.close()
        self._asks = type(error) is redis_errors.AskError
        if isinstance(error, redis_errors.AskError):  # a MovedError is one too
            self._nodes = list(dict.fromkeys([(error.host or self._nodes[0][0], error.port), *self._nodes]))
        else:
            self._nodes.append(self._nodes.pop(0))
        place, text = self._address.place, str(error)
        if isinstance(error, redis_errors.AuthenticationError | redis_errors.AuthorizationError):
            return ConfigError(
                f"Redis at {place} refuses the user or the password: check them in the limiter's URL"
            )
        if isinstance(error, redis_errors.NoPermissionError) or "can't run this command" in text:
            return ConfigError(
                f"Redis at {place} denies its user something it needs: {text}; grant it {_PERMISSIONS}"
            )
        # What redis-py has a class for will pass.
        if type(error) is redis_errors.ResponseError and not _PASSING.search(text):
            return ConfigError(f"Redis at {place} cannot keep the quota: {text}")
        return ConnectionLostError(text or type(error).__name__)
