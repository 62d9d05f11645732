"""Endpoints, credentials, certificate authorities and proxies, checked before anything is sent."""

import ipaddress
import json
import os
import re
import ssl
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from kentik_async.errors import ConfigError

__all__ = [
    "REGIONS",
    "Credentials",
    "Email",
    "Endpoint",
    "Region",
    "Token",
    "Trust",
    "proxy_for",
    "read_authorities",
]


@dataclass(frozen=True, slots=True)
class Region:
    """The endpoints of one region; source: Kentik KB, "Kentik APIs" and "Site and Plan APIs"."""

    grpc_endpoint: str
    rest_endpoint: str


REGIONS: Mapping[str, Region] = {
    "us": Region("https://grpc.api.kentik.com:443", "https://api.kentik.com/api/v5"),
    "eu": Region("https://grpc.api.kentik.eu:443", "https://api.kentik.eu/api/v5"),
}


class _Hidden(str):
    """A string whose `repr` hides its value, so that tracebacks with locals and debuggers do not show it."""

    __slots__ = ()

    @classmethod
    def of(cls, text: object) -> Self:
        """Wrap a string; any other value becomes an empty string, so that no error can quote it."""
        return cls(text) if isinstance(text, str) else cls()

    def __repr__(self) -> str:
        return "'***'"


class Token(_Hidden):
    """An API token; it is sent only to the server and never shown."""

    __slots__ = ()


