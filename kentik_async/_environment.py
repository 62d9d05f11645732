"""Reads the client's arguments from environment variables and profile files.

A profile is a JSON file, `~/.kentik/<profile>` with `{"email": …, "api-key": …}`, as the vendor's own SDK
reads it. That SDK's variables are supported too; ours take precedence.
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
    "v6_rest_endpoint": ("KENTIK_V6_REST_ENDPOINT",),
    "transport": ("KENTIK_TRANSPORT",),
    "limiter": ("KENTIK_LIMITER",),
    "ca_file": ("KENTIK_CA_FILE",),
    "proxy": ("KENTIK_PROXY",),
    "speed": ("KENTIK_SPEED",),
}
_PROFILE_FIELDS: Mapping[str, str] = {
    "email": "email",
    "api-key": "token",
    "token": "token",
    "region": "region",
    "grpc-endpoint": "grpc_endpoint",
    "rest-endpoint": "rest_endpoint",
    "v6-rest-endpoint": "v6_rest_endpoint",
    "transport": "transport",
    "customer": "customer",
    "ca-file": "ca_file",
    "proxy": "proxy",
}
_HIDDEN: Mapping[str, type[str]] = {"email": Email, "token": Token}
_MAX_SHOWN_KEY = 24
_CREDENTIALS = frozenset({"email", "token"})
_MAX_PROFILE_BYTES = 64 * 1024


class _HiddenEnvironment(Mapping[str, str]):
    """An environment with a `repr` that hides its values, such as the token, from tracebacks with locals."""

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
    """Collect the client's arguments from a profile and the environment.

    A profile named here takes precedence over the environment, and the environment over the profile
    `KENTIK_PROFILE` or `default`, which is read only if the environment has no credentials. E-mail address
    and token always come from the same of the two.

    Args:
        profile: The profile that the caller named, or None.
        environ: The environment variables.
        home: The user's home folder.

    Returns:
        The arguments that were found, by name; `speed` as a number.

    Raises:
        ConfigError: A named profile does not exist, a profile is invalid, or only an e-mail address or only a
            token is found in one place and the other in another.
    """
    environ = _HiddenEnvironment(environ)
    found = _from_environment(environ)
    if profile is not None:
        settings = _read_profile(profile, environ, home, required=True)
        if not _CREDENTIALS.isdisjoint(settings):
            found = {name: value for name, value in found.items() if name not in _CREDENTIALS}
        found.update(settings)
    elif not _CREDENTIALS.issubset(found):
        named = environ.get("KENTIK_PROFILE")
        settings = _read_profile(named or "default", environ, home, required=bool(named))
        if not _CREDENTIALS.isdisjoint(settings):
            _check_unmixed(found, settings, named or "default")
        found = {**settings, **found}
    if "speed" in found:
        found["speed"] = _speed(found["speed"])
    return found


def client_arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `KentikClient` for these settings.

    Args:
        settings: The result of `settings_from`, and any argument of `KentikClient`.

    Raises:
        ConfigError: There is no e-mail address or no token, or `speed` is not 1 and an endpoint is not on
            this machine.
    """
    arguments = dict(settings)
    for name, variable in (("email", "KENTIK_EMAIL"), ("token", "KENTIK_API_TOKEN")):
        if not arguments.get(name):
            raise ConfigError(
                f"no {name} found: set {variable}, or create a profile "
                '~/.kentik/default with {"email": "…", "api-key": "…"}'
            )
    speed = arguments.pop("speed", 1.0)
    if speed != 1:
        _compress_time(arguments, speed)
    return arguments


def _compress_time(arguments: dict[str, Any], speed: float) -> None:
    """Scale the limits for an emulator with a faster clock."""
    for name in ("grpc_endpoint", "rest_endpoint", "v6_rest_endpoint"):
        url = arguments.get(name)
        if url is None and name == "v6_rest_endpoint":
            continue  # by default on the host of grpc_endpoint
        if url is None or not Endpoint.parse(url, name=name, allow_plaintext=True).loopback:
            raise ConfigError(
                f"KENTIK_SPEED must be 1 unless all endpoints are on this machine; got {speed:g}, "
                f"and {name} is not on this machine; unset KENTIK_SPEED"
            )
    arguments["quota"] = (arguments.get("quota") or Quota.NON_QUERY).scaled(speed)
    arguments["query_quota"] = (arguments.get("query_quota") or Quota.QUERY).scaled(speed)


def _check_unmixed(found: Mapping[str, Any], settings: Mapping[str, Any], profile: str) -> None:
    """Raise ConfigError if the environment has one half of the credentials and the profile the other."""
    for name, other in (("email", "token"), ("token", "email")):
        if name in found and found[name] != settings.get(name):
            have, lack = _VARIABLES[name][0], _VARIABLES[other][0]
            raise ConfigError(
                f"{have} is set without {lack}, and profile {profile!r} has other credentials; set both "
                "variables, or unset both to use the profile"
            )


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
        raise ConfigError(f"profile must be the name of a file in the folder .kentik; got {profile!r}")
    folder = Path(environ["KTAPI_HOME"]) if environ.get("KTAPI_HOME") else home / ".kentik"
    return folder / profile


def _read_profile(profile: str, environ: Mapping[str, str], home: Path, *, required: bool) -> dict[str, Any]:
    path = _profile_path(profile, environ, home)
    try:
        settings = _settings_in(path)
    except FileNotFoundError:
        if required:
            raise ConfigError(f"profile {profile!r}: the file {path} does not exist") from None
        return {}
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"profile {profile!r}: {path} cannot be read: {reason}") from None
    if isinstance(settings, str):
        raise ConfigError(f"profile {profile!r}: {path} {settings}")
    return settings


def _settings_in(path: Path) -> dict[str, Any] | str:
    """Return a profile's settings, or an error message; an exception raised here would keep the text."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH):
            _log.warning("%s contains a token and other users may read it; run chmod 600 on it", path)
        raw = file.read(_MAX_PROFILE_BYTES + 1)
    form = 'a JSON object such as {"email": "…", "api-key": "…"}'
    try:
        document = msgspec.json.decode(raw) if len(raw) <= _MAX_PROFILE_BYTES else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return f"must contain {form}"
    unknown = [name for name in document if name not in _PROFILE_FIELDS]
    if unknown:
        return f"has the unknown key {_shown(unknown[0])}; allowed are {', '.join(_PROFILE_FIELDS)}"
    settings: dict[str, Any] = {}
    for name, argument in _PROFILE_FIELDS.items():
        value = document.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            return f"has a {name!r} that is not a string; it must contain {form}"
        settings[argument] = _HIDDEN.get(argument, str)(value)
    return settings


def _shown(name: str) -> str:
    """Quote the key of a profile on one line; a key that is as long as a token may be one."""
    return repr(name) if len(name) <= _MAX_SHOWN_KEY else f"{name[:3]!r}… ({len(name)} characters)"


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise ConfigError(f"KENTIK_SPEED must be a number above 0 (1 is real time); got {text!r}")
    return speed
