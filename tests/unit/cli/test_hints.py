"""Hints for wrong command lines."""

import re

import pytest
from cyclopts import CycloptsError

from kentik_async import Market, ValidationError
from kentik_async.bulk.market_names import find_market
from kentik_async.cli.__main__ import main
from kentik_async.cli.app import app
from kentik_async.cli.error_text import _SEVERAL_VALUES, usage_lines

MARKETS = (Market("cc$US", "United States"), Market("cc$BQ", "Bonaire, Sint Eustatius and Saba"))


def lines(*arguments: str) -> list[str]:
    """Return the output for a wrong command line."""
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
        "run 'kentik-async kmi pull rankings --help'"
    )


@pytest.mark.parametrize(
    ("options", "taker"),
    [
        ("--mine 1 --asn 2 data", "--asn"),
        ("--mine 1 data --asn 2", "--mine"),
        ("--market US DE data --asn 2 --mine 1", "--market"),
        ("--asn 1", "--asn"),
    ],
)
def test_the_option_that_has_several_values_is_named(options: str, taker: str) -> None:
    _, hint = lines("kmi", "report", "compare", *options.split())
    assert hint.startswith(f"hint: {taker} takes all the values after it; write TARGET before the options;")


def test_every_option_with_several_values_is_known() -> None:
    kmi = app["kmi"]
    commands = [kmi["diff"], *(kmi["pull"][name] for name in ("rankings", "details", "all", "insights"))]
    commands += [kmi["report"][name] for name in ("prospects", "trend", "compare", "network")]
    arguments = [argument for command in commands for argument in command.assemble_argument_collection()]
    found = {name for argument in arguments if argument.parameter.consume_multiple for name in argument.names}
    assert {name for name in found if not name.startswith("--empty-")} == _SEVERAL_VALUES


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("pull all", "TARGET"),
        ("report trend", "TARGET [MORE...]"),
        ("report compare", "TARGET [MORE...] --mine ASN... --asn ASN..."),
        ("report network", "TARGET [MORE...] --asn ASN"),
    ],
)
def test_the_usage_names_the_required_arguments(
    capsys: pytest.CaptureFixture[str], command: str, needed: str
) -> None:
    assert main(["kmi", *command.split(), "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith(f"Usage: kentik-async kmi {command} {needed} [OPTIONS] ")
    for option in re.findall(r"--\w+", needed):
        assert re.search(rf"│ {option} [^│]*\[required\]", text)


def test_insights_name_the_options_that_select() -> None:
    error, hint = lines("kmi", "insights", "US")
    assert error == "unexpected argument: 'US'"
    assert hint == (
        "hint: select a market or a network with an option: --market US, --asn 3356; "
        "run 'kentik-async kmi insights --help'"
    )


def test_a_missing_target_alone_has_no_such_hint() -> None:
    assert lines("kmi", "pull", "rankings")[1] == "hint: run 'kentik-async kmi pull rankings --help'"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("--otput json sites list", "unknown option: --otput. Did you mean --output?"),
        ("--otput=json sites list", "unknown option: --otput. Did you mean --output?"),
        ("--timout 5 sites list", "unknown option: --timout. Did you mean --timeout?"),
        ("--verison", "unknown option: --verison. Did you mean --version?"),
        ("-z", "unknown option: -z"),
        ("plans --foo", "unknown option: --foo"),
        ("sites --otput json list", "unknown option: --otput. Did you mean --output?"),
        ("sites list --otput json", "unknown option: --otput. Did you mean --output?"),
        ("kmi rankings US --limt 5", "unknown option: --limt. Did you mean --limit?"),
        ("kmi rankings --marktes US", "unknown option: --marktes"),
        ("kmi pull rankings data --target US", "unknown option: --target"),
        ("kmi pull rankings data --marktes US", "unknown option: --marktes. Did you mean --markets?"),
    ],
)
def test_an_unknown_option_gets_a_similar_one_only(line: str, error: str) -> None:
    assert lines(*line.split())[0] == error


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("kmi asn", "MARKET is required"),
        ("kmi diff data --from 2026-11-19", "--to is required"),
        ("kmi diff data --form 2026-11-19", "--from is required; did you mean --from instead of --form?"),
        ("kmi rankings US --limit", "--limit requires a value"),
        ("kmi rankings US --limit abc", "--limit must be a whole number; got 'abc'"),
        ("demo --speed abc", "--speed must be a number; got 'abc'"),
    ],
)
def test_a_missing_or_wrong_value_is_named(line: str, error: str) -> None:
    assert lines(*line.split())[0] == error


def test_a_cut_list_of_commands_ends_with_three_dots() -> None:
    assert lines("bogus")[0].endswith(", site-markets, ...")


@pytest.mark.parametrize("option", ["--profile", "--fields"])
def test_an_option_that_took_the_command_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setattr("sys.argv", ["kentik-async", "--quiet", option, "sites", "list"])
    assert main() == 2
    error = capsys.readouterr().err.splitlines()[0]
    assert error == f"""error: unknown command "list": {option} took 'sites' as its value"""


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


def test_the_value_of_an_option_that_is_no_command_is_not_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["kentik-async", "--profile", "mine", "list"])
    assert main() == 2
    assert "took" not in capsys.readouterr().err
