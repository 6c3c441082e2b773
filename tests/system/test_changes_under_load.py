"""Goal: stock and windows change while users press, and everybody is decided by what held at his place in the log: a
replay of the topic with the audit gives the same winners, and the gate opens again everywhere when stock is added."""

import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deploy.local.condition import wait_until
from tests.support.flow import Flow
from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.system import System
from tests.support.tables import sql_time

_SECONDS = 20.0
_KNOCKER = 9_000_000  # a user
_TIMES = 8


def change(system: System, coupon: int, gateway: int, **members: Any) -> None:
    """A PATCH that must succeed."""
    answer = system.admin("PATCH", f"/coupons/{coupon}", members, gateway, {"If-Match": "*"})
    assert answer.status == 200, answer.text


def gate(system: System, ledger: Ledger, coupon: int) -> list[str | None]:
    """What each gateway tells one more user: a code, or None where it lets through."""
    codes = []
    for gateway in system.gateways:
        number = ledger.sent(coupon, _KNOCKER, None, gateway)
        answer = call("POST", f"{gateway}/api/v1/coupons/{coupon}/issue", {"userId": _KNOCKER})
        told = "accepted" if answer.status == 202 else "refused"
        ledger.told(number, told, status=answer.status, code=answer.code, requestId=answer.json.get("requestId"))
        codes.append(answer.code)
    return codes


def wait_for_gate(system: System, ledger: Ledger, coupon: int, code: str | None) -> None:
    """Wait until all gateways answer so."""
    seen: list[str | None] = []

    def reached() -> bool:
        seen[:] = gate(system, ledger, coupon)
        return seen == [code] * len(seen)

    assert wait_until(reached, _SECONDS), f"expected {code} everywhere, seen {seen}"


def test_stock_is_added_and_taken_while_users_press(system: System, ledger: Ledger) -> None:
    coupon = system.new_coupon(30)
    since = system.ends()
    with Flow(system.crowd(ledger), [coupon]) as flow:
        for number, stock in enumerate((60, 90)):
            wait_for_gate(system, ledger, coupon, "SOLD_OUT")
            change(system, coupon, number, totalStock=stock + 40)
            change(system, coupon, 1 - number, totalStock=stock)
            flow.wait_for_accepted(20)
        wait_for_gate(system, ledger, coupon, "SOLD_OUT")
    assert system.admin("GET", f"/coupons/{coupon}").json["issuedCount"] == 90
    _assert_among_records(system, coupon, since, changes=4)
    assert system.violations(since, ledger.account()) == []


def test_windows_move_while_users_press(system: System, ledger: Ledger) -> None:
    coupon = system.new_coupon(1_000_000, per_user_limit=2)
    since = system.ends()
    with Flow(system.crowd(ledger), [coupon]) as flow:
        flow.wait_for_ended(30)
        past = sql_time(int(time.time() * 1000) - 1).replace(" ", "T") + "Z"
        change(system, coupon, 0, issueEndsAt=past, perUserLimit=1)
        wait_for_gate(system, ledger, coupon, "ENDED")
        change(system, coupon, 1, issueEndsAt=None)
        wait_for_gate(system, ledger, coupon, None)
        flow.wait_for_accepted(30)
        change(system, coupon, 0, issueStartsAt="2035-01-01T00:00:00Z")
        wait_for_gate(system, ledger, coupon, "NOT_STARTED")
    _assert_among_records(system, coupon, since, changes=3)
    assert system.violations(since, ledger.account()) == []


def test_a_coupon_is_made_and_deleted_while_its_requests_come(system: System) -> None:
    coupon = system.unused_id()
    since = system.ends()
    numbers, ended = itertools.count(1), threading.Event()

    def write() -> None:
        while not ended.is_set():
            requests = [{"requestId": f"MADE-{coupon}-{n}", "couponId": coupon, "userId": n} for n in itertools.islice(numbers, 50)]
            system.writer.write_many([(str(coupon).encode(), json.dumps(request).encode()) for request in requests])

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            for _ in range(_TIMES):
                system.new_coupon(1, couponId=coupon, status="DRAFT")
                _wait_for_more_decisions(system, coupon)
                assert system.admin("DELETE", f"/coupons/{coupon}").status == 204
                _wait_for_more_decisions(system, coupon)
        finally:
            ended.set()
        writing.result()
    system.wait_drained()
    seen = dict(system.database.query("SELECT outcome, COUNT(*) FROM coupon_issue_result WHERE coupon_id = %s GROUP BY 1", coupon))
    print(f"seen {seen}")
    assert set(seen) == {"UNKNOWN_COUPON", "NOT_STARTED"}
    assert system.violations(since) == []


def _wait_for_more_decisions(system: System, coupon: int) -> None:
    def decided() -> int:
        return system.database.count("SELECT COUNT(*) FROM coupon_issue_result WHERE coupon_id = %s", coupon)

    before = decided()
    assert wait_until(lambda: decided() > before, _SECONDS)


def _assert_among_records(system: System, coupon: int, since: dict[int, int], changes: int) -> None:
    """The changes but the last fell between records of the coupon, each at a place of its own or the one before."""
    system.wait_drained()
    offsets = [record.offset for record in system.records_of(coupon, since)]
    rows = system.database.query(
        "SELECT action, new_value, next_offset FROM coupon_change WHERE coupon_id = %s ORDER BY change_id", coupon
    )
    places = [row[2] for row in rows if row[0] == "PATCH"]
    print(f"records {offsets[0]}…{offsets[-1]}, changes at", *((json.loads(row[1]), row[2]) for row in rows[1:]), sep="\n  ")
    assert len(places) == changes and places == sorted(places)
    assert all(offsets[0] < place <= offsets[-1] + 1 for place in places)
