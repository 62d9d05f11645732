"""Redis users: accepted credentials, required permissions, and secrets."""

import logging
from pathlib import Path

import pytest

from kentik_async.errors import ConfigError
from tests.multiprocess.redis.harness import RedisServer, running_redis
from tests.multiprocess.redis.helpers import SECRET, SHORT_MINUTE, Opener, ask, waits, within
from tests.support.paths import ROOT

DOCUMENTED = "eval, hmget, hset, pexpire, time, info, select, subscribe, publish"


def admit(server: RedisServer, name: str, *rights: str) -> str:
    """Create a user with these rights only; return the URL, of database 3."""
    server.admin.execute_command("ACL", "SETUSER", name, "reset", "on", f">{SECRET}", *rights)
    return server.url.replace("//", f"//{name}:{SECRET}@") + "/3"


def rights_but(*missing: str) -> list[str]:
    """Return the documented permissions, except some."""
    commands = [f"+{name}" for name in DOCUMENTED.split(", ") if name not in missing]
    return [*commands, "~kentik-async:*", "resetchannels", "&kentik-async:*"]


async def test_a_wrong_password_is_a_config_error(tmp_path: Path, opener: Opener) -> None:
    with running_redis(tmp_path, "--requirepass", SECRET) as server:
        place = f"127.0.0.1:{server.port}"
        for user in ("", ":wrong", "joe:wrong"):
            limiter = opener(None, url=f"redis://{user}{'@' if user else ''}{place}")
            with pytest.raises(ConfigError, match=f"Redis at {place}/0 refuses the user or the password"):
                await limiter.acquire("non_query")
        limiter = opener(None, url=f"redis://:{SECRET}@{place}")
        assert (await limiter.snapshot()).in_flight == 0


async def test_the_documented_permissions_suffice(server: RedisServer, opener: Opener) -> None:
    url = admit(server, "jane", *rights_but())
    one, other = (opener(None, url=url, quota=SHORT_MINUTE) for _ in range(2))
    (await within(10, ask(one))).close("answered")
    (await within(10, ask(other))).close("answered")


@pytest.mark.parametrize("missing", DOCUMENTED.split(", "))
async def test_a_missing_permission_is_named_at_once(
    server: RedisServer, opener: Opener, missing: str
) -> None:
    limiter = opener(None, url=admit(server, "joe", *rights_but(missing)))
    with pytest.raises(ConfigError, match="denies its user a required permission") as caught:
        await within(10, ask(limiter))
    assert missing in str(caught.value)
    assert SECRET not in str(caught.value)


async def test_channels_must_be_allowed_too(server: RedisServer, opener: Opener) -> None:
    url = admit(server, "joe", "+@all", "~*", "resetchannels")
    with pytest.raises(ConfigError, match="channels kentik-async:"):
        await opener(None, url=url).acquire("non_query")


def test_the_documentation_lists_these_permissions() -> None:
    text = " ".join((ROOT / "docs/quota.md").read_text(encoding="utf-8").split())
    assert all(f"`{name}`" in text for name in DOCUMENTED.split(", "))


async def test_no_secret_and_no_name_is_in_redis_or_in_a_message(
    emptied_server: RedisServer, opener: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = admit(emptied_server, "joe", "+@all", "~*", "&*").removesuffix("/3")
    ears = emptied_server.admin.pubsub()
    ears.psubscribe("*")
    limiter = opener(emptied_server, url=url, customer="joe.doe@example.net")
    other = opener(emptied_server, url=url, customer="joe.doe@example.net")
    grant = await limiter.acquire("non_query")
    waiting = ask(other)
    await waits(limiter)
    grant.close("unknown")
    (await waiting).close("refused")
    await limiter.snapshot()
    heard = []
    while (message := ears.get_message(timeout=0.1)) is not None:
        heard.append(repr(message))
    ears.close()
    (key,) = emptied_server.admin.keys("*")
    assert len(heard) > 1
    stored = [repr((key, emptied_server.admin.hgetall(key)))]
    shown = [repr(limiter), repr(vars(limiter)), caplog.text]
    for text in (*stored, *heard, *shown):
        assert SECRET not in text
        assert "example" not in text or text in shown
        assert "api.kentik" not in text or text in shown
