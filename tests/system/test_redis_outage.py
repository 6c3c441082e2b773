"""Goal: Redis is a hint. Killed or flushed in the middle of a sale it costs nobody an answer, nothing is
oversold, and results then come from MySQL."""

import pytest
import redis

from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.sales import gate_refuses
from tests.support.system import System
from tests.system.test_gateway_crash import check_ends


def test_redis_killed_in_the_middle_of_a_sale(system: System, ledger: Ledger) -> None:
    server = system.world.redis
    coupons = [system.new_coupon(1_000_000), system.new_coupon(100)]
    with Flow(system.crowd(ledger, seconds=120), coupons) as flow:
        flow.wait_for_ended(80)
        server.process.kill9()
        flow.wait_for_accepted(80)
        flow.wait_for_ended(80)
        print("without Redis: requests accepted and results polled")
        server.start()
        server.wait_ready()
        flow.wait_for_ended(80)
    check_ends(system, ledger, flow)


@pytest.mark.long  # make test has the row of faults
def test_redis_flushed_in_the_middle_of_a_sale(system: System, ledger: Ledger) -> None:
    small = system.new_coupon(50)
    with redis.Redis(port=system.world.ports.redis) as client:
        with Flow(system.crowd(ledger, seconds=120), [system.new_coupon(1_000_000), small]) as flow:
            for _ in range(5):
                flow.wait_for_ended(40)
                client.flushall()
        check_ends(system, ledger, flow)
        client.flushall()
    sample = [buyer for buyer in flow.buyers if buyer.result][:20]
    for buyer in sample:
        answer = call("GET", f"{system.gateways[buyer.user % 2]}/api/v1/coupons/result/{buyer.request_id}")
        assert answer.json == buyer.result, "MySQL's answer differs from the one that was polled"
    assert gate_refuses(system, ledger, small) == "then the gate refuses, no record"
