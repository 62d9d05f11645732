"""Where to send requests and as whom: endpoints, credentials and proxies, checked before anything is sent."""

import ipaddress
import os
import re
import ssl
import urllib.parse
import urllib.request
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
    """One of the vendor's installations; source: Kentik KB, "Kentik APIs" and "Site and Plan APIs"."""

    grpc_endpoint: str
    rest_endpoint: str


REGIONS: Mapping[str, Region] = {
    "us": Region("https://grpc.api.kentik.com:443", "https://api.kentik.com/api/v5"),
    "eu": Region("https://grpc.api.kentik.eu:443", "https://api.kentik.eu/api/v5"),
}


class _Hidden(str):
    """A text whose `repr` hides it, so that no traceback with locals and no debugger print shows it."""

    __slots__ = ()

    @classmethod
    def of(cls, text: object) -> Self:
        """Wrap a text; what is none becomes an empty one, since the first line may not raise with it."""
        return cls(text) if isinstance(text, str) else cls()

    def __repr__(self) -> str:
        return "'***'"


class Token(_Hidden):
    """An API token; it goes to the server alone."""

    __slots__ = ()


class Email(_Hidden):
    """A user's e-mail address; it is shown where the user asks for it, such as by `auth status`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """As whom requests are sent.

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
            ConfigError: Either is empty, no text, or holds what a header may not: control characters, or
                anything outside ASCII. The message shows neither.
        """
        email, token = Email.of(email), Token.of(token)
        if not email.strip():
            raise ConfigError("email is empty or no text: give the e-mail address of a Kentik user")
        if not token.strip():
            raise ConfigError("token is empty or no text: give the API token from the Kentik user's profile")
        for name, value in (("email", email), ("token", token)):
            if not re.fullmatch(r"[\x21-\x7e]+", value):
                raise ConfigError(
                    f"{name} holds a character that a header may not carry (a space, a line break, a control "
                    "character or one outside ASCII): copy it again, without quotes or line ends"
                )
        return cls(email, token)

    def scrub(self, text: str) -> str:
        """Return a text from outside without the two, which a server may have quoted."""
        return text.replace(self.token, "***").replace(self.email, "***")

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the vendor's two headers, names in lower case as gRPC metadata needs them."""
        return (("x-ch-auth-email", self.email), ("x-ch-auth-api-token", self.token))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server's address, read from a URL.

    Attributes:
        secure: Whether TLS is spoken.
        host: The host's name or address, an IPv6 address without brackets.
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
            name: The argument's name, for the messages.
            allow_plaintext: Whether plaintext may go to another machine.

        Raises:
            ConfigError: It is no such URL, or plaintext would leave this machine.
        """
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port
        except (ValueError, AttributeError, TypeError) as error:
            raise ConfigError(f"{name} is {url!r}: give a URL such as https://host:port ({error})") from None
        host, known = parts.hostname, parts.scheme in ("http", "https") and port != 0
        if not host or not known or re.search(r"[\s\x00-\x1f]", url):
            raise ConfigError(f"{name} is {url!r}: give a URL such as https://host:port")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ConfigError(f"{name} holds more than scheme, host, port and path: leave the rest away")
        secure = parts.scheme == "https"
        endpoint = cls(secure, host, port or (443 if secure else 80), parts.path.rstrip("/"))
        if not secure and not allow_plaintext and not endpoint.loopback:
            raise ConfigError(
                f"{name} is {url!r}, which would carry the token unencrypted to another machine: "
                "use https, or allow_plaintext=True if you must"
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
    """How a connection is made and whom it trusts.

    Attributes:
        authorities: PEM certificates that replace the machine's authorities, or None for those.
        proxy: The URL of the HTTP proxy to go through, or None for a direct connection.
    """

    authorities: bytes | None = None
    proxy: str | None = field(default=None, repr=False)


def read_authorities(ca_file: str | os.PathLike[str] | None) -> bytes | None:
    """Read the certificates of `ca_file`.

    Raises:
        ConfigError: The file cannot be read or holds no PEM certificate.
    """
    if ca_file is None:
        return None
    shown = f"ca_file {str(ca_file)!r}"
    try:
        # Bundles carry comments in any language; what counts in them is ASCII.
        pem = Path(ca_file).read_bytes().decode("ascii", "ignore")
    except (OSError, TypeError, ValueError) as error:
        raise ConfigError(f"{shown} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if "-----BEGIN CERTIFICATE-----" not in pem:
        raise ConfigError(f"{shown} holds no PEM certificates: give a file that does")
    try:
        ssl.create_default_context(cadata=pem)
    except ssl.SSLError as error:
        raise ConfigError(f"{shown} holds broken PEM certificates: {error.reason or error}") from None
    return pem.encode()


def proxy_for(endpoint: Endpoint, proxy: str | None) -> str | None:
    """Return the proxy for an endpoint: the one given, else HTTPS_PROXY unless NO_PROXY names the host.

    This machine itself is never reached through a proxy.

    Raises:
        ConfigError: The proxy is no http URL.
    """
    if endpoint.loopback:
        return None
    if proxy is None:
        proxies = urllib.request.getproxies_environment()
        if not proxies or urllib.request.proxy_bypass(endpoint.host):
            return None
        proxy = proxies.get("https" if endpoint.secure else "http")
    if not proxy:
        return None
    if isinstance(proxy, str) and "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        parts = urllib.parse.urlsplit(proxy)
        usable, port = parts.scheme == "http" and parts.hostname is not None, parts.port
    except (ValueError, AttributeError, TypeError):
        usable, port = False, None
    if not usable or port == 0:
        # The value may hold a password.
        raise ConfigError("proxy: give a URL such as http://host:port; other kinds are not supported")
    # Without a port one library would take 80 and the other 443.
    return proxy if port else f"http://{urllib.parse.urlsplit(proxy).netloc}:80"
