"""The emulator's admin API, `/_emulator/…`, for tests in other processes and languages."""

import dataclasses
import ipaddress
import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Protocol

from aiohttp import web

from kentik_async.emulator.api.http import read_body
from kentik_async.emulator.engine.call_log import Call, Report
from kentik_async.emulator.engine.faults import Fault

__all__ = ["AdminTarget", "add_routes", "is_local"]


class AdminTarget(Protocol):
    """The part of an emulator that its admin API calls."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """See `Emulator.calls`."""
        ...

    @property
    def fail_next(self) -> Callable[..., None]:
        """See `Emulator.fail_next`."""
        ...

    def report(self) -> Report:
        """See `Emulator.report`."""
        ...

    def reset(self) -> None:
        """See `Emulator.reset`."""
        ...

    def advance_day(self, days: int = 1) -> date:
        """See `Emulator.advance_day`."""
        ...


def add_routes(app: web.Application, emulator: AdminTarget) -> None:
    """Add the admin routes to an application.

    * `GET /_emulator/report` and `GET /_emulator/calls` return `report()` and `calls`.
    * `POST /_emulator/reset` returns to the initial state.
    * `POST /_emulator/advance` moves the simulated date forward: `{"days": 1}`, or an empty body for one day.
    * `POST /_emulator/fail` scripts a fault: `{"n": 1, …}` with the arguments of `fail_next`.
    """

    async def report(_: web.Request) -> web.Response:
        return web.json_response(emulator.report().to_dict())

    async def calls(_: web.Request) -> web.Response:
        return web.json_response([call.to_dict() for call in emulator.calls])

    async def reset(_: web.Request) -> web.Response:
        emulator.reset()
        return web.json_response({})

    async def advance(request: web.Request) -> web.Response:
        arguments = await _arguments(request, {"days"})
        return web.json_response({"day": str(emulator.advance_day(**arguments))})

    async def fail(request: web.Request) -> web.Response:
        names = {field.name for field in dataclasses.fields(Fault)}
        emulator.fail_next(**await _arguments(request, names | {"n"}))
        return web.json_response({})

    router = app.router
    router.add_get("/_emulator/report", _guarded(report))
    router.add_get("/_emulator/calls", _guarded(calls))
    router.add_post("/_emulator/reset", _guarded(reset))
    router.add_post("/_emulator/advance", _guarded(advance))
    router.add_post("/_emulator/fail", _guarded(fail))


Handler = Callable[[web.Request], Awaitable[web.Response]]


def _guarded(handler: Handler) -> Handler:
    """Accept requests from this machine only, and answer invalid arguments with 400."""

    async def handle(request: web.Request) -> web.Response:
        if not is_local(request.remote):
            return web.json_response(
                {"error": "the admin API accepts requests from this machine only"}, status=403
            )
        try:
            return await handler(request)
        except (ValueError, TypeError, OverflowError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return handle


def is_local(remote: str | None) -> bool:
    """Return whether a peer's address is a loopback address."""
    try:
        address = ipaddress.ip_address(remote or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


async def _arguments(request: web.Request, allowed: set[str]) -> dict[str, Any]:
    raw, problem = await read_body(request)
    if problem is not None:
        raise ValueError(problem.message)
    arguments = json.loads(raw) if raw else {}
    if not isinstance(arguments, dict):
        raise TypeError(f"the body must be a JSON object; got {arguments!r}")
    for name in arguments:
        if name not in allowed:
            raise ValueError(f"unknown argument {name!r}; allowed: {', '.join(sorted(allowed))}")
    return arguments
