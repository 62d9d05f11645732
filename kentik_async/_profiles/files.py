"""Profile files: `~/.kentik/<profile>`, a JSON object with `email`, `api-key` and settings.

The vendor's own SDK reads the same files. If a profile has `keyring` in place of `api-key`, that names the
entry of the token in the system keyring.
"""

import json
import logging
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from kentik_async._config import Email, Token
from kentik_async._whole_file import replace_file
from kentik_async.errors import ConfigError

__all__ = ["KEYS", "Profile", "folder_of", "names_in", "path_of", "read_profile", "write_profile"]

_log = logging.getLogger("kentik_async")

KEYS: Mapping[str, str] = {
    "email": "email",
    "api-key": "token",
    "token": "token",
    "keyring": "keyring",
    "region": "region",
    "grpc-endpoint": "grpc_endpoint",
    "rest-endpoint": "rest_endpoint",
    "v6-rest-endpoint": "v6_rest_endpoint",
    "transport": "transport",
    "customer": "customer",
    "ca-file": "ca_file",
    "proxy": "proxy",
}
"""The keys of a profile, and the arguments of the client that they set."""

_HIDDEN: Mapping[str, type[str]] = {"email": Email, "token": Token}
_MAX_SHOWN_KEY = 24
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Profile:
    """The content of a profile file.

    Attributes:
        settings: Arguments of the client.
        keyring: The entry of the token in the system keyring; None if the token is in the file, or nowhere.
    """

    settings: Mapping[str, Any]
    keyring: str | None = None


def folder_of(environ: Mapping[str, str], home: Path) -> Path:
    """Return the folder of the profiles; it need not exist."""
    return Path(environ["KTAPI_HOME"]) if environ.get("KTAPI_HOME") else home / ".kentik"


def path_of(profile: str, environ: Mapping[str, str], home: Path) -> Path:
    """Return the file of a profile; it need not exist.

    Raises:
        ConfigError: The name is not the name of a file.
    """
    if environ.get("KTAPI_CFG_FILE"):
        return Path(environ["KTAPI_CFG_FILE"])
    if not profile or profile in (".", "..") or "/" in profile or "\\" in profile or "\0" in profile:
        raise ConfigError(f"profile must be the name of a file in the folder .kentik; got {profile!r}")
    return folder_of(environ, home) / profile


def names_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder that may be profiles, sorted.

    Raises:
        ConfigError: The folder cannot be read.
    """
    try:
        return sorted(
            path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{folder} cannot be read: {error.strerror or error}") from None


def read_profile(profile: str, path: Path) -> Profile | None:
    """Return the content of a profile; None if its file does not exist.

    Args:
        profile: The name of the profile in errors.
        path: The file.

    Raises:
        ConfigError: The file cannot be read or is not a profile.
    """
    try:
        found = _profile_in(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"profile {profile!r}: {path} cannot be read: {reason}") from None
    if isinstance(found, str):
        raise ConfigError(f"profile {profile!r}: {path} {found}")
    return found


def write_profile(path: Path, settings: Mapping[str, Any], *, keyring: str | None = None) -> None:
    """Write a profile in one step: a reader sees the old or the new content. Only the user may read it.

    Args:
        path: The file; it may exist.
        settings: Arguments of the client; None is omitted.
        keyring: The entry of the token in the system keyring, in place of the token.

    Raises:
        ConfigError: The file cannot be written.
    """
    values = dict(settings, keyring=keyring)
    document = {key: values[name] for key, name in KEYS.items() if key != "token" and values.get(name)}
    reason = _write(path, document)
    if reason is not None:
        raise ConfigError(f"cannot write {path}: {reason}")


def _write(path: Path, document: Mapping[str, str]) -> str | None:
    """Write a file, or return why that is not possible; an exception raised here would keep the text."""
    try:
        path = path.resolve()  # a link stays a link: some users keep such files elsewhere
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, json.dumps(document, indent=2) + "\n")
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        return str(getattr(error, "strerror", None) or error)
    return None


def _profile_in(path: Path) -> Profile | str:
    """Return the content of a file, or an error message; an exception raised here would keep the text."""
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        raw = file.read(_MAX_BYTES + 1)
    form = 'a JSON object such as {"email": "…", "api-key": "…"}'
    try:
        document = msgspec.json.decode(raw) if len(raw) <= _MAX_BYTES else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return f"must contain {form}"
    unknown = [name for name in document if name not in KEYS]
    if unknown:
        return f"has the unknown key {_shown(unknown[0])}; allowed are {', '.join(KEYS)}"
    settings: dict[str, Any] = {}
    for name, argument in KEYS.items():
        value = document.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            return f"has a {name!r} that is not a string; it must contain {form}"
        settings[argument] = _HIDDEN.get(argument, str)(value)
    entry = settings.pop("keyring", None)
    if "token" not in settings:
        return Profile(settings, entry)
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        _log.warning("%s contains a token and other users may read it; run chmod 600 on it", path)
    return Profile(settings)


def _shown(name: str) -> str:
    """Quote the key of a profile on one line; a key as long as a token is cut, because it may be one."""
    return repr(name) if len(name) <= _MAX_SHOWN_KEY else f"{name[:3]!r}… ({len(name)} characters)"
