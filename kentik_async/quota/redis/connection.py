"""The connections to Redis: one for commands, one for messages. Only I/O, no rules.

They are opened and closed together: a member that gets no messages would lose its turns. In a cluster they
connect to the node that has the key, and remember the other nodes in case that one is lost.
"""

import contextlib
import re
import threading
from collections.abc import Callable
from importlib.resources import files
from typing import Any, TypeVar

from redis import exceptions as redis_errors

from kentik_async.errors import ConfigError
from kentik_async.quota.redis.replica import Reading, RedisReply
from kentik_async.quota.redis.url import RedisAddress

__all__ = ["ConnectionLostError", "RedisConnection"]

R = TypeVar("R")

_SCRIPT = files("kentik_async.quota.redis").joinpath("compare_and_set.lua").read_bytes()
_READ = (b"?", b"", b"")  # a version that does not exist, so that nothing is replaced
_REDIRECTIONS = 5

_PERMISSIONS = (
    "eval, hmget, hset, pexpire, time, info, select, subscribe and publish (in a cluster also "
    "asking and cluster|slots), on keys and channels kentik-async:*"
)

_TRANSIENT = re.compile(
    "(^|-)(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN|UNKILLABLE) "
)
"""Errors of a server that are temporary; in the error of a script the code follows a hyphen."""


class ConnectionLostError(Exception):
    """There is no connection to Redis, or Redis is not ready. The text has no credentials."""


class RedisConnection:
    """Two connections to one server, opened and closed together; only one thread at a time may send commands.

    Attributes:
        up: Whether the connections are open.
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

        A second thread calls `on_message` with the channel and the text of each message, and `on_lost` when
        the connection for messages is lost.
        """
        self.up = False
        self._address = address
        self._nodes = [address.node]  # the first is tried first
        self._migrating = False  # whether the key is being migrated to that node
        self._key = key
        self._instant = instant
        self._on_message, self._on_lost = on_message, on_lost
        self._timeout: float = address.options["socket_timeout"]  # while connecting
        self._patience = patience
        self._commands: Any = None  # both are redis-py's `Connection`, which lacks annotations
        self._pubsub: Any = None

    def open(self, *channels: str) -> None:
        """Open the connections and subscribe to channels.

        Raises:
            ConnectionLostError: Redis cannot be reached, or is not ready.
            ConfigError: Redis refuses the credentials, a permission or a command.
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

    def run_script(self, *arguments: bytes | str) -> RedisReply:
        """Run the script with `arguments`, to commit a state; without arguments, read the present state.

        Raises:
            ConnectionLostError: The connection is lost or the answer is late; the commit may have succeeded.
            ConfigError: Redis refuses the command.
        """
        return self._try(self._run_script, *arguments)

    def publish(self, channel: str, message: str) -> int:
        """Publish a message; return the number of subscribers of the channel."""
        return int(self._try(self._execute, "PUBLISH", channel, message))

    def subscribe(self, channel: str) -> None:
        """Subscribe to one more channel."""
        self._try(self._pubsub.send_command, "SUBSCRIBE", channel)

    def close(self) -> None:
        """Close the connections; thread-safe."""
        self.up = False
        both, self._commands, self._pubsub = (self._commands, self._pubsub), None, None
        for connection in both:
            if connection is not None:
                connection.disconnect()

    def _connect(self, channels: tuple[str, ...]) -> None:
        self.close()
        commands = self._commands = self._address.connection(self._nodes[0])
        pubsub = self._pubsub = self._address.connection(self._nodes[0])
        commands.connect()
        pubsub.connect()
        pubsub.send_command("SUBSCRIBE", *channels)
        for _ in channels:
            pubsub.read_response()
        self._run_script()  # raises MovedError or AskError if another node has the key
        if b"redis_mode:cluster" in self._execute("INFO", "server"):
            self._find_nodes()
        self.up = True
        # From now on, no message is missed.
        threading.Thread(target=self._listen, args=(pubsub,), name="kentik_async redis", daemon=True).start()

    def _find_nodes(self) -> None:
        """Remember the nodes of the cluster; without the permission, use the seed node and redirections."""
        with contextlib.suppress(redis_errors.ResponseError):
            here = self._nodes[0]
            nodes = [here, self._address.node]
            for _, _, *owners in self._execute("CLUSTER", "SLOTS"):
                nodes += [((host or b"").decode() or here[0], port) for host, port, *_ in owners]
            self._nodes = list(dict.fromkeys(nodes))

    def _run_script(self, *arguments: bytes | str) -> RedisReply:
        sent_at = self._instant()
        seconds, fraction, run, *stored = self._execute("EVAL", _SCRIPT, 1, self._key, *(arguments or _READ))
        clock = Reading(sent_at, self._instant(), int(seconds) + int(fraction) / 1_000_000)
        return RedisReply(clock, run, tuple(stored[0]) if stored else ())

    def _execute(self, *command: bytes | str | int) -> Any:
        connection = self._commands
        if self._migrating:
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
                response = connection.read_response()
                if response[0] == b"message":
                    self._on_message(response[1], response[2])
        except (redis_errors.RedisError, OSError, ValueError, AttributeError):
            pass  # redis-py raises the last two if another thread closes the connection
        finally:
            if connection is self._pubsub:
                self.up = False
                self._on_lost()

    def _drop(self, error: Exception) -> Exception:
        """Close the connections after a failure; return ConnectionLostError to wait, or ConfigError to stop.

        An overdue answer could be read as the answer to the next command. After a failover, a new
        connection leads to the new server.
        """
        self.close()
        self._migrating = type(error) is redis_errors.AskError
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
                f"Redis at {place} denies its user a required permission: {text}; grant {_PERMISSIONS}"
            )
        # Errors that have their own class in redis-py are temporary.
        if type(error) is redis_errors.ResponseError and not _TRANSIENT.search(text):
            return ConfigError(f"Redis at {place} cannot keep the quota: {text}")
        return ConnectionLostError(text or type(error).__name__)
