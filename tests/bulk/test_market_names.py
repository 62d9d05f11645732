"""Market ids as people type them, and as shells expand them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentik_async import Market, ValidationError
from kentik_async.bulk.market_names import find_market, spell_market

MARKETS = (
    Market("planet$earth", "Planet Earth"),
    Market("continent$SA", "South America"),
    Market("region$western_europe", "Western Europe"),
    Market("cc$GE", "Georgia"),
    Market("state$GA", "Georgia"),
    Market("cc$CI", "Côte d'Ivoire"),
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("planet$earth", "planet$earth"),
        ("planet:earth", "planet$earth"),
        ("PLANET:EARTH", "planet$earth"),
        ("cc:US", "cc$US"),
        ("cc:us", "cc$US"),
        ("Cc$uS", "cc$US"),
        ("US", "cc$US"),
        ("us", "cc$US"),
        ("CC", "cc$CC"),  # the Cocos Islands; in lower case, the rest of cc$US after a shell has expanded $US
        (" de ", "cc$DE"),
        ("continent:SA", "continent$SA"),
        ("region:western_europe", "region$western_europe"),
        ("new_kind:Some:Where", "new_kind$Some:Where"),
    ],
)
def test_a_spelling_is_an_id(typed: str, meant: str) -> None:
    assert spell_market(typed) == meant


@pytest.mark.parametrize("typed", ["Georgia", "western europe", "USA", "Côte d'Ivoire", "x1"])
def test_anything_else_is_a_name(typed: str) -> None:
    assert spell_market(typed) is None


@pytest.mark.parametrize("truncated", ["", " ", "planet", "cc", "continent", "region", "planet$", "cc:", "$"])
def test_what_a_shell_left_is_refused(truncated: str) -> None:
    with pytest.raises(ValidationError, match=r"the shell expanded '\$'.*planet:earth") as refusal:
        spell_market(truncated)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("typed", ["western europe", "WESTERN EUROPE", "Western Europe", " western europe "])
def test_a_name_is_found_in_any_case(typed: str) -> None:
    assert find_market(typed, MARKETS) == "region$western_europe"


def test_a_name_with_accents_is_found() -> None:
    assert find_market("CÔTE D'IVOIRE", MARKETS) == "cc$CI"


def test_an_ambiguous_name_gets_ids_that_can_be_typed() -> None:
    with pytest.raises(ValidationError, match="'georgia' is ambiguous; use one of cc:GE, state:GA"):
        find_market("georgia", MARKETS)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("Wester Europe", "did you mean 'Western Europe'"), ("Mordor", "kmi markets' lists all markets")],
)
def test_an_unknown_name_gets_a_hint(typed: str, hint: str) -> None:
    with pytest.raises(ValidationError, match=hint):
        find_market(typed, MARKETS)


def spelled_or_refused(text: str) -> str | ValidationError | None:
    try:
        return spell_market(text)
    except ValidationError as error:
        return error


@given(st.text(string.ascii_letters + string.digits + " _-.$:'", max_size=30))
def test_every_text_is_an_id_a_name_or_refused(text: str) -> None:
    outcome = spelled_or_refused(text)
    assert len(str(outcome).splitlines()) == 1
    if isinstance(outcome, str):
        kind, _, place = outcome.partition("$")
        assert kind
        assert place
        assert spell_market(outcome) == outcome, "an id is its own spelling"
