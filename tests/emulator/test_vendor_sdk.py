"""The vendor's own SDK, kentik-api, works against the emulator.

It runs in a virtual environment of its own. The installation takes a minute, so the test runs in CI only, or
with `CI=true make test ARGS=tests/emulator/test_vendor_sdk.py`.
"""

import json
import os
import re
from pathlib import Path

import anyio
import pytest

from kentik_async.emulator import Emulator
from tests.codegen.vendor_sdk import PYTHON_IS_TOO_NEW, SKIPPED, python_with_both
from tests.support.paths import ROOT

pytestmark = [SKIPPED, PYTHON_IS_TOO_NEW]

# The vendor's client only builds https URLs.
PROGRAM = """
import json, sys
from kentik_api import KentikAPI
from kentik_api.public.site import Site

KentikAPI.make_api_v5_url = staticmethod(lambda host: f"http://{host}/api/v5")
host, email, token = sys.argv[1:]
kentik = KentikAPI(email, token, host)
sites = kentik.sites.get_all()
made = kentik.sites.create(Site("apitest-site-1", 54.349276, 18.659577))
found = kentik.sites.get(made.id)
made.site_name = "apitest-site-2"
changed = kentik.sites.update(made)
deleted = kentik.sites.delete(made.id)
plans = kentik.plans.get_all()
print(json.dumps({
    "sites": [site.site_name for site in sites],
    "found": [found.site_name, found.latitude, found.longitude],
    "changed": changed.site_name,
    "deleted": deleted,
    "plans": [plan.name for plan in plans],
    "devices": [device.device_type for device in plans[0].devices],
}))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return python_with_both(tmp_path_factory)


async def test_sites_and_plans(python: Path, tmp_path: Path) -> None:
    async with Emulator() as emulator:
        connection = emulator.connection
        host = emulator.rest_endpoint.removeprefix("http://").removesuffix("/api/v5")
        command = [str(python), "-c", PROGRAM, host, connection["email"], str(connection["token"])]
        done = await anyio.run_process(
            command, cwd=tmp_path, env={"PATH": os.environ["PATH"], "no_proxy": "*"}, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        assert emulator.report().errors == 0
    assert json.loads(done.stdout) == {
        "sites": ["Frankfurt 1", "LAX_02", "Warehouse"],
        "found": ["apitest-site-1", 54.349276, 18.659577],
        "changed": "apitest-site-2",
        "deleted": True,
        "plans": ["Default", "Trial"],
        "devices": ["router", "router", "host-nprobe-basic"],
    }


VENDOR = (
    "from kentik_api import KentikAPI; from kentik_api.public import errors; kentik = KentikAPI('a', 'b')"
)


async def test_the_migration_guide_names_vendor_calls(python: Path) -> None:
    guide = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
    first_column = "\n".join(re.findall(r"^\| (.*?) \| ", guide, re.MULTILINE))
    names = re.findall(r"`(kentik\.[\w.]+)\(", first_column) + re.findall(r"KentikAPI\.\w+", first_column)
    names += [f"errors.{name}" for name in re.findall(r"`(\w+Error)`", first_column)]
    assert len(names) > 15
    done = await anyio.run_process([str(python), "-c", "\n".join([VENDOR, *names])], check=False)
    assert done.returncode == 0, done.stderr.decode()
