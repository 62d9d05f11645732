"""API v6 as JSON over HTTP: the RPCs of API v6 for networks that break gRPC."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from kentik_async._codec.json_mirror import from_json, to_json
from kentik_async._config import Credentials, Endpoint, Trust
from kentik_async._generated._runtime import MethodSpec
from kentik_async._generated.as_group.v202212 import ASGroupServiceStub
from kentik_async._generated.kmi.v202212 import KmiServiceStub
from kentik_async._generated.site.v202509 import SiteServiceStub
from kentik_async._operations.request import Request
from kentik_async._transport.base import Reply
from kentik_async._transport.proxy import ProxyAccess
from kentik_async._transport.replies import reply_for_mirror
from kentik_async._transport.rest import RestTransport

__all__ = ["JsonMirrorTransport"]

_RPCS: Mapping[str, MethodSpec] = {
    spec.path: spec
    for stub in (KmiServiceStub, ASGroupServiceStub, SiteServiceStub)
    for spec in stub.METHODS.values()
}
_CHECK_TIMEOUT = 3.0


class JsonMirrorTransport(RestTransport):
    """Sends RPCs as HTTP requests, and any other request to a path of API v6 unchanged."""

    def __init__(
        self, endpoint: Endpoint, credentials: Credentials, trust: Trust, access: ProxyAccess, user_agent: str
    ) -> None:
        """Prepare, without connecting; see `RestTransport`."""
        super().__init__(endpoint, credentials, trust, access, user_agent)
        self._read_reply = reply_for_mirror

    async def responds(self) -> bool:
        """Return whether the endpoint responds to HTTP; the request has no credentials and costs no quota.

        Raises:
            ConnectError: No connection can be made and a retry would not help.
        """
        self._access.check()
        if not await self.connect():
            return False
        status = await self._status_of_head(_CHECK_TIMEOUT)
        return status is not None and status < 500

    async def _exchange(self, request: Request[Any], timeout: float) -> Reply:
        reply = await super()._exchange(request, timeout)
        if request.rpc is None or reply.error is not None:
            return reply
        return replace(reply, translate=partial(from_json, request.rpc, known_names=request.written_back))

    def _prepared(self, request: Request[Any]) -> Request[Any]:
        rpc = _RPCS.get(request.path) if request.rpc is None else request.rpc
        if rpc is None:
            return request
        sent = to_json(rpc, request.body)
        return replace(request, path=sent.path, params=sent.params, body=sent.body, rpc=rpc)
