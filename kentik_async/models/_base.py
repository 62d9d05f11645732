"""What all models share: a frozen msgspec struct that also reads as a dataclass.

msgspec builds and compares rows several times faster than a frozen dataclass does, yet `dataclasses.asdict`,
pandas, Polars and pydantic see only one opaque object a row unless the class bears `__dataclass_fields__`.
"""

import dataclasses
from typing import Annotated, Any, ClassVar, TypeVar, get_type_hints

import msgspec

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""An integer whose column is 32 bits wide."""

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""An integer whose column is 64 bits wide; a larger one in a JSON answer is refused while decoding."""

_MAX_FLOAT = 1.7976931348623157e308

Float64 = Annotated[float, msgspec.Meta(ge=-_MAX_FLOAT, le=_MAX_FLOAT)]
"""A finite number: the bounds refuse infinities, and NaN, which no comparison holds for."""

Number = Int64 | Float64
"""A number that is kept as it was sent, whole or not; its column holds floats."""

JSONValue = Any
"""Whatever JSON the vendor sent: its form is not published."""


class Model(msgspec.Struct, frozen=True):
    """A frozen value with named fields: hashable, comparable, picklable."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]] = {}


M = TypeVar("M", bound=Model)


def reads_as_dataclass(cls: type[M]) -> type[M]:
    """Class decorator: let whatever reads dataclasses read this struct, field by field."""
    hints = get_type_hints(cls, include_extras=True)
    specs: list[tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(cls):
        default = dataclasses.MISSING if field.default is msgspec.NODEFAULT else field.default
        specs.append((field.name, hints[field.name], dataclasses.field(default=default)))
    # Only the Field objects are wanted, so nothing is generated but them.
    twin = dataclasses.make_dataclass(cls.__name__, specs, init=False, repr=False, eq=False)
    cls.__dataclass_fields__ = vars(twin)["__dataclass_fields__"]
    return cls
