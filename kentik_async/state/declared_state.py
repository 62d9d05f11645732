"""Declared state of an account: export, plan and apply."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from kentik_async._pipeline.caller import Caller
from kentik_async.errors import ValidationError
from kentik_async.state.account import AccountState, document_of, observe
from kentik_async.state.applying import apply_plan
from kentik_async.state.backup import begun_changes, read_backup, write_backup
from kentik_async.state.changes.requests import list_request
from kentik_async.state.document import Document
from kentik_async.state.files import account_lock
from kentik_async.state.format.fields import API, APIS, KINDS, Kind
from kentik_async.state.guards import check_checksum, check_deletions
from kentik_async.state.plan import StatePlan
from kentik_async.state.planning import make_plan
from kentik_async.state.report import ApplyProgress, ApplyReport

__all__ = ["DeclaredState"]


class DeclaredState:
    """AS groups, sites and site markets as a document.

    Every method raises any `KentikError`.
    """

    def __init__(self, caller: Caller, account: Iterable[str]) -> None:
        """Bind to a client.

        Args:
            caller: Sends the requests.
            account: The name of the account in all processes, from its customer and its endpoints.
        """
        self._caller = caller
        self._account = hashlib.sha256("\n".join(account).encode()).hexdigest()[:32]

    async def export(self, *, api: API = "v6") -> Document:
        """Return the account as a document; one list call for each kind.

        A plan of this document is empty. Empty fields are omitted, so they are not managed.

        Args:
            api: "v6"; or "v5" for accounts without sites of API v6, whose sites have fewer fields.

        Raises:
            ValidationError: `api` is neither.
        """
        if api not in APIS:
            raise ValidationError(f"api must be one of {', '.join(APIS)}; got {api!r}")
        kinds: list[Kind] = [kind for kind in KINDS if api == "v6" or kind != "site_markets"]
        return document_of(await self._read(kinds, api))

    async def plan(self, document: Document, prune: bool = False) -> StatePlan:
        """Compare a document with the account; one list call for each kind in the document.

        Args:
            document: What the account should contain.
            prune: Whether to delete objects of the document's kinds that it does not name.

        Raises:
            DocumentError: The document does not fit the account; the error lists all mistakes.
        """
        return await self._plan(document, prune=prune)

    async def plan_restore(self, path: str | os.PathLike[str]) -> StatePlan:
        """Compare a backup of `apply` with the account.

        Changed objects are set back, and deleted objects are created again, with a new id. Created objects
        stay.

        Args:
            path: The backup's file.

        Raises:
            ConfigError: The file is not a backup.
        """
        return await self._plan(read_backup(path).document, restore=True)

    async def apply(
        self,
        plan: StatePlan,
        *,
        backup: str | os.PathLike[str] | None = None,
        plan_checksum: str | None = None,
        force: bool = False,
        stop: asyncio.Event | None = None,
        on_progress: Callable[[ApplyProgress], None] | None = None,
        on_backup: Callable[[Path], None] | None = None,
    ) -> ApplyReport:
        """Make the changes of a plan.

        Each object is read again immediately before it is written or deleted. If another user has changed it
        since the plan, it is not changed. A new object whose answer is lost is looked up by its name before
        it is sent again. An error does not stop the other changes. To continue after a failure, plan again.

        A cancellation lets the requests in flight end.

        Args:
            plan: The plan.
            backup: The file to which the objects are written that are changed or deleted; by default a file
                in the folder `backups` of the user's state folder.
            plan_checksum: The checksum of the plan that was reviewed.
            force: Whether to delete more than 30 % of a kind that has 10 objects or more.
            stop: Set it to stop: requests in flight end, and the report lists the changes not tried.
            on_progress: Called when a change has ended.
            on_backup: Called with the backup's file when it is written, before anything is changed.

        Raises:
            ValidationError: The plan has another checksum, or deletes too much.
            TargetLockedError: Another apply is changing this account on this machine.
            TargetError: The backup cannot be written.
        """
        self.check(plan, plan_checksum=plan_checksum, backup=backup, force=force)
        if plan.empty:
            return ApplyReport()
        with account_lock(self._account):
            written = write_backup(plan, backup)
            if on_backup is not None:
                on_backup(written)
            return await apply_plan(plan, self._caller, stop or asyncio.Event(), on_progress, written)

    def check(
        self,
        plan: StatePlan,
        *,
        plan_checksum: str | None = None,
        backup: str | os.PathLike[str] | None = None,
        force: bool = False,
    ) -> None:
        """Make the checks that `apply` makes before its first change.

        Args:
            plan: The plan.
            plan_checksum: The checksum of the plan that was reviewed. After an interrupted apply,
                the remaining changes of this plan are accepted too.
            backup: The backup's file of the interrupted apply, if it is not the default one.
            force: Whether to allow many deletions.

        Raises:
            ValidationError: The plan has another checksum, or deletes too much.
        """
        begun = frozenset[str]() if plan_checksum is None else begun_changes(plan_checksum, backup)
        check_checksum(plan, plan_checksum, begun)
        check_deletions(plan, force=force)

    async def _plan(self, document: Document, *, prune: bool = False, restore: bool = False) -> StatePlan:
        account = await self._read([kind for kind in KINDS if kind in document.kinds], document.api)
        plan = make_plan(document, account, prune=prune, restore=restore)
        return replace(plan, seconds=await self._caller.limiter.estimate(plan.calls))

    async def _read(self, kinds: list[Kind], api: API) -> AccountState:
        lists = await asyncio.gather(*(self._caller.run(list_request(kind, api)) for kind in kinds))
        return AccountState(
            {
                kind: tuple([observe(kind, model) for model in models])
                for kind, models in zip(kinds, lists, strict=True)
            },
            api,
        )
