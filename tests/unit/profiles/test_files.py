"""Writing profiles: readable only by the user, atomic, and without the token in an error."""

import json
import os
import traceback
from pathlib import Path

import pytest

from kentik_async._config import Email, Token
from kentik_async._environment import active_profile, connection_settings
from kentik_async._profiles.files import names_in, read_profile, write_profile
from kentik_async.errors import ConfigError

CANARY = "canary-5f1c0ffee5eed"
SETTINGS = {"email": Email("ada@example.com"), "token": Token(CANARY), "region": "eu", "proxy": None}


def test_written_profile_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / ".kentik" / "work"
    write_profile(path, SETTINGS)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(path.read_text()) == {"email": "ada@example.com", "api-key": CANARY, "region": "eu"}
    profile = read_profile("work", path)
    assert profile is not None
    assert profile.settings == {name: value for name, value in SETTINGS.items() if value}
    assert read_profile("other", path.with_name("other")) is None


def test_profile_is_replaced_behind_a_link(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept", tmp_path / ".kentik" / "work"
    kept.write_text("{}")
    kept.chmod(0o644)
    link.parent.mkdir()
    link.symlink_to(kept)
    before = os.open(kept, os.O_RDONLY)
    write_profile(link, SETTINGS)
    assert link.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert os.read(before, 100) == b"{}", "the old file is as it was"
    os.close(before)
    assert names_in(link.parent) == ["work"]


def test_write_error_shows_no_token(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"^cannot write .*/file/work: ") as caught:
        write_profile(tmp_path / "file" / "work", SETTINGS)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown.stack[:] = [frame for frame in shown.stack if frame.filename != __file__]
    assert CANARY not in "".join(shown.format())


def test_connection_settings_have_no_credentials(tmp_path: Path) -> None:
    write_profile(tmp_path / ".kentik" / "work", SETTINGS)
    environ = {"KENTIK_API_TOKEN": CANARY, "KENTIK_REGION": "us", "KENTIK_SPEED": "2"}
    named = connection_settings("work", environ, tmp_path, named=True)
    assert named == {"region": "eu", "speed": 2.0}
    assert connection_settings("work", environ, tmp_path, named=False) == {"region": "us", "speed": 2.0}
    assert connection_settings("new", {}, tmp_path, named=True) == {}


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "default"),
        ({"KENTIK_PROFILE": "work"}, "work"),
        ({"KENTIK_EMAIL": "a@b", "KENTIK_PROFILE": "work"}, "work"),
        ({"KENTIK_EMAIL": "a@b", "KTAPI_AUTH_TOKEN": "t", "KENTIK_PROFILE": "work"}, None),
    ],
)
def test_active_profile(environ: dict[str, str], name: str | None) -> None:
    assert active_profile(environ) == name
