"""Goal: under a load that rises and falls, the workers that the ScaledObject of production would have keep the lag
bounded, lose and double nothing, and don't come and go. Each answer of MySQL takes some time, so that one worker is soon
too few and this machine is not."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.world import World
from tests.deploy.manifests import one, overlay
from tests.scaling.autoscaler import SYNC_SECONDS, Rules
from tests.scaling.simulation import Cluster, Load, Phase, Simulation, turns
from tests.support.free_ports import free_ports
from tests.support.murmur2 import partition_of
from tests.support.requirement import require_kafka
from tests.support.system import System
from tests.support.tcp_proxy import TcpProxy

PARTITIONS = 6
_SPEED = 10
_ANSWER_SECONDS = 0.004  # one way; a batch takes about eight answers
_BATCH = 40
_ONE_WORKER = 100  # records a second that it surely decides
_HUMP = (Phase(5, 20, 20), Phase(15, 20, 3 * _ONE_WORKER), Phase(20, 3 * _ONE_WORKER, 3 * _ONE_WORKER),
         Phase(10, 3 * _ONE_WORKER, 20), Phase(5, 20, 20))  # fmt: skip


@pytest.fixture(scope="module")
def world(build: Path) -> Iterator[World]:
    """Six partitions, one gateway, and workers that are slow on purpose."""
    require_kafka()
    folder = build / "scaling-world"
    if folder.exists():
        World(folder).wipe()
        shutil.rmtree(folder, ignore_errors=True)
    ports = free_ports()
    proxy = TcpProxy(ports.kafka + 99, ("127.0.0.1", ports.mariadb), "slow-mysql")
    proxy.up.delay = proxy.down.delay = _ANSWER_SECONDS
    flags = ["--mysql-port", str(proxy.port), "--batch-max", str(_BATCH), "--batch-age", "0",
             "--kafka-property", "session.timeout.ms=4000", "--kafka-property", "heartbeat.interval.ms=500"]  # fmt: skip
    world = World(folder, ports, partitions=PARTITIONS, gateways=1, workers=1, bin_dir=build / "bin", buffer_pool="128M",
                  worker_flags=flags)  # fmt: skip
    proxy.start()
    try:
        world.up()
        yield world
    finally:
        world.down()
        proxy.stop()


def coupons_in_each_partition(system: System) -> list[int]:
    """Two coupons a partition, with enough for everybody."""
    found: dict[int, list[int]] = {partition: [] for partition in range(PARTITIONS)}
    while any(len(coupons) < 2 for coupons in found.values()):
        coupon = system.new_coupon(1_000_000)
        found[partition_of(str(coupon).encode(), PARTITIONS)].append(coupon)
    return [coupon for coupons in found.values() for coupon in coupons[:2]]


def rules() -> Rules:
    """Production's, for these partitions and for workers that are so slow: half a second of a worker's work."""
    theirs = Rules.of(one(overlay("production"), "ScaledObject", "issue-worker"))
    return replace(theirs, most=PARTITIONS, lag_threshold=_ONE_WORKER // 2)


def test_a_hump(world: World) -> None:
    system = System(world)
    load = Load(system, coupons_in_each_partition(system), _HUMP)
    cluster = Cluster(world.make_worker, list(world.workers))
    simulation = Simulation(system, cluster, rules(), _SPEED, SYNC_SECONDS)
    quiet = rules().down.window_seconds / _SPEED

    def back_to_one() -> bool:
        return len(cluster.running) == 1

    simulation.run(load, back_to_one, 4 * quiet)
    written = load.finish()
    cluster.join()
    for look in simulation.looks:
        print(f"{look.at:6.1f} s  {look.rate:5.0f}/s  lag {look.lag:6}  {look.replicas} workers")
    system.wait_drained()
    counts = [look.replicas for look in simulation.looks]
    assert counts[0] == 1 and counts[-1] == 1
    assert 2 <= max(counts) <= PARTITIONS
    assert turns(counts) == 1, "workers came and went"
    # While it rises, one sync, the start of a worker and a rebalance may pass for each step: seconds of the load.
    peak = max(look.rate for look in simulation.looks)
    assert max(look.lag for look in simulation.looks) < 15 * peak
    held = [look for look in simulation.looks if look.rate == peak]
    assert held[-1].lag < 2 * peak, "the lag is worked off while the load is still high"
    assert system.violations() == []
    assert system.database.count("SELECT COUNT(*) FROM coupon_issue_result") == written
