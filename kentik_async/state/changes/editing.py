"""Makes one change: creates, updates or deletes an object, without losing changes of other users."""

from kentik_async._pipeline.priority import priority
from kentik_async.errors import (
    ConflictError,
    DeadlineExceededError,
    DecodeError,
    KentikError,
    NotFoundError,
    ServerError,
    UnavailableError,
)
from kentik_async.resources._editing import edit
from kentik_async.retry import Effect
from kentik_async.state.account import Object, StoredObject, observe
from kentik_async.state.changes.requests import (
    comparable,
    create_request,
    delete_request,
    edit_of,
    list_request,
    read_request,
)
from kentik_async.state.changes.stopping import StoppableCaller, StoppedError
from kentik_async.state.format.entries import DeclaredObject
from kentik_async.state.format.fields import NAME_KEYS, SINGULAR, fields_of
from kentik_async.state.plan import Change, StatePlan
from kentik_async.state.planning import differences

__all__ = ["Editor", "UncertainError"]

_UNKNOWN = (UnavailableError, ServerError, DeadlineExceededError, DecodeError)
"""Errors after which a new object may exist."""


class UncertainError(Exception):
    """The request to create an object may or may not have succeeded."""


class Editor:
    """Makes the changes of a plan.

    Attributes:
        market_ids: The identifiers of the keys in site_markets that exist so far.
    """

    def __init__(self, caller: StoppableCaller, plan: StatePlan) -> None:
        self.market_ids = dict(plan.market_ids)
        self._caller = caller
        self._plan = plan

    async def make(self, change: Change) -> None:
        """Make a change.

        Raises:
            ConflictError: Another user has changed the object since the plan; it is not changed.
            KentikError: A request failed.
            StoppedError: It was stopped before a request that changes the object was sent.
            UncertainError: It was stopped, and a new object may exist.
        """
        if change.entry is not None and change.stored is not None:
            await self._update(change, change.entry, change.stored)
        elif change.entry is not None:
            id = await self._create(change.entry)
            if change.kind == "site_markets":
                self.market_ids[change.entry.key] = id
        elif change.stored is not None:
            await self._delete(change, change.stored)

    async def _update(self, change: Change, entry: DeclaredObject, stored: StoredObject) -> None:
        try:
            how = edit_of(change, entry, stored, self._plan.api, self.market_ids)
            await edit(self._caller, how, stored.model)
        except NotFoundError:
            raise ConflictError(f"{_subject(change)} does not exist any more") from None

    async def _delete(self, change: Change, stored: StoredObject) -> None:
        api = self._plan.api
        try:
            now = await self._caller.run(read_request(change.kind, api, stored.id))
            if comparable(change.kind, now) != comparable(change.kind, stored.model):
                raise ConflictError(f"{_subject(change)} has changed since the plan; it was not deleted")
            with priority("high"):
                await self._caller.run(delete_request(change.kind, api, stored.id))
        except NotFoundError:
            return  # it was deleted already, or the answer to a first request was lost

    async def _create(self, entry: DeclaredObject) -> str:
        """Create an object and return its identifier."""
        request = create_request(entry, self._plan.api, self.market_ids)
        failures = 0
        while True:
            problem: KentikError
            try:
                return str((await self._caller.run(request)).id)
            except _UNKNOWN as error:
                problem = error
                failures += 1
            except ConflictError as error:
                if not failures:
                    raise
                problem = error
            # The object may exist: it is looked up by its name, and sent again only if it does not.
            try:
                found = await self._find(entry)
                if found is not None:
                    return found
                await self._pause(problem, failures)
            except StoppedError:
                raise UncertainError(
                    f"{_text(problem)}; it may exist: the same command looks it up"
                ) from None

    async def _pause(self, problem: KentikError, failures: int) -> None:
        if isinstance(problem, ConflictError):
            raise problem
        again = UnavailableError(str(problem))
        pause = self._caller.pipeline.retry.pause(again, failures, Effect.REPLACE)
        if pause is None:
            raise problem
        await self._caller.sleep(pause)

    async def _find(self, entry: DeclaredObject) -> str | None:
        """Return the identifier of an object that was created since the plan."""
        kind, api = entry.kind, self._plan.api
        known = self._plan.ids.get(kind, frozenset())
        listed: list[Object] = list(await self._caller.run(list_request(kind, api)))
        found = [one for one in (observe(kind, model) for model in listed) if one.name == entry.name]
        new = [one for one in found if one.id not in known]
        if not new:
            return None
        if differences(entry, new[0], fields_of(kind, api), self.market_ids):
            raise ConflictError(
                f"{SINGULAR[kind]} {entry.name!r} exists since the plan, with another content; plan again"
            )
        return new[0].id


def _subject(change: Change) -> str:
    name = change.stored.name if change.stored is not None else change.name
    return f"{SINGULAR[change.kind]} {name or change.fields.get(NAME_KEYS[change.kind])!r}"


def _text(error: KentikError) -> str:
    return " ".join(str(error).split())
