"""Goal: the system of time-attack coupons finds its flow: a policy that opens at several date-times, each with its own
stock; one coupon a user; the user's coupons listed, used and given back; its messages in the topic."""

import json
import time
from typing import Any

import pytest

from tests.support.murmur2 import partition_of
from tests.support.system import System
from tests.support.tables import sql_time
from tests.support.topic import kcat_produce
from tests.system.older_client import at_once, ends, get, post

_HOUR = 3_600_000


def date_time(hours: float) -> str:
    """A date-time, in hours from now."""
    return sql_time(int(time.time() * 1000 + hours * _HOUR)).replace(" ", "T") + "Z"


@pytest.fixture
def policy(system: System) -> dict[str, Any]:
    """A policy with one date-time over, one open, and one to come."""
    windows = [
        {"startsAt": date_time(begin), "endsAt": date_time(begin + 1), "totalStock": stock}
        for begin, stock in ((-25, 9), (-0.5, 10), (23, 5))
    ]
    body = {"name": "time attack", "windows": windows, "status": "OPEN", "discountValue": 5000}
    answer = system.admin("POST", "/policies", body)
    assert answer.status == 201, answer.text
    return dict(answer.json)


def test_the_stock_of_a_date_time_goes_to_the_first(system: System, policy: dict[str, Any]) -> None:
    policy_id, open_now = policy["policyId"], policy["windows"][1]["couponId"]
    bodies = {user: {"policyId": policy_id, "userId": user} for user in range(1, 31)}
    answers = at_once(bodies, lambda user: post(system, "/api/v1/policies/issue", bodies[user], user))
    seen = ends(system, answers, "/api/v1/coupons/result")
    print(f"expected 10 ISSUED, 20 SOLD_OUT, seen {dict(seen)}")
    assert seen == {"ISSUED": 10, "SOLD_OUT": 20}
    counts = [system.admin("GET", f"/coupons/{w['couponId']}").json["issuedCount"] for w in policy["windows"]]
    assert counts == [0, 10, 0], "the other date-times keep their stock"
    users = system.database.query("SELECT COUNT(DISTINCT user_id) FROM user_coupon WHERE coupon_id = %s", open_now)
    assert users[0][0] == 10, "a set of users"


def test_a_user_is_in_the_set_once(system: System, policy: dict[str, Any]) -> None:
    body = {"policyId": policy["policyId"], "userId": 1}
    answers = [post(system, "/api/v1/policies/issue", body, gateway) for gateway in range(3)]
    assert ends(system, answers, "/api/v1/coupons/result") == {"ISSUED": 1, "ALREADY_ISSUED": 2}


def test_a_users_coupons_are_listed_used_and_given_back(system: System, policy: dict[str, Any]) -> None:
    user = system.unused_id()
    answer = post(system, f"/api/v1/policies/{policy['policyId']}/issue", {"policyId": policy["policyId"], "userId": user})
    assert ends(system, [answer], "/api/v1/coupons/result") == {"ISSUED": 1}
    held = get(system, f"/api/v1/users/{user}/coupons").json["coupons"]
    assert [(c["couponId"], c["status"]) for c in held] == [(policy["windows"][1]["couponId"], "ISSUED")]
    path, order = f"/api/v1/coupons/{held[0]['couponId']}/issued/{held[0]['issueNo']}", f"order-{user}"
    used = post(system, f"{path}/use", {"orderId": order, "orderAmount": 50000, "userId": user})
    assert (used.status, used.json["discountAmount"], used.json["finalAmount"]) == (200, 5000, 45000)
    assert post(system, f"{path}/cancel-use", {"orderId": order, "userId": user}).status == 200
    assert get(system, f"/api/v1/users/{user}/coupons").json["coupons"][0]["status"] == "ISSUED"


def test_its_message(system: System) -> None:
    windows = [
        {"startsAt": f"2022-02-{day}T11:00:00Z", "endsAt": f"2022-02-{day}T12:00:00Z", "totalStock": 1} for day in (25, 26)
    ]
    body = {"name": "2022", "windows": windows, "status": "OPEN"}
    policy = system.admin("POST", "/policies", body).json
    seen = []
    for user, issued_at in ((1, "2022-02-26T11:31:42"), (2, "2022-02-26T11:31:42"), (1, "2022-02-25T11:00:00"), (3, "2022-02-25T10:59:59")):
        partition = partition_of(str(policy["policyId"]).encode(), system.partitions)
        request_id = f"{system.topic}-{partition}-{system.ends()[partition]}"
        message = json.dumps({"policyId": policy["policyId"], "userId": user, "issuedAt": issued_at})
        kcat_produce(system.world.kafka.address, system.topic, str(policy["policyId"]), message)
        result = get(system, f"/api/v1/coupons/result/{request_id}?wait=10").json
        seen.append((result["couponId"], result["reason"] or result["status"]))
    first, second = (w["couponId"] for w in policy["windows"])
    print(seen)
    assert seen == [(second, "ISSUED"), (second, "SOLD_OUT"), (first, "ISSUED"), (first, "NOT_STARTED")]
