"""The tokens of profiles in the system keyring, through the package `keyring`, imported when first needed.

Only the class name of a keyring's error is shown: its message may quote the stored value.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from kentik_async._config import Token
from kentik_async.errors import ConfigError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

__all__ = ["SERVICE", "delete_token", "keyring_name", "read_token", "store_token", "why_unusable"]

SERVICE = "kentik-async"
"""The service under which keyrings list the tokens."""

R = TypeVar("R")


def why_unusable() -> str | None:
    """Return why no token can be stored in a keyring; None if it can."""
    try:
        backend = _backend()
    except ConfigError as error:
        return str(error)
    # The backends that store nothing, for a machine without a keyring, have the priority 0 or less.
    return None if backend.priority > 0 else "this machine has no usable system keyring"


def keyring_name() -> str:
    """Return the name of the keyring in use, such as "SecretService Keyring".

    Raises:
        ConfigError: The package is missing, or the keyring cannot be opened.
    """
    return _backend().name


def read_token(entry: str) -> Token:
    """Return the token of an entry.

    Raises:
        ConfigError: There is none, or the keyring cannot be read.
    """
    found = _done("read", lambda: _hidden(_backend().get_password(SERVICE, entry)))
    if found is None:
        raise ConfigError(
            f"the system keyring has no entry {entry!r} of {SERVICE}; log in again: kentik-async auth login"
        )
    return found


def store_token(entry: str, token: Token) -> None:
    """Store the token of an entry, in place of an earlier one.

    Raises:
        ConfigError: The keyring cannot be written.
    """
    _done("written", lambda: _backend().set_password(SERVICE, entry, token))


def delete_token(entry: str) -> bool:
    """Delete an entry, and return whether there was one.

    Raises:
        ConfigError: The keyring cannot be written.
    """

    def delete() -> bool:
        backend = _backend()
        if backend.get_password(SERVICE, entry) is None:
            return False
        backend.delete_password(SERVICE, entry)
        return True

    return _done("written", delete)


def _hidden(token: str | None) -> Token | None:
    return None if token is None else Token(token)


def _backend() -> "KeyringBackend":
    try:
        import keyring
    except ModuleNotFoundError:
        raise ConfigError(
            "the package keyring is not installed: pip install 'kentik-async[keyring]'"
        ) from None
    return _done("opened", keyring.get_keyring)


def _done(what: str, act: Callable[[], R]) -> R:
    """Call a function of a keyring; a backend may raise any exception."""
    try:
        return act()
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 (errors of D-Bus, of the system, of imports)
        reason = type(error).__name__
    raise ConfigError(f"the system keyring cannot be {what}: {reason}; is it locked?")
