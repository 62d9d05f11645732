"""The type of a site of API v6: its text for users, and its number for the server. Pure.

A type that this version does not know is written as its number.
"""

import re

from kentik_async._validation import valid_choice
from kentik_async.models import SiteType

__all__ = ["type_number", "type_text"]

_TYPES = tuple(SiteType)
_NUMBERS: dict[str, int] = {type: number for number, type in enumerate(_TYPES)}
_NUMBER_TEXT = re.compile(r"-?[1-9][0-9]{0,9}")


def type_number(value: str, field: str) -> int:
    """Return the number of a type.

    Args:
        value: A `SiteType`, its value, or a number in digits.
        field: The argument's name in errors.

    Raises:
        ValidationError: There is no such type, or no request may set it.
    """
    if isinstance(value, str) and _NUMBER_TEXT.fullmatch(value) and -(2**31) <= int(value) < 2**31:
        return int(value)
    return _NUMBERS[valid_choice(SiteType, value, field)]


def type_text(number: int) -> str:
    """Return the text of a type."""
    return _TYPES[number] if 0 <= number < len(_TYPES) else str(int(number))
