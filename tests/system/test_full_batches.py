"""Goal: batches as full as they get, with users who come back again and again in them and in later ones, and with
workers that join and leave while they are decided, end as the model says: nobody has more than allowed, and the first
records win."""

import json
import random

from deploy.local.condition import wait_until
from tests.support.system import System
from tests.support.topic import TopicWriter

_RECORDS = 30_000
_USERS = 2_500  # so each comes about four times for each coupon
_SECONDS_TO_MOVE = 60


def write_all(writer: TopicWriter, coupons: list[int], seed: int) -> None:
    """Records of random users for random coupons, every 50th sent twice."""
    rng = random.Random(seed)
    records: list[tuple[bytes, bytes]] = []
    for number in range(_RECORDS):
        coupon = rng.choice(coupons)
        value = {"requestId": f"FULL-{seed}-{number}", "couponId": coupon, "userId": rng.randint(1, _USERS)}
        records += [(str(coupon).encode(), json.dumps(value).encode())] * (2 if number % 50 == 0 else 1)
    writer.write_many(records)


def test_full_batches_of_returning_users(system: System) -> None:
    coupons = [
        system.new_coupon(stock, limit, couponId=system.unused_id(partition))
        for partition in range(system.partitions)
        for stock, limit in ((1_000, 1), (1_000_000, 1), (4_000, 3))
    ]
    decided = sum(system.fences().values())
    for worker in system.world.workers:
        worker.stop()
        system.expected_to_restart.add(worker.name)
    write_all(system.writer, coupons, 1)
    system.heal()
    moving = system.world.make_worker(3)
    for _ in range(3):
        # Joining and leaving takes partitions away from the others in the middle of their batches.
        moving.start()
        moving.wait_ready()
        moving.stop()
        before = sum(system.fences().values())
        if system.drained():
            write_all(system.writer, coupons, before)
        assert wait_until(lambda: sum(system.fences().values()) > before or system.drained(), _SECONDS_TO_MOVE)
    system.wait_drained()
    seen = sum(system.fences().values()) - decided
    print(f"records decided: at least {_RECORDS} expected, {seen} seen; the checkers say the rest")
    assert seen >= _RECORDS
