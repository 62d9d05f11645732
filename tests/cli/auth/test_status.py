"""What `auth status` shows: the account, and the endpoints that the transport uses."""

from typing import Any

import pytest

from tests.cli.shell import Shell


def status(shell: Shell, *options: str) -> tuple[dict[str, Any], str]:
    done = shell("auth", "status", *options)
    assert done.code == 0
    (row,) = done.rows
    return row, done.err


def test_status_shows_account_and_endpoints(shell: Shell) -> None:
    row, err = status(shell)
    assert row == {
        "email": "demo@example.com",
        "customer": "demo@example.com",
        "region": "us",
        "transport": "auto",
        "grpc_endpoint": shell.ready["grpc_endpoint"],
        "v6_rest_endpoint": shell.ready["v6_rest_endpoint"],
        "rest_endpoint": shell.ready["rest_endpoint"],
        "accepted": True,
    }
    assert err == f"note: checking the credentials of demo@example.com at {row['grpc_endpoint']}\n"


@pytest.mark.parametrize(
    ("transport", "used", "unused"),
    [("rest", "v6_rest_endpoint", "grpc_endpoint"), ("grpc", "grpc_endpoint", "v6_rest_endpoint")],
)
def test_status_shows_the_endpoint_in_use(shell: Shell, transport: str, used: str, unused: str) -> None:
    row, err = status(shell, "--transport", transport)
    assert (row["transport"], row[unused]) == (transport, None)
    assert err.endswith(f" at {shell.ready[used]}\n")
    table = shell("auth", "status", "--transport", transport, "-o", "table").out
    assert shell.ready[used] in table
    assert unused.replace("_", " ") not in table
