"""`kentik-async kmi pull` into an object store: several customers, and a store that does not answer."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bulk.s3.server import BUCKET, S3Server, s3_server
from tests.cli.kmi import FEW, Kmi


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    """One server for the module: fsspec keeps a client of it for as long as the process lives."""
    with s3_server() as server:
        yield server


@pytest.mark.parametrize("store", ["parquet", "delta"])
def test_several_customers_save_into_one_bucket(kmi: Kmi, s3: S3Server, tmp_path: Path, store: str) -> None:
    folder = tmp_path / ".kentik"
    folder.mkdir()
    for name in ("east", "west", "north"):
        profile = {"email": kmi.email, "api-key": kmi.token, "customer": name}
        (folder / name).write_text(json.dumps(profile), encoding="utf-8")
        (folder / name).chmod(0o600)
    profiles = [word for name in ("east", "west", "north") for word in ("--profile", name)]
    command = ["pull", "rankings", f"s3://{BUCKET}/{store}", *FEW, "--store", store, *profiles]
    environment = {**s3.environment, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    first = kmi(*command, **environment)
    assert first.code == 0, first.err
    assert [row["target"].rpartition("/")[2] for row in first.rows] == ["east", "west", "north"]
    again = kmi(*command, **environment)
    assert {row["already_complete"] for row in again.rows} == {True}
    for name in ("east", "west", "north"):
        found = s3.objects(f"{store}/{name}/")
        assert any(key.startswith(f"{store}/{name}/rankings/") for key in found)
        assert not any("/.kentik-async/" in key for key in found), "the answers are in the tables"
    assert s3.uploads() == []


def test_ctrl_c_ends_a_pull_whose_store_does_not_answer(kmi: Kmi, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            **kmi.env,
            "HOME": str(tmp_path),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "knows",
            "AWS_REGION": "us-east-1",
        }
        command = [sys.executable, "-m", "kentik_async.cli", "kmi", "pull", "rankings", "s3://kmi/data", *FEW]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            connection, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)  # the store's client would wait for minutes
            connection.close()
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert "interrupted; what was downloaded is kept. Resume with: kentik-async kmi pull" in err
