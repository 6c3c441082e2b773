"""Goal: a time-attack policy is several windows, each with its own stock; a request that names the policy goes to the
window that is open now, at every gateway, also after windows were added, moved or deleted."""

import itertools
import time
from typing import Any

import pytest

from deploy.local.condition import wait_until
from tests.support.rest import Answer, call
from tests.support.system import System
from tests.support.tables import sql_time

_HOUR = 3_600_000
_SECONDS_FOR_NEWS = 10.0


def iso(wall_ms: int) -> str:
    """RFC 3339."""
    return sql_time(wall_ms).replace(" ", "T") + "Z"


def window(begins_in_h: float, ends_in_h: float, stock: int = 5) -> dict[str, Any]:
    """A window around now."""
    now = int(time.time() * 1000)
    return {
        "startsAt": iso(now + int(begins_in_h * _HOUR)), "endsAt": iso(now + int(ends_in_h * _HOUR)), "totalStock": stock
    }  # fmt: skip


def created(system: System, *windows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A policy as the admin API shows it."""
    answer = system.admin("POST", "/policies", {"name": "attack", "windows": list(windows), "status": "OPEN", **more})
    assert answer.status == 201, answer.text
    return dict(answer.json)


def press(system: System, policy: int, user: int, gateway: int = 0, path: str = "", key: str | None = None) -> Answer:
    """A request for the policy."""
    headers = {"Idempotency-Key": key} if key else {}
    return call("POST", f"{system.gateways[gateway]}{path or f'/api/v1/policies/{policy}/issue'}", {"userId": user}, headers)


def result(system: System, accepted: Answer) -> tuple[int, str]:
    """couponId and how it ended."""
    assert accepted.status == 202, accepted.text
    body = call("GET", f"{system.gateways[0]}{accepted.json['resultUrl']}&wait=10").json
    return body["couponId"], body["reason"] or body["status"]


def test_create_read_and_list(system: System) -> None:
    policy = created(system, window(5, 6, 2), window(-1, 1, 1), perUserLimit=2, discountValue=500, validForSeconds=60)
    windows = policy["windows"]
    print(policy)
    assert [(w["totalStock"], w["perUserLimit"], w["discountValue"], w["status"]) for w in windows] == [
        (1, 2, 500, "OPEN"), (2, 2, 500, "OPEN"),
    ], "one coupon a window, in the order of their starts"  # fmt: skip
    assert all(w["policyId"] == policy["policyId"] and w["name"] == "attack" for w in windows)
    assert system.admin("GET", f"/policies/{policy['policyId']}", gateway=1).json == policy
    cursor, seen = "", []
    while cursor is not None:
        page = system.admin("GET", f"/policies?limit=2{cursor}").json
        seen += page["policies"]
        cursor = page["nextCursor"] and f"&cursor={page['nextCursor']}"
    assert policy in seen and len({p["policyId"] for p in seen}) == len(seen)
    assert system.admin("GET", f"/policies/{policy['policyId'] + 100_000}").code == "UNKNOWN_POLICY"
    taken = system.admin("POST", "/policies", {"policyId": policy["policyId"], "name": "x", "windows": [window(0, 1)]})
    assert (taken.status, taken.code) == (409, "POLICY_EXISTS")
    rows = system.database.query(
        "SELECT action FROM coupon_change WHERE coupon_id IN (%s, %s)", *(w["couponId"] for w in windows)
    )
    assert list(rows) == [("CREATE",)] * 2


@pytest.mark.parametrize(
    "body",
    [
        {"windows": [window(0, 1)]}, {"name": "x"}, {"name": "x", "windows": []}, {"name": "x", "windows": {}},
        {"name": "x", "windows": [1]}, {"name": "x", "windows": [{"startsAt": iso(0), "endsAt": iso(1)}]},
        {"name": "x", "windows": [window(1, 0)]}, {"name": "x", "windows": [window(0, 1, 0)]},
        {"name": "x", "windows": [window(0, 2), window(1, 3)]}, {"name": "x", "windows": [{**window(0, 1), "couponId": 1}]},
        {"name": "x", "windows": [window(0, 1)] * 101}, {"name": "x", "windows": [window(0, 1)], "totalStock": 1},
        {"name": "x", "windows": [window(0, 1)], "discountType": "PERCENT", "discountValue": 101},
    ],
)  # fmt: skip
def test_what_makes_no_sense(shared_system: System, body: Any) -> None:
    system = shared_system
    before = system.database.query("SELECT COUNT(*), (SELECT COUNT(*) FROM coupon_policy) FROM coupon")
    answer = system.admin("POST", "/policies", body)
    print(f"{str(body)[:100]}: {answer.status} {answer.text[:200]}")
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
    assert system.database.query("SELECT COUNT(*), (SELECT COUNT(*) FROM coupon_policy) FROM coupon") == before


def test_windows_never_come_to_overlap(system: System) -> None:
    policy = created(system, window(0, 1), window(2, 3))
    first, second = (w["couponId"] for w in policy["windows"])
    late = {"name": "late", "totalStock": 1, "policyId": policy["policyId"], "issueStartsAt": policy["windows"][1]["issueStartsAt"]}
    added = system.admin("POST", "/coupons", late)
    moved = system.admin(
        "PATCH", f"/coupons/{first}", {"issueEndsAt": window(0, 2.5)["endsAt"]}, headers={"If-Match": "*"}
    )
    print(added.text, moved.text)
    assert [(a.status, a.code) for a in (added, moved)] == [(409, "WINDOW_OVERLAP")] * 2
    touching = {"issueEndsAt": policy["windows"][1]["issueStartsAt"]}
    assert system.admin("PATCH", f"/coupons/{first}", touching, headers={"If-Match": "*"}).status == 200, "half-open"
    assert system.admin("PATCH", f"/coupons/{second}", {"totalStock": 9}, headers={"If-Match": "*"}).status == 200


def test_a_request_goes_to_the_window_that_is_open(system: System) -> None:
    policy = created(system, window(-3, -2), window(-1, 1, 2), window(2, 3))
    policy_id, open_now = policy["policyId"], policy["windows"][1]["couponId"]
    seen = [
        result(system, press(system, policy_id, 1)),
        result(system, call("POST", f"{system.gateways[1]}/api/v1/policies/issue", {"policyId": policy_id, "userId": 2})),
    ]
    assert seen == [(open_now, "ISSUED")] * 2
    publish = f"{system.gateways[0]}/api/v1/users/3/coupons/publish"
    late = call("POST", publish, {"policyId": policy_id})
    told = result(system, late)[1] if late.status == 202 else late.code
    assert told == "SOLD_OUT", "each window has its own stock"


@pytest.mark.parametrize("windows, code", [([(1, 2)], "NOT_STARTED"), ([(-3, -2), (1, 2)], "NOT_STARTED"), ([(-3, -2)], "ENDED")])
def test_between_windows(system: System, windows: list[tuple[float, float]], code: str) -> None:
    policy = created(system, *(window(*w) for w in windows))["policyId"]
    before = system.ends()
    seen = [(a.status, a.code) for gateway in (0, 1) for key in (None, "k") for a in [press(system, policy, 1, gateway, key=key)]]
    assert seen == [(409, code)] * 4
    assert system.ends() == before


def test_a_retry_with_its_key_is_the_same_request(system: System) -> None:
    policy = created(system, window(-1, 1))["policyId"]
    first, again = press(system, policy, 7, 0, key="press"), press(system, policy, 7, 1, key="press")
    assert first.json["requestId"] == again.json["requestId"]
    assert result(system, again)[1] == "ISSUED"


def test_unknown_policies_and_odd_ids(system: System) -> None:
    missing = system.unused_id()
    assert [(a.status, a.code) for a in (press(system, missing, 1), press(system, missing, 1, 1))] == [(404, "UNKNOWN_COUPON")] * 2
    both = call("POST", f"{system.gateways[0]}/api/v1/policies/1/issue", {"policyId": 2, "userId": 1})
    none = call("POST", f"{system.gateways[0]}/api/v1/policies/issue", {"couponId": 1, "userId": 1})
    odd = call("POST", f"{system.gateways[0]}/api/v1/policies/1x/issue", {"userId": 1})
    assert [(a.status, a.code) for a in (both, none, odd)] == [(400, "INVALID_REQUEST")] * 3


@pytest.mark.parametrize("refresh_ms", [60000, 50])
def test_gateways_hear_of_windows(system: System, refresh_ms: int) -> None:
    """By a broadcast: one that reads its coupons again once a minute hears of each change, too."""
    policy = created(system, window(2, 3))
    policy_id, first = policy["policyId"], policy["windows"][0]["couponId"]
    users = itertools.count(10)
    gateway = system.world.make_gateway(6, ["--coupon-refresh", str(refresh_ms)])

    def told(wanted: str) -> bool:
        url = f"http://127.0.0.1:{gateway.port}/api/v1/policies/{policy_id}/issue"
        answer = call("POST", url, {"userId": next(users)})
        return wanted == (answer.code or "{} {}".format(*result(system, answer)))

    gateway.start()
    try:
        gateway.wait_ready()
        assert told("NOT_STARTED")
        now = window(-1, 1, 1000)
        body = {"name": "now", "totalStock": 1000, "policyId": policy_id, "status": "OPEN"}
        added = system.admin(
            "POST", "/coupons", {**body, "issueStartsAt": now["startsAt"], "issueEndsAt": now["endsAt"]}
        ).json["couponId"]  # fmt: skip
        assert wait_until(lambda: told(f"{added} ISSUED"), _SECONDS_FOR_NEWS)
        ended = {"issueEndsAt": window(0, -0.5)["endsAt"]}
        assert system.admin("PATCH", f"/coupons/{added}", ended, headers={"If-Match": "*"}).status == 200
        assert wait_until(lambda: told("NOT_STARTED"), _SECONDS_FOR_NEWS)
        assert system.admin("DELETE", f"/coupons/{first}").status == 204
        assert wait_until(lambda: told("ENDED"), _SECONDS_FOR_NEWS)
    finally:
        gateway.stop()
