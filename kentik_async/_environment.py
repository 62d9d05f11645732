"""Reads the client's arguments from environment variables and profile files.

The variables of the vendor's own SDK are supported too; ours take precedence.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kentik_async._config import Email, Endpoint, Token
from kentik_async._profiles.files import path_of, read_profile
from kentik_async._profiles.token_keyring import read_token
from kentik_async.errors import ConfigError
from kentik_async.quota import Quota

__all__ = ["active_profile", "client_arguments", "connection_settings", "settings_from"]

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
_HIDDEN: Mapping[str, type[str]] = {"email": Email, "token": Token}
_CREDENTIALS = frozenset({"email", "token"})


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
    and token always come from the same source.

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


def connection_settings(
    profile: str, environ: Mapping[str, str], home: Path, *, named: bool
) -> dict[str, Any]:
    """Collect the client's arguments without credentials, for a profile that need not exist yet.

    Args:
        profile: The name of the profile.
        environ: The environment variables.
        home: The user's home folder.
        named: Whether the caller named the profile, so that it takes precedence over the environment.

    Raises:
        ConfigError: The profile is invalid.
    """
    environ = _HiddenEnvironment(environ)
    found = _from_environment(environ)
    stored = read_profile(profile, path_of(profile, environ, home))
    settings = {} if stored is None else dict(stored.settings)
    merged = {**found, **settings} if named else {**settings, **found}
    if "speed" in merged:
        merged["speed"] = _speed(merged["speed"])
    return {name: value for name, value in merged.items() if name not in _CREDENTIALS}


def active_profile(environ: Mapping[str, str]) -> str | None:
    """Return the profile that is used if none is named; None if the environment has the credentials."""
    if _CREDENTIALS.issubset(_from_environment(_HiddenEnvironment(environ))):
        return None
    return environ.get("KENTIK_PROFILE") or "default"


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


def _read_profile(profile: str, environ: Mapping[str, str], home: Path, *, required: bool) -> dict[str, Any]:
    path = path_of(profile, environ, home)
    found = read_profile(profile, path)
    if found is None:
        if required:
            raise ConfigError(f"profile {profile!r}: the file {path} does not exist")
        return {}
    settings = dict(found.settings)
    if found.keyring is not None:
        try:
            settings["token"] = read_token(found.keyring)
        except ConfigError as error:
            raise ConfigError(f"profile {profile!r}: {error}") from None
    return settings


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise ConfigError(f"KENTIK_SPEED must be a number above 0 (1 is real time); got {text!r}")
    return speed
