"""Logging in and out: from stdin and on a terminal, into the keyring and into a file."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail
from keyrings.alt.file import PlaintextKeyring

from tests.cli.shell import Shell, Terminal

TOKEN, EMAIL = "emulator-token", "demo@example.com"
NONE = {"KENTIK_EMAIL": "", "KENTIK_API_TOKEN": ""}


@pytest.fixture
def home(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder with a keyring in a file, for commands in this process and in others."""
    before = keyring.get_keyring()
    keyring.set_keyring(PlaintextKeyring())
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name, value in NONE.items():
        monkeypatch.setitem(shell.ready["env"], name, value)
    yield tmp_path
    keyring.set_keyring(before)


def stored(home: Path, name: str = "default") -> dict[str, str]:
    path = home / ".kentik" / name
    assert path.stat().st_mode & 0o777 == 0o600
    found: dict[str, str] = json.loads(path.read_text())
    return found


def test_login_into_the_keyring_and_out(shell: Shell, home: Path) -> None:
    done = shell("auth", "login", "--email", EMAIL, "--customer", "acme", stdin=f"{TOKEN}\n")
    path = str(home / ".kentik" / "default")
    assert done.rows == [{"profile": "default", "email": EMAIL, "token_store": "keyring", "file": path}]
    assert "note: the token is in file PlaintextKeyring, entry 'default' of kentik-async" in done.err
    assert shell.operations() == ["kmi.list_markets"]
    assert stored(home) == {"email": EMAIL, "keyring": "default", "customer": "acme"}
    assert keyring.get_password("kentik-async", "default") == TOKEN
    assert shell("auth", "list").rows == [done.rows[0] | {"active": True}]
    (status,) = shell("auth", "status").rows
    assert (status["email"], status["customer"], status["accepted"]) == (EMAIL, "acme", True)

    refused = shell("auth", "logout")
    assert (refused.code, refused.out) == (2, "")
    assert "to delete profile default without a terminal; add --yes" in refused.err
    assert shell("auth", "logout", "--yes").rows == [{"profile": "default", "deleted": True}]
    assert not list((home / ".kentik").iterdir())
    assert keyring.get_password("kentik-async", "default") is None
    missing = shell("auth", "logout", "--yes")
    assert missing.code == 2
    assert "default does not exist; 'auth list' shows the profiles" in missing.err


def test_without_a_keyring_a_file_has_the_token(shell: Shell, home: Path) -> None:
    assert shell("auth", "login", "--email", EMAIL, "--profile", "lab", stdin=TOKEN).code == 0
    keyring.set_keyring(fail.Keyring())
    arguments = ("auth", "login", "--email", EMAIL, "--profile", "lab")
    done = shell(*arguments, "--store", "keyring", stdin=TOKEN)
    assert done.code == 2
    assert done.err.startswith("error: this machine has no usable system keyring; to store the token in a f")
    assert "keyring" in stored(home, "lab")

    done = shell(*arguments, stdin=TOKEN)
    assert done.rows[0]["token_store"] == "file"
    assert "note: the token will be stored in a file: this machine has no usable" in done.err
    assert stored(home, "lab") == {"email": EMAIL, "api-key": TOKEN}
    assert shell("auth", "status", "--profile", "lab").code == 0


def test_earlier_token_leaves_the_keyring(shell: Shell, home: Path) -> None:
    for store in ("keyring", "file"):
        done = shell("auth", "login", "--email", EMAIL, "--store", store, stdin=TOKEN)
        assert done.rows[0]["token_store"] == store
    assert keyring.get_password("kentik-async", "default") is None


def test_wrong_credentials_are_not_stored(shell: Shell, home: Path) -> None:
    done = shell("auth", "login", "--email", EMAIL, stdin="wrong-token")
    assert (done.code, done.out) == (3, "")
    assert "wrong-token" not in done.err
    for stdin, more, said in (
        (TOKEN, (), "--email is required if stdin is not a terminal"),
        (
            "",
            ("--email", EMAIL),
            f"there is no API token on stdin; for example: kentik-async auth login --email {EMAIL} < token",
        ),
    ):
        done = shell("auth", "login", *more, stdin=stdin)
        assert done.code == 2
        assert said in done.err
    assert not (home / ".kentik").exists()
    assert shell("auth", "list").out == ""


def test_missing_scope_is_only_a_warning(shell: Shell, home: Path) -> None:
    shell.control("fail", {"n": 1, "status": 403})
    done = shell("auth", "login", "--email", EMAIL, stdin=TOKEN)
    assert done.code == 0
    assert "warning: the credentials are stored, but cannot be used for KMI: " in done.err


def test_login_reports_that_variables_take_precedence(shell: Shell, home: Path) -> None:
    env = {"KENTIK_EMAIL": EMAIL, "KENTIK_API_TOKEN": TOKEN}
    (home / ".kentik").mkdir()
    (home / ".kentik" / "broken").write_text("[]")
    done = shell("auth", "login", "--email", EMAIL, stdin=TOKEN, **env)
    assert "warning: KENTIK_EMAIL and KENTIK_API_TOKEN are set and take precedence" in done.err
    done = shell("auth", "list", **env)
    assert [row["active"] for row in done.rows] == [False]
    assert "warning: profile 'broken': " in done.err
    done = shell("auth", "logout", "--yes", **env)
    assert "warning: KENTIK_EMAIL and KENTIK_API_TOKEN are still set" in done.err


def test_login_on_a_terminal_hides_the_token(shell: Shell, home: Path) -> None:
    terminal = Terminal(shell, "auth", "login", "--debug")
    terminal.read_until("Email: ")
    terminal.type(f"{EMAIL}\n")
    terminal.read_until(r"API token \(not shown\): ")
    terminal.type(f"{TOKEN}\n")
    assert terminal.end() == 0
    assert TOKEN not in terminal.screen
    assert "keyring" in terminal.screen
    assert stored(home) == {"email": EMAIL, "keyring": "default"}

    terminal = Terminal(shell, "auth", "logout")
    terminal.read_until(rf"Delete profile 'default' of {EMAIL}: the file \S+ and the token in the system key")
    terminal.type("n\n")
    assert terminal.end() == 130
    assert stored(home) == {"email": EMAIL, "keyring": "default"}


def test_an_empty_email_is_reported_before_the_token(shell: Shell, home: Path) -> None:
    terminal = Terminal(shell, "auth", "login", "--store", "file")
    terminal.read_until("Email: ")
    terminal.type("\n")
    assert terminal.end() == 2
    assert "error: the email must not be empty" in terminal.screen
    assert "API token" not in terminal.screen
    assert not (home / ".kentik").exists()


@pytest.mark.parametrize("keys", ["\x04", "signal"])
def test_no_answer_stores_nothing(shell: Shell, home: Path, keys: str) -> None:
    terminal = Terminal(shell, "auth", "login", "--email", EMAIL, "--store", "file")
    terminal.read_until(r"API token \(not shown\): ")
    if keys == "signal":
        terminal.process.send_signal(signal.SIGINT)
    else:
        terminal.type(keys)
    assert terminal.end() == 130
    assert "Traceback" not in terminal.screen
    assert not (home / ".kentik").exists()
