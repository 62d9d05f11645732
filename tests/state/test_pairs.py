"""Random accounts and documents: the result of apply.

KENTIK_ASYNC_STATE_PAIRS sets the number of pairs: 2,000 take some minutes.
"""

import json
import os
import random

from kentik_async import KentikClient
from kentik_async.emulator import Emulator
from kentik_async.state import Document
from tests.state.pairs import Pair, contents, fill

PAIRS = int(os.environ.get("KENTIK_ASYNC_STATE_PAIRS", "40"))


async def test_apply_makes_the_plan_empty(emu: Emulator, kentik: KentikClient) -> None:
    """Apply changes exactly the declared objects."""
    data = emu.state.customer_data(emu.connection["customer"])
    for seed in range(PAIRS):
        chance = random.Random(seed)
        fill(data, chance)
        before = contents(data)
        pair = Pair.make(before, chance)
        prune = chance.random() < 0.5
        document = Document.parse(json.dumps(pair.text), name=f"seed {seed}")
        plan = await kentik.state.plan(document, prune=prune)
        report = await kentik.state.apply(plan, force=True)
        assert report.complete, (seed, report.to_dict())
        pair.check(before, contents(data), prune=prune)
        again = await kentik.state.plan(document, prune=prune)
        assert again.empty, (seed, again.to_dict())


async def test_the_plan_of_an_export_is_empty(emu: Emulator, kentik: KentikClient) -> None:
    data = emu.state.customer_data(emu.connection["customer"])
    for seed in range(PAIRS):
        fill(data, random.Random(seed))
        document = await kentik.state.export()
        parsed = Document.parse(document.dump())
        assert parsed == document, seed
        plan = await kentik.state.plan(parsed, prune=True)
        assert plan.empty, (seed, plan.to_dict())
        assert not plan.unmanaged, seed


async def test_a_backup_restores_what_was_there(emu: Emulator, kentik: KentikClient) -> None:
    data = emu.state.customer_data(emu.connection["customer"])
    for seed in range(PAIRS // 4):
        chance = random.Random(seed)
        fill(data, chance)
        before = await kentik.state.export()
        pair = Pair.make(contents(data), chance)
        plan = await kentik.state.plan(Document.parse(json.dumps(pair.text)), prune=True)
        report = await kentik.state.apply(plan, force=True)
        if report.backup is None:
            continue
        restored = await kentik.state.apply(await kentik.state.plan_restore(report.backup))
        assert restored.complete, (seed, restored.to_dict())
        assert (await kentik.state.plan_restore(report.backup)).empty, seed
        after = (await kentik.state.export()).to_dict()
        for kind, objects in before.to_dict().items():
            if isinstance(objects, dict):
                # Objects with the same title have different keys: one of them may be new.
                unique = {key: one for key, one in objects.items() if "id" not in one}
                assert {key: after[kind].get(key) for key in unique} == unique, seed
