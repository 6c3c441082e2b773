"""Goal: a poll with ?wait= answers as soon as there is a result, says PENDING when the time is over, and tells
how long it may take until then."""

import statistics
import threading
import time

from deploy.local.condition import wait_until
from tests.support.ledger import Ledger
from tests.support.crowd import Buyer
from tests.support.rest import Answer, call
from tests.support.system import System

_PROMPT_SECONDS = 1.0


def accepted(system: System, coupon: int, user: int) -> str:
    """A fresh request's id."""
    answer = call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": user})
    assert answer.status == 202, answer.text
    return str(answer.json["requestId"])


def test_a_waiting_poll_wakes_up_at_once_and_pending_says_so(system: System) -> None:
    coupon = system.new_coupon(10)
    for worker in system.world.workers:
        worker.stop()
        system.expected_to_restart.add(worker.name)
    request_id = accepted(system, coupon, 1)
    urls = [f"{gateway}/api/v1/coupons/result/{request_id}" for gateway in system.gateways]

    began = time.monotonic()
    pending = call("GET", f"{urls[0]}?wait=1")
    waited = time.monotonic() - began
    print(f"expected PENDING after 1 s, seen {pending.json['status']} after {waited:.2f} s: {pending.text}")
    assert (pending.status, pending.json["status"]) == (200, "PENDING")
    assert 0.9 <= waited < 3
    assert int(pending.headers["retry-after"]) >= 0
    assert pending.json["position"] is None or pending.json["position"] >= 0

    woken: list[tuple[float, Answer]] = []

    def wait_for_result(url: str) -> None:
        answer = call("GET", f"{url}?wait=30", timeout=60)
        woken.append((time.time(), answer))

    waiting = [threading.Thread(target=wait_for_result, args=[url]) for url in urls]
    for thread in waiting:
        thread.start()
    system.world.workers[0].start()
    for thread in waiting:
        thread.join()
    decided = system.database.query(
        "SELECT CAST(UNIX_TIMESTAMP(decided_at) AS DOUBLE) FROM coupon_issue_result WHERE request_id = %s", request_id
    )[0][0]
    delays = [at - decided for at, _ in woken]
    print(f"expected both polls to wake within {_PROMPT_SECONDS} s of the decision, seen {delays}")
    assert [answer.json["status"] for _, answer in woken] == ["ISSUED", "ISSUED"]
    assert max(delays) < _PROMPT_SECONDS


def test_from_press_to_result_takes_milliseconds(system: System, ledger: Ledger) -> None:
    coupon = system.new_coupon(100)
    seconds = []
    for user in range(1, 41):
        buyer = Buyer(coupon, user, gateway=user)
        system.crowd(ledger).in_turn([buyer])
        seconds.append(buyer.seconds)
    median = statistics.median(seconds)
    print(f"expected a median below 0.1 s, seen {median:.4f} s, slowest {max(seconds):.4f} s")
    assert median < 0.1


def test_prefer_wait_is_the_same(system: System) -> None:
    request_id = accepted(system, system.new_coupon(10), 1)
    url = f"{system.gateways[1]}/api/v1/coupons/result/{request_id}"
    answer = call("GET", url, headers={"Prefer": "wait=10"})
    assert (answer.status, answer.json["status"]) == (200, "ISSUED")
    assert answer.headers["preference-applied"] == "wait=10"


def test_the_answer_is_the_same_with_and_without_redis_and_at_both_gateways(system: System) -> None:
    request_id = accepted(system, system.new_coupon(10), 1)
    urls = [f"{gateway}/api/v1/coupons/result/{request_id}" for gateway in system.gateways]
    assert wait_until(lambda: call("GET", urls[0]).json["status"] == "ISSUED", 10)
    answers = {call("GET", url).text for url in urls}
    assert len(answers) == 1
    body = call("GET", urls[0]).json
    assert list(body) == [
        "requestId", "couponId", "userId", "status", "reason", "issueNo", "issuedAt", "expiresAt", "decidedAt",
    ]  # fmt: skip


def test_ids_that_were_never_accepted(system: System) -> None:
    unknown = {
        "a stranger's": "REQ-nobody-wrote-this", "ours with a wrong tag": "01890a5d-ac96-774b-bcce-b302099a8057",
        "64 characters": "x" * 64,
    }  # fmt: skip
    for name, request_id in unknown.items():
        answer = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{request_id}?wait=1")
        print(f"{name}: expected 404 UNKNOWN_REQUEST, seen {answer.status} {answer.code}")
        assert (answer.status, answer.code) == (404, "UNKNOWN_REQUEST")
    for odd in ("x" * 65, "a%20b", "a~b"):
        answer = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{odd}")
        assert answer.status in (400, 404), f"{odd}: {answer.status}"


def test_waits_out_of_range_are_refused(system: System) -> None:
    request_id = accepted(system, system.new_coupon(10), 1)
    for odd in ("-1", "abc", "1.5", "", "99999999999999999999"):
        answer = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{request_id}?wait={odd}")
        print(f"wait={odd}: {answer.status} {answer.code}")
        assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
