"""Which limiter a client uses, and whether the client closes it."""

import logging
import pwd
from pathlib import Path
from typing import Any

import pytest

from kentik_async import ConfigError, KentikClient, LocalLimiter
from kentik_async.quota.limiter import StoreLimiter

LOOPBACK = {"grpc_endpoint": "http://127.0.0.1:1", "rest_endpoint": "http://127.0.0.1:1/api/v5"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def make(**options: Any) -> KentikClient:
    return KentikClient("ada@example.com", "canary", **options)


async def test_all_processes_of_a_machine_share_a_file_by_default(state: Path) -> None:
    async with make() as client:
        assert isinstance(client._limiter, StoreLimiter)
        await client.quota.snapshot()
    names = " ".join(str(path) for path in state.rglob("*"))
    assert "kentik-async" in names
    assert "ada" not in names
    assert "canary" not in names


async def test_an_emulators_quota_is_local_to_the_process(state: Path) -> None:
    async with make(**LOOPBACK) as client:
        assert isinstance(client._limiter, LocalLimiter)
    assert not list(state.iterdir())


async def test_without_a_file_the_process_has_a_local_quota_and_warns(
    state: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (state / "taken").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(state / "taken"))
    with caplog.at_level(logging.WARNING, "kentik_async"):
        async with make() as client:
            assert isinstance(client._limiter, LocalLimiter)
    assert len(caplog.records) == 1
    assert "not shared with other processes" in caplog.text


async def test_a_user_without_a_home_folder_gets_the_process_quota(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    async with make() as client:
        assert isinstance(client._limiter, LocalLimiter)
    assert "no home directory" in caplog.text


async def test_a_url_selects_the_limiter(tmp_path: Path) -> None:
    async with make(limiter=f"file:{tmp_path}/") as client:
        assert isinstance(client._limiter, StoreLimiter)
    async with make(limiter="process:") as client:
        assert isinstance(client._limiter, LocalLimiter)
    async with make(limiter="redis://127.0.0.1:1/0") as client:
        assert isinstance(client._limiter, StoreLimiter)
        assert not isinstance(client._limiter, LocalLimiter)


async def test_a_client_does_not_close_a_given_limiter(tmp_path: Path) -> None:
    limiter = LocalLimiter()
    async with make(limiter=limiter):
        pass
    (await limiter.acquire("non_query")).close("not_sent")


def test_an_unknown_kind_is_named_without_its_password() -> None:
    with pytest.raises(ConfigError, match="'ftp'") as caught:
        make(limiter="ftp://user:secret@host")
    assert "secret" not in str(caught.value)
