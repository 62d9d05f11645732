"""What the environment and the profile files say: who, where, and whose quota.

A profile is a JSON file, `~/.kentik/<profile>` with `{"email": …, "api-key": …}`, as the vendor's own SDK
writes it; that SDK's variables are honoured too, after ours.
"""

import logging
import math
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from kentik_async._config import Email, Endpoint, Token
from kentik_async.errors import ConfigError
from kentik_async.quota import Quota

__all__ = ["client_arguments", "settings_from"]

_log = logging.getLogger("kentik_async")

_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "email": ("KENTIK_EMAIL", "KTAPI_AUTH_EMAIL"),
    "token": ("KENTIK_API_TOKEN", "KTAPI_AUTH_TOKEN"),
    "region": ("KENTIK_REGION",),
    "grpc_endpoint": ("KENTIK_GRPC_ENDPOINT",),
    "rest_endpoint": ("KENTIK_REST_ENDPOINT",),
    "limiter": ("KENTIK_LIMITER",),
    "speed": ("KENTIK_SPEED",),
}
_PROFILE_FIELDS: Mapping[str, str] = {
    "email": "email",
    "api-key": "token",
    "token": "token",
    "region": "region",
    "grpc-endpoint": "grpc_endpoint",
    "rest-endpoint": "rest_endpoint",
    "customer": "customer",
}
_HIDDEN: Mapping[str, type[str]] = {"email": Email, "token": Token}
_LARGEST_PROFILE = 64 * 1024


class _Unseen(Mapping[str, str]):
    """An environment whose `repr` hides it: tracebacks that show locals would show the token in it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)

    def __repr__(self) -> str:
        return "<environment>"


def settings_from(profile: str | None, environ: Mapping[str, str], home: Path) -> dict[str, Any]:
    """Gather the client's arguments from a profile and the environment.

    A profile named here goes before the environment, and that before the profile `KENTIK_PROFILE` or
    `default`, which is read only if the credentials are still incomplete.

    Args:
        profile: The profile that the caller named, or None.
        environ: The environment.
        home: The user's home folder.

    Returns:
        Arguments by name, those that were found; `speed` as a number.

    Raises:
        ConfigError: A profile that was named does not exist, or one cannot be read.
    """
    environ = _Unseen(environ)
    found = _from_environment(environ)
    if profile is not None:
        found.update(_read_profile(profile, environ, home, required=True))
    elif "email" not in found or "token" not in found:
        named = environ.get("KENTIK_PROFILE")
        settings = _read_profile(named or "default", environ, home, required=bool(named))
        found = {**settings, **found}
    if "speed" in found:
        found["speed"] = _speed(found["speed"])
    return found


def client_arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a client that settings make.

    Args:
        settings: Those of `settings_from`, and any argument of `KentikClient`.

    Raises:
        ConfigError: There is no e-mail address or no token; or a compressed clock goes with endpoints that
            are not on this machine.
    """
    arguments = dict(settings)
    for name, variable in (("email", "KENTIK_EMAIL"), ("token", "KENTIK_API_TOKEN")):
        if not arguments.get(name):
            raise ConfigError(
                f"no {name} found: set {variable}, or write a profile "
                '~/.kentik/default with {"email": "…", "api-key": "…"}'
            )
    speed = arguments.pop("speed", 1.0)
    if speed != 1:
        _compress_time(arguments, speed)
    return arguments


def _compress_time(arguments: dict[str, Any], speed: float) -> None:
    """Scale the limits for an emulator whose clock runs faster."""
    for name in ("grpc_endpoint", "rest_endpoint"):
        url = arguments.get(name)
        if url is None or not Endpoint.parse(url, name=name, allow_plaintext=True).loopback:
            raise ConfigError(
                f"KENTIK_SPEED is {speed:g}, and {name} is not on this machine: a compressed clock is for an "
                "emulator on loopback only; unset KENTIK_SPEED"
            )
    arguments["quota"] = (arguments.get("quota") or Quota.NON_QUERY).scaled(speed)
    arguments["query_quota"] = (arguments.get("query_quota") or Quota.QUERY).scaled(speed)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, variables in _VARIABLES.items():
        value = next((environ[variable] for variable in variables if environ.get(variable)), None)
        if value is not None:
            found[name] = _HIDDEN.get(name, str)(value)
    return found


def _profile_path(profile: str, environ: Mapping[str, str], home: Path) -> Path:
    if environ.get("KTAPI_CFG_FILE"):
        return Path(environ["KTAPI_CFG_FILE"])
    if not profile or profile in (".", "..") or "/" in profile or "\\" in profile or "\0" in profile:
        raise ConfigError(f"profile is {profile!r}: give the name of a file in the folder .kentik")
    folder = Path(environ["KTAPI_HOME"]) if environ.get("KTAPI_HOME") else home / ".kentik"
    return folder / profile


def _read_profile(profile: str, environ: Mapping[str, str], home: Path, *, required: bool) -> dict[str, Any]:
    path = _profile_path(profile, environ, home)
    try:
        settings = _settings_in(path)
    except FileNotFoundError:
        if required:
            raise ConfigError(f"profile {profile!r}: there is no file {path}") from None
        return {}
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"profile {profile!r}: {path} cannot be read: {reason}") from None
    if isinstance(settings, str):
        raise ConfigError(f"profile {profile!r}: {path} {settings}")
    return settings


def _settings_in(path: Path) -> dict[str, Any] | str:
    """Return a profile's settings, or what is wrong: an error raised here would carry its text along."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH):
            _log.warning("%s holds a token and others may read it: chmod 600 it", path)
        raw = file.read(_LARGEST_PROFILE + 1)
    form = 'a JSON object such as {"email": "…", "api-key": "…"}'
    try:
        document = msgspec.json.decode(raw) if len(raw) <= _LARGEST_PROFILE else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return f"does not hold {form}"
    settings: dict[str, Any] = {}
    for name, argument in _PROFILE_FIELDS.items():
        value = document.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            return f"holds a {name!r} that is no text: {form} is expected"
        settings[argument] = _HIDDEN.get(argument, str)(value)
    return settings


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise ConfigError(f"KENTIK_SPEED is {text!r}: give a number above 0, 1 being real time")
    return speed
