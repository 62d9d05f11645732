"""A state that several members share within one event loop, stored in encoded form between changes.

It simulates a file or Redis: every change works on a new copy, a commit may be delayed or its reply lost,
and a member may be stopped, or die, at any time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

import msgspec

from kentik_async.errors import KentikError
from kentik_async.quota.protocols import Change, Wake
from kentik_async.quota.state.messages import StoreReply
from kentik_async.quota.state.quota_state import QuotaState

_decoder = msgspec.msgpack.Decoder(QuotaState)


@dataclass
class SharedState:
    """The encoded state, and the members by name.

    Attributes:
        now: The clock of all members.
        encoded: The state.
        members: The stores of all members.
        commits: The number of changes.
    """

    now: Callable[[], float]
    encoded: bytes = msgspec.msgpack.encode(QuotaState())
    members: "dict[str, SharedStore]" = field(default_factory=dict)
    commits: int = 0

    def change(self, change: Change) -> StoreReply:
        """Make a change on a new copy, commit it, and wake the members that it names."""
        state = _decoder.decode(self.encoded)
        now = self.now()
        for name, member in self.members.items():
            if member.dead and name in state.members:
                state.reclaim(name, now)
        reply = change(state, now)
        self.encoded = msgspec.msgpack.encode(state)
        self.commits += 1
        for name, delay in reply.wake:
            if name in self.members:
                self.members[name].called(delay)
        return reply

    def decoded(self) -> QuotaState:
        """Return a copy of the state."""
        return _decoder.decode(self.encoded)


class SharedStore:
    """One member's store.

    Attributes:
        delay: Seconds from a change to its commit, and from the commit to its reply; None for no delay.
        stopped: Whether the member is stopped: it does not commit and receives nothing.
        dead: Whether it has died; the others notice that at their next change.
        replies_to_lose: How many of the next replies are lost, so that the change is made again.
    """

    own_state = None

    def __init__(
        self,
        shared: SharedState,
        member: str,
        *,
        delay: float | None = None,
        lease: float = inf,
        patience: float = 0.25,
    ) -> None:
        self.member = member
        self.lease = lease
        self.patience = patience
        self.delay = delay
        self.stopped = False
        self.dead = False
        self.replies_to_lose = 0
        self._shared = shared
        self._wake: Wake = lambda delay: None
        self._missed: list[float] = []
        self._lease_until = inf
        shared.members[member] = self

    def bind(self, wake: Wake) -> None:
        self._wake = wake

    def called(self, delay: float) -> None:
        """Receive the request to report; a stopped member receives it when it continues."""
        if self.stopped:
            self._missed.append(delay)
        else:
            asyncio.get_running_loop().call_soon(self._ring, delay)

    def go_on(self) -> None:
        """Continue after a stop."""
        self.stopped = False
        for delay in self._missed:
            self._wake(delay)

    def die(self) -> None:
        """Die; the kernel notifies the others."""
        self.dead = True
        for other in self._shared.members.values():
            if not other.dead:
                other.called(0.0)

    def transact(
        self, change: Change, on_reply: Callable[[StoreReply | KentikError], None]
    ) -> StoreReply | None:
        if self.delay is None and not self.stopped:
            return self._commit(change)
        asyncio.get_running_loop().call_later(self.delay or 0.001, self._commit_later, change, on_reply)
        return None

    def grants_valid(self) -> bool:
        return self._shared.now() < self._lease_until

    def restart(self) -> None:
        self.member += "'"

    def close(self) -> None:
        pass

    async def aclose(self) -> None:
        pass

    def _ring(self, delay: float) -> None:
        if self.stopped:
            self._missed.append(delay)
        elif not self.dead:
            self._wake(delay)

    def _commit(self, change: Change) -> StoreReply:
        reply = self._shared.change(change)
        while self.replies_to_lose:
            self.replies_to_lose -= 1
            reply = self._shared.change(change)
        self._lease_until = self._shared.now() + self.lease
        if self.lease < inf and self.member in self._shared.decoded().members:
            asyncio.get_running_loop().call_later(self.lease / 3, self._ring, 0.0)
        return reply

    def _commit_later(self, change: Change, on_reply: Callable[[StoreReply | KentikError], None]) -> None:
        loop = asyncio.get_running_loop()
        if self.dead:
            return
        if self.stopped:
            loop.call_later(0.1, self._commit_later, change, on_reply)
            return
        reply = self._commit(change)
        if self.delay is None:
            on_reply(reply)
        else:
            loop.call_later(self.delay, on_reply, reply)
