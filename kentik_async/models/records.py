"""`Records`: the immutable sequence of models that every list call returns; it converts to tables."""

import types
from collections.abc import Iterable
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    NoReturn,
    Self,
    SupportsIndex,
    TypeVar,
    cast,
    get_args,
    overload,
)

import msgspec

from kentik_async.models import _tables
from kentik_async.models._base import Model

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

__all__ = ["Records"]

T_co = TypeVar("T_co", covariant=True)


class Records(tuple[T_co, ...], Generic[T_co]):  # noqa: SLOT001 - the attributes need a __dict__
    """An immutable sequence of models.

    It is a tuple: it compares, hashes, unpacks and pickles like one (`==` ignores the attributes of a
    subclass). `pandas.DataFrame(records)` and `polars.DataFrame(records)` read it by column, and a slice is
    `Records` too. The `to_…` methods build tables whose schema depends only on the model, never on the
    values: an empty result has the same columns and types as a full one.

    Args:
        rows: The models, in order.
        row_type: Their class; required only for the columns of an empty sequence.
    """

    _row_type: type[Model] | None

    def __new__(cls, rows: Iterable[T_co] = (), row_type: type[Model] | None = None) -> Self:
        """Create the sequence from any iterable of rows."""
        self = super().__new__(cls, rows)
        if row_type is None and self:
            first: object = self[0]
            row_type = type(first) if isinstance(first, Model) else None
        self.__dict__["_row_type"] = row_type  # not by __setattr__, which raises
        return self

    def _keep(self, **attributes: object) -> None:
        # Not by __setattr__, which raises: attributes are only set during construction.
        self.__dict__.update(attributes)

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> T_co: ...
    @overload
    def __getitem__(self, key: "slice[Any, Any, Any]", /) -> "Records[T_co]": ...
    def __getitem__(self, key: "SupportsIndex | slice[Any, Any, Any]", /) -> "T_co | Records[T_co]":
        found = tuple.__getitem__(self, key)
        if isinstance(key, slice):
            return Records(cast("tuple[T_co, ...]", found), self._row_type)
        return cast("T_co", found)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot delete {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), tuple(self), dict(self.__dict__))

    def __repr__(self) -> str:
        model = self._row_type.__name__ if self._row_type is not None else "?"
        name = f"Records[{model}]" if type(self) is Records else type(self).__name__
        shown = [f"{key}={value!r}" for key, value in self.__dict__.items() if not key.startswith("_")]
        if self:
            shown.append(repr(self[0]))
        if len(self) > 1:
            shown.append(f"… {len(self) - 1} more")
        return f"{name}({', '.join(shown)})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic validate a field of this type as a tuple."""
        (item,) = get_args(source) or (Any,)
        return handler.generate_schema(types.GenericAlias(tuple, (item, ...)))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one dict per row, in order; nested models become dicts, tuples of them lists."""
        return [_tables.plain(row) for row in self]

    def to_json(self) -> str:
        """Return a JSON array with one object per row, like `to_dicts`, with times in ISO 8601."""
        return msgspec.json.encode(self.to_dicts()).decode()

    def _repr_html_(self) -> str:
        """Return the table that Jupyter shows: at most 20 rows, with all values escaped."""
        from kentik_async.models import _html

        attributes = {key: value for key, value in self.__dict__.items() if not key.startswith("_")}
        return _html.table(self, self._row_type, attributes)

    def to_arrow(self) -> "pa.Table":
        """Return a pyarrow table with one column per field.

        Integers are int64 (ranks and changes int32), times `timestamp[us, UTC]`, tuples of models
        `list<struct>`, single models and fields that the vendor does not document JSON strings.

        Raises:
            ImportError: pyarrow is not installed.
        """
        return _tables.to_arrow(cast("tuple[Model, ...]", self), self._row_type)

    def to_polars(self) -> "pl.DataFrame":
        """Return a Polars frame with the columns of `to_arrow`; does not need pyarrow.

        Raises:
            ImportError: Polars is not installed.
        """
        return _tables.to_polars(cast("tuple[Model, ...]", self), self._row_type)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a pandas frame with the columns of `to_arrow`, in pandas' nullable types.

        It does not need pyarrow. Nested models are lists of dicts in an object column.

        Raises:
            ImportError: pandas is not installed.
        """
        return _tables.to_pandas(cast("tuple[Model, ...]", self), self._row_type)


R = TypeVar("R", bound=Records[Any])


def _restore(cls: type[R], rows: tuple[Any, ...], attributes: dict[str, Any]) -> R:
    """Restore pickled or copied records without the keyword arguments that a subclass requires."""
    self = tuple.__new__(cls, rows)
    self.__dict__.update(attributes)
    return self
