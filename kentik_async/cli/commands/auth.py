"""`kentik-async auth`: stores the credentials of users in profiles, lists them, and checks them."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from kentik_async.cli.context import Context, Ctx
from kentik_async.cli.exit_codes import Exit
from kentik_async.cli.output.formatting import Column
from kentik_async.cli.output.messages import printable
from kentik_async.cli.parameters import ASK, Flag
from kentik_async.cli.prompts import answer, confirmed, declined, hidden_answer, require_terminal
from kentik_async.errors import ConfigError, PermissionDeniedError

if TYPE_CHECKING:
    from kentik_async._profiles.files import Profile

__all__ = ["app"]

app = App(name="auth", group=ASK, help="Log in and out, list the profiles, and check the credentials.")

_STATUS = (
    "email",
    "customer",
    "region",
    "transport",
    "grpc_endpoint",
    "v6_rest_endpoint",
    "rest_endpoint",
    "accepted",
)
_STORED = ("profile", "email", "token_store", "file")
_LISTED = (*_STORED, "active")


@app.command
def login(
    *,
    email: str | None = None,
    store: Literal["keyring", "file"] | None = None,
    context: Ctx,
) -> Exit | None:
    """Check the credentials of a user and store them in a profile.

    The command asks for email and API token. The token is in the user profile
    of the Kentik portal. A script passes it through stdin. The check is one
    ListMarkets request. The token is stored in the system keyring if there is
    one (extra keyring), otherwise in the file ~/.kentik/PROFILE, which only
    you can read. Options such as --region are stored too.

    For example:

      kentik-async auth login
      kentik-async auth login --profile eu --region eu
      kentik-async auth login --email you@example.com < token.txt

    Args:
        email: Email of the user; required if stdin is not a terminal.
        store: Where to store the token; by default the keyring if it is usable.
        context: The command context.
    """
    import asyncio

    from kentik_async._config import Credentials
    from kentik_async._environment import active_profile, connection_settings
    from kentik_async._profiles.files import Profile, path_of, read_profile

    name, named = _selected(context)
    path = path_of(name, os.environ, Path.home())
    settings = connection_settings(name, os.environ, Path.home(), named=named) | context.given
    before = read_profile(name, path) or Profile({})
    in_keyring = _uses_keyring(context, store)
    try:
        credentials = Credentials.of(*_read_credentials(email, before.settings.get("email")))
    except EOFError:
        return declined(context, "nothing was stored")
    settings |= {"email": credentials.email, "token": credentials.token}
    asyncio.run(_check(context, settings))

    kept = dict(before.settings) | _absolute(context.given)
    kept |= {"email": credentials.email, "token": credentials.token}
    place = _store(context, name, path, kept, before, in_keyring=in_keyring)
    context.printer.record(_place(name, credentials.email, place, path), _STORED)
    if not named and active_profile(os.environ) is None:
        context.notes.warn(
            "KENTIK_EMAIL and KENTIK_API_TOKEN are set and take precedence; unset them to use the profile"
        )
    return None


@app.command
async def logout(
    *, yes: Annotated[Flag, Parameter(name=("--yes", "-y"))] = False, context: Ctx
) -> Exit | None:
    """Delete a profile, and its token in the system keyring.

    Args:
        yes: Delete without confirmation.
        context: The command context.
    """
    from kentik_async._environment import active_profile
    from kentik_async._profiles.files import path_of, read_profile
    from kentik_async._profiles.token_keyring import delete_token

    name, named = _selected(context)
    path = path_of(name, os.environ, Path.home())
    profile = read_profile(name, path)
    if profile is None:
        raise ConfigError(f"profile {name!r}: the file {path} does not exist; 'auth list' shows the profiles")
    if not yes:
        require_terminal(f"delete profile {name}")
        whose = f" of {profile.settings['email']!s}" if "email" in profile.settings else ""
        what = f"the file {path}" + (" and the token in the system keyring" if profile.keyring else "")
        if not await confirmed(printable(f"Delete profile {name!r}{whose}: {what}?")):
            return declined(context)
    if profile.keyring is not None and not delete_token(profile.keyring):
        context.notes.note(f"the system keyring has no entry {profile.keyring!r}")
    try:
        path.unlink()
    except OSError as error:
        raise ConfigError(f"cannot delete {path}: {error.strerror or error}") from None
    context.printer.record({"profile": name, "deleted": True}, ("profile", "deleted"))
    if not named and active_profile(os.environ) is None:
        context.notes.warn("KENTIK_EMAIL and KENTIK_API_TOKEN are still set")
    return None


@app.command(name="list")
def list_profiles(*, context: Ctx) -> None:
    """List the profiles, and where the token of each is stored.

    The token itself is never shown. An active profile is the one that commands
    use without --profile.

    Args:
        context: The command context.
    """
    from kentik_async._environment import active_profile
    from kentik_async._profiles.files import folder_of, names_in, path_of, read_profile

    home, active = Path.home(), active_profile(os.environ)
    names = names_in(folder_of(os.environ, home))
    if os.environ.get("KTAPI_CFG_FILE"):  # that file is every profile
        names = [os.environ.get("KENTIK_PROFILE") or "default"]
    rows = []
    for name in names:
        path = path_of(name, os.environ, home)
        try:
            profile = read_profile(name, path)
        except ConfigError as error:
            context.notes.warn(str(error))
            continue
        if profile is None:
            continue
        place = "keyring" if profile.keyring else "file" if "token" in profile.settings else None
        row = _place(name, profile.settings.get("email"), place, path)
        rows.append(row | {"active": name == active})
    context.printer.rows(rows, _LISTED, tuple(map(Column, _LISTED)), what="profiles")
    if active is None:
        context.notes.note("KENTIK_EMAIL and KENTIK_API_TOKEN are set and take precedence over a profile")


@app.command
async def status(*, context: Ctx) -> None:
    """Show the active account and endpoint, and check the credentials.

    The check is one ListMarkets request, which requires the scope
    admin.kmi:read.

    Args:
        context: The command context.
    """
    from kentik_async._config import REGIONS

    settings = context.settings
    region, transport = settings.get("region", "us"), settings.get("transport", "auto")
    known = REGIONS.get(region)
    email = str(settings["email"]) if "email" in settings else None  # str() because its repr is masked
    grpc = settings.get("grpc_endpoint") or (known and known.grpc_endpoint)
    v6_rest = settings.get("v6_rest_endpoint") or grpc
    account = {
        "email": email,
        "customer": settings.get("customer", email),
        "region": region,
        "transport": transport,
        "grpc_endpoint": None if transport == "rest" else grpc,
        "v6_rest_endpoint": None if transport == "grpc" else v6_rest,
        "rest_endpoint": settings.get("rest_endpoint") or (known and known.rest_endpoint),
        "accepted": True,
    }
    async with context.client() as kentik:
        at = account["grpc_endpoint"] or v6_rest
        context.notes.note(f"checking the credentials of {email} at {at}")
        await kentik.kmi.list_markets()
    shown = tuple(Column(field) for field in _STATUS if account[field] is not None)
    context.printer.record(account, _STATUS, shown)


def _selected(context: Context) -> tuple[str, bool]:
    """Return the name of the profile to change, and whether an option named it."""
    return context.profile or os.environ.get("KENTIK_PROFILE") or "default", context.profile is not None


def _uses_keyring(context: Context, store: str | None) -> bool:
    """Return whether the token goes into the keyring.

    Raises:
        ConfigError: It must, and cannot.
    """
    if store == "file":
        return False
    from kentik_async._profiles.token_keyring import why_unusable

    reason = why_unusable()
    if reason is not None and store == "keyring":
        raise ConfigError(f"{reason}; to store the token in a file, use --store file")
    if reason is not None:
        context.notes.note(f"the token will be stored in a file: {reason}")
    return reason is None


def _read_credentials(email: str | None, known: str | None) -> tuple[str, str]:
    """Return email and token, from the terminal or from stdin.

    Raises:
        ConfigError: The email or the token is missing.
        EOFError: There is no answer on the terminal.
    """
    on_terminal = sys.stdin.isatty()
    if email is None:
        if not on_terminal:
            raise ConfigError("--email is required if stdin is not a terminal")
        email = answer(f"Email [{known!s}]: " if known else "Email: ") or str(known or "")
    if not email.strip():
        raise ConfigError("the email must not be empty")
    if on_terminal:
        return email, hidden_answer("API token (not shown): ")
    token = sys.stdin.readline().strip()
    if not token:
        example = f"kentik-async auth login --email {email} < token.txt"
        raise ConfigError(f"there is no API token on stdin; for example: {example}")
    return email, token


async def _check(context: Context, settings: dict[str, Any]) -> None:
    async with context.client(settings) as kentik:
        try:
            await kentik.kmi.list_markets()
        except PermissionDeniedError as error:
            context.notes.warn(f"the credentials are stored, but cannot be used for KMI: {error}")


def _absolute(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options, with a file that later commands find from any folder."""
    return given | ({"ca_file": str(Path(given["ca_file"]).absolute())} if "ca_file" in given else {})


def _store(
    context: Context, name: str, path: Path, kept: dict[str, Any], before: "Profile", *, in_keyring: bool
) -> str:
    """Store the credentials, and return where the token is."""
    from kentik_async._profiles.files import write_profile
    from kentik_async._profiles.token_keyring import SERVICE, delete_token, keyring_name, store_token

    standard = path.parent == Path.home() / ".kentik"
    entry = name if standard else str(path.absolute())
    if in_keyring:
        store_token(entry, kept.pop("token"))
        context.notes.note(f"the token is in {keyring_name()}, entry {entry!r} of {SERVICE}")
    write_profile(path, kept, keyring=entry if in_keyring else None)
    if before.keyring is not None and (not in_keyring or before.keyring != entry):
        try:
            delete_token(before.keyring)
        except ConfigError as error:
            context.notes.warn(f"the earlier token is still in the system keyring: {error}")
    return "keyring" if in_keyring else "file"


def _place(name: str, email: str | None, store: str | None, path: Path) -> dict[str, Any]:
    return {
        "profile": name,
        "email": None if email is None else str(email),  # str() because its repr is masked
        "token_store": store,
        "file": str(path),
    }
