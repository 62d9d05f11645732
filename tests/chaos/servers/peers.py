"""The peer: both servers, at one dispatcher, on ports that stay the same."""

import ssl
from collections.abc import Iterator
from functools import partial

from tests.chaos.servers.dispatcher import Dispatcher
from tests.chaos.servers.http1 import serve_rest
from tests.chaos.servers.http2 import serve_grpc
from tests.chaos.servers.sockets import Listener

__all__ = ["Peers"]


class Peers:
    """A gRPC and an HTTP server that keep one record between them."""

    def __init__(self, dispatcher: Dispatcher, tls: ssl.SSLContext | None = None) -> None:
        """Take two ports, without listening yet.

        Args:
            dispatcher: What is done with the requests.
            tls: How to speak TLS, if at all.
        """
        self._tls = tls
        self.grpc = Listener(partial(serve_grpc, dispatcher), tls=tls)
        self.rest = Listener(partial(serve_rest, dispatcher), tls=tls)

    @property
    def endpoints(self) -> dict[str, str]:
        """The client's arguments that point it here."""
        scheme = "https" if self.grpc.secure else "http"
        return {
            "grpc_endpoint": f"{scheme}://127.0.0.1:{self.grpc.port}",
            "rest_endpoint": f"{scheme}://127.0.0.1:{self.rest.port}/api/v5",
        }

    def refuse_handshakes(self, refused: Iterator[bool]) -> None:
        """Refuse some of the TLS handshakes to come, one after the other."""
        assert self._tls is not None

        def decide(*_: object) -> int | None:
            return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE if next(refused) else None

        self._tls.sni_callback = decide

    def open(self) -> None:
        """Listen from now on."""
        self.grpc.open()
        self.rest.open()

    async def shut(self) -> None:
        """Be gone: all connections are cut, and new ones refused."""
        await self.grpc.shut()
        await self.rest.shut()

    async def close(self) -> None:
        """Go away permanently."""
        await self.grpc.close()
        await self.rest.close()
