"""Declared state: AS groups, sites and site markets in a file; export, plan and apply."""

from kentik_async.state.declared_state import DeclaredState
from kentik_async.state.document import Document
from kentik_async.state.format.schema import json_schema
from kentik_async.state.plan import Change, FieldChange, StatePlan, Unmanaged
from kentik_async.state.report import ApplyProgress, ApplyReport, Outcome

__all__ = [
    "ApplyProgress",
    "ApplyReport",
    "Change",
    "DeclaredState",
    "Document",
    "FieldChange",
    "Outcome",
    "StatePlan",
    "Unmanaged",
    "json_schema",
]
