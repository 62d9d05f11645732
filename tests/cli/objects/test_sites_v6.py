"""`sites-v6` and `site-markets` against an emulator: what they request, print and return."""

import pytest

from tests.cli.shell import Shell


def test_a_site_from_creation_to_deletion(shell: Shell) -> None:
    (made,) = shell(
        *("sites-v6", "create", "syd1", "--type", "data_center", "--lat", "-33.8", "--lon", "151.2"),
        *("--address", "Street 1", "--city", "Sydney", "--state", "NSW", "--country", "Australia"),
        *("--market", "1"),
    ).rows
    assert (made["lat"], made["type"], made["site_market"]["name"]) == (-33.8, "data_center", "Europe")
    assert made["postal_address"]["region"] == "NSW"
    id = made["id"]
    (changed,) = shell("sites-v6", "update", id, "--title", "syd2", "--type", "cloud").rows
    assert {name for name in made if made[name] != changed[name]} == {"title", "type"}
    (moved,) = shell("sites-v6", "update", id, "--city", "Perth").rows
    assert moved["postal_address"] == {**made["postal_address"], "city": "Perth"}
    assert shell("sites-v6", "get", id).rows == [moved]
    table = shell("sites-v6", "get", id, "-o", "table").out
    assert "Street 1, Perth, NSW, Australia" in table
    assert shell("sites-v6", "delete", id, "-y", "-o", "csv").out == f"id,deleted\n{id},true\n"
    gone = shell("sites-v6", "get", id)
    assert gone.code == 1
    assert "'kentik-async sites-v6 list' lists the sites" in gone.err


def test_a_market_from_creation_to_deletion(shell: Shell) -> None:
    (made,) = shell("site-markets", "create", "Asia", "--description", "PoPs in Asia").rows
    (changed,) = shell("site-markets", "update", made["id"], "--name", "APAC", "--description", "").rows
    assert (changed["name"], changed["description"]) == ("APAC", "")
    assert [row["name"] for row in shell("site-markets", "list").rows] == ["Europe", "APAC"]
    assert "APAC" in shell("site-markets", "get", made["id"], "-o", "table").out
    assert shell("site-markets", "delete", made["id"], "--yes").rows == [{"id": made["id"], "deleted": True}]


@pytest.mark.parametrize("group", ["sites-v6", "site-markets"])
def test_lists_have_a_row_for_each_object(shell: Shell, group: str) -> None:
    rows = shell(group, "list").rows
    header, *lines = shell(group, "list", "-o", "csv").out.splitlines()
    assert header.split(",") == list(rows[0])
    assert len(lines) == len(rows)
    assert "Europe" in shell(group, "list", "-o", "table").out


@pytest.mark.parametrize("group", ["sites-v6", "site-markets"])
def test_nothing_is_deleted_without_confirmation(shell: Shell, group: str) -> None:
    done = shell(group, "delete", "1")
    assert (done.code, done.out) == (2, "")
    assert "add --yes" in done.err
    assert shell.operations() == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("sites-v6", "create", "x", "--type", "cloud", "--lat", "91"), "lat must be"),
        (
            ("sites-v6", "create", "x", "--type", "cloud", "--city", "Bern"),
            "an address requires --address, --city and --country; add --address, --country",
        ),
        (("sites-v6", "create", "x"), "--type"),
        (("sites-v6", "update", "1"), "at least one change is required"),
        (("site-markets", "update", "1"), "at least one change is required"),
    ],
)
def test_usage_errors_send_nothing(shell: Shell, command: tuple[str, ...], words: str) -> None:
    done = shell(*command)
    assert done.code == 2
    assert words in done.err
    assert shell.operations() == []


def test_a_new_address_must_be_complete(shell: Shell) -> None:
    run = shell("sites-v6", "create", "Zurich", "--type", "branch", "--country", "Switzerland")
    assert run.code == 2
    assert run.err == ("error: an address requires --address, --city and --country; add --address, --city\n")