class Email(_Hidden):
    """A user's e-mail address; shown only on request, such as by `auth list`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """The e-mail address and token that requests are sent with.

    Attributes:
        email: The user's e-mail address.
        token: The user's API token; never shown.
    """

    email: Email
    token: Token = field(repr=False)

    @classmethod
    def of(cls, email: str, token: str) -> "Credentials":
        """Check and wrap an e-mail address and a token.

        Raises:
            ConfigError: Either is empty, not a string, or has a character that an HTTP header cannot contain
                (a control character, or one outside ASCII). The message shows neither value.
        """
        email, token = Email.of(email), Token.of(token)
        if not email.strip():
            raise ConfigError("email must be a non-empty string, the e-mail address of a Kentik user")
        if not token.strip():
            raise ConfigError(
                "token must be a non-empty string, the API token from the Kentik user's profile"
            )
        for name, value in (("email", email), ("token", token)):
            if not re.fullmatch(r"[\x21-\x7e]+", value):
                raise ConfigError(
                    f"{name} contains a character that an HTTP header cannot contain (a space, a line break, "
                    "a control character or one outside ASCII); copy it again, without quotes or line ends"
                )
        return cls(email, token)

    def scrub(self, text: str) -> str:
        """Replace e-mail address and token by asterisks in an external text, which may quote them."""
        for secret in (self.token, self.email):
            # JSON escapes quotation marks and backslashes.
            for spelling in (secret, json.dumps(secret)[1:-1]):
                text = text.replace(spelling, "***")
        return text

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the vendor's two headers, with names in lower case as gRPC metadata requires."""
        return (("x-ch-auth-email", self.email), ("x-ch-auth-api-token", self.token))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server's address, read from a URL.

    Attributes:
        secure: Whether connections use TLS.
        host: The host name or address; an IPv6 address without brackets.
        port: The port.
        path: The base path, without a slash at its end; empty for gRPC.
    """

    secure: bool
    host: str
    port: int
    path: str = ""

    @classmethod
    def parse(cls, url: str, *, name: str, allow_plaintext: bool = False) -> "Endpoint":
        """Read an endpoint from a URL.

        Args:
            url: `https://host[:port][/path]`, or `http://…` for plaintext.
            name: The argument's name in messages.
            allow_plaintext: Whether an `http://` endpoint may be on another machine.

        Raises:
            ConfigError: The URL is invalid, or plaintext would leave this machine.
        """
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port
        except (ValueError, AttributeError, TypeError) as error:
            raise ConfigError(
                f"{name} must be a URL such as https://host:port; got {url!r} ({error})"
            ) from None
        host, valid = parts.hostname, parts.scheme in ("http", "https") and port != 0
        if not host or not valid or re.search(r"[\s\x00-\x1f]", url):
            raise ConfigError(f"{name} must be a URL such as https://host:port; got {url!r}")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ConfigError(
                f"{name} may contain only scheme, host, port and path: remove user, password, query, fragment"
            )
        secure = parts.scheme == "https"
        endpoint = cls(secure, host, port or (443 if secure else 80), parts.path.rstrip("/"))
        if not secure and not allow_plaintext and not endpoint.loopback:
            raise ConfigError(
                f"{name} must use https, or set allow_plaintext=True; got {url!r}, which would send the "
                "token unencrypted to another machine"
            )
        return endpoint

    @property
    def loopback(self) -> bool:
        """Whether the host is this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def authority(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The endpoint as a URL."""
        return f"{'https' if self.secure else 'http'}://{self.authority}{self.path}"


@dataclass(frozen=True, slots=True)
class Trust:
    """The certificate authorities that a connection trusts, and its proxy.

    Attributes:
        authorities: PEM certificates to trust instead of the system's, or None for the system's.
        proxy: The URL of the HTTP proxy, or None for a direct connection.
    """

    authorities: bytes | None = None
    proxy: str | None = field(default=None, repr=False)


def read_authorities(ca_file: str | os.PathLike[str] | None, setting: str = "ca_file") -> bytes | None:
    """Read a file of PEM certificates.

    Args:
        ca_file: The file, or None.
        setting: The name of the argument or variable in errors.

    Raises:
        ConfigError: The file cannot be read or contains no valid PEM certificate.
    """
    if ca_file is None:
        return None
    name = f"{setting} {str(ca_file)!r}"
    try:
        # Bundles may contain comments in any language; the certificates are ASCII.
        pem = Path(ca_file).read_bytes().decode("ascii", "ignore")
    except (OSError, TypeError, ValueError) as error:
        raise ConfigError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if "-----BEGIN CERTIFICATE-----" not in pem:
        raise ConfigError(f"{name} contains no PEM certificates (no BEGIN CERTIFICATE line)")
    try:
        ssl.create_default_context(cadata=pem)
    except ssl.SSLError as error:
        raise ConfigError(f"{name} contains invalid PEM certificates: {error.reason or error}") from None
    return pem.encode()


_INVALID_PROXY = "proxy must be a URL such as http://host:port; other schemes are not supported"
"""The text does not quote the value, which may contain a password."""


def proxy_for(endpoint: Endpoint, proxy: str | None) -> str | None:
    """Return the URL of the proxy for an endpoint, or None for a direct connection.

    Without an argument, HTTPS_PROXY (HTTP_PROXY for plaintext) or ALL_PROXY applies unless NO_PROXY lists the
    host. Connections to this machine never use a proxy.

    Args:
        endpoint: The server's address.
        proxy: The proxy's URL, "" for none, or None to read the environment.

    Raises:
        ConfigError: The proxy is not an http URL.
    """
    if proxy is None:
        if endpoint.loopback or not any(name.lower().endswith("_proxy") for name in os.environ):
            return None  # without the import, which loads 30 modules
        from urllib.request import getproxies_environment

        proxies = getproxies_environment()
        if _bypasses_proxy(endpoint, proxies.get("no", "")):
            return None
        proxy = proxies.get("https" if endpoint.secure else "http") or proxies.get("all")
    if not proxy:
        return None
    if isinstance(proxy, str) and "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        parts = urllib.parse.urlsplit(proxy)
        usable, port = parts.scheme == "http" and parts.hostname is not None, parts.port
    except (ValueError, AttributeError, TypeError):
        raise ConfigError(_INVALID_PROXY) from None
    if not usable or port == 0:
        raise ConfigError(_INVALID_PROXY)
    # The libraries differ for a URL without a port (80 or 443) or with a user name alone ("ada" or "ada:").
    userinfo, at, place = parts.netloc.rpartition("@")
    if at and ":" not in userinfo:
        userinfo += ":"
    url = f"http://{userinfo}{at}{place if port else place.rstrip(':') + ':80'}"
    return None if endpoint.loopback else url


def _bypasses_proxy(endpoint: Endpoint, no_proxy: str) -> bool:
    """Return whether NO_PROXY lists the endpoint: by host, by domain, or either with a port."""
    if no_proxy.strip() == "*":
        return True
    for entry in no_proxy.lower().split(","):
        name = entry.strip().removeprefix("*").lstrip(".")
        host, _, port = name.rpartition(":")
        if port.isdecimal() and (name.startswith("[") or ":" not in host):
            if int(port) != endpoint.port:
                continue
            name = host
        name = name.strip("[]").rstrip(".")
        if name and (endpoint.host == name or endpoint.host.endswith(f".{name}")):
            return True
    return False
