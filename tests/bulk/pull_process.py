"""A process that saves one pull, for tests that kill it: arguments as JSON, the report as JSON on stdout."""

import asyncio
import json
import sys
from dataclasses import asdict

from kentik_async import KentikClient, Quota


async def main() -> None:
    given = json.loads(sys.argv[1])
    speed = given["speed"]
    async with KentikClient(
        given["email"],
        given["token"],
        grpc_endpoint=given["grpc_endpoint"],
        rest_endpoint=given["rest_endpoint"],
        quota=Quota.NON_QUERY.scaled(speed),
        pacing="throughput",
    ) as kentik:
        pull = kentik.kmi.pull_asn_details(**given["pull"])
        print(json.dumps(asdict(await pull.save(given["target"], given["store"]))))


asyncio.run(main())
