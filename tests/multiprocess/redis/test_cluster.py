"""A Redis Cluster: the node with the state is found, also after a failover or a migration."""

import contextlib
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kentik_async.quota import Quota
from tests.multiprocess.redis.harness import RedisServer, running_redis
from tests.multiprocess.redis.helpers import Opener, ask, exchanges, key_of, know_as_unused, waits, within

HOURLY = Quota(1, None, 0.0, None, 5, minute=0.6, hour=360.0, drain=0.2)
SLOTS = 16384


@dataclass
class Cluster:
    """Three nodes with slots, and a replica of the first."""

    nodes: list[RedisServer]
    replica: RedisServer

    def ids(self) -> list[str]:
        return [node.admin.execute_command("CLUSTER", "MYID").decode() for node in self.nodes]

    def customer_of(self, node: int) -> tuple[str, int]:
        """Return a customer without usage whose state is on that node, and its slot."""
        while True:
            customer = uuid.uuid4().hex
            slot = self.nodes[0].admin.execute_command("CLUSTER", "KEYSLOT", key_of(customer))
            if slot * len(self.nodes) // SLOTS == node:
                know_as_unused(self.nodes[node], customer)
                return customer, slot


def until(condition: Any, *arguments: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition(*arguments):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_up(node: RedisServer) -> bool:
    info: Any = node.admin.execute_command("CLUSTER", "INFO")
    info = (
        info
        if isinstance(info, dict)
        else dict(line.split(":") for line in info.decode().split("\r\n") if line)
    )
    return info["cluster_state"] == "ok" and int(info["cluster_known_nodes"]) == 4


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    options = (
        "--cluster-enabled",
        "yes",
        "--cluster-node-timeout",  # a node that does not run because the machine is busy is not replaced
        "10000",
        "--repl-diskless-sync-delay",
        "0",
    )
    with contextlib.ExitStack() as stack:
        nodes = [
            stack.enter_context(running_redis(tmp_path_factory.mktemp("node"), *options)) for _ in range(4)
        ]
        first, *others = nodes
        for number, node in enumerate(nodes[:3]):
            begin, end = (-(-SLOTS * place // 3) for place in (number, number + 1))
            node.admin.execute_command("CLUSTER", "ADDSLOTSRANGE", begin, end - 1)
            node.admin.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in others:
            first.admin.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port)
        for node in nodes:
            until(is_up, node)
        cluster = Cluster(nodes[:3], nodes[3])
        cluster.replica.admin.execute_command("CLUSTER", "REPLICATE", cluster.ids()[0])
        until(lambda: cluster.replica.admin.info("replication").get("master_link_status") == "up")
        yield cluster


async def test_the_node_that_has_the_state_is_found(cluster: Cluster, opener: Opener) -> None:
    for number, node in enumerate(cluster.nodes):
        customer, _ = cluster.customer_of(number)
        before = exchanges(node)
        limiter = opener(None, url=cluster.nodes[0].url, customer=customer)
        (await within(10, ask(limiter))).close("answered")
        assert (await limiter.snapshot()).in_flight == 0
        assert exchanges(node) > before


async def test_a_state_that_moves_to_another_node_is_found(cluster: Cluster, opener: Opener) -> None:
    source, target = cluster.nodes[1], cluster.nodes[2]
    customer, slot = cluster.customer_of(1)
    one, other = (opener(None, url=cluster.nodes[0].url, customer=customer, quota=HOURLY) for _ in range(2))
    held = await within(10, ask(one))
    waiting = ask(other)
    await waits(one)
    _, source_id, target_id = cluster.ids()
    target.admin.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
    source.admin.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
    source.admin.execute_command("MIGRATE", "127.0.0.1", target.port, key_of(customer), 0, 5000)
    held.close("answered")
    (await within(20, waiting)).close("answered")
    assert (await other.snapshot()).left_hour == 3
    for node in (target, source):
        node.admin.execute_command("CLUSTER", "SETSLOT", slot, "NODE", target_id)
    (await within(20, ask(one))).close("answered")
    assert (await one.snapshot()).left_hour == 2


async def test_a_failed_seed_node_is_replaced(cluster: Cluster, opener: Opener) -> None:
    """The last test: it removes a node of the cluster."""
    customer, _ = cluster.customer_of(0)
    one, other = (opener(None, url=cluster.nodes[0].url, customer=customer, quota=HOURLY) for _ in range(2))
    for _ in range(2):
        (await within(10, ask(one))).close("answered")
    held = await within(10, ask(one))
    waiting = ask(other)
    await waits(one)
    for node in (*cluster.nodes, cluster.replica):
        node.admin.config_set("cluster-node-timeout", 1000)
    cluster.nodes[0].kill()
    held.close("answered")
    (await within(40, waiting)).close("answered")
    assert (await other.snapshot()).left_hour == 1
