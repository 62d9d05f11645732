"""Converts models to tables, whose schema depends only on the model's type.

Each table library is imported when it is first used, and none needs another.
"""

import datetime as dt
import importlib
import types
from collections.abc import Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from kentik_async.models._base import Float64, Int32, Int64, Model

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

_TYPES: dict[Any, str] = {
    Int32: "int32",
    Int64: "int64",
    int: "int64",
    Float64: "float64",
    float: "float64",
    bool: "bool",
    str: "string",
    dt.datetime: "timestamp",
}


class FieldColumn(NamedTuple):
    """One column of a table."""

    name: str
    type: str
    nested: "tuple[FieldColumn, ...]" = ()


@cache
def columns_of(row_type: type[Model] | None) -> tuple[FieldColumn, ...]:
    """Return the columns of a table of this model, in the order of its fields."""
    if row_type is None:
        return ()
    hints = get_type_hints(row_type, include_extras=True)
    return tuple(_column(name, hints[name]) for name in row_type.__struct_fields__)


def _column(name: str, hint: Any) -> FieldColumn:
    if get_origin(hint) in {Union, types.UnionType}:
        parts = [part for part in get_args(hint) if part is not type(None)]
        hint = Float64 if Float64 in parts else parts[0]
    if hint in _TYPES:
        return FieldColumn(name, _TYPES[hint])
    if get_origin(hint) not in {None, Annotated} and issubclass(get_origin(hint), tuple):
        item = get_args(hint)[0]
        return FieldColumn(name, "texts") if item is str else FieldColumn(name, "list", columns_of(item))
    if isinstance(hint, type) and issubclass(hint, str):
        return FieldColumn(name, "string")
    return FieldColumn(name, "json")


def plain(value: Any) -> Any:
    """Convert models to dicts and tuples to lists, also nested ones; keep any other value."""
    if isinstance(value, Model):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def values_of(column: FieldColumn, rows: Iterable[Model]) -> list[Any]:
    """Return the values of one column, in types that every table library accepts."""
    values = map(attrgetter(column.name), rows)
    if column.type in {"list", "texts"}:
        return [plain(value) for value in values]
    if column.type == "json":
        return [None if value is None else msgspec.json.encode(value).decode() for value in values]
    return list(values)


def _library(module: str, method: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{method}() needs {module}: pip install {module}", name=module) from error


@cache
def arrow_schema(row_type: type[Model] | None) -> "pa.Schema":
    """Return the Arrow schema of a table of this model."""
    pyarrow = _library("pyarrow", "to_arrow")
    scalars = {
        "int32": pyarrow.int32(),
        "int64": pyarrow.int64(),
        "float64": pyarrow.float64(),
        "bool": pyarrow.bool_(),
        "string": pyarrow.string(),
        "json": pyarrow.string(),
        "timestamp": pyarrow.timestamp("us", tz="UTC"),
        "texts": pyarrow.list_(pyarrow.string()),
    }

    def type_of(column: FieldColumn) -> Any:
        if column.type != "list":
            return scalars[column.type]
        return pyarrow.list_(pyarrow.struct([(inner.name, type_of(inner)) for inner in column.nested]))

    return pyarrow.schema([(column.name, type_of(column)) for column in columns_of(row_type)])


def to_arrow(rows: Sequence[Model], row_type: type[Model] | None) -> "pa.Table":
    """Build a pyarrow table, column by column."""
    schema = arrow_schema(row_type)
    pyarrow = _library("pyarrow", "to_arrow")
    arrays = [
        pyarrow.array(values_of(column, rows), type=field.type)
        for column, field in zip(columns_of(row_type), schema, strict=True)
    ]
    return pyarrow.Table.from_arrays(arrays, schema=schema)


def to_polars(rows: Sequence[Model], row_type: type[Model] | None) -> "pl.DataFrame":
    """Build a Polars frame, column by column."""
    polars = _library("polars", "to_polars")
    scalars = {
        "int32": polars.Int32(),
        "int64": polars.Int64(),
        "float64": polars.Float64(),
        "bool": polars.Boolean(),
        "string": polars.String(),
        "json": polars.String(),
        "timestamp": polars.Datetime("us", "UTC"),
        "texts": polars.List(polars.String()),
    }

    def type_of(column: FieldColumn) -> Any:
        if column.type != "list":
            return scalars[column.type]
        return polars.List(polars.Struct({inner.name: type_of(inner) for inner in column.nested}))

    frame: pl.DataFrame = polars.DataFrame(
        [
            polars.Series(column.name, values_of(column, rows), type_of(column))
            for column in columns_of(row_type)
        ]
    )
    return frame


def to_pandas(rows: Sequence[Model], row_type: type[Model] | None) -> "pd.DataFrame":
    """Build a pandas frame, column by column, in pandas' nullable types."""
    pandas = _library("pandas", "to_pandas")
    scalars = {
        "int32": "Int32",
        "int64": "Int64",
        "float64": "Float64",
        "bool": "boolean",
        "string": "string",
        "json": "string",
        "timestamp": "datetime64[us, UTC]",
        "list": "object",
        "texts": "object",
    }
    frame: pd.DataFrame = pandas.DataFrame(
        {
            column.name: pandas.Series(values_of(column, rows), dtype=scalars[column.type])
            for column in columns_of(row_type)
        }
    )
    return frame
