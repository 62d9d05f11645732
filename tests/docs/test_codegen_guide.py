"""The guide to generated code: its command and its program work as described."""

from __future__ import annotations

import importlib
import re
import shlex
import sys
from pathlib import Path

import anyio
import grpc.aio
import pytest

from tests.support.paths import ROOT

GUIDE = ROOT / "docs" / "codegen.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# The part of a device API that the guide's program uses.
DEVICES = """
syntax = "proto3";
package kentik.device.v202504beta2;

service DeviceService {
  rpc ListDevices(ListDevicesRequest) returns (ListDevicesResponse);
}
message ListDevicesRequest {}
message ListDevicesResponse { repeated Device devices = 1; }
message Device { string id = 1; string device_name = 2; }
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The input of the guide's command: a checkout with the API that it names."""
    folder = tmp_path / "api-schema-public" / "proto" / "kentik" / "device" / "v202504beta2"
    folder.mkdir(parents=True)
    (folder / "device.proto").write_text(DEVICES)
    return tmp_path


async def test_the_guide(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    assert [language for language, _ in found] == ["console", "python", "python"]
    exec(compile(found[2][1], GUIDE, "exec"), {})
    *_, listing, command = found[0][1].splitlines()
    arguments = [shlex.split(line.removeprefix("$ kentik-async ")) for line in (listing, command)]
    env = {"PYTHONPATH": f"{ROOT}:{package}", "PATH": "/usr/bin:/bin", "HOME": str(package)}
    program = [sys.executable, "-m", "kentik_async.cli"]
    listed = await anyio.run_process([*program, *arguments[0]], cwd=package, env=env)
    assert listed.stdout == b"device/v202504beta2\n"
    await anyio.run_process([*program, *arguments[1]], cwd=package, env=env)
    monkeypatch.syspath_prepend(package)
    device = importlib.import_module("kentik_apis.device.v202504beta2")

    class Service(device.DeviceServiceServicer):
        async def ListDevices(self, request: object, context: object) -> object:
            return device.ListDevicesResponse(devices=[device.Device(device_name="edge-1")])

    server = grpc.aio.server()
    device.add_DeviceServiceServicer_to_server(Service(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        env |= {
            "KENTIK_EMAIL": "ann@example.com",
            "KENTIK_API_TOKEN": "token",
            "KENTIK_GRPC_ENDPOINT": f"http://127.0.0.1:{port}",
        }
        with anyio.fail_after(60):
            ended = await anyio.run_process([sys.executable, "-c", found[1][1]], cwd=package, env=env)
    finally:
        await server.stop(None)
    assert ended.stdout.decode().strip() == "['edge-1']"
