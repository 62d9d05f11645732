"""A second writer edits objects between the plan and the apply, and between its requests."""

import json
import random
from typing import Any

from kentik_async import KentikClient
from kentik_async.emulator import Emulator
from kentik_async.emulator.engine.call_log import Call
from kentik_async.emulator.world.customer import CustomerData
from kentik_async.state import Document
from tests.state.pairs import Pair, contents, fill

SEEDS = 12


class SecondWriter:
    """Edits objects at random after answered calls.

    Attributes:
        last: The latest content that it wrote, by kind and identifier.
        exposed: The objects whose latest edit came between their read and their write.
    """

    def __init__(self, data: CustomerData, chance: random.Random) -> None:
        self.last: dict[tuple[str, str], Any] = {}
        self.exposed: set[tuple[str, str]] = set()
        self._data = data
        self._chance = chance
        self._number = 100

    def after(self, call: Call) -> None:
        """Edit some object, at random."""
        if self._chance.random() < 0.4:
            resource, _, verb = call.operation.partition(".")
            read = (resource.removesuffix("_v6"), str(call.arguments.get("id"))) if verb == "get" else None
            self.edit(read)

    def edit(self, read: tuple[str, str] | None = None) -> None:
        """Edit some object.

        Args:
            read: The object that was just read, if one was.
        """
        objects = [("as_groups", id) for id in self._data.groups]
        objects += [("sites", str(id)) for id in self._data.sites]
        if not objects:
            return
        kind, id = read if read in objects and self._chance.random() < 0.5 else self._chance.choice(objects)
        self._number += 1
        if kind == "as_groups":
            group = self._data.groups[id]
            self._data.update_group(id, group.name, (*group.asns, self._number))
            self.last[kind, id] = self._number
        else:
            self._data.sites[int(id)]["lat"] = self.last[kind, id] = self._number / 10
        (self.exposed.add if (kind, id) == read else self.exposed.discard)((kind, id))

    def lost(self, now: dict[str, Any]) -> set[tuple[str, str]]:
        """Return the objects whose latest edit was lost."""
        found = set()
        for (kind, id), written in self.last.items():
            fields = now[kind].get(id)
            if fields is None or (
                written not in fields["asn"] if kind == "as_groups" else written != fields["lat"]
            ):
                found.add((kind, id))
        return found


async def test_no_edit_is_overwritten_that_a_read_could_see() -> None:
    conflicts = lost = exposed = 0
    for seed in range(SEEDS):
        chance = random.Random(seed)
        async with Emulator(speed=60_000) as emulator, emulator.client() as kentik:
            data = emulator.state.customer_data(emulator.connection["customer"])
            fill(data, chance)
            document = Document.parse(json.dumps(Pair.make(contents(data), chance).text))
            plan = await kentik.state.plan(document, prune=True)
            writer = SecondWriter(data, chance)
            writer.edit()
            emulator._dispatcher.on_call = writer.after
            report = await kentik.state.apply(plan, force=True)
            emulator._dispatcher.on_call = None
            overwritten = writer.lost(contents(data))
            assert overwritten <= writer.exposed, (seed, overwritten - writer.exposed)
            conflicts += len(report.conflicted)
            lost += len(overwritten)
            exposed += len(writer.exposed)
            # The same command continues, and uses the edits as the new state.
            again = await kentik.state.apply(await kentik.state.plan(document, prune=True), force=True)
            assert again.complete
            assert (await kentik.state.plan(document, prune=True)).empty
    print("FIGURES", conflicts, exposed, lost)
    assert conflicts
    assert exposed
    assert lost <= exposed


async def test_nothing_comes_between_a_read_and_its_write(emu: Emulator, kentik: KentikClient) -> None:
    """The window in which an edit can be lost is one round trip: from the read's answer to the write."""
    data = emu.state.customer_data(emu.connection["customer"])
    data.groups.clear()
    for number in range(10):
        data.create_group(f"g{number}", (number,))
    text = {"version": 1, "as_groups": {f"g{number}": {"asn": [7]} for number in range(9)}}
    plan = await kentik.state.plan(Document.parse(json.dumps(text)), prune=True)
    known = len(emu.calls)
    await kentik.state.apply(plan)
    made = [call.operation for call in emu.calls[known:]]
    assert made == ["as_groups.get", "as_groups.update"] * 8 + ["as_groups.get", "as_groups.delete"]


async def test_an_object_that_was_deleted_is_a_conflict(emu: Emulator, kentik: KentikClient) -> None:
    data = emu.state.customer_data(emu.connection["customer"])
    text = "{version: 1, as_groups: {Documentation: {asn: [1]}}}"
    plan = await kentik.state.plan(Document.parse(text), prune=True)
    assert [change.action for change in plan.changes] == ["update", "delete"]
    data.groups.clear()
    report = await kentik.state.apply(plan)
    assert [one.error for one in report.conflicted] == ["AS group 'Documentation' does not exist any more"]
    assert [one.change.name for one in report.done] == ["Private use"]


async def test_an_object_created_meanwhile_is_a_conflict(emu: Emulator, kentik: KentikClient) -> None:
    plan = await kentik.state.plan(Document.parse("{version: 1, as_groups: {new: {asn: [1]}}}"))
    emu.state.customer_data(emu.connection["customer"]).create_group("new", (2,))
    report = await kentik.state.apply(plan)
    assert len(report.conflicted) == 1
    assert not report.complete
