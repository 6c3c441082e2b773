"""Goal: the admin calls create, list, read, open, pause and close coupons, and nobody else can."""

from typing import Any

import pytest

from tests.support.rest import Answer, call
from tests.support.system import System


def test_create_with_defaults(system: System) -> None:
    answer = system.admin("POST", "/coupons", {"name": "봄 쿠폰", "totalStock": 5})
    print(answer.text)
    assert answer.status == 201
    coupon = answer.json
    assert answer.headers["location"].endswith(f"/admin/v1/coupons/{coupon['couponId']}")
    expected = {
        "name": "봄 쿠폰", "totalStock": 5, "perUserLimit": 1, "status": "DRAFT", "issuedCount": 0, "remaining": 5,
        "issueEndsAt": None, "minOrderAmount": 0, "discountType": "FIXED", "policyId": None,
    }  # fmt: skip
    assert {name: coupon[name] for name in expected} == expected
    assert coupon["issueStartsAt"].endswith("Z")
    assert system.admin("GET", f"/coupons/{coupon['couponId']}", gateway=1).json == coupon


def test_create_with_everything(system: System) -> None:
    wanted = {
        "couponId": system.unused_id(), "policyId": 77, "name": "all", "totalStock": 9, "perUserLimit": 2,
        "discountType": "PERCENT", "discountValue": 15, "minOrderAmount": 10000, "maxDiscountAmount": 5000,
        "issueStartsAt": "2026-01-02T03:04:05.678Z", "issueEndsAt": "2036-01-02T03:04:05.678Z",
        "validForSeconds": 86400, "status": "OPEN",
    }  # fmt: skip
    answer = system.admin("POST", "/coupons", wanted)
    assert answer.status == 201, answer.text
    assert {name: answer.json[name] for name in wanted} == wanted


def test_a_taken_id_is_a_conflict(system: System) -> None:
    coupon = system.new_coupon(5)
    answer = system.admin("POST", "/coupons", {"couponId": coupon, "name": "again", "totalStock": 7}, gateway=1)
    print(f"expected 409, seen {answer.status} {answer.text}")
    assert answer.status == 409 and answer.code
    assert system.admin("GET", f"/coupons/{coupon}").json["totalStock"] == 5


@pytest.mark.parametrize(
    "body",
    [
        {"totalStock": 1}, {"name": "x"}, {"name": "", "totalStock": 1}, {"name": "x", "totalStock": "1"},
        {"name": "x", "totalStock": -1}, {"name": "x", "totalStock": 2**32}, {"name": "x", "totalStock": 1.5},
        {"name": "x" * 101, "totalStock": 1}, {"name": "x", "totalStock": 1, "perUserLimit": 0},
        {"name": "x", "totalStock": 1, "status": "CLOSED?"}, {"name": "x", "totalStock": 1, "discountType": "HALF"},
        {"name": "x", "totalStock": 1, "issueStartsAt": "tomorrow"},
        {"name": "x", "totalStock": 1, "issueStartsAt": "2030-01-01T00:00:00Z", "issueEndsAt": "2029-01-01T00:00:00Z"},
        {"name": "x", "totalStock": 1, "discountType": "PERCENT", "discountValue": 101},
        {"name": "x", "totalStock": 1, "couponId": 0}, [], {"name": "x", "totalStock": 1, "totalSotck": 1},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_name(system: System, body: Any) -> None:
    before = system.database.count("SELECT COUNT(*) FROM coupon")
    answer = system.admin("POST", "/coupons", body)
    print(f"{body}: {answer.status} {answer.text}")
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
    assert system.database.count("SELECT COUNT(*) FROM coupon") == before


@pytest.mark.parametrize("token", [None, "Bearer wrong", "Bearer coupon-admin2", "Basic coupon-admin", "coupon-admin", ""])
def test_without_the_right_token(system: System, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": token}
    coupon = system.new_coupon(5)
    calls: list[Answer] = [
        call("POST", f"{system.management[0]}/admin/v1/coupons", {"name": "x", "totalStock": 1}, headers),
        call("GET", f"{system.management[0]}/admin/v1/coupons", headers=headers),
        call("GET", f"{system.management[0]}/admin/v1/coupons/{coupon}", headers=headers),
        call("POST", f"{system.management[0]}/admin/v1/coupons/{coupon}/close", headers=headers),
    ]
    print(f"{token}: expected 401 four times, seen {[answer.status for answer in calls]}")
    assert [answer.status for answer in calls] == [401] * 4
    assert all("www-authenticate" in answer.headers for answer in calls)
    assert system.admin("GET", f"/coupons/{coupon}").json["status"] == "OPEN"


def test_admin_is_not_on_the_public_listener(system: System) -> None:
    headers = {"Authorization": "Bearer coupon-admin"}
    assert call("GET", f"{system.gateways[0]}/admin/v1/coupons", headers=headers).status == 404
    assert call("GET", f"{system.gateways[0]}/metrics").status == 404


def test_list_in_pages(system: System) -> None:
    mine = [system.new_coupon(1, status="DRAFT") for _ in range(5)]
    seen: list[int] = []
    cursor = ""
    for _ in range(1000):
        page = system.admin("GET", f"/coupons?status=DRAFT&limit=2{cursor}").json
        assert len(page["coupons"]) <= 2
        seen += [coupon["couponId"] for coupon in page["coupons"]]
        if page.get("nextCursor") is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    drafts = {row[0] for row in system.database.query("SELECT coupon_id FROM coupon WHERE status = 'DRAFT'")}
    print(f"expected each of {len(drafts)} drafts once, seen {len(seen)}")
    assert len(seen) == len(set(seen)) and set(seen) == drafts and set(mine) <= drafts


@pytest.mark.parametrize("query", ["limit=0", "limit=abc", "limit=100000", "status=NEW", "cursor=%00", "cursor=what"])
def test_odd_pages_are_refused(system: System, query: str) -> None:
    answer = system.admin("GET", f"/coupons?{query}")
    print(f"{query}: {answer.status} {answer.text}")
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")


def test_unknown_coupon(system: System) -> None:
    missing = system.unused_id()
    seen = [system.admin("GET", f"/coupons/{missing}"), system.admin("POST", f"/coupons/{missing}/open")]
    assert [(answer.status, answer.code) for answer in seen] == [(404, "UNKNOWN_COUPON")] * 2


def test_turning_is_written_down(system: System) -> None:
    coupon = system.new_coupon(5, status="DRAFT")
    for turn in ("open", "pause", "open", "close"):
        assert system.admin("POST", f"/coupons/{coupon}/{turn}").status == 200
    rows = system.database.query(
        "SELECT action, changed_by, next_offset FROM coupon_change WHERE coupon_id = %s ORDER BY change_id", coupon
    )
    print(rows)
    assert [row[0].lower() for row in rows if row[0].lower() != "create"] == ["open", "pause", "open", "close"]
    assert all(row[1] for row in rows)


def test_public_reads(system: System) -> None:
    coupon = system.new_coupon(5)
    public = call("GET", f"{system.gateways[0]}/api/v1/coupons/{coupon}")
    print(public.text)
    assert (public.status, public.json["couponId"], public.json["remaining"]) == (200, coupon, 5)
    assert "issuedCount" not in public.json and "version" not in public.json
    missing = call("GET", f"{system.gateways[0]}/api/v1/coupons/{system.unused_id()}")
    assert (missing.status, missing.code) == (404, "UNKNOWN_COUPON")
    listed = call("GET", f"{system.gateways[1]}/api/v1/coupons")
    assert listed.status == 200
    assert all(shown["couponId"] for shown in listed.json["coupons"])
