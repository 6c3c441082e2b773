"""Goal: clients of the older systems work unchanged: their paths, with userId in the body, the query or the path."""

import pytest

from tests.support.rest import call
from tests.support.system import System


@pytest.mark.parametrize(
    "path, body, user",
    [
        ("/coupons/{coupon}/issue", {"userId": 16}, 16),
        ("/coupons/{coupon}/issue?userId=17", None, 17),
        ("/api/coupons/{coupon}/issue?userId=18", None, 18),
        ("/api/coupons/{coupon}/issue", {"userId": 19}, 19),
        ("/api/v1/users/20/coupons/publish", {"couponId": "{coupon}"}, 20),
        ("/api/v1/coupons/{coupon}/issue", {"userId": 21}, 21),
        ("/api/v1/coupons/{coupon}/issue?userId=22", None, 22),
    ],
)
def test_older_path(system: System, path: str, body: dict[str, object] | None, user: int) -> None:
    coupon = system.new_coupon(10)
    if body and "couponId" in body:
        body = {"couponId": coupon}
    accepted = call("POST", system.gateways[0] + path.format(coupon=coupon), body)
    print(f"POST {path}: expected 202, seen {accepted.status} {accepted.text}")
    assert accepted.status == 202
    shown = accepted.json
    assert (shown["couponId"], shown["userId"], shown["status"]) == (coupon, user, "PENDING")
    assert accepted.headers["location"] == shown["resultUrl"]
    assert int(accepted.headers["retry-after"]) >= 0
    for old in (f"/coupons/result/{shown['requestId']}", shown["resultUrl"]):
        answer = call("GET", f"{system.gateways[1]}{old}{'&' if '?' in old else '?'}wait=10")
        assert (answer.status, answer.json["status"], answer.json["userId"]) == (200, "ISSUED", user), answer.text


def test_two_different_users_in_one_request_are_refused(system: System) -> None:
    coupon = system.new_coupon(10)
    for path, body in (
        (f"/api/v1/coupons/{coupon}/issue?userId=1", {"userId": 2}),
        (f"/api/v1/coupons/{coupon}/issue?userId=1&userId=2", None),
        ("/api/v1/users/1/coupons/publish", {"couponId": coupon, "userId": 2}),
    ):
        answer = call("POST", system.gateways[0] + path, body)
        print(f"{path} {body}: expected 400 INVALID_REQUEST, seen {answer.status} {answer.code}")
        assert (answer.status, answer.code) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("user", ["0", "-1", "1.0", "01", "abc", "9223372036854775808", "1e3", "%31", ""])
def test_odd_users_in_the_query(system: System, user: str) -> None:
    before = system.ends()
    answer = call("POST", f"{system.gateways[0]}/api/coupons/{system.new_coupon(10)}/issue?userId={user}")
    print(f"userId={user}: expected 400 INVALID_REQUEST, seen {answer.status} {answer.code}")
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
    assert system.ends() == before


@pytest.mark.parametrize("coupon", ["0", "-1", "1.0", "01", "abc", "9223372036854775808", "%31"])
def test_odd_coupons_in_the_path(system: System, coupon: str) -> None:
    before = system.ends()
    answer = call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": 1})
    print(f"{coupon}: expected 400 or 404, seen {answer.status} {answer.code}")
    assert answer.status in (400, 404) and answer.code
    assert system.ends() == before
