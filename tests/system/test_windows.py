"""Goal: windows, pauses and ends. The gateway refuses at once what can't be had now; the worker decides by the
time at which a request was accepted, windows being half-open."""

import json
import time

import pytest

from deploy.local.condition import wait_until
from tests.support.rest import call
from tests.support.system import System
from tests.support.tables import sql_time

_SECONDS_FOR_NEWS = 5.0


def iso(wall_ms: int) -> str:
    """RFC 3339."""
    return sql_time(wall_ms).replace(" ", "T") + "Z"


def refusal(system: System, gateway: int, coupon: int) -> tuple[int, str | None]:
    """How the gateway answers a request for the coupon now."""
    answer = call("POST", f"{system.gateways[gateway]}/api/v1/coupons/{coupon}/issue", {"userId": 1})
    return answer.status, answer.code


def decided_at(system: System, coupon: int, wall_ms: int) -> str:
    """How a request that was accepted at that time is decided."""
    name = f"AT-{coupon}-{wall_ms}"
    body = {"requestId": name, "couponId": coupon, "userId": wall_ms, "acceptedAt": iso(wall_ms)}
    system.writer.write(str(coupon).encode(), json.dumps(body).encode())
    result = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{name}?wait=10").json
    return str(result["reason"] or result["status"])


@pytest.mark.parametrize("shift, code", [(3_600_000, "NOT_STARTED"), (-3_600_000, "ENDED")])
def test_outside_the_window(system: System, shift: int, code: str) -> None:
    middle = int(time.time() * 1000) + shift
    coupon = system.new_coupon(10, issueStartsAt=iso(middle - 1000), issueEndsAt=iso(middle + 1000))
    seen = [refusal(system, gateway, coupon) for gateway in (0, 1)]
    print(f"expected 409 {code}, seen {seen}")
    assert seen == [(409, code)] * 2
    assert decided_at(system, coupon, middle) == "ISSUED", "what was accepted inside the window is decided so"


def test_windows_are_half_open(system: System) -> None:
    start = 1_800_000_000_000
    coupon = system.new_coupon(10, issueStartsAt=iso(start), issueEndsAt=iso(start + 1000))
    seen = [decided_at(system, coupon, start + shift) for shift in (-1, 0, 999, 1000)]
    print(f"seen {seen}")
    assert seen == ["NOT_STARTED", "ISSUED", "ISSUED", "ENDED"]


def test_a_window_opens_by_itself(system: System) -> None:
    start = int(time.time() * 1000) + 1500
    coupon = system.new_coupon(10, issueStartsAt=iso(start))
    assert refusal(system, 0, coupon) == (409, "NOT_STARTED")
    assert wait_until(lambda: refusal(system, 0, coupon)[0] == 202, 10)
    assert time.time() * 1000 >= start, "it opened too early"


def test_draft_then_open_then_paused_then_open_then_closed(system: System) -> None:
    coupon = system.new_coupon(100, status="DRAFT", per_user_limit=50)

    def becomes(*expected: object) -> None:
        for gateway in (0, 1):
            wait_until(lambda: refusal(system, gateway, coupon) == expected, _SECONDS_FOR_NEWS)
            seen = refusal(system, gateway, coupon)
            print(f"gateway {gateway}: expected {expected}, seen {seen}")
            assert seen == expected

    def turn(what: str, status: str) -> None:
        answer = system.admin("POST", f"/coupons/{coupon}/{what}", gateway=1)
        assert (answer.status, answer.json["status"]) == (200, status), answer.text

    becomes(409, "NOT_STARTED")
    turn("open", "OPEN")
    becomes(202, None)
    turn("pause", "PAUSED")
    becomes(409, "PAUSED")
    assert decided_at(system, coupon, int(time.time() * 1000)) == "ISSUED", "a pause stops admission only"
    turn("open", "OPEN")
    becomes(202, None)
    before = int(time.time() * 1000)
    turn("close", "CLOSED")
    becomes(409, "CLOSED")
    assert decided_at(system, coupon, before - 1) in ("ISSUED", "ALREADY_ISSUED")
    assert decided_at(system, coupon, before + 60_000) == "CLOSED"


def test_unknown_coupon(system: System) -> None:
    coupon = system.unused_id()
    seen = [refusal(system, gateway, coupon) for gateway in (0, 1)]
    print(f"expected 404 UNKNOWN_COUPON, seen {seen}")
    assert seen == [(404, "UNKNOWN_COUPON")] * 2
    system.new_coupon(10, couponId=coupon)
    for gateway in (0, 1):
        assert wait_until(lambda: refusal(system, gateway, coupon)[0] == 202, _SECONDS_FOR_NEWS), "still unknown"
