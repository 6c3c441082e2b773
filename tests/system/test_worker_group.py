"""Goal: three workers on three partitions take one each, a fourth idles; when one is killed its partition is
handed over, and nothing is lost or doubled."""

import re
from collections import Counter

import pytest

from deploy.local.condition import wait_until
from deploy.local.kafka_questions import tool_class
from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.system import System

_SECONDS_TO_HAND_OVER = 60


def members(system: System) -> list[int]:
    """How many partitions each member of the group has, by Kafka's own tool."""
    output = system.world.kafka.tool(
        tool_class("ConsumerGroupCommand"), "--bootstrap-server", system.world.kafka.address,
        "--describe", "--members", "--group", system.group,
    )  # fmt: skip
    rows = [line.split() for line in output.splitlines() if line.startswith(system.group)]
    return sorted(int(row[-1]) for row in rows)  # GROUP-INSTANCE-ID is blank for some


def owners(system: System) -> Counter[str]:
    """Consumer id → number of its partitions."""
    rows = re.findall(
        rf"^{system.group}\s+{system.topic}\s+\d+\s+\S+\s+\S+\s+\S+\s+(\S+)",
        system.world.kafka.consumer_groups_describe(system.group), re.MULTILINE,
    )  # fmt: skip
    return Counter(rows)


def test_three_take_one_each_and_a_fourth_idles(system: System) -> None:
    wait_until(lambda: members(system) == [1, 1, 1], _SECONDS_TO_HAND_OVER)
    seen = members(system)
    print(f"expected [1, 1, 1], seen {seen}; owners {owners(system)}")
    assert seen == [1, 1, 1]
    assert sorted(owners(system).values()) == [1, 1, 1]

    fourth = system.world.make_worker(3)
    fourth.start()
    try:
        fourth.wait_ready()
        wait_until(lambda: members(system) == [0, 1, 1, 1], _SECONDS_TO_HAND_OVER)
        seen = members(system)
        print(f"with a fourth: expected [0, 1, 1, 1], seen {seen}")
        assert seen == [0, 1, 1, 1]
    finally:
        fourth.stop()
    wait_until(lambda: members(system) == [1, 1, 1], _SECONDS_TO_HAND_OVER)
    assert members(system) == [1, 1, 1]


@pytest.mark.long
def test_consumers_of_one_static_process_are_members_of_their_own(system: System) -> None:
    fourth = system.world.make_worker(
        3, ["--consumers", "2", "--kafka-property", "group.instance.id=fourth", "--kafka-property", "session.timeout.ms=6000"]
    )
    fourth.start()
    try:
        fourth.wait_ready()
        wait_until(lambda: members(system) == [0, 0, 1, 1, 1], _SECONDS_TO_HAND_OVER)
        assert members(system) == [0, 0, 1, 1, 1]
    finally:
        fourth.stop()
    wait_until(lambda: members(system) == [1, 1, 1], _SECONDS_TO_HAND_OVER)
    assert members(system) == [1, 1, 1]


def test_a_killed_workers_partition_is_handed_over(system: System, ledger: Ledger) -> None:
    victim = system.world.workers[0]
    system.expected_to_restart = {victim.name}
    coupons = [
        system.new_coupon(stock, couponId=system.unused_id(partition))
        for partition in range(system.partitions)
        for stock in (40, 1_000_000)
    ]
    with Flow(system.crowd(ledger, seconds=150), coupons) as flow:
        flow.wait_for_ended(100)
        victim.process.kill9()
        flow.wait_for_accepted(100)
        handed_over = wait_until(lambda: members(system) in ([1, 2], [0, 1, 2]), _SECONDS_TO_HAND_OVER)
        flow.wait_for_ended(100, 60)
        print(f"expected [1, 2] partitions, seen {members(system)}")
        assert handed_over
        buyers = flow.stop()
    system.wait_drained()
    open_ends = [buyer for buyer in buyers if buyer.end in ("PENDING", "UNKNOWN")]
    print(f"{len(buyers)} buyers, without an end: {len(open_ends)}")
    assert open_ends == []
    assert system.violations(account=ledger.account()) == []
