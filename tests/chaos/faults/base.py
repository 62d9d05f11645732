"""What a fault is: what the peer does to a request, and what that means to the request's caller."""

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
    """One way to treat a request badly.

    Attributes:
        name: What happens.
        act: Does it.
        error: What it means to the caller when it is the last word; None if it is borne.
        again: Which calls are repeated after it.
        refuses: Whether it is a refusal for want of quota: nothing is done, and all calls are repeated.
        lingers: Whether the peer may still be working on the request when the caller learns of it.
        spares: Which calls it does no harm.
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
