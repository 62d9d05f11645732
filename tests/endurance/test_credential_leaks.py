"""Credentials that others could see: in verbose output, names and files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kentik_async import Quota
from kentik_async.emulator import BackgroundEmulator, Emulator, User
from kentik_async.quota.file.opening import open_file_limiter

EMAIL, TOKEN = "ada@example.com", "canary-5f1c0ffee5eed"

PROGRAM = """
import asyncio, logging, sys
from kentik_async import KentikClient, KentikError, Retry

logging.basicConfig(level=logging.DEBUG, format="%(name)s %(message)s %(args)s")
logging.getLogger("asyncio").setLevel(logging.DEBUG)

async def main():
    print("began")
    async with KentikClient.from_env(retry=Retry(attempts=2, base=0), max_wait=60) as kentik:
        for call in (
            kentik.kmi.list_markets,
            kentik.sites.list,
            lambda: kentik.as_groups.get("absent"),
            lambda: kentik.rest.request("GET", "/absent"),
            lambda: kentik.rest.request("POST", "/query/topXdata", json={}, quota_class="query"),
        ):
            try:
                print(len(repr(await call())) > 0)
            except KentikError as error:
                logging.exception("failed")
                print(repr(error), vars(error))
        print(kentik, await kentik.quota.snapshot())

asyncio.run(main())
"""

TALKATIVE = {
    "GRPC_VERBOSITY": "debug",
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONDEVMODE": "1",
    "PYTHONFAULTHANDLER": "1",
    "KENTIK_TRACEBACK": "1",
}


def environment(emulator: BackgroundEmulator, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        **TALKATIVE,
        "HOME": str(home),
        **emulator.env,
        "KENTIK_EMAIL": EMAIL,
        "KENTIK_API_TOKEN": TOKEN,
    }


def output_of(emulator: BackgroundEmulator, home: Path, *command: str) -> str:
    """Return the whole output of a command."""
    done = subprocess.run(
        [sys.executable, *command],
        env=environment(emulator, home),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.stdout + done.stderr


USERS = {"who may": User(EMAIL, TOKEN), "who may not": User(EMAIL, "another")}


@pytest.mark.parametrize("user", USERS.values(), ids=list(USERS))
def test_verbose_output_of_a_program_hides_credentials(tmp_path: Path, user: User) -> None:
    with BackgroundEmulator(Emulator(speed=600, users=[user])) as emulator:
        text = output_of(emulator, tmp_path, "-c", PROGRAM)
    assert text.startswith("began")
    assert "NotFoundError" in text or "AuthenticationError" in text
    assert TOKEN not in text
    assert EMAIL not in text


def test_grpc_trace_logs_a_warning(tmp_path: Path) -> None:
    with BackgroundEmulator(Emulator(speed=600, users=[User(EMAIL, TOKEN)])) as emulator:
        traced = {**environment(emulator, tmp_path), "GRPC_TRACE": "api"}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=traced, capture_output=True, encoding="utf-8", check=True
        )
    assert "GRPC_TRACE is set: gRPC may print everything" in done.stderr


COMMANDS = ("raw GET /absent",)


@pytest.mark.parametrize("user", USERS.values(), ids=list(USERS))
def test_verbose_output_of_the_cli_hides_credentials(tmp_path: Path, user: User) -> None:
    with BackgroundEmulator(Emulator(speed=600, users=[user])) as emulator:
        for command in COMMANDS:
            text = output_of(emulator, tmp_path, "-m", "kentik_async.cli", *command.split())
            assert text
            assert TOKEN not in text
            assert EMAIL not in text


async def test_the_quota_file_hides_credentials(tmp_path: Path) -> None:
    quota = Quota.NON_QUERY
    limiter = open_file_limiter(
        f"{tmp_path}/",
        endpoints=("https://kentik.example:443",),
        customer=EMAIL,
        quota=quota,
        query_quota=quota,
        pacing="auto",
    )
    for _ in range(3):
        (await limiter.acquire("non_query")).close("answered")
    assert EMAIL not in repr(vars(limiter))
    await limiter.aclose()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert EMAIL not in str(path)
        assert EMAIL.encode() not in path.read_bytes()
