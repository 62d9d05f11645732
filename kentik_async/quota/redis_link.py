"""The connections to Redis: one to ask, one to be told. Wire alone, no policy.

They live and fall together: a process that could not be told would lose its turns.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from redis import exceptions as redis_errors
from redis.asyncio import Connection

from kentik_async.errors import ConfigError
from kentik_async.quota.redis_address import RedisAddress
from kentik_async.quota.redis_script import SCRIPT, SCRIPT_SHA, Look, Message, Reply

__all__ = ["LinkLostError", "RedisLink"]

_REDIRECTIONS = 5
_SILENCE = 15.0  # seconds after which the hearing connection is asked whether it still stands

_PERMISSIONS = (
    "evalsha, eval, info, time, ping, subscribe, publish, get, set, append, del, strlen, getrange, setrange "
    "and pexpire, on keys and channels kentik-async:*"
)

# Within a script's error the code stands in the middle, after a hyphen.
_PASSING = re.compile(
    "(^|-)(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|MOVED|NOREPLICAS|OOM|READONLY|TRYAGAIN) "
)
"""Replies of a server that will do its work again, perhaps on another connection."""

_PASSING_ERRORS = (
    redis_errors.BusyLoadingError,
    redis_errors.ClusterDownError,
    redis_errors.MasterDownError,
    redis_errors.MovedError,
    redis_errors.OutOfMemoryError,
    redis_errors.ReadOnlyError,
    redis_errors.TryAgainError,
)

_reply = msgspec.msgpack.Decoder(Reply)
_look = msgspec.msgpack.Decoder(Look)
_message = msgspec.msgpack.Decoder(Message)


class LinkLostError(Exception):
    """There is no connection to Redis at present, or it cannot serve; its text has no credentials."""


class RedisLink:
    """Two connections to one Redis, made and dropped together.

    Attributes:
        run: The run of the server that is connected; it ends with the server.
        started: When that run began, in microseconds of the server's clock, at the latest.
        up: Whether the connections are made.
    """

    def __init__(
        self,
        address: RedisAddress,
        keys: Sequence[str],
        channels: Sequence[str],
        on_message: Callable[[Message], None],
        on_lost: Callable[[], None],
        patience: float,
    ) -> None:
        """Start without a connection.

        Args:
            address: Where Redis is.
            keys: The script's keys.
            channels: What to listen to.
            on_message: What to do with each message.
            on_lost: What to do when the hearing connection is lost.
            patience: How long an answer may take, in seconds.
        """
        self.run = ""
        self.started = 0
        self.up = False
        self._address = address
        self._keys = (b"%d" % len(keys), *(key.encode() for key in keys))
        self._channels = channels
        self._on_message = on_message
        self._on_lost = on_lost
        self._patience = patience
        self._asking: Connection | None = None
        self._hearing: Connection | None = None
        self._listener: asyncio.Task[None] | None = None

    @property
    def place(self) -> str:
        """Host, port and database, for messages."""
        return self._address.place

    async def open(self) -> None:
        """Make the connections, if they are not made.

        Raises:
            LinkLostError: Redis cannot be reached, or is not ready.
            ConfigError: Redis refuses the credentials, or lacks what is needed.
        """
        if self.up:
            return
        for _ in range(_REDIRECTIONS):
            try:
                await self._connect()
            except redis_errors.MovedError as moved:  # a cluster: the ledger stands on another node
                self._address = self._address.moved(moved.host, moved.port)
            except (redis_errors.RedisError, OSError) as error:
                await self.aclose()
                raise self._verdict(error) from None
            else:
                return
        await self.aclose()
        raise LinkLostError("its nodes send from one to the other")

    async def step(self, limits: bytes, step: bytes) -> Reply:
        """Take a step.

        Raises:
            LinkLostError: The connection is lost, or the answer is overdue: the step was taken, or not.
            ConfigError: Redis refuses it.
        """
        return _reply.decode(await self._call(limits, step))

    async def look(self, limits: bytes, step: bytes) -> tuple[Look, bytes]:
        """Return the ledger's state and its log.

        Raises:
            LinkLostError: The connection is lost, or the answer is overdue.
            ConfigError: Redis refuses it.
        """
        look, log = await self._call(limits, step)
        return _look.decode(look), log

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

    async def _connect(self) -> None:
        await self.aclose()
        self._asking, self._hearing = asking, hearing = self._address.connection(), self._address.connection()
        await asking.connect()  # type: ignore[no-untyped-call]  # redis-py's omission
        async with asyncio.timeout(self._patience):
            await self._identify(asking)
        await hearing.connect()  # type: ignore[no-untyped-call]  # redis-py's omission
        async with asyncio.timeout(self._patience):
            await hearing.send_command("SUBSCRIBE", *self._channels)
            for _ in self._channels:
                await hearing.read_response()
        # No step before this: what follows from it must be heard.
        self._listener = asyncio.create_task(self._listen(hearing), name="kentik_async redis listener")
        self.up = True

    async def _call(self, limits: bytes, step: bytes) -> Any:
        connection = self._asking
        if connection is None or not self.up:
            raise LinkLostError("the connection is lost")
        answered = False
        try:
            async with asyncio.timeout(self._patience):
                try:
                    await connection.send_packed_command(
                        _command(b"EVALSHA", SCRIPT_SHA.encode(), *self._keys, limits, step),
                        check_health=False,
                    )
                    reply = await connection.read_response()
                except redis_errors.NoScriptError:
                    await connection.send_command("EVAL", SCRIPT, *self._keys, limits, step)
                    reply = await connection.read_response()
            answered = True
        except (redis_errors.RedisError, OSError) as error:
            raise self._verdict(error) from None
        finally:
            # An answer that is overdue might come to the next question; one that refuses, from a server that
            # was replaced, will be another on a new connection.
            self.up = self.up and answered
        return reply

    async def _identify(self, connection: Connection) -> None:
        await connection.send_command("STRLEN", self._keys[-1])
        await connection.read_response()
        await connection.send_command("INFO", "server")
        info: Any = await connection.read_response()
        await connection.send_command("TIME")
        time: Any = await connection.read_response()
        seconds = int(time[0])
        lines = (line.partition(":") for line in info.decode().splitlines())
        facts = {name: value.strip() for name, _, value in lines}
        self.run = facts.get("run_id", "")
        # Both are cut to whole seconds.
        self.started = (seconds - int(facts.get("uptime_in_seconds", 0)) + 1) * 1_000_000

    async def _listen(self, connection: Connection) -> None:
        with contextlib.suppress(redis_errors.RedisError, OSError, msgspec.DecodeError):
            while (heard := await self._hear(connection)) is not None:
                if heard[0] == b"message":
                    self._on_message(_message.decode(heard[2]))
        self.up = False
        self._on_lost()

    async def _hear(self, connection: Connection) -> list[bytes] | None:
        """Return what is heard next; None if the connection is dead."""
        heard = await connection.read_response(timeout=_SILENCE)
        if heard is None:
            await connection.send_command("PING")
            heard = await connection.read_response(timeout=self._patience)
        return heard  # type: ignore[no-any-return]  # redis-py types what it reads as Any

    def _verdict(self, error: Exception) -> Exception:
        """Return what a failure means: something to wait out, or something to put right."""
        place = self.place
        if isinstance(error, redis_errors.AuthenticationError | redis_errors.AuthorizationError):
            return ConfigError(
                f"Redis at {place} refuses the user or the password: check them in the limiter's URL"
            )
        if isinstance(error, redis_errors.NoPermissionError):
            return ConfigError(
                f"Redis at {place} denies its user something it needs: {error}; grant it {_PERMISSIONS}"
            )
        if isinstance(error, _PASSING_ERRORS) or _PASSING.search(str(error)):
            return LinkLostError(f"it cannot serve at present: {error}")
        if isinstance(error, redis_errors.ResponseError):
            return ConfigError(f"Redis at {place} cannot keep the quota: {error}")
        if isinstance(error, TimeoutError | redis_errors.TimeoutError):
            return LinkLostError("it does not answer")
        return LinkLostError(str(error) or type(error).__name__)


def _command(*parts: bytes) -> bytes:
    """Return a command as it goes over the wire; redis-py's own way takes twice as long."""
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
