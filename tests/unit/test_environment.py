"""Variables and profile files: their values, their order, and errors for invalid ones."""

import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from kentik_async._environment import settings_from
from kentik_async.errors import ConfigError

CANARY = "canary-5f1c0ffee5eed"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".kentik").mkdir()
    return tmp_path


def write(path: Path, document: object, mode: int = 0o600) -> None:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    path.chmod(mode)


def profile_of(name: str) -> dict[str, str]:
    return {"email": f"{name}@profile", "api-key": f"{name}-profile"}


def who(settings: dict[str, Any]) -> tuple[str | None, str | None]:
    return settings.get("email"), settings.get("token")


OURS = {"KENTIK_EMAIL": "ours@env", "KENTIK_API_TOKEN": "ours-env"}
THEIRS = {"KTAPI_AUTH_EMAIL": "theirs@env", "KTAPI_AUTH_TOKEN": "theirs-env"}


class TestOrder:
    def test_nothing_anywhere(self, home: Path) -> None:
        assert settings_from(None, {}, home) == {}

    def test_our_variables_go_before_the_vendors(self, home: Path) -> None:
        assert who(settings_from(None, THEIRS | OURS, home)) == ("ours@env", "ours-env")

    def test_the_vendors_variables(self, home: Path) -> None:
        assert who(settings_from(None, THEIRS, home)) == ("theirs@env", "theirs-env")

    def test_each_variable_falls_back_for_itself(self, home: Path) -> None:
        environ = THEIRS | {"KENTIK_EMAIL": "ours@env"}
        assert who(settings_from(None, environ, home)) == ("ours@env", "theirs-env")

    def test_an_empty_variable_counts_as_unset(self, home: Path) -> None:
        assert who(settings_from(None, THEIRS | {"KENTIK_EMAIL": ""}, home)) == ("theirs@env", "theirs-env")

    def test_the_environment_goes_before_the_default_profile(self, home: Path) -> None:
        write(home / ".kentik" / "default", profile_of("default"))
        assert who(settings_from(None, OURS, home)) == ("ours@env", "ours-env")

    def test_the_default_profile(self, home: Path) -> None:
        write(home / ".kentik" / "default", profile_of("default"))
        assert who(settings_from(None, {}, home)) == ("default@profile", "default-profile")

    def test_the_environment_goes_before_other_fields_of_a_profile(self, home: Path) -> None:
        write(home / ".kentik" / "default", profile_of("default") | {"region": "us", "customer": "acme"})
        settings = settings_from(None, {"KENTIK_REGION": "eu"}, home)
        assert who(settings) == ("default@profile", "default-profile")
        assert (settings["region"], settings["customer"]) == ("eu", "acme")

    def test_the_profile_that_a_variable_names(self, home: Path) -> None:
        write(home / ".kentik" / "default", profile_of("default"))
        write(home / ".kentik" / "work", profile_of("work"))
        assert who(settings_from(None, {"KENTIK_PROFILE": "work"}, home)) == ("work@profile", "work-profile")

    def test_named_profile_overrides_environment(self, home: Path) -> None:
        write(home / ".kentik" / "work", profile_of("work") | {"region": "eu"})
        settings = settings_from("work", OURS | {"KENTIK_REGION": "us", "KENTIK_LIMITER": "x://y"}, home)
        assert who(settings) == ("work@profile", "work-profile")
        assert (settings["region"], settings["limiter"]) == ("eu", "x://y")

    def test_the_vendors_folder(self, home: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        write(elsewhere / "work", profile_of("else"))
        environ = {"KTAPI_HOME": str(elsewhere)}
        assert who(settings_from("work", environ, home)) == ("else@profile", "else-profile")

    def test_the_vendors_file_is_the_profile_whatever_its_name(self, home: Path, tmp_path: Path) -> None:
        write(tmp_path / "file.json", profile_of("file"))
        environ = {"KTAPI_CFG_FILE": str(tmp_path / "file.json"), "KTAPI_HOME": "/nowhere"}
        assert who(settings_from(None, environ, home)) == ("file@profile", "file-profile")
        assert who(settings_from("work", environ, home)) == ("file@profile", "file-profile")


def test_every_field_of_a_profile(home: Path) -> None:
    profile = {
        "email": "a@b",
        "token": "t",
        "region": "eu",
        "grpc-endpoint": "https://g:1",
        "rest-endpoint": "https://r:2",
        "customer": "acme",
        "ca-file": "/ca.pem",
        "proxy": "http://p:3",
    }
    write(home / ".kentik" / "default", profile)
    assert settings_from(None, {}, home) == {
        "email": "a@b",
        "token": "t",
        "region": "eu",
        "grpc_endpoint": "https://g:1",
        "rest_endpoint": "https://r:2",
        "customer": "acme",
        "ca_file": "/ca.pem",
        "proxy": "http://p:3",
    }


def test_a_field_that_is_null_counts_as_absent(home: Path) -> None:
    write(home / ".kentik" / "default", profile_of("default") | {"proxy": None})
    assert "proxy" not in settings_from(None, {}, home)


class TestCredentials:
    """E-mail address and token come from the same source and are never mixed with those of another."""

    @pytest.mark.parametrize("profile", [None, "default"])
    def test_a_profile_with_an_unknown_key(self, home: Path, profile: str | None) -> None:
        write(home / ".kentik" / "default", {"email": "a@b", "api_key": CANARY})
        environ = {"KENTIK_API_TOKEN": "ours-env"}
        with pytest.raises(ConfigError) as caught:
            settings_from(profile, environ, home)
        assert str(caught.value).endswith(
            "default has the unknown key 'api_key'; allowed are email, api-key, token, keyring, region, "
            "grpc-endpoint, rest-endpoint, v6-rest-endpoint, transport, customer, ca-file, proxy"
        )

    def test_an_unknown_key_that_may_be_a_token_is_not_shown(self, home: Path) -> None:
        write(home / ".kentik" / "default", {CANARY * 2: "x"})
        with pytest.raises(ConfigError, match="unknown key") as caught:
            settings_from(None, {}, home)
        assert CANARY not in str(caught.value)

    @pytest.mark.parametrize("half", ["email", "api-key"])
    def test_incomplete_profile_ignores_environment(self, home: Path, half: str) -> None:
        write(home / ".kentik" / "work", {half: "the-profile's"})
        assert "ours" not in "".join(map(str, who(settings_from("work", OURS, home))))

    def test_profile_without_credentials_uses_environment(self, home: Path) -> None:
        write(home / ".kentik" / "work", {"region": "eu"})
        settings = settings_from("work", OURS, home)
        assert who(settings) == ("ours@env", "ours-env")
        assert settings["region"] == "eu"

    @pytest.mark.parametrize(
        ("have", "lack"), [("KENTIK_EMAIL", "KENTIK_API_TOKEN"), ("KENTIK_API_TOKEN", "KENTIK_EMAIL")]
    )
    @pytest.mark.parametrize("held", [{"email"}, {"api-key"}, {"email", "api-key"}])
    def test_half_the_environment_gets_nothing_of_a_profile(
        self, home: Path, have: str, lack: str, held: set[str]
    ) -> None:
        profile = {name: value for name, value in profile_of("default").items() if name in held}
        write(home / ".kentik" / "default", profile)
        with pytest.raises(ConfigError, match=f"^{have} is set without {lack}, and profile 'default'"):
            settings_from(None, {have: OURS[have]}, home)

    def test_an_email_that_both_have_is_no_contradiction(self, home: Path) -> None:
        write(home / ".kentik" / "default", profile_of("default"))
        settings = settings_from(None, {"KENTIK_EMAIL": "default@profile"}, home)
        assert who(settings) == ("default@profile", "default-profile")


class TestBroken:
    @pytest.mark.parametrize("name", ["named", None])
    def test_a_profile_that_was_named_and_is_not_there(self, home: Path, name: str | None) -> None:
        environ = {"KENTIK_PROFILE": "named"}
        with pytest.raises(
            ConfigError, match=r"^profile 'named': the file .*/\.kentik/named does not exist$"
        ):
            settings_from(name, environ, home)

    def test_the_default_profile_need_not_be_there(self, home: Path) -> None:
        assert settings_from(None, {}, home / "nowhere") == {}

    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", "null", '"x"', "{" * 2000, "[" * 100_000, "x" * 70_000, "\x00"],
    )
    def test_a_file_that_is_not_a_profile(self, home: Path, text: str) -> None:
        write(home / ".kentik" / "default", text)
        with pytest.raises(ConfigError, match=r"^profile 'default': .*default must contain a JSON object"):
            settings_from(None, {}, home)

    def test_bytes_that_are_not_text(self, home: Path) -> None:
        (home / ".kentik" / "default").write_bytes(b'{"email": "\xff\xfe"}')
        with pytest.raises(ConfigError, match="must contain a JSON object"):
            settings_from(None, {}, home)

    @pytest.mark.parametrize("value", [7, ["x"], {"x": 1}, True])
    def test_a_field_that_is_not_text(self, home: Path, value: object) -> None:
        write(home / ".kentik" / "default", {"email": value, "api-key": CANARY})
        with pytest.raises(ConfigError, match="has a 'email' that is not a string") as caught:
            settings_from(None, {}, home)
        assert "\n" not in str(caught.value)

    def test_a_folder_in_the_files_place(self, home: Path) -> None:
        (home / ".kentik" / "default").mkdir()
        with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
            settings_from(None, {}, home)

    @pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "x\0y"])
    def test_a_name_that_leads_out_of_the_folder(self, home: Path, name: str) -> None:
        with pytest.raises(ConfigError, match=r"^profile must be the name of a file"):
            settings_from(name, {}, home)

    @pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan", "inf", "1e999"])
    def test_an_invalid_speed(self, home: Path, speed: str) -> None:
        with pytest.raises(ConfigError, match=r"^KENTIK_SPEED must be a number above 0 .*; got '.*'$"):
            settings_from(None, OURS | {"KENTIK_SPEED": speed}, home)


