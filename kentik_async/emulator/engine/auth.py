"""Users of the emulator: authentication and authorization."""

from dataclasses import dataclass, field
from typing import Literal

from kentik_async.emulator.errors import AnswerError

__all__ = ["ALL_SCOPES", "READ_SCOPES", "User", "authenticate", "authorize"]

READ_SCOPES = frozenset({"admin.kmi:read", "admin.as_group:read", "admin.site:read"})
ALL_SCOPES = READ_SCOPES | {"admin.as_group:write", "admin.site:write"}


@dataclass(frozen=True, slots=True)
class User:
    """A Kentik user.

    Attributes:
        email: The email address.
        token: The API token.
        customer: The customer. All users of a customer share its quota, AS groups and sites. The default is
            the email address, so that the user is alone.
        role: "member" may only read (Kentik KB, "Site and Plan APIs"); "administrator" may do everything.
        scopes: The API v6 scopes of the user.
    """

    email: str
    token: str = field(repr=False)
    customer: str = ""
    role: Literal["administrator", "member"] = "administrator"
    scopes: frozenset[str] = ALL_SCOPES

    def __post_init__(self) -> None:
        if self.role not in ("administrator", "member"):
            raise ValueError(f"role must be 'administrator' or 'member'; got {self.role!r}")
        if not self.customer:
            object.__setattr__(self, "customer", self.email)
        scopes = frozenset(self.scopes)
        object.__setattr__(self, "scopes", scopes & READ_SCOPES if self.role == "member" else scopes)


def authenticate(users: dict[str, User], email: str | None, token: str | None) -> User:
    """Return the user with these credentials.

    Raises:
        AnswerError: 401; the email or the token is wrong.
    """
    user = users.get(email or "")
    if user is None or user.token != token:
        raise AnswerError(
            "UNAUTHENTICATED", "Invalid credentials: check X-CH-Auth-Email and X-CH-Auth-API-Token"
        )
    return user


def authorize(user: User, *, scope: str | None, writes: bool) -> None:
    """Check that a user may make a request.

    Args:
        user: The user.
        scope: The required API v6 scope; None for API v5.
        writes: Whether the request changes data.

    Raises:
        AnswerError: 403; the user lacks the permission.
    """
    if scope is not None and scope not in user.scopes:
        raise AnswerError("PERMISSION_DENIED", f"Permission denied: this needs the scope {scope}")
    if scope is None and writes and user.role == "member":
        raise AnswerError("PERMISSION_DENIED", "Permission denied: member-level users may only use GET")
