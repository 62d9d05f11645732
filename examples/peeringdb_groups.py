"""Create AS groups from an export in the format of PeeringDB: one group for each type of network.

    python peeringdb_groups.py export.json

The export is {"data": [{"asn": 64496, "info_type": "NSP"}, ...]}. Groups with other names are not changed.
"""

import asyncio
import json
import sys
from pathlib import Path

from kentik_async import Document, KentikClient, KentikError


def read(export: str) -> Document:
    groups: dict[str, dict[str, list[int]]] = {}
    for network in json.loads(Path(export).read_text(encoding="utf-8"))["data"]:
        groups.setdefault(f"PeeringDB {network['info_type']}", {"asn": []})["asn"].append(network["asn"])
    return Document.parse(json.dumps({"version": 1, "as_groups": groups}))


async def main(document: Document) -> None:
    async with KentikClient.from_env() as kentik:
        report = await kentik.state.apply(await kentik.state.plan(document))
    for name, outcomes in report.lists().items():
        print(f"{name}: {', '.join(one.change.name for one in outcomes) or 'none'}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        asyncio.run(main(read(sys.argv[1])))
    except KentikError as error:
        sys.exit(f"error: {error}")
