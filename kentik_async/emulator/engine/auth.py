"""Who may call the emulator, and what they may do."""

from dataclasses import dataclass, field
from typing import Literal

from kentik_async.emulator.errors import AnswerError

__all__ = ["ALL_SCOPES", "READ_SCOPES", "User", "authenticate", "authorize"]

READ_SCOPES = frozenset({"admin.kmi:read", "admin.as_group:read"})
ALL_SCOPES = READ_SCOPES | {"admin.as_group:write"}


@dataclass(frozen=True, slots=True)
class User:
    """One user of Kentik.

    Attributes:
        email: The e-mail address.
        token: The API token.
        customer: The company. All users of one company share its quota, AS groups and sites. By default the
            e-mail address: a company of one's own.
        role: "member" may only read (Kentik KB, "Site and Plan APIs"), "administrator" may do everything.
        scopes: The API v6 scopes that the user holds.
    """

    email: str
    token: str = field(repr=False)
    customer: str = ""
    role: Literal["administrator", "member"] = "administrator"
    scopes: frozenset[str] = ALL_SCOPES

    def __post_init__(self) -> None:
        if self.role not in ("administrator", "member"):
            raise ValueError(f"role is {self.role!r}: give 'administrator' or 'member'")
        if not self.customer:
            object.__setattr__(self, "customer", self.email)
        scopes = frozenset(self.scopes)
        object.__setattr__(self, "scopes", scopes & READ_SCOPES if self.role == "member" else scopes)


def authenticate(users: dict[str, User], email: str | None, token: str | None) -> User:
    """Return the user whose credentials these are.

    Raises:
        AnswerError: 401; there is no such user, or the token is not theirs.
    """
    user = users.get(email or "")
    if user is None or user.token != token:
        raise AnswerError(
            "UNAUTHENTICATED", "Invalid credentials: check X-CH-Auth-Email and X-CH-Auth-API-Token"
        )
    return user


def authorize(user: User, *, scope: str | None, writes: bool) -> None:
    """Let a user pass who may do this.

    Args:
        user: The user.
        scope: The API v6 scope that it takes; None for API v5.
        writes: Whether it changes anything.

    Raises:
        AnswerError: 403; the user may not.
    """
    if scope is not None and scope not in user.scopes:
        raise AnswerError("PERMISSION_DENIED", f"Permission denied: this needs the scope {scope}")
    if scope is None and writes and user.role == "member":
        raise AnswerError("PERMISSION_DENIED", "Permission denied: member-level users may only use GET")
