"""What every call is to meet, drawn from the seed, and what its caller must then see.

The second half reads the retry policy once more, from its description and not from its code: lost
connections and statuses that say "not now" are repeated for all but creates, a failure inside the server
for reads only, a refusal for want of quota for all and without end.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kentik_async import KentikError
from tests.chaos.calls import EFFECTS, Effect, Wire
from tests.chaos.faults.base import Fault

__all__ = ["ATTEMPTS", "Call", "Due", "draw", "due_after"]

ATTEMPTS = 4
"""How often a request is sent at most, refusals left aside: the client's default."""

_HARD_LUCK = 0.2
"""The share of the calls with an ordeal for which it is longer than any patience."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call and what it will meet.

    Attributes:
        number: Its number, by which the peer knows it.
        wire: Over which protocol it goes.
        effect: What it does at the peer.
        ordeal: What its requests meet, one after the other; those after the last are answered well.
    """

    number: int
    wire: Wire
    effect: Effect
    ordeal: tuple[Fault[Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """How a call must end.

    Attributes:
        error: The exact error, None for success.
        attempts: How many sendings the error must name; None for any number.
    """

    error: type[KentikError] | None
    attempts: int | None


def draw(
    count: int, faults: Mapping[Wire, Sequence[Fault[Any]]], share: float, chance: random.Random
) -> list[Call]:
    """Draw calls over all protocols and effects that there are.

    Args:
        count: How many.
        faults: What may happen over each protocol; a protocol with an empty sequence goes well.
        share: For how many of the calls anything happens.
        chance: Where chance comes from.
    """
    wires = list(faults)
    return [
        Call(
            number,
            wire := wires[number % len(wires)],
            EFFECTS[number // len(wires) % len(EFFECTS)],
            _ordeal(faults[wire], chance) if faults[wire] and chance.random() < share else (),
        )
        for number in range(1, count + 1)
    ]


def due_after(call: Call) -> Due:
    """Return how a call must end whose requests meet what its ordeal says, and nothing else."""
    failed = 0
    for sent, fault in enumerate(call.ordeal, 1):
        if fault.refuses:
            continue
        failed += 1
        if fault.error is None or call.effect in fault.spares:
            return Due(None, sent)
        if call.effect not in fault.again or failed == ATTEMPTS:
            return Due(fault.error, sent)
    return Due(None, len(call.ordeal) + 1)


def _ordeal(faults: Sequence[Fault[Any]], chance: random.Random) -> tuple[Fault[Any], ...]:
    hopeless = chance.random() < _HARD_LUCK
    length = ATTEMPTS + 2 if hopeless else chance.randint(1, ATTEMPTS - 1)
    return tuple(chance.choice(faults) for _ in range(length))
