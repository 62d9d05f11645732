"""The faults of every call, drawn from the seed, and the result that its caller must get.

The second half implements the retry policy again from its description: after a lost connection or a
temporary status, all calls except creates are retried; after a failure inside the server, only reads; after
a rate limit refusal, all calls, without limit.
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
"""Maximum number of attempts without refusals: the client's default."""

_HARD_LUCK = 0.2
"""The share of the calls with faults that have more faults than attempts."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call and its faults.

    Attributes:
        number: Its number, by which the peer identifies it.
        wire: Its protocol.
        effect: Its effect at the peer.
        ordeal: The faults of its requests, in order; later requests are answered normally.
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
        attempts: The number of attempts in the error; None for any number.
    """

    error: type[KentikError] | None
    attempts: int | None


def draw(
    count: int, faults: Mapping[Wire, Sequence[Fault[Any]]], share: float, chance: random.Random
) -> list[Call]:
    """Draw calls over all protocols and effects.

    Args:
        count: The number of calls.
        faults: The possible faults of each protocol; empty for a protocol without faults.
        share: The share of the calls with faults.
        chance: The random number generator.
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
    """Return how a call must end whose requests have exactly the faults in its `ordeal`."""
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
