"""The JSON Schema of a document. Pure."""

from collections.abc import Mapping
from typing import Any

from kentik_async.state.format.fields import APIS, KINDS, NAME_KEYS, SINGULAR, Field, Kind, fields_of

__all__ = ["json_schema"]

_TEXT = {"type": "string", "pattern": r"\S"}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a document, for editors and other tools."""
    names = {"type": "array", "items": _TEXT}
    kinds = {
        kind: {
            "type": "object",
            "propertyNames": _TEXT,
            "additionalProperties": _object(kind),
            "description": f"The {SINGULAR[kind]}s by name.",
        }
        for kind in ("as_groups", "sites", "site_markets")
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Declared state of a Kentik account",
        "type": "object",
        "additionalProperties": False,
        "required": ["version"],
        "properties": {
            "version": {"const": 1, "description": "The version of this format."},
            "api": {"enum": list(APIS), "description": "The API that sites are managed with; v6 by default."},
            **kinds,
            "protect": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(KINDS, names),
                "description": "Names and patterns, such as core-*, that are never deleted.",
            },
        },
    }


def _object(kind: Kind) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "id": {
            "type": ["string", "integer"],
            "description": "The identifier of an object to adopt that has another name.",
        },
        NAME_KEYS[kind]: {**_TEXT, "description": "The name, if it differs from the key."},
    }
    for name, field in fields_of(kind, "v6").items():
        top, _, short = name.partition(".")
        if not short:
            properties[name] = _value(field)
            continue
        group = properties.setdefault(
            top, {"type": ["object", "null"], "additionalProperties": False, "properties": {}}
        )
        group["properties"][short] = _value(field)
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _value(field: Field) -> dict[str, Any]:
    schema: Mapping[str, Any] = field.schema
    if field.many:
        schema = {"type": "array", "items": schema, "uniqueItems": True}
    if field.removable:
        schema = {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "description": field.help}
