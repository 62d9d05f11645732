"""Valid certificates, and certificates that are wrong in one way each."""

import datetime as dt
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import trustme

__all__ = ["IDENTITIES", "trusted_file"]


@cache
def _ours() -> trustme.CA:
    return trustme.CA()


def _expired() -> trustme.LeafCert:
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    return _ours().issue_cert("127.0.0.1", not_before=yesterday - dt.timedelta(days=1), not_after=yesterday)


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["h2", "http/1.1"])
    certificate.configure_cert(context)
    return context


IDENTITIES: Mapping[str, Callable[[], ssl.SSLContext | None]] = {
    "none": lambda: None,
    "right": lambda: _context(_ours().issue_cert("127.0.0.1")),
    "of another host": lambda: _context(_ours().issue_cert("kentik.example")),
    "expired": lambda: _context(_expired()),
    "of an unknown authority": lambda: _context(trustme.CA().issue_cert("127.0.0.1")),
}
"""The identities of the peers: functions that create TLS contexts, or None for plaintext."""


def trusted_file(folder: Path) -> Path:
    """Write the certificate of the authority that the clients trust, and return its path."""
    path = folder / "ca.pem"
    _ours().cert_pem.write_to_path(str(path))
    return path
