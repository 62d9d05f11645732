"""Declared state: AS groups, sites and site markets in a file; export, plan and apply."""

from kentik_async.state.document import Document
from kentik_async.state.plan import Change, FieldChange, StatePlan, Unmanaged
from kentik_async.state.report import ApplyProgress, ApplyReport, Outcome
from kentik_async.state.schema import json_schema
from kentik_async.state.state import State

__all__ = [
    "ApplyProgress",
    "ApplyReport",
    "Change",
    "Document",
    "FieldChange",
    "Outcome",
    "State",
    "StatePlan",
    "Unmanaged",
    "json_schema",
]
