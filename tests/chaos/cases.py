"""All cases: the faults, the environment of the calls, and how the calls must end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kentik_async import ConnectError, KentikError, UnavailableError
from tests.chaos import scenes
from tests.chaos.calls import WIRES, Wire
from tests.chaos.faults import grpc as grpc_faults
from tests.chaos.faults import rest as rest_faults
from tests.chaos.faults.base import Fault
from tests.chaos.plan import ATTEMPTS, Call, Due, due_after

__all__ = ["CASES", "Case", "in_brief"]

Faults = Mapping[Wire, Sequence[Fault[Any]]]

_WELL: Faults = dict.fromkeys(WIRES, ())


@dataclass(frozen=True)
class Case:
    """One kind of misbehaviour.

    Attributes:
        name: Its name.
        family: Its row in the table.
        faults: The possible faults of a request, by protocol.
        share: The share of the calls with faults.
        scene: The events during the calls.
        identity: The certificate of the peers; see `tls.py`.
        endpoints: The client's arguments that connect it to another place than the peers.
        weight: Its number of calls, in proportion to other cases.
        callers: The number of concurrent callers.
        at_once: The number of concurrent calls that the quota allows.
        a_minute: The number of calls that it allows in a (short) minute; see `run.py`.
        timeout: Maximum duration of an attempt, in seconds.
        patience: Maximum wait for a missing connection, in seconds.
        attempts: Maximum number of times the client sends a request.
        ends: How calls may end if that does not depend on their own faults.
        creates_end: The same for creates; empty if they end like the other calls.
    """

    name: str
    family: str
    faults: Faults = field(default_factory=lambda: _WELL)
    share: float = 0.5
    scene: scenes.Scene = scenes.steady
    identity: str = "none"
    endpoints: Mapping[str, str] = field(default_factory=dict)
    weight: float = 1.0
    callers: int = 64
    at_once: int = 8
    a_minute: int = 150
    timeout: float = 20.0
    patience: float = 20.0
    attempts: int = ATTEMPTS
    ends: tuple[type[KentikError] | None, ...] = ()
    creates_end: tuple[type[KentikError] | None, ...] = ()

    def due(self, call: Call) -> tuple[Due, ...]:
        """Return how a call may end."""
        if not self.ends:
            return (due_after(call),)
        allowed = self.creates_end if call.effect == "create" and self.creates_end else self.ends
        return tuple(Due(error, None) for error in allowed)


def _each(family: str, wire: Wire, faults: Sequence[Fault[Any]], **options: Any) -> list[Case]:
    return [Case(f"{wire}: {fault.name}", family, faults={wire: [fault]}, **options) for fault in faults]


_ANYTHING: Faults = {
    "grpc": [
        *grpc_faults.STATUSES,
        *grpc_faults.PAGES,
        *grpc_faults.BROKEN,
        *grpc_faults.UNREADABLE,
        *grpc_faults.REFUSALS,
    ],
    "rest": [
        *rest_faults.STATUSES,
        *rest_faults.BROKEN,
        *rest_faults.UNREADABLE,
        *rest_faults.REFUSALS,
    ],
}

# A broken connection also affects the other requests in flight: reads, updates and deletes succeed in the
# end, and the result of a create is not known.
_CAUGHT_UP: dict[str, Any] = {"ends": (None,), "creates_end": (None, UnavailableError), "attempts": 1000}

_ANYTHING_AT_ONCE = "anything at once"

_SECURED: dict[str, Any] = {"identity": "right", "weight": 4}

_NOBODY = ".".join(["nobody"] * 40)
"""A host name that is too long for a query, so that no name server is queried."""

_UNREACHED: dict[str, Any] = {"ends": (ConnectError,), "patience": 0.4, "weight": 0.3}

CASES: tuple[Case, ...] = (
    *_each("gRPC statuses", "grpc", grpc_faults.STATUSES),
    *_each("HTTP statuses over gRPC", "grpc", grpc_faults.PAGES),
    *_each("HTTP statuses", "rest", rest_faults.STATUSES),
    *_each("refusals", "grpc", grpc_faults.REFUSALS, share=0.2),
    *_each("refusals", "rest", rest_faults.REFUSALS, share=0.2),
    *_each("streams reset, answers broken off", "grpc", grpc_faults.BROKEN),
    *_each("streams reset, answers broken off", "rest", rest_faults.BROKEN),
    *_each("answers that cannot be read", "grpc", grpc_faults.UNREADABLE),
    *_each("answers that cannot be read", "rest", rest_faults.UNREADABLE),
    *_each("too large", "grpc", grpc_faults.HEAVY, weight=0.3),
    *_each("too large", "rest", rest_faults.HEAVY, weight=0.1),
    *_each("silence and trickles", "grpc", grpc_faults.SLOW, timeout=1.0, at_once=16, weight=0.5),
    *_each("silence and trickles", "rest", rest_faults.SLOW, timeout=1.0, at_once=16, weight=0.5),
    *_each("unusual and right", "grpc", grpc_faults.HARMLESS),
    *_each("unusual and right", "rest", rest_faults.HARMLESS),
    *_each("connections cut, GOAWAY", "grpc", grpc_faults.CUTTING, share=0.3, **_CAUGHT_UP),
    *_each("connections cut, GOAWAY", "rest", rest_faults.CUTTING, share=0.3, **_CAUGHT_UP),
    Case("never there", "no connection", scene=scenes.absent, **_UNREACHED),
    Case("deaf", "no connection", scene=scenes.deaf, **_UNREACHED),
    # The peers are reached once, which takes longer on a loaded machine.
    Case("gone permanently", "no connection", scene=scenes.away_for_good, **{**_UNREACHED, "patience": 3.0}),
    Case(
        "no such host",
        "no connection",
        scene=scenes.absent,
        endpoints={
            "grpc_endpoint": f"https://{_NOBODY}",
            "rest_endpoint": f"https://{_NOBODY}/api/v5",
        },
        **_UNREACHED,
    ),
    *(
        Case(f"certificate {identity}", "no trust", identity=identity, **_UNREACHED)
        for identity in ("of another host", "expired", "of an unknown authority")
    ),
    Case(
        "vanishing",
        "no connection",
        scene=scenes.vanishing,
        ends=(None, ConnectError),
        creates_end=(None, ConnectError, UnavailableError),
        patience=0.4,
        attempts=1000,
    ),
    Case(
        "teasing",
        "no connection",
        faults={"rest": ()},
        scene=scenes.teasing,
        identity="right",
        callers=1,
        **{**_UNREACHED, "weight": 0.1},
    ),
    Case("fickle", "comings and goings", scene=scenes.fickle, identity="right", ends=(None,)),
    Case("coming late", "comings and goings", scene=scenes.coming_late, ends=(None,)),
    Case("restarts", "comings and goings", scene=scenes.restarting, weight=8, **_CAUGHT_UP),
    Case("restarts, over TLS", "comings and goings", scene=scenes.restarting, **_SECURED, **_CAUGHT_UP),
    Case("anything", _ANYTHING_AT_ONCE, faults=_ANYTHING, weight=8),
    Case("anything, over TLS", _ANYTHING_AT_ONCE, faults=_ANYTHING, **_SECURED),
    Case("anything, in small portions", "small portions", faults=_ANYTHING, a_minute=20),
    Case("anything, one at a time", _ANYTHING_AT_ONCE, faults=_ANYTHING, at_once=1, weight=2),
)


_LARGEST_IN_BRIEF = 2.0
_SHORTEST_TIMEOUT_IN_BRIEF = 5.0
"""In seconds; on a loaded machine the peer's answer may take more than a second."""


def in_brief() -> tuple[Case, ...]:
    """Return fewer cases with the same faults: one case for each family."""
    brief: dict[str, Case] = {}
    for case in CASES:
        if not any(case.faults.values()):
            brief[case.name] = case
        elif case.family not in brief:
            brief[case.family] = replace(case, name=case.family)
        elif case.family != _ANYTHING_AT_ONCE:
            brief[case.family] = replace(brief[case.family], faults=_together(brief[case.family], case))
    return tuple(
        replace(
            case,
            weight=min(case.weight, _LARGEST_IN_BRIEF),
            timeout=max(case.timeout, _SHORTEST_TIMEOUT_IN_BRIEF),
        )
        for case in brief.values()
    )


def _together(one: Case, other: Case) -> Faults:
    wires = dict.fromkeys((*one.faults, *other.faults))
    return {wire: (*one.faults.get(wire, ()), *other.faults.get(wire, ())) for wire in wires}
