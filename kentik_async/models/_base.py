"""The base of all models: a frozen msgspec struct that other libraries can also read as a dataclass.

msgspec builds and compares rows several times faster than a frozen dataclass. But `dataclasses.asdict`,
pandas, Polars and pydantic treat each row as one opaque object unless the class has `__dataclass_fields__`.
"""

import dataclasses
from typing import Annotated, Any, ClassVar, TypeVar, cast, get_type_hints

import msgspec

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""An integer whose column is 32 bits wide."""

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""An integer whose column is 64 bits wide; decoding rejects a larger one in a JSON response."""

_MAX_FLOAT = 1.7976931348623157e308

Float64 = Annotated[float, msgspec.Meta(ge=-_MAX_FLOAT, le=_MAX_FLOAT)]
"""A finite number: the bounds exclude infinities and NaN."""

Number = Int64 | Float64
"""A number that is kept as it was sent, integer or not; its column has floats."""

JSONValue = Any
"""Any JSON value: the vendor does not document its type."""


class Model(msgspec.Struct, frozen=True):
    """A frozen value with named fields: hashable, comparable, picklable."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]] = {}


M = TypeVar("M", bound=Model)


def reads_as_dataclass(cls: type[M]) -> type[M]:
    """Class decorator: let libraries that read dataclasses read this struct, field by field."""
    cls.__dataclass_fields__ = cast("Any", _DataclassFields())
    return cls


class _DataclassFields:
    """Makes the fields of a class when they are first read: together they take a tenth of the import."""

    def __get__(self, row: object, cls: type[Model]) -> dict[str, dataclasses.Field[Any]]:
        fields = cls.__dataclass_fields__ = _fields_of(cls)
        return fields


def _fields_of(cls: type[Model]) -> dict[str, dataclasses.Field[Any]]:
    hints = get_type_hints(cls, include_extras=True)
    specs: list[tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(cls):
        default = dataclasses.MISSING if field.default is msgspec.NODEFAULT else field.default
        specs.append((field.name, hints[field.name], dataclasses.field(default=default)))
    # Only the Field objects are needed, so no methods are generated.
    same = dataclasses.make_dataclass(cls.__name__, specs, init=False, repr=False, eq=False)
    fields: dict[str, dataclasses.Field[Any]] = vars(same)["__dataclass_fields__"]
    return fields
