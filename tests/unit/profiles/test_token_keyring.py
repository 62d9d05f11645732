"""Tokens in the system keyring: found in the same way as tokens in files, and never in an error."""

import sys
import traceback
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyrings.alt.file import PlaintextKeyring

from kentik_async._config import Token
from kentik_async._environment import settings_from
from kentik_async._profiles.files import write_profile
from kentik_async._profiles.token_keyring import delete_token, keyring_name, store_token, why_unusable
from kentik_async.errors import ConfigError

CANARY = "canary-5f1c0ffee5eed"


class LockedKeyring(KeyringBackend):
    """A keyring that quotes the token in its errors."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"{CANARY} of {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot store {password}")

    def delete_password(self, service: str, username: str) -> None:
        raise RuntimeError(CANARY)


def text_with_locals(error: BaseException) -> str:
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown.stack[:] = [frame for frame in shown.stack if frame.filename != __file__]
    return "".join(shown.format())


def test_profile_finds_its_token(home: Path, file_keyring: PlaintextKeyring) -> None:
    write_profile(home / ".kentik" / "work", {"email": "ada@example.com"}, keyring="entry")
    store_token("entry", Token(CANARY))
    settings = settings_from("work", {}, home)
    assert (settings["email"], settings["token"]) == ("ada@example.com", CANARY)
    assert repr(settings["token"]) == "'***'"
    assert delete_token("entry")
    assert not delete_token("entry")
    with pytest.raises(ConfigError, match=r"^profile 'work': the system keyring has no entry 'entry' of ken"):
        settings_from("work", {}, home)


def test_nothing_is_imported_without_need(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    write_profile(home / ".kentik" / "default", {"email": "a@b", "token": Token(CANARY)})
    assert settings_from(None, {}, home)["token"] == CANARY
    write_profile(home / ".kentik" / "default", {"email": "a@b"}, keyring="default")
    environ = {"KENTIK_EMAIL": "a@b", "KENTIK_API_TOKEN": "t"}
    assert settings_from(None, environ, home)["token"] == "t"
    reason = "the package keyring is not installed: pip install 'kentik-async[keyring]'"
    with pytest.raises(ConfigError) as caught:
        settings_from(None, {}, home)
    assert str(caught.value) == f"profile 'default': {reason}"
    assert why_unusable() == reason


def test_errors_of_a_keyring_show_no_token(home: Path, file_keyring: PlaintextKeyring) -> None:
    keyring.set_keyring(LockedKeyring())
    write_profile(home / ".kentik" / "default", {"email": "a@b"}, keyring="default")
    with pytest.raises(ConfigError, match=r"keyring cannot be read: RuntimeError; is it locked\?$") as caught:
        settings_from(None, {}, home)
    assert CANARY not in text_with_locals(caught.value)
    with pytest.raises(ConfigError, match=r"keyring cannot be written: RuntimeError; ") as caught:
        store_token("default", Token(CANARY))
    assert CANARY not in text_with_locals(caught.value)


def test_keyring_that_stores_nothing_is_unusable(file_keyring: PlaintextKeyring) -> None:
    assert why_unusable() is None
    assert keyring_name() == "file PlaintextKeyring"
    keyring.set_keyring(fail.Keyring())
    assert why_unusable() == "this machine has no usable system keyring"
