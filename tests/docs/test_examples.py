"""Every example runs against the emulator as described in its README, and prints the expected lines."""

import ast
import inspect
import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from kentik_async.emulator import Emulator
from tests.multiprocess.redis.harness import RedisServer, running_redis
from tests.support.paths import ROOT

EXAMPLES = ROOT / "examples"
SPEED = 600


class Runner:
    """Runs examples in an empty folder with an emulator's credentials in the environment."""

    def __init__(self, emulator: Emulator, folder: Path, without_pandas: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        connection = emulator.connection
        self.environment = {
            "HOME": str(folder),
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{folder}:{without_pandas}",
            "KENTIK_EMAIL": connection["email"],
            "KENTIK_API_TOKEN": str(connection["token"]),
            "KENTIK_GRPC_ENDPOINT": connection["grpc_endpoint"],
            "KENTIK_REST_ENDPOINT": connection["rest_endpoint"],
            "KENTIK_SPEED": str(SPEED),
        }

    async def __call__(self, name: str, *arguments: str, **env: str) -> list[str]:
        """Run an example, and return the lines that it prints."""
        command = [sys.executable, str(EXAMPLES / name), *arguments]
        ended = await anyio.run_process(
            command, env={**self.environment, **env}, cwd=self.folder, check=False
        )
        assert ended.returncode == 0, ended.stderr.decode()
        assert b"Warning" not in ended.stderr, ended.stderr.decode()
        assert self.emulator.report().refused == 0
        return ended.stdout.decode().splitlines()


@pytest.fixture
async def run(tmp_path: Path, without_pandas: Path) -> AsyncIterator[Runner]:
    async with Emulator(speed=SPEED) as emulator:
        yield Runner(emulator, tmp_path, without_pandas)


def test_the_readme_names_each_and_each_is_tested() -> None:
    there = {path.name for path in EXAMPLES.iterdir() if path.is_file()} - {"README.md"}
    named = set(re.findall(r"\]\(([\w.]+)\)", (EXAMPLES / "README.md").read_text(encoding="utf-8")))
    tested = set(re.findall(r'"(\w+\.(?:py|ipynb))"', Path(__file__).read_text(encoding="utf-8")))
    assert named == tested == there


async def test_quickstart(run: Runner) -> None:
    lines = await run("quickstart.py")
    assert len(lines) == 10
    assert lines[0].startswith("Planet Earth - 1. AS")
    assert run.emulator.report().requests == 11


async def test_priorities(run: Runner) -> None:
    run.emulator.latency = 0.002
    first, _ = await run("priorities.py")
    found = re.fullmatch(r"3 sites after [\d.]+ s; (\d+) of 120 rankings were done", first)
    assert found is not None
    assert int(found[1]) < 60


@pytest.mark.parametrize("name", ["bulk_pull", "custom_stub", "peeringdb_groups", "shards"])
async def test_usage_is_printed(without_pandas: Path, tmp_path: Path, name: str) -> None:
    source = EXAMPLES / f"{name}.py"
    environment = {"PYTHONPATH": str(without_pandas)}
    ended = await anyio.run_process([sys.executable, str(source)], env=environment, cwd=tmp_path, check=False)
    assert ended.returncode == 1
    assert (
        ended.stderr.decode().strip() == ast.get_docstring(ast.parse(source.read_text()), clean=False).strip()
    )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("quickstart.py", ()), ("priorities.py", ()), ("bulk_pull.py", ("data",)), ("shards.py", ("parts",))],
)
async def test_missing_credentials_are_one_line(
    without_pandas: Path, tmp_path: Path, name: str, arguments: tuple[str, ...]
) -> None:
    environment = {"PYTHONPATH": str(without_pandas), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    ended = await anyio.run_process(command, env=environment, cwd=tmp_path, check=False)
    (line,) = ended.stderr.decode().splitlines()
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert line.startswith("error: no email found: set KENTIK_EMAIL")


async def test_a_bulk_pull(run: Runner) -> None:
    with_pandas = {"PYTHONPATH": str(run.folder)}
    plan, report, tables, *frame = await run("bulk_pull.py", "data", **with_pandas)
    assert plan.startswith("at most 26 calls, ")  # 4 rankings, 20 networks, the list of markets, the check
    assert plan.endswith("; 0 pages already saved")
    assert report.endswith(" 0 pages failed")
    assert re.fullmatch(r"\['\d{4}-\d\d-\d\d'\] \d+ neighbours", tables)
    assert frame[0].split() == ["market_id", "ip", "rank", "asn", "name"]
    assert len(frame) == 1 + 2 * 2 * 3
    again = await run("bulk_pull.py", "data", **with_pandas)
    assert again[0].startswith("at most 0 calls, ")
    assert ": 0 calls, " in again[1]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


async def test_shards(run: Runner, redis: RedisServer) -> None:
    *parts, together = await run("shards.py", "parts", KENTIK_LIMITER=redis.url)
    pages = [
        int(re.fullmatch(rf"parts/{i}: (\d+) pages, \d+ rows, 0 failed", part)[1])
        for i, part in enumerate(parts)
    ]
    assert len(pages) == 4
    assert sum(pages) == 3 * 6 * 2, "each ranking in one part"
    rows = sum(
        len(run.emulator.state.rankings(f"cc${country}", kind, ip))
        for country in ("US", "DE", "FR")
        for kind in KINDS
        for ip in ("v4", "v6")
    )
    assert together == f"together: {rows} rows of rankings"
    assert max(call.concurrent for call in run.emulator.calls) == 1, "never two at once, of four processes"


KINDS = (
    "customer_base",
    "customer_base_retail",
    "customer_base_wholesome",
    "customer_base_backbone",
    "customer_growth",
    "peering_base",
)


async def test_groups_from_a_peeringdb_export(run: Runner) -> None:
    networks = [{"asn": 64496, "info_type": "NSP"}, {"asn": 65551, "info_type": "Content"}]
    (run.folder / "export.json").write_text(json.dumps({"data": networks}))
    assert (await run("peeringdb_groups.py", "export.json"))[0] == "done: PeeringDB Content, PeeringDB NSP"
    (run.folder / "export.json").write_text(json.dumps({"data": [{**networks[0], "asn": 64500}]}))
    assert await run("peeringdb_groups.py", "export.json") == [
        "done: PeeringDB NSP",
        "failed: none",
        "conflicted: none",
        "not_tried: none",
    ]


async def test_a_custom_stub(run: Runner) -> None:
    pytest.importorskip("grpc_tools", reason="generating code takes the extra codegen")
    generate = ["-m", "codegen", "--schema", str(ROOT), "--api", "kmi/v202212", "--out", "kentik_apis"]
    environment = run.environment | {"PYTHONPATH": str(ROOT)}
    await anyio.run_process([sys.executable, *generate], env=environment, cwd=run.folder)
    markets, _ = await run("custom_stub.py")
    assert markets == f"{len(run.emulator.state.markets)} markets; the first is planet$earth"


async def test_the_notebook(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in run.environment.items():
        monkeypatch.setenv(name, value)
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    shown = [await run_cell(cell, variables) for variables in [{}] for cell in cells]
    records, *frames = [value for value in shown if value is not None]
    assert records._repr_html_().startswith("<table><caption>100 rows, market_id = cc$US")
    assert [list(frame.columns) for frame in frames] == [
        ["rank", "asn", "name", "score_change"],
        ["rank", "asn", "name"],
    ]
    assert all(len(frame) for frame in frames)


async def run_cell(source: str, variables: dict[str, Any]) -> Any:
    """Run a notebook's cell as Jupyter does, and return the value of a last expression."""
    tree = ast.parse(source)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.copy_location(ast.Assign([ast.Name("_", ast.Store())], last.value), last)
        ast.fix_missing_locations(tree)
    value = eval(compile(tree, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), variables)
    if inspect.isawaitable(value):
        await value
    return variables.pop("_", None)
