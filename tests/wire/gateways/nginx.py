"""A real nginx with TLS in front of an emulator: gRPC by `grpc_pass`, REST by `proxy_pass`."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from kentik_async.emulator import Emulator
from tests.support.ports import reserved_port
from tests.wire.gateways.program import running

__all__ = ["NGINX", "Nginx", "running_nginx"]

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  log_format short '$status $request_uri';
  access_log {folder}/access.log short;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  limit_conn_zone $server_name zone=customer:1m;
  limit_conn_status 429;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    server_name gateway;
    ssl_certificate {folder}/chain.pem;
    ssl_certificate_key {folder}/key.pem;
    limit_conn customer 1;
    location /api/v5 {{
      error_page 503 @rest_unavailable;
      if (-f {folder}/maintenance) {{ return 503; }}
      proxy_pass {rest};
    }}
    location / {{
      error_page 503 = @grpc_unavailable;
      if (-f {folder}/maintenance) {{ return 503; }}
      grpc_pass {grpc};
    }}
    location @rest_unavailable {{
      add_header Retry-After 2 always;
      return 503;
    }}
    location @grpc_unavailable {{
      default_type application/grpc;
      add_header grpc-status 14 always;
      add_header Retry-After 2 always;
      return 204;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx, which allows one request at a time.

    Attributes:
        folder: Its files.
        url: Its URL.
    """

    folder: Path
    url: str

    @property
    def arguments(self) -> dict[str, str]:
        """The client's arguments for it."""
        return {
            "grpc_endpoint": self.url,
            "rest_endpoint": f"{self.url}/api/v5",
            "ca_file": str(self.folder / "ca.pem"),
        }

    @property
    def maintenance(self) -> Path:
        """While this file exists, every request gets 503 with `Retry-After: 2`."""
        return self.folder / "maintenance"

    def statuses(self) -> list[str]:
        """Return the status of each request so far."""
        return [line.split()[0] for line in (self.folder / "access.log").read_text().splitlines()]


@contextmanager
def running_nginx(emulator: Emulator) -> Iterator[Nginx]:
    """Run nginx in front of an emulator while the block runs."""
    with tempfile.TemporaryDirectory() as name, reserved_port() as port:
        folder = Path(name)
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
        (folder / "chain.pem").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
        grpc = emulator.grpc_endpoint.replace("http://", "grpc://")
        rest = emulator.rest_endpoint.removesuffix("/api/v5")
        text = CONFIGURATION.format(folder=folder, port=port, grpc=grpc, rest=rest)
        (folder / "nginx.conf").write_text(text)
        command = [str(NGINX), "-p", name, "-c", f"{name}/nginx.conf"]
        with running(command, port, folder / "error.log"):
            yield Nginx(folder, f"https://127.0.0.1:{port}")
