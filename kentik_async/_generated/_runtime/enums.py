"""The classes of enums: `IntEnum`, together with the methods of protobuf's enum wrappers.

Written by `kentik-async codegen`; changes made here are lost.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, ClassVar, Self

from google.protobuf.descriptor import EnumDescriptor

__all__ = ["Enum", "enum_class"]


class Enum(IntEnum):
    """An enum of a proto. A message keeps a number that is not a member, from a newer server, as an int.

    Attributes:
        DESCRIPTOR: The descriptor of the enum.
    """

    DESCRIPTOR: ClassVar[EnumDescriptor]

    @classmethod
    def Name(cls, number: int) -> str:  # noqa: N802 (protobuf's name)
        """Return the name of a number.

        Raises:
            ValueError: The enum has no such number.
        """
        return cls(number).name

    @classmethod
    def Value(cls, name: str) -> Self:  # noqa: N802 (protobuf's name)
        """Return the member of a name.

        Raises:
            ValueError: The enum has no such name.
        """
        if name not in cls.__members__:
            raise ValueError(f"{cls.__name__} has no value {name!r}; it has {', '.join(cls.__members__)}")
        return cls.__members__[name]

    @classmethod
    def keys(cls) -> list[str]:
        """Return the names, in the order of the proto."""
        return list(cls.__members__)

    @classmethod
    def values(cls) -> list[Self]:
        """Return the members, in the order of the proto."""
        return list(cls.__members__.values())

    @classmethod
    def items(cls) -> list[tuple[str, Self]]:
        """Return the names with their members, in the order of the proto."""
        return list(cls.__members__.items())


def enum_class(descriptor: Any, module: str, qualname: str, doc: str) -> type[Enum]:
    """Return the class of an enum.

    Args:
        descriptor: The descriptor.
        module: The `__name__` of its package.
        qualname: Its name in the package; pickle finds it by both.
        doc: Its docstring.
    """
    # An enum cannot have members with these names: read their numbers from DESCRIPTOR.
    members = {
        value.name: value.number
        for value in descriptor.values
        if not value.name.startswith("_") and value.name not in {"mro", "DESCRIPTOR", "ValueType"}
    }
    make: Any = Enum  # type checkers take it for the constructor of a member
    result = make(descriptor.name, members, module=module, qualname=qualname)
    result.DESCRIPTOR = descriptor
    result.ValueType = int
    result.__doc__ = doc or None
    made: type[Enum] = result
    return made
