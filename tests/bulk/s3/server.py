"""An S3 server in another process, whose network fails on command."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # boto3 ships no types
from s3fs import S3FileSystem  # type: ignore[import-untyped]  # s3fs ships no types

__all__ = ["BUCKET", "S3Server", "s3_server"]

BUCKET = "kmi"


class S3Server:
    """The server and its content.

    Attributes:
        environment: The environment variables for a process that uses it.
        calm_environment: The same for a process that uses it without faults.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        ports = self._receive()
        self.environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports['port']}",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "knows",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.calm_environment = {
            **self.environment,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports['calm_port']}",
        }
        self.client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{ports['calm_port']}",
            aws_access_key_id="somebody",
            aws_secret_access_key="knows",
            region_name="us-east-1",
        )
        self.client.create_bucket(Bucket=BUCKET)

    def fail(self, **faults: Any) -> dict[str, int]:
        """Make the network fail from now on, see `Faults`; return the number of requests so far by method."""
        return self._order(faults)

    def requests(self) -> int:
        """Return the number of requests so far."""
        return sum(self._order(None).values())

    def objects(self, prefix: str = "") -> dict[str, int]:
        """Return the names of all objects, with their sizes."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}

    def uploads(self) -> list[str]:
        """Return the names of objects whose multipart upload was started but not finished."""
        return [
            found["Key"] for found in self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        ]

    def _order(self, faults: dict[str, Any] | None) -> dict[str, int]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(faults) + "\n")
        self._process.stdin.flush()
        return dict(self._receive())

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run a server while the block runs."""
    command = [sys.executable, "-m", "tests.bulk.s3.server_process"]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield S3Server(process)
        finally:
            process.kill()
            # s3fs keeps its file systems for the next use, with the address of this server.
            S3FileSystem.clear_instance_cache()
