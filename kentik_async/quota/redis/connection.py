"""The connections to Redis: one to ask, one to be told. Wire alone, no policy.

They are made and dropped together: a member that could not be told would lose its turns. In a cluster they
follow the key to the node that has it, and remember the other nodes in case that one is lost.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis import exceptions as redis_errors
from redis.asyncio import Connection

from kentik_async.errors import ConfigError
from kentik_async.quota.redis.replica import Exchange
from kentik_async.quota.redis.url import RedisAddress

__all__ = ["ConnectionLostError", "RedisConnection"]

SCRIPT = files("kentik_async.quota.redis").joinpath("compare_and_set.lua").read_bytes()
SCRIPT_SHA = sha1(SCRIPT, usedforsecurity=False).hexdigest().encode()

_READ = (b"?",)  # made from a version that there never is
_REDIRECTIONS = 5

_PERMISSIONS = (
    "evalsha, eval, hmget, hset, pexpire, time, info, select, subscribe and publish (in a cluster also "
    "asking and cluster|slots), on keys and channels kentik-async:*"
)

# Within a script's error the code stands in the middle, after a hyphen.
_PASSING = re.compile(
    "(^|-)(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN|UNKILLABLE) "
)
"""Replies of a server that will do its work again, perhaps on another connection."""

_PASSING_ERRORS = (
    redis_errors.AskError,
    redis_errors.BusyLoadingError,
    redis_errors.ClusterDownError,
    redis_errors.MasterDownError,
    redis_errors.MovedError,
    redis_errors.OutOfMemoryError,
    redis_errors.ReadOnlyError,
    redis_errors.TryAgainError,
)


class ConnectionLostError(Exception):
    """There is no connection to Redis at present, or it cannot serve; its text has no credentials."""


class RedisConnection:
    """Two connections to one server, made and dropped together.

    Attributes:
        run: The run of the server that is connected; it ends with the server.
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
        """Start without a connection.

        Args:
            address: Where Redis is.
            key: The key of the state.
            instant: The clock.
            on_message: What to do with a message: its channel and its text.
            on_lost: What to do when the hearing connection is lost.
            patience: How long an answer may take, in seconds.
        """
        self.run = ""
        self.up = False
        self.place = address.place
        self._seed = address
        self._nodes = [address]  # the first is tried first
        self._asks = False
        self._key = key.encode()
        self._instant = instant
        self._on_message = on_message
        self._on_lost = on_lost
        self._patience = patience
        self._asking: Connection | None = None
        self._hearing: Connection | None = None
        self._listener: asyncio.Task[None] | None = None

    async def open(self, *channels: str) -> None:
        """Make the connections, if they are not made, and listen to channels.

        Raises:
            ConnectionLostError: Redis cannot be reached, or is not ready.
            ConfigError: Redis refuses the credentials, or lacks what is needed.
        """
        if self.up:
            return
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._seed.connect_timeout):
                for _ in range(len(self._nodes) + _REDIRECTIONS):
                    try:
                        await self._connect(channels)
                    except (redis_errors.RedisError, OSError) as error:
                        failure = failure or self._verdict(error)
                        if not self._redirected(error):
                            self._nodes.append(self._nodes.pop(0))
                    else:
                        return
        except TimeoutError:
            self._nodes.append(self._nodes.pop(0))
            failure = ConnectionLostError("it does not answer")
        finally:
            if not self.up:
                await self.aclose()
        raise failure or ConnectionLostError("its nodes send from one to the other")

    async def read(self) -> Exchange:
        """Return what is kept.

        Raises:
            ConnectionLostError: The connection is lost, or the answer is overdue.
            ConfigError: Redis refuses it.
        """
        return await self._script(*_READ)

    async def commit(self, *arguments: bytes) -> Exchange:
        """Commit a state if it is made from the present one; see the script for the arguments.

        Raises:
            ConnectionLostError: As in `read`; it was committed, or not.
            ConfigError: Redis refuses it.
        """
        return await self._script(*arguments)

    async def publish(self, channel: str, message: str) -> int:
        """Tell all who listen to a channel; return how many they are."""
        count: int = await self._call(b"PUBLISH", channel.encode(), message.encode())
        return count

    async def subscribe(self, channel: str) -> None:
        """Listen to one more channel."""
        if self._hearing is not None and self.up:
            with contextlib.suppress(redis_errors.RedisError, OSError):  # its loss is noticed elsewhere
                await self._hearing.send_command("SUBSCRIBE", channel)

    async def aclose(self) -> None:
        """Close the connections."""
        self.up = False
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.cancel()
            await asyncio.wait([listener])
        for connection in (self._asking, self._hearing):
            if connection is not None:
                with contextlib.suppress(redis_errors.RedisError, OSError):
                    await connection.disconnect(nowait=True)
        self._asking = self._hearing = None

    async def _connect(self, channels: tuple[str, ...]) -> None:
        await self.aclose()
        address = self._nodes[0]
        self._asking, self._hearing = asking, hearing = address.connection(), address.connection()
        # Together, as the path may be long.
        made = await asyncio.gather(asking.connect(), hearing.connect(), return_exceptions=True)  # type: ignore[no-untyped-call]  # redis-py's omission
        for failure in made:
            if failure is not None:
                raise failure
        await hearing.send_command("SUBSCRIBE", *channels)
        # Is the key here?
        *_, info, _ = await self._exchange(asking, (b"INFO", b"server"), (b"HMGET", self._key, b"version"))
        for _ in channels:
            await hearing.read_response()
        facts = dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
        if facts.get("redis_mode") == "cluster":
            await self._find_nodes(asking, address)
        self.run = facts.get("run_id", "")
        # Nothing is asked before this: what follows from it must be heard.
        self._listener = asyncio.create_task(self._listen(hearing), name="kentik_async redis listener")
        self.up = True

    async def _find_nodes(self, asking: Connection, address: RedisAddress) -> None:
        """Remember the nodes of the cluster; without the permission the seed and redirections must do."""
        with contextlib.suppress(redis_errors.ResponseError):
            *_, slots = await self._exchange(asking, (b"CLUSTER", b"SLOTS"))
            nodes = [address, self._seed]
            for _, _, *replicas in slots:
                nodes += [address.moved((host or b"").decode(), port) for host, port, *_ in replicas]
            self._nodes = list({node.place: node for node in nodes}.values())

    def _redirected(self, error: Exception) -> bool:
        """Tell whether a server has named another node; that is tried next, then."""
        if not isinstance(error, redis_errors.AskError | redis_errors.MovedError):
            self._asks = False
            return False
        self._asks = isinstance(error, redis_errors.AskError)
        node = self._nodes[0].moved(error.host, error.port)
        self._nodes = [node, *(other for other in self._nodes if other.place != node.place)]
        return True

    async def _script(self, *arguments: bytes) -> Exchange:
        asked = self._instant()
        script = (SCRIPT_SHA, b"1", self._key, *arguments)
        try:
            seconds, fraction, *held = await self._call(b"EVALSHA", *script)
        except redis_errors.NoScriptError:
            asked = self._instant()
            seconds, fraction, *held = await self._call(b"EVAL", SCRIPT, *script[1:])
        time = int(seconds) + int(fraction) / 1_000_000
        return Exchange(asked, self._instant(), time, tuple(held[0]) if held else ())

    async def _call(self, *command: bytes) -> Any:
        connection = self._asking
        if connection is None or not self.up:
            raise ConnectionLostError("the connection is lost")
        answered = False
        try:
            async with asyncio.timeout(self._patience):
                *_, reply = await self._exchange(connection, command)
            answered = True
        except redis_errors.NoScriptError:
            answered = True
            raise
        except (redis_errors.RedisError, OSError) as error:
            self._redirected(error)
            raise self._verdict(error) from None
        finally:
            # An answer that is overdue might come to the next question; one that refuses, from a server that
            # was replaced, will be another on a new connection.
            self.up = self.up and answered
        return reply

    async def _exchange(self, connection: Connection, *commands: tuple[bytes, ...]) -> list[Any]:
        """Send commands at once, and return the replies."""
        if self._asks:
            commands = tuple(part for command in commands for part in ((b"ASKING",), command))
        await connection.send_packed_command(b"".join(map(_packed, commands)), check_health=False)
        return [await connection.read_response() for _ in commands]

    async def _listen(self, connection: Connection) -> None:
        with contextlib.suppress(redis_errors.RedisError, OSError):
            while True:
                heard: Any = await connection.read_response()
                if heard[0] == b"message":
                    self._on_message(heard[1], heard[2])
        self.up = False
        self._on_lost()

    def _verdict(self, error: Exception) -> Exception:
        """Return what a failure means: something to wait out, or something to put right."""
        place = self.place
        if isinstance(error, redis_errors.AuthenticationError | redis_errors.AuthorizationError):
            return ConfigError(
                f"Redis at {place} refuses the user or the password: check them in the limiter's URL"
            )
        if isinstance(error, redis_errors.NoPermissionError) or "can't run this command" in str(error):
            return ConfigError(
                f"Redis at {place} denies its user something it needs: {error}; grant it {_PERMISSIONS}"
            )
        if isinstance(error, _PASSING_ERRORS) or _PASSING.search(str(error)):
            return ConnectionLostError(f"it cannot serve at present: {error}")
        if isinstance(error, redis_errors.ResponseError):
            return ConfigError(f"Redis at {place} cannot keep the quota: {error}")
        if isinstance(error, TimeoutError | redis_errors.TimeoutError):
            return ConnectionLostError("it does not answer")
        return ConnectionLostError(str(error) or type(error).__name__)


def _packed(parts: tuple[bytes, ...]) -> bytes:
    """Return a command as it goes over the wire; redis-py's own way takes twice as long."""
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
