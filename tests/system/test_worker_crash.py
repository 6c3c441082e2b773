"""Goal: a worker killed inside the transaction, or between COMMIT and the offset commit, leaves every accepted
request with exactly one result: what was not committed is decided again, what was committed is not."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from tests.support.crowd import Buyer, tally
from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.sales import in_words
from tests.support.system import System

pytestmark = pytest.mark.long

_USERS, _STOCK = 60, 20


@pytest.fixture
def fragile_worker(system: System, failpoint_worker: Path) -> Iterator[Program]:
    """The only worker: one that kills itself where the test says. The usual three are stopped."""
    for worker in system.world.workers:
        worker.stop()
        system.expected_to_restart.add(worker.name)
    worker = system.world.make_worker(3)
    worker.binary = failpoint_worker
    yield worker
    worker.stop()


def results(system: System, coupon: int) -> int:
    """Rows of results for the coupon."""
    return system.database.count("SELECT COUNT(*) FROM coupon_issue_result WHERE coupon_id = %s", coupon)


@pytest.mark.parametrize("failpoint", ["worker_before_commit", "worker_after_commit"])
def test_worker_killed_at_a_failpoint(
    system: System, ledger: Ledger, fragile_worker: Program, failpoint: str
) -> None:
    coupon = system.new_coupon(_STOCK, couponId=system.unused_id(0))
    buyers = [Buyer(coupon, user, gateway=user) for user in range(1, _USERS + 1)]
    crowd = system.crowd(ledger, seconds=90)
    buying = threading.Thread(target=crowd.at_once, args=[buyers])
    buying.start()
    try:
        assert wait_until(lambda: crowd.progress.answered == _USERS, 30)
        before = system.world.kafka.committed_offsets(system.group, system.topic).get(0, 0)
        fragile_worker.start({"COUPON_FAILPOINT": failpoint})
        assert fragile_worker.process.wait_exit(30), "the failpoint was not reached"
        assert fragile_worker.process.exit_code() == -signal.SIGKILL
        decided, fence = results(system, coupon), system.fences().get(0, 0)
        committed = system.world.kafka.committed_offsets(system.group, system.topic).get(0, 0)
        status = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{buyers[-1].request_id}").json["status"]
        print(f"after {failpoint}: {decided} results, fence {fence}, offset committed {committed}, poll {status}")
        assert committed == before, "the offset must not be committed in Kafka yet"
        if failpoint == "worker_before_commit":
            assert (decided, status) == (0, "PENDING")
        else:
            assert decided > 0 and fence > committed
    finally:
        system.heal()
        buying.join()
    seen = in_words(tally(buyers))
    expected = in_words({"ISSUED": _STOCK, "SOLD_OUT": _USERS - _STOCK})
    print(f"expected {expected}, seen {seen}")
    assert seen == expected
    assert results(system, coupon) == _USERS
    assert system.violations(account=ledger.account()) == []


def test_worker_killed_again_and_again_in_a_running_sale(
    system: System, ledger: Ledger, fragile_worker: Program
) -> None:
    coupons = [system.new_coupon(stock, couponId=system.unused_id(0)) for stock in (_STOCK, 1_000_000)]
    with Flow(system.crowd(ledger, seconds=120), coupons) as flow:
        for failpoint in ("worker_after_commit:3", "worker_before_commit:4", "worker_after_commit:2"):
            fragile_worker.start({"COUPON_FAILPOINT": failpoint})
            assert fragile_worker.process.wait_exit(40), f"{failpoint} was not reached"
            assert fragile_worker.process.exit_code() == -signal.SIGKILL
        system.heal()
        flow.wait_for_ended(50)
    print(in_words(tally(flow.buyers)))
    assert {buyer.end for buyer in flow.buyers} <= {"ISSUED", "SOLD_OUT"}
    assert system.violations(account=ledger.account()) == []
