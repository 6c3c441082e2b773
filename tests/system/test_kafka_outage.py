"""Goal: the broker killed and restarted in the middle of a sale. Meanwhile clients are told 503 or get a late
202; nothing that was answered 202 is lost, and a retry with the same key is the same request."""

from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.system import System
from tests.system.test_gateway_crash import check_ends


def test_kafka_killed_in_the_middle_of_a_sale(system: System, ledger: Ledger) -> None:
    broker = system.world.kafka
    coupons = [system.new_coupon(1_000_000), system.new_coupon(100)]
    with Flow(system.crowd(ledger, seconds=150), coupons) as flow:
        flow.wait_for_ended(60)
        broker.process.kill9()
        broker.start()
        broker.wait_ready()
        flow.wait_for_accepted(60, 90)
        flow.wait_for_ended(60, 90)
    check_ends(system, ledger, flow)
