"""Checks and normalises arguments before any quota is spent. Pure.

Each function takes an argument as the caller wrote it and returns the value to send, or raises
`ValidationError` with one line: the argument's name, the allowed values, the value.
"""

import contextlib
import math
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import SupportsFloat, SupportsIndex, TypeVar

from kentik_async.errors import ValidationError
from kentik_async.models import AutonomousSystem, InsightType

__all__ = [
    "MAX_ASN",
    "MAX_UINT32",
    "valid_asn",
    "valid_asns",
    "valid_choice",
    "valid_insight_types",
    "valid_latitude",
    "valid_limit",
    "valid_longitude",
    "valid_lookback",
    "valid_magnitude",
    "valid_market_id",
    "valid_name",
    "valid_object_id",
    "valid_site_id",
    "valid_site_name",
]

MAX_UINT32 = 2**32 - 1
MAX_ASN = MAX_UINT32

_MAX_INT64 = 2**63 - 1
_MAX_SHOWN = 80
_LOOKBACKS = (1, 7, 30)

# \d would also match the digits of other scripts.
_ASN_TEXT = re.compile(r"(?:AS)?([0-9]{1,10})(?:\.([0-9]{1,5}))?", re.IGNORECASE | re.ASCII)
_ID_TEXT = re.compile(r"[0-9]{1,19}")
_NUMBER_TEXT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_SITE_NAME = re.compile(r"[A-Za-z0-9 _-]{3,40}")

E = TypeVar("E", bound=StrEnum)


def valid_asn(value: int | str | SupportsIndex | AutonomousSystem, field: str = "asn") -> int:
    """Check an AS number.

    Args:
        value: 0 to 4294967295 as an integer, "64512", "AS64512" (any case), asdot ("1.10"), or a member of an
            AS group as the server sent it.
        field: The argument's name in errors.

    Raises:
        ValidationError: The value is not an AS number.
    """
    if isinstance(value, AutonomousSystem):
        value = value.asn
    number = _asn_from_text(value) if isinstance(value, str) else _integer(value)
    if number is None or not 0 <= number <= MAX_ASN:
        raise _error(field, "an AS number: 0 to 4294967295, 'AS64512' or asdot such as '1.10'", value)
    return number


def _asn_from_text(text: str) -> int | None:
    match = _ASN_TEXT.fullmatch(text.strip())
    if match is None:
        return None
    high, low = match.groups()
    if low is None:
        return int(high)
    return int(high) << 16 | int(low) if int(high) < 2**16 and int(low) < 2**16 else None


def valid_asns(
    values: Iterable[int | str | SupportsIndex | AutonomousSystem], field: str = "asns"
) -> list[int]:
    """Check several AS numbers and keep their order; see `valid_asn`.

    Raises:
        ValidationError: A value is not an AS number, or the argument is a string instead of a list.
    """
    if isinstance(values, str | bytes | bytearray) or not isinstance(values, Iterable):
        raise _error(field, "a list of AS numbers, such as [64512, 'AS64513']", values)
    return [valid_asn(value, f"{field}[{index}]") for index, value in enumerate(values)]


def valid_market_id(value: str, field: str = "market_id") -> str:
    """Check the identifier of a KMI market, such as "planet$earth": any string that is not blank.

    Raises:
        ValidationError: The value is blank or not a string.
    """
    return _text(value, field, "a market id as list_markets() returns it, such as 'planet$earth' or 'cc$US'")


def valid_name(value: str, field: str = "name", allowed: str = "a string that is not blank") -> str:
    """Check a name that the user chose: any string that is not blank; `allowed` describes it in errors.

    Raises:
        ValidationError: The value is blank or not a string.
    """
    return _text(value, field, allowed)


def valid_object_id(value: str | SupportsIndex, owner: str, field: str = "id") -> str:
    """Check the identifier of an object of API v6: any string that is not blank, or a whole number from 1.

    Args:
        value: The identifier.
        owner: The identified object, such as "an AS group".
        field: The argument's name in errors.

    Raises:
        ValidationError: The value is neither.
    """
    allowed = f"{owner}'s id, a string that is not blank or a whole number from 1"
    if not isinstance(value, str):
        number = _integer(value)
        if number is None or not 1 <= number <= _MAX_INT64:
            raise _error(field, allowed, value)
        return str(number)
    return _text(value, field, allowed)


def valid_choice(choices: type[E], value: str, field: str) -> E:
    """Check a member of an enumeration, given as the member, its value, or an alias.

    Raises:
        ValidationError: There is no such member, or it is "unspecified", which no request may set.
    """
    try:
        if (found := choices(value)) != "unspecified":
            return found
    except (ValueError, TypeError):  # TypeError: a list, say, which has no hash
        pass
    import difflib  # here, because only this message needs it

    texts = [choice.value for choice in choices if choice != "unspecified"]
    near = difflib.get_close_matches(value[:_MAX_SHOWN].lower(), texts, 1) if isinstance(value, str) else []
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise _error(field, f"one of {', '.join(texts)}", value, hint)


