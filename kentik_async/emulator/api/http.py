"""API v5, and API v6 as JSON, over HTTP."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from kentik_async.emulator.api import json_gateway
from kentik_async.emulator.api.grpc import brief
from kentik_async.emulator.api.v5 import V5_CALLS, V5Call
from kentik_async.emulator.api.v6 import Rpc
from kentik_async.emulator.engine.auth import User
from kentik_async.emulator.engine.call_log import QuotaClass, Transport
from kentik_async.emulator.engine.dispatcher import Dispatcher, DispatchResult, IncomingRequest
from kentik_async.emulator.errors import AnswerError
from kentik_async.emulator.world.state import EmulatorState

__all__ = ["RestApp", "read_body"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RestApp:
    """Serves API v5 and the JSON mirror of API v6."""

    def __init__(self, dispatcher: Dispatcher, state: EmulatorState) -> None:
        self._dispatcher = dispatcher
        self._state = state

    def add_routes(self, app: web.Application) -> None:
        """Add the routes of both APIs, and a catch-all route, to an application."""
        for call in V5_CALLS:
            app.router.add_route(call.method, f"/api/v5{call.path}", self._v5(call))
        for rpc, path in json_gateway.routes():
            app.router.add_route(rpc.spec.verb, path, self._v6(rpc))
        app.router.add_route("HEAD", "/", self._root)
        app.router.add_route("*", "/{path:.*}", self._unknown)

    def _v5(self, call: V5Call) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            raw, problem = await read_body(request)
            received = asyncio.get_running_loop().time()
            placeholder = next(iter(request.match_info.values()), "")
            body, readable = _json(raw)

            def work(user: User) -> Any:
                if problem is not None:
                    raise problem
                if raw and not readable:
                    raise AnswerError(400, "the body is not valid JSON")
                return call.answer(self._state.customer_data(user.customer), placeholder, body)

            incoming = _incoming(
                request,
                received,
                name=f"query.{placeholder}" if call.quota_class == "query" else call.name,
                transport="rest",
                quota_class=call.quota_class,
                writes=call.writes,
                success=call.status,
                arguments={**request.match_info, **(body if isinstance(body, dict) else {})},
            )
            return self._reply(request, await self._dispatcher.serve(incoming, work), call.status, _v5_error)

        return handle

    def _v6(self, rpc: Rpc) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            raw, problem = await read_body(request)
            received = asyncio.get_running_loop().time()
            try:
                message = json_gateway.read(rpc, raw, request.match_info, request.query.items())
            except AnswerError as error:
                problem, message = problem or error, rpc.spec.request()

            def work(user: User) -> Any:
                if problem is not None:
                    raise problem
                return json_gateway.write(rpc, rpc.answer(self._state, user.customer, message))

            incoming = _incoming(
                request,
                received,
                name=rpc.name,
                transport="mirror",
                scope=rpc.scope,
                writes=rpc.writes,
                arguments=brief(message),
            )
            return self._reply(
                request, await self._dispatcher.serve(incoming, work), 200, json_gateway.error_body
            )

        return handle

    async def _root(self, request: web.Request) -> web.StreamResponse:
        """Answer a request without credentials, which tests whether HTTP works; it counts in no quota."""
        del request
        return web.Response(status=404)

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        received = asyncio.get_running_loop().time()
        path = request.path
        v6 = re.match(r"/[^/]+/v\d{6}", path) is not None

        def work(user: User) -> Any:
            del user
            raise AnswerError(404, f"{request.method} {path} not found")

        incoming = _incoming(request, received, name="unknown", transport="mirror" if v6 else "rest")
        result = await self._dispatcher.serve(incoming, work)
        return self._reply(request, result, 200, json_gateway.error_body if v6 else _v5_error)

    @staticmethod
    def _reply(
        request: web.Request,
        result: DispatchResult,
        success: int,
        error_body: Callable[[AnswerError], dict[str, Any]],
    ) -> web.StreamResponse:
        fault, error = result.fault, result.error
        if result.dropped and request.transport is not None:
            request.transport.abort()
            return web.Response()
        status = error.status if error is not None else success
        headers = {**result.headers, **(error.headers if error is not None else {})}
        if fault is not None and fault.body is not None:
            body = fault.body.encode() if isinstance(fault.body, str) else fault.body
            if isinstance(fault.status, int):
                status = fault.status
            kind = "text/html" if body.lstrip().startswith(b"<") else "application/json"
            return web.Response(status=status, headers=headers, body=body, content_type=kind)
        document = error_body(error) if error is not None else result.payload
        if document is None:
            return web.Response(status=status, headers=headers)
        return web.json_response(document, status=status, headers=headers)


async def read_body(request: web.Request) -> tuple[bytes, AnswerError | None]:
    """Return the body of a request; if it is malformed or too large, an empty one and the error to answer.

    Raises:
        web.HTTPException: The client has disconnected, so that nobody reads the answer.
    """
    try:
        return await request.read(), None
    except web.RequestPayloadError:
        return b"", AnswerError(400, "the body does not have the encoding in its headers")
    except web.HTTPRequestEntityTooLarge:
        return b"", AnswerError(413, "the body is larger than 1 MiB")
    except ConnectionError:
        raise web.HTTPBadRequest from None


def _incoming(
    request: web.Request,
    received: float,
    *,
    name: str,
    transport: Transport,
    quota_class: QuotaClass = "non_query",
    scope: str | None = None,
    writes: bool = False,
    success: int = 200,
    arguments: dict[str, Any] | None = None,
) -> IncomingRequest:
    email, token = request.headers.get("X-CH-Auth-Email"), request.headers.get("X-CH-Auth-API-Token")
    return IncomingRequest(
        operation=name,
        path=f"{request.method} {request.path}",
        transport=transport,
        received=received,
        credentials=(email, token),
        quota_class=quota_class,
        scope=scope,
        writes=writes,
        success=success,
        arguments=arguments or {},
    )


def _v5_error(error: AnswerError) -> dict[str, Any]:
    return {"error": error.message}


def _json(raw: bytes) -> tuple[Any, bool]:
    """Return the decoded JSON, and whether the bytes are valid JSON."""
    try:
        return json.loads(raw), True
    except (ValueError, RecursionError):
        return None, False
