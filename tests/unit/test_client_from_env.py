"""Clients from the environment and from profiles."""

import json
from pathlib import Path

import pytest

from kentik_async import ConfigError, KentikClient

EMAIL, TOKEN = "ada@example.com", "canary-5f1c0ffee5eed"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kentik").mkdir()
    return tmp_path


LOOPBACK = {
    "KENTIK_EMAIL": EMAIL,
    "KENTIK_API_TOKEN": TOKEN,
    "KENTIK_GRPC_ENDPOINT": "http://127.0.0.1:1",
    "KENTIK_REST_ENDPOINT": "http://localhost:2/api/v5",
}


class TestFromEnv:
    @staticmethod
    def environ(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    def test_nothing_found(self, home: Path) -> None:
        with pytest.raises(ConfigError, match=r"^no email found: set KENTIK_EMAIL, or create a profile"):
            KentikClient.from_env()

    def test_no_token_found(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ(monkeypatch, KENTIK_EMAIL=EMAIL)
        with pytest.raises(ConfigError, match=r"^no token found: set KENTIK_API_TOKEN, or"):
            KentikClient.from_env()

    def test_the_environment(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ(monkeypatch, **LOOPBACK)
        assert repr(KentikClient.from_env()) == (
            "<KentikClient grpc=http://127.0.0.1:1 rest=http://localhost:2/api/v5>"
        )

    def test_a_profile(self, home: Path) -> None:
        profile = home / ".kentik" / "work"
        profile.write_text(json.dumps({"email": EMAIL, "api-key": TOKEN, "region": "eu"}))
        profile.chmod(0o600)
        assert "grpc.api.kentik.eu" in repr(KentikClient.from_env("work"))

    def test_arguments_go_first(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ(monkeypatch, **LOOPBACK)
        client = KentikClient.from_env(grpc_endpoint="http://127.0.0.1:9", timeout=1)
        assert "grpc=http://127.0.0.1:9" in repr(client)

    @pytest.mark.parametrize(
        ("variable", "value", "reason"),
        [
            ("KENTIK_CA_FILE", "/nowhere/ca.pem", r"^ca_file '/nowhere/ca\.pem' cannot be read"),
            ("KENTIK_PROXY", "socks5://proxy.example", r"^proxy must be a URL such as http://host:port"),
            ("SSL_CERT_FILE", "/nowhere/ca.pem", r"^SSL_CERT_FILE '/nowhere/ca\.pem' cannot be read"),
        ],
    )
    def test_authorities_and_proxy(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
    ) -> None:
        self.environ(monkeypatch, KENTIK_EMAIL=EMAIL, KENTIK_API_TOKEN=TOKEN)
        monkeypatch.setenv(variable, value)
        with pytest.raises(ConfigError, match=reason):
            KentikClient.from_env(limiter="process:")

    def test_an_argument_that_does_not_exist(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ(monkeypatch, **LOOPBACK)
        with pytest.raises(TypeError, match="tiemout"):
            KentikClient.from_env(tiemout=1)

    async def test_speed_compresses_the_limits(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ(monkeypatch, **LOOPBACK, KENTIK_SPEED="60")
        client = KentikClient.from_env(pacing="throughput")
        assert await client.quota.estimate(61) < 60 / 60 * 3.0

    @pytest.mark.parametrize("missing", ["KENTIK_GRPC_ENDPOINT", "KENTIK_REST_ENDPOINT"])
    def test_speed_is_for_this_machine_only(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, missing: str
    ) -> None:
        self.environ(monkeypatch, **LOOPBACK, KENTIK_SPEED="60")
        monkeypatch.setenv(missing, "https://api.kentik.com")
        with pytest.raises(
            ConfigError, match=r"^KENTIK_SPEED must be 1 .*; got 60, and .* is not on this machine"
        ):
            KentikClient.from_env()
        monkeypatch.delenv(missing)
        with pytest.raises(
            ConfigError, match=r"^KENTIK_SPEED must be 1 .*; got 60, and .* is not on this machine"
        ):
            KentikClient.from_env()

    def test_real_time_goes_anywhere(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ(monkeypatch, KENTIK_EMAIL=EMAIL, KENTIK_API_TOKEN=TOKEN, KENTIK_SPEED="1")
        assert "grpc.api.kentik.com" in repr(KentikClient.from_env())
