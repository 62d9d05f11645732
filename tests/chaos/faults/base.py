"""The type of a fault: the peer's behaviour, and its effect for the caller."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kentik_async import KentikError
from tests.chaos.calls import EFFECTS, Effect

__all__ = ["ALL_BUT_CREATES", "NEVER", "READS", "Fault"]

E = TypeVar("E")

NEVER: frozenset[Effect] = frozenset()
READS: frozenset[Effect] = frozenset({"read"})
ALL_BUT_CREATES: frozenset[Effect] = frozenset(EFFECTS) - {"create"}


@dataclass(frozen=True, slots=True, repr=False)
class Fault(Generic[E]):
    """One fault of a request.

    Attributes:
        name: Its description.
        act: Executes it.
        error: The caller's error if there is no further attempt; None if the call succeeds anyway.
        again: The calls that are retried after it.
        refuses: Whether it is a rate limit refusal: nothing is executed, and all calls are retried.
        lingers: Whether the peer may still be working on the request when the caller gets the error.
        spares: The calls that it does not affect.
    """

    name: str
    act: Callable[[E], Awaitable[None]]
    error: type[KentikError] | None
    again: frozenset[Effect] = NEVER
    refuses: bool = False
    lingers: bool = False
    spares: frozenset[Effect] = NEVER

    def __repr__(self) -> str:
        return f"<{self.name}>"
