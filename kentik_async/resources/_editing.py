"""Read, compare, write: changes part of an object that the API only replaces as a whole."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Generic, TypeVar

import msgspec

from kentik_async._operations.request import Request
from kentik_async._pipeline.caller import Caller
from kentik_async._pipeline.priority import before_all
from kentik_async.errors import (
    APIError,
    ConflictError,
    KentikError,
    NotFoundError,
    QuotaWaitError,
    RateLimitedError,
    ServerError,
    UnavailableError,
    ValidationError,
)
from kentik_async.models._base import Model
from kentik_async.retry import Effect

__all__ = ["Edit", "edit", "only_one"]

S = TypeVar("S")
T = TypeVar("T", bound=Model)

_FRESH = 1.0
"""If a write would have to wait for quota longer than this, in seconds, the object is read again first."""


@dataclass(frozen=True, slots=True)
class Edit(Generic[S, T]):
    """A change of one object.

    Attributes:
        operation: The operation's name in errors, such as "sites_v6.update".
        subject: The object's name in errors, such as "site 17".
        kind: The class of the model.
        read: Reads the object as it is stored now.
        model: Converts the object that was read to a model.
        writable: Returns a model without the fields that only the server sets.
        change: Returns the object that was read, with the change and all its other fields.
        write: Replaces the object.
    """

    operation: str
    subject: str
    kind: type[T]
    read: Request[S]
    model: Callable[[S], T]
    writable: Callable[[T], T]
    change: Callable[[S], S]
    write: Callable[[S], Request[T]]


async def edit(caller: Caller, change: Edit[S, T], expected: T | None) -> T:
    """Read an object, compare it with the expected one, and write it with the change.

    The write follows the read before all calls that wait, except for one that may be sent when the read is
    answered. Changes of one object by one client are made one after the other. An object that already has
    the change is not written.

    The object is read and compared again before a write that would have to wait for quota, and after a
    failed write that may have been applied.

    Args:
        caller: Sends the requests.
        change: The change.
        expected: The object as the caller read it; None to accept any.

    Returns:
        The object as the server stored it.

    Raises:
        ConflictError: The stored object is not the expected one. Nothing was written.
        ValidationError: `expected` is not a model of this kind.
        KentikError: A request failed.
    """
    key = (asyncio.get_running_loop(), change.read.path, change.read.body)
    try:
        if expected is not None and not isinstance(expected, change.kind):
            name = change.kind.__name__
            raise ValidationError(f"expected must be a {name} or None; got {type(expected).__name__}")
        async with caller.pipeline.edits.setdefault(key, asyncio.Lock()):
            return await _edit(caller, change, expected)
    except KentikError as error:
        error.operation = change.operation
        raise


async def _edit(caller: Caller, change: Edit[S, T], expected: T | None) -> T:
    failures, sent, longest_wait = 0, 0, _FRESH
    while True:
        stored = await caller.run(change.read)
        changed = change.change(stored)
        now = change.model(stored)
        has_change = change.writable(change.model(changed)) == change.writable(now)
        # After a failure, an object with the change was written by the request whose answer was lost.
        if expected is not None and not (failures and has_change):
            _compare(change, now, expected)
        if has_change:
            return now
        try:
            with before_all():
                return await _with_max_wait(caller, longest_wait).run(_sent_once(change.write(changed)))
        except KentikError as error:
            sent += error.attempts
            error.attempts = sent
            if _waits_too_long(error) and longest_wait < (caller.options.max_wait or inf):
                longest_wait *= (
                    2  # else, if each read took the only free request, the write would never be sent
                )
                continue
            if not isinstance(error, UnavailableError | ServerError):
                raise
            failures += 1
            pause = caller.pipeline.retry.pause(error, failures, Effect.REPLACE)
            if pause is None:
                raise
        await asyncio.sleep(pause)


def _with_max_wait(caller: Caller, seconds: float) -> Caller:
    """Return a caller that waits for quota at most so long."""
    longest = caller.options.max_wait
    max_wait = seconds if longest is None else min(seconds, longest)
    return replace(caller, options=replace(caller.options, max_wait=max_wait))


def _waits_too_long(error: KentikError) -> bool:
    """Return whether a write was not sent, or not sent again after a refusal, because of `max_wait`."""
    return isinstance(error, QuotaWaitError) or (
        isinstance(error, RateLimitedError) and isinstance(error.__cause__, QuotaWaitError)
    )


def _sent_once(request: Request[T]) -> Request[T]:
    """Return a request that is not sent again if the server may have processed it."""
    return msgspec.structs.replace(request, operation=replace(request.operation, effect=Effect.CREATE))


def _compare(change: Edit[S, T], now: T, expected: T) -> None:
    one, other = change.writable(now), change.writable(expected)
    differing = [name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name)]
    if differing:
        raise ConflictError(
            f"{change.subject} is not as expected: {', '.join(differing)} changed since it was read;"
            " nothing was written; read it again"
        )


def only_one(objects: Sequence[T], field: str, value: str, kind: str, operation: str) -> T:
    """Return the one object whose field has a value.

    Args:
        objects: All objects; they have an `id`.
        field: The field's name.
        value: Its value.
        kind: The kind of object in errors, such as "site".
        operation: The operation's name in errors.

    Raises:
        NotFoundError: There is none.
        ConflictError: There are several.
    """
    found = [one for one in objects if getattr(one, field) == value]
    if len(found) == 1:
        return found[0]
    error: APIError = NotFoundError(f"no {kind} has the {field} {value!r}")
    if found:
        ids = ", ".join(str(getattr(one, "id", None)) for one in found)
        error = ConflictError(f"{len(found)} {kind}s have the {field} {value!r}: {ids}; use get(id)")
    error.operation = operation
    raise error