def test_a_speed_is_a_number(home: Path) -> None:
    assert settings_from(None, OURS | {"KENTIK_SPEED": "60"}, home)["speed"] == 60.0


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_a_profile_that_others_may_read(
    home: Path, caplog: pytest.LogCaptureFixture, mode: int, warned: bool
) -> None:
    path = home / ".kentik" / "default"
    write(path, {"email": "a@b", "api-key": CANARY}, mode)
    with caplog.at_level(logging.DEBUG):
        settings_from(None, {}, home)
    expected = [f"{path} contains a token and other users may read it; run chmod 600 on it"] if warned else []
    assert [record.getMessage() for record in caplog.records] == expected


@pytest.mark.parametrize(
    ("environ", "profile"),
    [
        ({"KENTIK_API_TOKEN": CANARY, "KENTIK_SPEED": "x"}, {}),
        ({"KENTIK_API_TOKEN": CANARY, "KENTIK_PROFILE": "absent"}, {}),
        ({}, {"email": 7, "api-key": CANARY}),
        ({}, [CANARY]),
    ],
)
def test_no_traceback_shows_the_token(home: Path, environ: dict[str, str], profile: object) -> None:
    write(home / ".kentik" / "default", profile)
    with pytest.raises(ConfigError) as caught:
        settings_from(None, environ, home)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown.stack[:] = [frame for frame in shown.stack if frame.filename != __file__]
    text = "".join(shown.format())
    assert "_environment.py" in text
    assert CANARY not in text
