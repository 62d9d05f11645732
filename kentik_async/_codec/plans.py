"""Decodes plans of API v5: `{"plans": […]}` (Kentik KB, Site and Plan APIs)."""

from typing import Any

import msgspec

from kentik_async._codec import _json
from kentik_async._codec._values import from_text
from kentik_async.models import Plan, Records

__all__ = ["decode_list"]

_WHAT = "the list of plans"


class _PlanList(msgspec.Struct):
    plans: list[Plan]


def decode_list(raw: bytes) -> Records[Plan]:
    """Decode all plans, in the server's order.

    Raises:
        DecodeError: The body is not JSON, or has no list of plans.
    """
    response = _json.decode(raw, object, _WHAT)
    if isinstance(response, dict) and isinstance(response.get("plans"), list):
        response = {"plans": [_current_names(plan) for plan in response["plans"]]}
    return Records(_json.convert(response, _PlanList, _WHAT).plans, Plan)


def _current_names(plan: Any) -> Any:
    """Return a plan with the current field names and parsed times; its type rejects an invalid plan."""
    if not isinstance(plan, dict):
        return plan
    plan = dict(plan)
    if "deviceTypes" in plan:
        plan["device_types"] = plan.pop("deviceTypes")
    for name in ("device_types", "devices"):
        if plan.get(name) is None:
            plan.pop(name, None)
        elif isinstance(plan[name], list):
            plan[name] = [_current_device(device) for device in plan[name]]
    for name in ("cdate", "edate"):
        if name in plan:
            plan[name] = from_text(plan[name]) if isinstance(plan[name], str) else None
    return plan


def _current_device(device: Any) -> Any:
    # Older responses have device_type instead; device_subtype is preferred.
    if isinstance(device, dict) and device.get("device_subtype") is None and "device_type" in device:
        return {**device, "device_subtype": device["device_type"]}
    return device
