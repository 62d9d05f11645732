"""The connections to Redis: one to ask, one to be told. Wire alone, no policy.

They are made and dropped together: a member that could not be told would lose its turns. In a cluster they
follow the key to the node that has it, and remember the other nodes in case that one is lost.
"""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

from redis import exceptions as redis_errors

from kentik_async.errors import ConfigError
from kentik_async.quota.redis.lease import Reading
from kentik_async.quota.redis.replica import Exchange
from kentik_async.quota.redis.url import RedisAddress

__all__ = ["ConnectionLostError", "RedisConnection"]

_SCRIPT = files("kentik_async.quota.redis").joinpath("compare_and_set.lua").read_bytes()
_READ = (b"?", b"", b"")  # made from a version that there never is
_REDIRECTIONS = 5

_PERMISSIONS = (
    "eval, hmget, hset, pexpire, time, info, select, subscribe and publish (in a cluster also "
    "asking and cluster|slots), on keys and channels kentik-async:*"
)

# Within a script's error the code stands in the middle, after a hyphen.
_PASSING = re.compile(
    "(^|-)(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN|UNKILLABLE) "
)
"""Replies of a server that will do its work again, perhaps on another connection."""


class ConnectionLostError(Exception):
    """There is no connection to Redis at present, or it cannot serve; its text has no credentials."""


class RedisConnection:
    """Two connections to one server, made and dropped together; one thread may ask at a time.

    Attributes:
        up: Whether the connections are made.
        place: Where Redis is, for messages.
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
        """Start without a connection.

        Args:
            address: Where Redis is.
            key: The key of the state.
            instant: The clock.
            on_message: What to do with a message: its channel and its text; in another thread.
            on_lost: What to do when the hearing connection is lost; in another thread.
            patience: How long an answer may take, in seconds.
        """
        self.up = False
        self.place = address.place
        self._address = address
        self._nodes = [address.node]  # the first is tried first
        self._asks = False  # whether that node is being handed the key by another
        self._key = key
        self._instant = instant
        self._on_message = on_message
        self._on_lost = on_lost
        self._patience = patience
        self._asking: Any = None  # both of redis-py's `Connection`, which lacks annotations
        self._hearing: Any = None

    def open(self, *channels: str) -> None:
        """Make the connections and listen to channels.

        Raises:
            ConnectionLostError: Redis cannot be reached, or is not ready.
            ConfigError: Redis refuses the credentials, or lacks what is needed.
        """
        failure: Exception | None = None
        deadline = self._instant() + self._address.connect_timeout
        for _ in range(len(self._nodes) + _REDIRECTIONS):
            try:
                self._connect(channels)
            except (redis_errors.RedisError, OSError) as error:
                self.close()
                failure = failure or self._verdict(error)
                if not self._redirected(error):
                    self._nodes.append(self._nodes.pop(0))
                if self._instant() >= deadline:
                    break
            else:
                return
        raise failure or ConnectionLostError("it has no nodes")

    def read(self) -> Exchange:
        """Return what is kept.

        Raises:
            ConnectionLostError: The connection is lost, or the answer is overdue.
            ConfigError: Redis refuses it.
        """
        return self.commit(*_READ)

    def commit(self, *arguments: bytes | str) -> Exchange:
        """Commit a state if it is made from the present one; see the script for the arguments.

        Raises:
            ConnectionLostError: As in `read`; it was committed, or not.
            ConfigError: Redis refuses it.
        """
        with self._drop_if_lost():
            return self._script(*arguments)

    def publish(self, channel: str, message: str) -> int:
        """Tell all who listen to a channel; return how many they are."""
        with self._drop_if_lost():
            count: int = self._ask("PUBLISH", channel, message)
        return count

    def subscribe(self, channel: str) -> None:
        """Listen to one more channel."""
        with self._drop_if_lost():
            if self._hearing is not None:
                self._hearing.send_command("SUBSCRIBE", channel)

    def close(self) -> None:
        """Close the connections; from any thread."""
        self.up = False
        both, self._asking, self._hearing = (self._asking, self._hearing), None, None
        for connection in both:
            if connection is not None:
                connection.disconnect()

    def _connect(self, channels: tuple[str, ...]) -> None:
        self.close()
        node = self._nodes[0]
        self._asking, self._hearing = self._address.connection(node), self._address.connection(node)
        hearing = self._hearing
        self._asking.connect()
        hearing.connect()
        hearing.send_command("SUBSCRIBE", *channels)
        for _ in channels:
            hearing.read_response()
        self._script(*_READ)  # is the key here?
        if b"redis_mode:cluster" in self._ask("INFO", "server"):
            self._find_nodes()
        self.up = True
        # What follows from what is asked from now on is heard.
        threading.Thread(
            target=self._listen, args=(hearing,), name="kentik_async redis listener", daemon=True
        ).start()

    def _find_nodes(self) -> None:
        """Remember the nodes of the cluster; without the permission the seed and redirections must do."""
        with contextlib.suppress(redis_errors.ResponseError):
            here = self._nodes[0]
            nodes = [here, self._address.node]
            for _, _, *replicas in self._ask("CLUSTER", "SLOTS"):
                nodes += [((host or b"").decode() or here[0], port) for host, port, *_ in replicas]
            self._nodes = list(dict.fromkeys(nodes))

    def _redirected(self, error: Exception) -> bool:
        """Tell whether a server has named another node; that is tried next, then."""
        self._asks = type(error) is redis_errors.AskError
        if not isinstance(error, redis_errors.AskError):  # a MovedError is one too
            return False
        self._nodes = list(dict.fromkeys([(error.host or self._nodes[0][0], error.port), *self._nodes]))
        return True

    def _script(self, *arguments: bytes | str) -> Exchange:
        asked = self._instant()
        seconds, fraction, run, *held = self._ask("EVAL", _SCRIPT, 1, self._key, *arguments)
        clock = Reading(asked, self._instant(), int(seconds) + int(fraction) / 1_000_000)
        return Exchange(clock, run, tuple(held[0]) if held else ())

    def _ask(self, *command: bytes | str | int) -> Any:
        connection = self._asking
        if connection is None:
            raise redis_errors.ConnectionError("the connection is lost")
        if self._asks:
            connection.send_command("ASKING")
            connection.read_response()
        connection.send_command(*command, check_health=False)
        if not connection.can_read(timeout=self._patience if self.up else self._address.connect_timeout):
            raise TimeoutError
        return connection.read_response()

    @contextlib.contextmanager
    def _drop_if_lost(self) -> Iterator[None]:
        try:
            if not self.up:
                raise redis_errors.ConnectionError("the connection is lost")
            yield
        except (redis_errors.RedisError, OSError) as error:
            # An answer that is overdue might come to the next question; one that refuses, from a server that
            # was replaced, will be another on a new connection.
            self.close()
            self._redirected(error)
            raise self._verdict(error) from None

    def _listen(self, connection: Any) -> None:
        # Whatever redis-py makes of it that another thread closes the connection.
        with contextlib.suppress(redis_errors.RedisError, OSError, ValueError, AttributeError):
            while connection.can_read(timeout=None):
                heard = connection.read_response()
                if heard[0] == b"message":
                    self._on_message(heard[1], heard[2])
        if connection is self._hearing:
            self.up = False
            self._on_lost()

    def _verdict(self, error: Exception) -> Exception:
        """Return what a failure means: something to wait out, or something to put right."""
        place, text = self.place, str(error)
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
        if isinstance(error, TimeoutError | redis_errors.TimeoutError):
            return ConnectionLostError("it does not answer")
        return ConnectionLostError(text or type(error).__name__)
