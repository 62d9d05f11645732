"""The right to send one request of a quota class."""

from typing import Protocol

import msgspec

from kentik_async.quota.limits import Allowance, Outcome

__all__ = ["ClassGrant"]


class _Issuer(Protocol):
    def is_valid(self, grant: "ClassGrant") -> bool: ...

    def end(self, grant: "ClassGrant", outcome: Outcome, retry_after: float | None) -> None: ...


# A Struct, because one is made for each request: it takes 45 ns, a class with __init__ 95 ns.
class ClassGrant(msgspec.Struct, eq=False):
    """The right to send one request; see `HintAwareGrant`. If it is never closed, it ends as "unknown".

    Attributes:
        issuer: The limiter that issued it.
        number: Its number in the shared state.
        granted_at: When it was issued, by this process's monotonic clock.
        hint: The remaining requests that the server reported with the answer to this request.
        closed: Whether it was closed.
    """

    issuer: _Issuer
    number: int
    granted_at: float
    hint: Allowance | None = None
    closed: bool = False

    def valid(self) -> bool:
        """Return whether the grant is valid: not closed, not inherited by a fork, lease not expired."""
        return self.issuer.is_valid(self)

    def apply_hint(self, allowance: Allowance) -> None:
        """Store the remaining requests that the server reported; they are recorded at `close`."""
        self.hint = allowance

    def close(self, outcome: Outcome, *, retry_after: float | None = None) -> None:
        """Return the slot and record how the request ended; only the first call has an effect."""
        self.closed = True
        self.issuer.end(self, outcome, retry_after)

    def __del__(self) -> None:
        if not self.closed:
            self.close("unknown")
