"""The calls: what each requests, how the peer identifies it, and what its answer must contain."""

import re
from typing import Literal, TypeAlias

from kentik_async import KentikClient

__all__ = ["EFFECTS", "WIRES", "CrossedAnswerError", "Effect", "Wire", "make", "name_of", "number_in"]

Effect: TypeAlias = Literal["read", "replace", "delete", "create"]
EFFECTS: tuple[Effect, ...] = ("read", "replace", "delete", "create")

Wire: TypeAlias = Literal["grpc", "rest"]
WIRES: tuple[Wire, ...] = ("grpc", "rest")

_NUMBER = re.compile(rb"call_(\d+)_|/site/(\d+) ")


class CrossedAnswerError(Exception):
    """A call received the answer to another call."""


def name_of(number: int) -> str:
    """Return the name of a call's object; both protocols allow it."""
    return f"call_{number}_"


def number_in(raw: bytes) -> int:
    """Return the number of the call that a request belongs to."""
    found = _NUMBER.search(raw)
    assert found is not None, raw
    return int(found[1] or found[2])


async def make(kentik: KentikClient, wire: Wire, effect: Effect, number: int) -> None:
    """Make a call and check that the answer belongs to it."""
    said = await (_over_grpc if wire == "grpc" else _over_rest)(kentik, effect, number)
    if effect != "delete" and said != name_of(number):
        raise CrossedAnswerError(f"call {number} received {said}")


async def _over_grpc(kentik: KentikClient, effect: Effect, number: int) -> str | None:
    name = name_of(number)
    if effect == "read":
        return (await kentik.as_groups.get(name)).name
    if effect == "replace":
        return (await kentik.as_groups.update(name, name, [64512])).name
    if effect == "delete":
        await kentik.as_groups.delete(name)
        return None
    return (await kentik.as_groups.create(name, [64512])).name


async def _over_rest(kentik: KentikClient, effect: Effect, number: int) -> str | None:
    if effect == "read":
        return (await kentik.sites.get(number)).site_name
    if effect == "replace":
        return (await kentik.sites.update(number, lat=1)).site_name
    if effect == "delete":
        await kentik.sites.delete(number)
        return None
    return (await kentik.sites.create(name_of(number), 1, 2)).site_name
