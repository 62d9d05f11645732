"""Quota classes of stubs: some APIs have their own limits instead of those of the customer."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from kentik_async._pipeline import check_type
from kentik_async._pipeline.call import OwnQuota
from kentik_async._pipeline.caller import Caller
from kentik_async.errors import ConfigError
from kentik_async.quota import QUOTA_CLASSES, Limiter, Quota, QuotaClass
from kentik_async.quota.factory import Customer, choose_limiter

__all__ = ["StubQuotas"]


@dataclass(frozen=True, slots=True)
class _Class:
    """A quota class, and whether the client closes its limiter."""

    own: OwnQuota
    owned: bool


class StubQuotas:
    """The quota classes that the stubs of a client and of all its views have besides the client's two."""

    def __init__(self, limiter: Limiter | str | None, customer: Customer) -> None:
        """Store the arguments of limiters; nothing is opened.

        Args:
            limiter: The client's argument. Classes are shared with all clients that share its URL; with a
                `Limiter`, they belong to this process alone.
            customer: Selects the quota.
        """
        self._limiter = limiter if limiter is None or isinstance(limiter, str) else "process:"
        self._customer = customer
        self._classes: dict[str, _Class] = {}

    def caller(
        self, caller: Caller, quota_class: str | None, quota: Quota | None
    ) -> tuple[Caller, QuotaClass]:
        """Return the caller for a stub, and the quota class on its limiter.

        Args:
            caller: The client's.
            quota_class: "non_query" (also for None), "query", or the name of another class.
            quota: The limits of another class; may be omitted when the client has it already.

        Raises:
            ConfigError: An argument is invalid, or the class has other limits already.
        """
        for name in QUOTA_CLASSES:
            if quota_class in (None, name) and quota is None:
                return caller, (name if quota_class == name else "non_query")
        own = self._class(quota_class, quota)
        return replace(caller, options=replace(caller.options, own_quota=own)), "non_query"

    async def aclose(self) -> None:
        """Close the limiters that were made for this client."""
        for one in self._classes.values():
            if one.owned:
                await one.own.limiter.aclose()

    def _class(self, name: str | None, quota: Quota | None) -> OwnQuota:
        if name is None or name in QUOTA_CLASSES:
            raise ConfigError(
                "quota= needs the name of a class of its own in quota_class=, such as 'ai_advisor'; "
                f"got quota_class={name!r}"
            )
        known = self._classes.get(name)
        if quota is None:
            if known is None:
                raise ConfigError(
                    f"quota_class must be one of {', '.join(QUOTA_CLASSES)}, or have its limits in quota=; "
                    f"got {name!r}"
                )
            return known.own
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ConfigError(
                f"quota_class must be a name of lower-case letters, digits and underscores; got {name!r}"
            )
        check_type("quota", quota, Quota)
        if known is None:
            known = self._classes[name] = self._open(name, quota)
        if known.own.quota != quota:
            raise ConfigError(f"quota_class {name!r} already has the limits {known.own.quota}; got {quota}")
        return known.own

    def _open(self, name: str, quota: Quota) -> _Class:
        customer = replace(
            self._customer, name=f"{self._customer.name}#{name}", quota=quota, query_quota=quota
        )
        limiter, owned = choose_limiter(_place(self._limiter, name), customer, self)
        return _Class(OwnQuota(limiter, quota), owned)


def _place(limiter: str | None, name: str) -> str | None:
    """Return a limiter's URL for a class: a file that is given by name needs another name for each class."""
    path = (limiter or "").removeprefix("file:")
    if not limiter or path in (limiter, "") or path.endswith("/") or Path(path.removeprefix("//")).is_dir():
        return limiter
    return f"{limiter}.{name}"
