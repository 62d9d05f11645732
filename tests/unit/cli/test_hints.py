"""Hints that fit the mistake."""

import pytest
from cyclopts import CycloptsError

from kentik_async import Market, ValidationError
from kentik_async.bulk.market_names import find_market
from kentik_async.cli.app import app
from kentik_async.cli.error_text import usage_lines

MARKETS = (Market("cc$US", "United States"), Market("cc$BQ", "Bonaire, Sint Eustatius and Saba"))


def lines(*arguments: str) -> list[str]:
    """What is printed for a wrong command line."""
    with pytest.raises(CycloptsError) as wrong:
        app.parse_args(arguments, exit_on_error=False, print_error=False)
    return usage_lines(wrong.value).splitlines()


@pytest.mark.parametrize("option", ["--markets", "--rank-types", "--ips"])
def test_an_option_that_takes_the_target_is_named(option: str) -> None:
    value = {"--markets": "US", "--rank-types": "customer_base", "--ips": "v4"}[option]
    error, hint = lines("kmi", "pull", "rankings", option, value, "data")
    assert "TARGET" in error
    assert hint == (
        f"hint: {option} takes all the values after it; write TARGET before the options; "
        "kentik-async kmi pull rankings --help"
    )


def test_a_missing_target_alone_has_no_such_hint() -> None:
    assert lines("kmi", "pull", "rankings")[1] == "hint: kentik-async kmi pull rankings --help"


def test_values_with_commas_are_to_be_separated_by_spaces() -> None:
    _, hint = lines("kmi", "pull", "rankings", "data", "--rank-types", "customer_base,peering_base")
    assert "separate several values with spaces: --rank-types customer_base peering_base" in hint


def test_markets_with_commas_are_to_be_separated_by_spaces() -> None:
    with pytest.raises(ValidationError, match="separate several markets with spaces: US DE"):
        find_market("US,DE", MARKETS)
    with pytest.raises(ValidationError, match='spaces: "western europe" US'):
        find_market("western europe, US", MARKETS)


def test_a_market_name_may_contain_a_comma() -> None:
    assert find_market("bonaire, sint eustatius and saba", MARKETS) == "cc$BQ"
