"""Goal: an admin changes and deletes coupons, never by mistake over somebody else's change, and nothing changes
that must not."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from deploy.local.condition import wait_until
from deploy.local.programs import http_status
from deploy.local.secret_files import ADMIN_TOKEN
from tests.support.murmur2 import partition_of
from tests.support.rest import Answer, call
from tests.support.system import System

_FRESH = {"name": "fresh", "totalStock": 5, "discountValue": 1000, "issueEndsAt": "2036-01-01T00:00:00Z"}


def created(system: System, **more: Any) -> dict[str, Any]:
    """A coupon as the admin API shows it."""
    answer = system.admin("POST", "/coupons", {**_FRESH, "status": "OPEN", **more})
    assert answer.status == 201, answer.text
    return dict(answer.json)


def patch(system: System, coupon: int, body: Any, match: str | None = "*", gateway: int = 0) -> Answer:
    """A PATCH; match: its If-Match."""
    headers = {} if match is None else {"If-Match": match}
    return system.admin("PATCH", f"/coupons/{coupon}", body, gateway, headers)


def issued(system: System, coupon: int, user: int) -> None:
    """The user gets one."""
    accepted = call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": user})
    result = call("GET", f"{system.gateways[0]}{accepted.json['resultUrl']}&wait=10").json
    assert result["status"] == "ISSUED", result


def told_everywhere(system: System, coupon: int, status: int, code: str) -> None:
    """Wait until every gateway has heard of the change, and refuses so."""
    for gateway in system.gateways:
        told: list[Answer] = []

        def refused() -> bool:
            told.append(call("POST", f"{gateway}/api/v1/coupons/{coupon}/issue", {"userId": 3}))
            return (told[-1].status, told[-1].code) == (status, code)

        assert wait_until(refused, 10), told[-1].text


def audit(system: System, coupon: int) -> list[tuple[Any, ...]]:
    """Its rows in coupon_change: action, who, old, new, partition, next_offset and those of all partitions."""
    rows = system.database.query(
        "SELECT action, changed_by, old_value, new_value, partition_id, next_offset, next_offsets FROM coupon_change"
        " WHERE coupon_id = %s ORDER BY change_id", coupon,
    )  # fmt: skip
    return [(row[0], row[1], json.loads(row[2] or "null"), json.loads(row[3]), *row[4:6], json.loads(row[6])) for row in rows]


def test_each_member_can_change_and_is_written_down(system: System) -> None:
    coupon = created(system)
    wanted = {
        "name": "다른 이름", "totalStock": 7, "perUserLimit": 2, "discountType": "PERCENT", "discountValue": 10,
        "minOrderAmount": 10000, "maxDiscountAmount": 5000, "issueStartsAt": "2026-01-02T03:04:05.678Z",
        "issueEndsAt": "2035-01-02T03:04:05.678Z", "validUntil": "2037-01-01T00:00:00.000Z",
    }  # fmt: skip
    for gateway, (name, value) in enumerate(wanted.items()):
        if name == "discountType":
            continue
        body = {name: value} if name != "discountValue" else {"discountType": "PERCENT", "discountValue": 10}
        seen = system.admin("GET", f"/coupons/{coupon['couponId']}", gateway=gateway % 2)
        answer = patch(system, coupon["couponId"], body, seen.headers["etag"], gateway % 2)
        assert answer.status == 200, answer.text
        assert answer.json[name] == value and answer.json["version"] == seen.json["version"] + 1
        assert answer.headers["etag"] == f'"{answer.json["version"]}"'
    now = system.admin("GET", f"/coupons/{coupon['couponId']}").json
    assert {name: now[name] for name in wanted} == wanted
    rows = audit(system, coupon["couponId"])
    print(*rows, sep="\n")
    assert [row[0] for row in rows] == ["CREATE"] + ["PATCH"] * 9
    assert rows[2][2:4] == ({"totalStock": 5, "version": 2}, {"totalStock": 7, "version": 3})
    for action, who, _, _, partition, next_offset, next_offsets in rows:
        assert who == "admin" and next_offsets[partition] == next_offset and len(next_offsets) == system.partitions
    nothing = patch(system, coupon["couponId"], {"totalStock": 7})
    assert (nothing.status, nothing.json["version"]) == (200, 10), "what is so already is no change"
    assert len(audit(system, coupon["couponId"])) == 10


def test_null_takes_away(system: System) -> None:
    coupon = created(system, maxDiscountAmount=10, validForSeconds=60)["couponId"]
    body = {"issueEndsAt": None, "maxDiscountAmount": None, "validForSeconds": None}
    answer = patch(system, coupon, body)
    assert answer.status == 200 and all(answer.json[name] is None for name in body), answer.text


def test_if_match_keeps_others_changes(system: System) -> None:
    coupon = created(system)["couponId"]
    assert patch(system, coupon, {"totalStock": 6}, '"1"').status == 200
    seen = {
        match: (answer.status, answer.code)
        for match in (None, '"1"', 'W/"2"', '"3", "1"', '"x"', "2", "")
        for answer in [patch(system, coupon, {"totalStock": 9}, match)]
    }
    print(seen)
    assert seen == {
        None: (428, "PRECONDITION_REQUIRED"), '"1"': (412, "STALE"), 'W/"2"': (412, "STALE"),
        '"3", "1"': (412, "STALE"), '"x"': (412, "STALE"), "2": (400, "INVALID_REQUEST"), "": (400, "INVALID_REQUEST"),
    }  # fmt: skip
    for method, path in (("POST", "/pause"), ("POST", "/close"), ("DELETE", "")):
        answer = system.admin(method, f"/coupons/{coupon}{path}", headers={"If-Match": '"1"'})
        assert (answer.status, answer.code) == (412, "STALE"), f"{method} {path}"
    assert system.admin("GET", f"/coupons/{coupon}").json["totalStock"] == 6
    assert patch(system, coupon, {"totalStock": 7}, '"1", "2"').status == 200


def test_the_place_is_known_while_kafka_can_not_be_reached(system: System) -> None:
    """By what the first gateway wrote down of the topic."""
    gateway = system.world.make_gateway(6, ["--kafka-brokers", "127.0.0.1:1"])
    gateway.start()
    try:
        assert wait_until(lambda: http_status(gateway.management_port, "/livez") == 200, 30)
        url, token = f"http://127.0.0.1:{gateway.management_port}/admin/v1/coupons", {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        coupon = call("POST", url, _FRESH, token).json["couponId"]
    finally:
        gateway.stop()
    partition, next_offset, next_offsets = audit(system, coupon)[0][4:]
    assert partition == partition_of(str(coupon).encode(), system.partitions)
    assert len(next_offsets) == system.partitions and next_offsets[partition] == next_offset


def test_of_many_at_once_one_wins(system: System) -> None:
    coupon = created(system)["couponId"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: patch(system, coupon, {"totalStock": 10 + n}, '"1"', n % 2), range(8)))
    seen = sorted(answer.status for answer in answers)
    assert seen == [200] + [412] * 7, seen
    winner = next(answer for answer in answers if answer.status == 200)
    assert system.admin("GET", f"/coupons/{coupon}").json == winner.json and winner.json["version"] == 2


@pytest.mark.parametrize(
    "body, status, code",
    [
        ({"totalStock": 1}, 409, "BELOW_ISSUED"), ({"discountValue": 2000}, 409, "GIVEN_OUT"),
        ({"minOrderAmount": 1}, 409, "GIVEN_OUT"), ({"issueEndsAt": "2020-01-01T00:00:00Z"}, 400, "INVALID_REQUEST"),
        ({}, 400, "INVALID_REQUEST"), ({"status": "OPEN"}, 400, "INVALID_REQUEST"), ({"couponId": 1}, 400, "INVALID_REQUEST"),
        ({"name": None}, 400, "INVALID_REQUEST"), ({"totalStock": 2**31}, 400, "INVALID_REQUEST"), (b"{", 400, "INVALID_JSON"),
        ([], 400, "INVALID_REQUEST"), ({"name": "x" * 20000}, 413, "CONTENT_TOO_LARGE"),
    ],
)  # fmt: skip
def test_what_must_not_change(sold: tuple[System, int], body: Any, status: int, code: str) -> None:
    system, coupon = sold
    before = system.admin("GET", f"/coupons/{coupon}").json
    answer = patch(system, coupon, body)
    print(f"{str(body)[:80]}: expected {status} {code}, seen {answer.status} {answer.text[:300]}")
    assert (answer.status, answer.code) == (status, code)
    assert system.admin("GET", f"/coupons/{coupon}").json == before


@pytest.fixture(scope="module")
def sold(shared_system: System) -> tuple[System, int]:
    """A coupon of which two are given out."""
    coupon = created(shared_system)["couponId"]
    issued(shared_system, coupon, 1)
    issued(shared_system, coupon, 2)
    return shared_system, coupon


def test_down_to_what_is_issued_is_sold_out(system: System) -> None:
    coupon = created(system)["couponId"]
    for user in (1, 2):
        issued(system, coupon, user)
    assert patch(system, coupon, {"totalStock": 2}).json["remaining"] == 0
    told_everywhere(system, coupon, 409, "SOLD_OUT")
    assert wait_until(lambda: system.world.redis.ask("GET", f"coupon:available:{coupon}") == "false", 10)
    assert patch(system, coupon, {"totalStock": 3}, gateway=1).json["remaining"] == 1
    assert wait_until(lambda: system.world.redis.ask("GET", f"coupon:available:{coupon}") == "true", 10)
    issued(system, coupon, 3)


def test_a_closed_coupon_changes_its_name_only(system: System) -> None:
    coupon = created(system)["couponId"]
    assert system.admin("POST", f"/coupons/{coupon}/close").status == 200
    refused = patch(system, coupon, {"totalStock": 9})
    assert (refused.status, refused.code) == (409, "CLOSED")
    assert patch(system, coupon, {"name": "over"}).json["name"] == "over"


def test_another_media_type(system: System) -> None:
    coupon = created(system)["couponId"]
    headers = {"If-Match": "*", "Content-Type": "text/plain"}
    assert system.admin("PATCH", f"/coupons/{coupon}", b"{}", headers=headers).status == 415


def test_delete_while_nothing_is_issued(system: System, sold: tuple[System, int]) -> None:
    refused = system.admin("DELETE", f"/coupons/{sold[1]}")
    assert (refused.status, refused.code) == (409, "GIVEN_OUT")
    coupon = created(system)["couponId"]
    assert call("GET", f"{system.gateways[1]}/api/v1/coupons/{coupon}").status == 200, "it is known there"
    answer = system.admin("DELETE", f"/coupons/{coupon}")
    assert (answer.status, answer.text) == (204, "")
    told_everywhere(system, coupon, 404, "UNKNOWN_COUPON")
    assert system.admin("DELETE", f"/coupons/{coupon}").code == "UNKNOWN_COUPON"
    assert wait_until(lambda: system.world.redis.ask("GET", f"coupon:available:{coupon}") == "false", 10)
    rows = audit(system, coupon)
    assert [row[0] for row in rows] == ["CREATE", "DELETE"] and rows[1][2]["totalStock"] == 5


def test_revoke_what_a_user_holds(system: System) -> None:
    coupon = created(system)["couponId"]
    issued(system, coupon, 11)
    seen = [system.admin("POST", f"/coupons/{coupon}/issued/1/revoke", gateway=gateway) for gateway in (0, 1)]
    print(seen[0].text)
    assert [(a.status, a.json["status"], a.json["userId"], a.json["issueNo"]) for a in seen] == [(200, "REVOKED", 11, 1)] * 2
    assert system.admin("GET", f"/coupons/{coupon}/stats").json["byStatus"]["REVOKED"] == 1
    rows = audit(system, coupon)
    assert [row[0] for row in rows] == ["CREATE", "REVOKE"], "once, though it was asked for twice"
    assert rows[1][2:4] == tuple({"issued": {"issueNo": 1, "userId": 11, "status": s}} for s in ("ISSUED", "REVOKED"))
    again = call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": 11})
    result = call("GET", f"{system.gateways[0]}{again.json['resultUrl']}&wait=10").json
    assert result["reason"] == "ALREADY_ISSUED", "what was revoked still counts for its user's limit"


def test_what_is_used_or_not_there_is_not_revoked(system: System) -> None:
    coupon = created(system)["couponId"]
    issued(system, coupon, 11)
    path = f"{system.gateways[0]}/api/v1/coupons/{coupon}/issued/1"
    assert call("POST", f"{path}/use", {"orderId": f"order-{coupon}", "orderAmount": 50000, "userId": 11}).status == 200
    seen = {
        number: (answer.status, answer.code)
        for number in ("1", "2", "0", "x", "4294967296")
        for answer in [system.admin("POST", f"/coupons/{coupon}/issued/{number}/revoke")]
    }
    print(seen)
    assert seen == {
        "1": (409, "ALREADY_USED"), "2": (404, "UNKNOWN_COUPON"), "0": (400, "INVALID_REQUEST"),
        "x": (400, "INVALID_REQUEST"), "4294967296": (400, "INVALID_REQUEST"),
    }  # fmt: skip
    assert system.admin("POST", f"/coupons/{coupon}/issued/1/revoke", {"why": "x"}).status == 400
