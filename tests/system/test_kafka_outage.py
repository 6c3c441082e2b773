"""Goal: the broker killed and restarted in the middle of a sale. Meanwhile clients are told 503, outcome unknown,
or get a late 202; nothing that was answered 202 is lost, and a retry with the same key is the same request."""

from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.rest import call
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


def test_without_kafka_the_outcome_is_unknown_and_the_key_makes_a_retry_safe(system: System) -> None:
    broker, coupon = system.world.kafka, system.new_coupon(10)
    urls = [f"{gateway}/api/v1/coupons/{coupon}/issue" for gateway in system.gateways]
    key = {"Idempotency-Key": '"outage"'}
    assert call("POST", urls[0], {"userId": 1}, key).status == 202
    broker.process.kill9()
    told = call("POST", urls[0], {"userId": 2}, key, timeout=60)
    print(f"without a broker: expected 503 with outcome and requestId, seen {told.status} {told.text}")
    assert (told.status, told.code, told.json["outcome"]) == (503, "UNAVAILABLE", "unknown")
    broker.start()
    broker.wait_ready()
    again = call("POST", urls[1], {"userId": 2}, key, timeout=60)
    print(f"again at the other gateway: {again.status} {again.text}")
    assert (again.status, again.json["requestId"]) == (202, told.json["requestId"])
    result = call("GET", f"{system.gateways[0]}{again.json['resultUrl']}", headers={"Prefer": "wait=30"}, timeout=60)
    assert (result.json["status"], result.json["userId"]) == ("ISSUED", 2), result.text