def valid_insight_types(values: str | Iterable[str], field: str = "types") -> list[InsightType]:
    """Check the types of insights: a list or a single type; an empty list means all.

    Raises:
        ValidationError: There is no such type.
    """
    if isinstance(values, str):
        return [valid_choice(InsightType, values, field)]
    if not isinstance(values, Iterable):
        raise _error(field, "a list of insight types, such as ['market_entrance']", values)
    return [valid_choice(InsightType, value, f"{field}[{index}]") for index, value in enumerate(values)]


def valid_limit(value: int | None, field: str = "limit") -> int | None:
    """Check the largest number of rows, from 1; None for the server's default.

    Raises:
        ValidationError: The value is not a whole number from 1 to 4294967295.
    """
    return _bounded(value, field, 1, MAX_UINT32)


def valid_magnitude(value: int | None, field: str = "magnitude") -> int | None:
    """Check the smallest magnitude of an event, 1 to 5; None for the server's default (1).

    Raises:
        ValidationError: The value is not a whole number from 1 to 5.
    """
    return _bounded(value, field, 1, 5)


def valid_lookback(value: int | None, field: str = "lookback") -> int | None:
    """Check the number of days to look back: 1, 7 or 30; None for the server's default (1).

    Raises:
        ValidationError: The value is not 1, 7 or 30.
    """
    if value is None:
        return None
    number = _integer(value)
    if number not in _LOOKBACKS:
        raise _error(field, "1, 7 or 30 days", value)
    return number


def valid_site_id(value: int | str | SupportsIndex, field: str = "id") -> int:
    """Check the identifier of a site: a whole number from 1, or its digits.

    Raises:
        ValidationError: The value is neither.
    """
    if isinstance(value, str):
        number = int(value) if _ID_TEXT.fullmatch(value) else None
    else:
        number = _integer(value)
    if number is None or not 1 <= number <= _MAX_INT64:
        raise _error(field, "a site's id, a whole number from 1", value)
    return number


def valid_site_name(value: str, field: str = "site_name") -> str:
    """Check a site's name: 3 to 40 of A-Z, a-z, 0-9, space, underscore and hyphen, not blank.

    Source: Kentik KB, Site API. The vendor says "alphanumeric", which we take as ASCII letters and digits.
    The page does not list the hyphen, but the published example of the vendor's SDK uses one.

    Raises:
        ValidationError: The value violates one of these rules.
    """
    if not isinstance(value, str) or not _SITE_NAME.fullmatch(value) or not value.strip():
        raise _error(field, "3 to 40 of A-Z, a-z, 0-9, space, underscore and hyphen, and not blank", value)
    return value


def valid_latitude(value: SupportsFloat | str, field: str = "lat") -> float:
    """Check a latitude in degrees, -90 to 90, as a number or a string.

    Raises:
        ValidationError: The value is not a finite number in this range.
    """
    return _degrees(value, field, 90)


def valid_longitude(value: SupportsFloat | str, field: str = "lon") -> float:
    """Check a longitude in degrees, -180 to 180, as a number or a string.

    Raises:
        ValidationError: The value is not a finite number in this range.
    """
    return _degrees(value, field, 180)


def _degrees(value: SupportsFloat | str, field: str, bound: int) -> float:
    number = math.nan
    if isinstance(value, str):
        if _NUMBER_TEXT.fullmatch(value.strip()):
            number = float(value)
    elif isinstance(value, SupportsFloat) and not isinstance(value, bool):
        # Values that float() cannot convert (a signalling NaN, a huge integer) are rejected below.
        with contextlib.suppress(ValueError, TypeError, ArithmeticError):
            number = float(value)
    if not -bound <= number <= bound:
        raise _error(field, f"a number of degrees from -{bound} to {bound}", value)
    return number


def _integer(value: object) -> int | None:
    # SupportsIndex includes the integers of numpy; True is an int, but not meant as one.
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return value.__index__()
    except TypeError:  # an array of integers has __index__, but it raises
        return None


def _bounded(value: int | None, field: str, low: int, high: int) -> int | None:
    if value is None:
        return None
    number = _integer(value)
    if number is None or not low <= number <= high:
        raise _error(field, f"a whole number from {low} to {high}", value)
    return number


def _text(value: object, field: str, allowed: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _error(field, allowed, value)
    if "\0" in value:
        raise _error(field, f"{allowed}, without NUL characters", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _error(field, f"{allowed}, without lone surrogates", value) from None
    return str(value)


def _error(field: str, allowed: str, value: object, hint: str = "") -> ValidationError:
    return ValidationError(f"{field} must be {allowed}; got {_shown(value)}{hint}")


def _shown(value: object) -> str:
    if isinstance(value, str | bytes | bytearray):
        value = value[: _MAX_SHOWN + 1]
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - the repr of the caller's value may raise anything
        text = f"an unprintable {type(value).__name__}"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
