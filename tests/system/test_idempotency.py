"""Goal: the same request any number of times has one effect, whether its key is the same or its requestId."""

import json

from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.sales import held, same_key_sale
from tests.support.system import System


def test_same_key_five_times_at_once_through_both_gateways(system: System, ledger: Ledger) -> None:
    same_key_sale(system, ledger).assert_good()


def test_same_request_id_five_times_in_the_topic(system: System) -> None:
    coupon = system.new_coupon(10, per_user_limit=10)
    request = json.dumps({"requestId": f"REQ-{coupon}", "couponId": coupon, "userId": 1}).encode()
    for _ in range(5):
        system.writer.write(str(coupon).encode(), request)
    system.wait_drained()
    answer = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/REQ-{coupon}")
    print(f"expected 1 coupon and ISSUED 1, seen {held(system, coupon)} and {answer.text}")
    assert held(system, coupon) == 1
    assert (answer.json["status"], answer.json["issueNo"]) == ("ISSUED", 1)


def test_request_id_of_another_user_goes_to_the_dead_letters(system: System) -> None:
    coupon, since = system.new_coupon(10), system.dead_letters.ends()
    key = str(coupon).encode()
    for user in (1, 2):
        body = {"requestId": f"TAKEN-{coupon}", "couponId": coupon, "userId": user}
        system.writer.write(key, json.dumps(body).encode())
    system.wait_drained()
    answer = call("GET", f"{system.gateways[1]}/api/v1/coupons/result/TAKEN-{coupon}")
    letters = [json.loads(letter.value or b"")["userId"] for letter in system.dead_letters.read(since)]
    print(f"expected user 1 to keep the coupon and user 2's record dead-lettered, seen {answer.text} and {letters}")
    assert (answer.json["status"], answer.json["userId"], letters) == ("ISSUED", 1, [2])


def test_a_key_belongs_to_one_user_and_one_coupon(system: System) -> None:
    first, second = system.new_coupon(10), system.new_coupon(10)
    ids = set()
    for coupon, user in ((first, 1), (first, 2), (second, 1), (first, 1)):
        answer = call(
            "POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": user}, {"Idempotency-Key": '"k"'}
        )
        assert answer.status == 202, answer.text
        ids.add(answer.json["requestId"])
    print(f"expected 3 different requests, seen {len(ids)}")
    assert len(ids) == 3


def test_a_bare_key_is_the_same_as_a_quoted_one(system: System) -> None:
    url = f"{system.gateways[0]}/api/v1/coupons/{system.new_coupon(10)}/issue"
    ids = {call("POST", url, {"userId": 1}, {"Idempotency-Key": key}).json["requestId"] for key in ("abc-1", '"abc-1"')}
    assert len(ids) == 1
