"""The peer: both servers with one dispatcher, on constant ports."""

import ssl
from collections.abc import Iterator
from functools import partial

from tests.chaos.servers.dispatcher import Dispatcher
from tests.chaos.servers.http1 import serve_rest
from tests.chaos.servers.http2 import serve_grpc
from tests.chaos.servers.sockets import Listener

__all__ = ["Peers"]


class Peers:
    """A gRPC and an HTTP server with one shared record."""

    def __init__(self, dispatcher: Dispatcher, tls: ssl.SSLContext | None = None) -> None:
        """Reserve two ports, without listening yet.

        Args:
            dispatcher: Processes the requests.
            tls: The TLS context, or None for plaintext.
        """
        self._tls = tls
        self.grpc = Listener(partial(serve_grpc, dispatcher), tls=tls)
        self.rest = Listener(partial(serve_rest, dispatcher), tls=tls)

    @property
    def endpoints(self) -> dict[str, str]:
        """The client's arguments that connect it to this peer."""
        scheme = "https" if self.grpc.secure else "http"
        return {
            "grpc_endpoint": f"{scheme}://127.0.0.1:{self.grpc.port}",
            "rest_endpoint": f"{scheme}://127.0.0.1:{self.rest.port}/api/v5",
        }

    def refuse_handshakes(self, refused: Iterator[bool]) -> None:
        """Refuse some of the next TLS handshakes, one after the other."""
        assert self._tls is not None

        def decide(*_: object) -> int | None:
            return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE if next(refused) else None

        self._tls.sni_callback = decide

    def open(self) -> None:
        """Start listening."""
        self.grpc.open()
        self.rest.open()

    async def shut(self) -> None:
        """Go away: cut all connections and refuse new ones."""
        await self.grpc.shut()
        await self.rest.shut()

    async def close(self) -> None:
        """Go away permanently."""
        await self.grpc.close()
        await self.rest.close()
