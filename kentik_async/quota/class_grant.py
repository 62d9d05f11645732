"""The right to send one request of a quota class."""

from typing import Protocol

import msgspec

from kentik_async.quota.limits import Allowance, Outcome

__all__ = ["ClassGrant"]


class _Issuer(Protocol):
    def is_valid(self, grant: "ClassGrant") -> bool: ...

    def end(self, grant: "ClassGrant", outcome: Outcome, retry_after: float | None) -> None: ...


# A Struct, because one is made for each request: 45 ns, where a class with __init__ takes 95.
class ClassGrant(msgspec.Struct, eq=False):
    """The right to send one request; see `HintAwareGrant`. One that is forgotten ends as "unknown".

    Attributes:
        issuer: The limiter that gave it.
        number: Its number in the shared state.
        granted_at: When it was given, by this process's monotonic clock.
        hint: What the server said is left, with the answer to its request.
        closed: Whether it was closed.
    """

    issuer: _Issuer
    number: int
    granted_at: float
    hint: Allowance | None = None
    closed: bool = False

    def valid(self) -> bool:
        """Tell whether the right still holds: not closed, not inherited through a fork, not lapsed."""
        return self.issuer.is_valid(self)

    def apply_hint(self, allowance: Allowance) -> None:
        """Note what the server says is left, to be entered when the grant is closed."""
        self.hint = allowance

    def close(self, outcome: Outcome, *, retry_after: float | None = None) -> None:
        """Give the slot back and enter how the request ended; only the first call counts."""
        self.closed = True
        self.issuer.end(self, outcome, retry_after)

    def __del__(self) -> None:
        if not self.closed:
            self.close("unknown")
