"""Plans on the wire of API v5: `{"plans": […]}` (Kentik KB, Site and Plan APIs)."""

from typing import Any

import msgspec

from kentik_async._codec import _json, _times
from kentik_async.models import Plan, Records

__all__ = ["decode_list"]

_WHAT = "the list of plans"


class _List(msgspec.Struct):
    plans: list[Plan]


def decode_list(raw: bytes) -> Records[Plan]:
    """All plans, in the server's order.

    Raises:
        DecodeError: The body is no JSON, or holds no list of plans.
    """
    answer = _json.decode(raw, object, _WHAT)
    if isinstance(answer, dict) and isinstance(answer.get("plans"), list):
        answer = {"plans": [_todays(plan) for plan in answer["plans"]]}
    return Records(_json.convert(answer, _List, _WHAT).plans, Plan)


def _todays(plan: Any) -> Any:
    """A plan by today's names, its times read; what has not a plan's form is left for the type to refuse."""
    if not isinstance(plan, dict):
        return plan
    plan = dict(plan)
    if "deviceTypes" in plan:
        plan["device_types"] = plan.pop("deviceTypes")
    for name in ("device_types", "devices"):
        if plan.get(name) is None:
            plan.pop(name, None)
        elif isinstance(plan[name], list):
            plan[name] = [_todays_device(device) for device in plan[name]]
    for name in ("cdate", "edate"):
        if name in plan:
            plan[name] = _times.from_text(plan[name]) if isinstance(plan[name], str) else None
    return plan


def _todays_device(device: Any) -> Any:
    # Older answers say device_type; where both are there, the newer one counts.
    if isinstance(device, dict) and device.get("device_subtype") is None and "device_type" in device:
        return {**device, "device_subtype": device["device_type"]}
    return device
