"""The calls that are made: what each asks for, how the peer knows it again, and what its answer must say."""

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
    """A call was given the answer to another."""


def name_of(number: int) -> str:
    """The name of the thing that a call is about; one that both protocols allow."""
    return f"call_{number}_"


def number_in(raw: bytes) -> int:
    """The number of the call that a request belongs to."""
    found = _NUMBER.search(raw)
    assert found is not None, raw
    return int(found[1] or found[2])


async def make(kentik: KentikClient, wire: Wire, effect: Effect, number: int) -> None:
    """Make a call; its answer must be its own."""
    said = await (_over_grpc if wire == "grpc" else _over_rest)(kentik, effect, number)
    if effect != "delete" and said != name_of(number):
        raise CrossedAnswerError(f"call {number} was told of {said}")


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
