"""Users' coupons as a client of the public listener sees them."""

import itertools
from collections.abc import Sequence
from typing import Any

from tests.support.rest import Answer, call
from tests.support.system import System

_unused_users = itertools.count(7_000_000_001)


def new_users(count: int) -> list[int]:
    """Users that no other test has: what they hold and order is the caller's alone."""
    return list(itertools.islice(_unused_users, count))


def issue(system: System, coupon: int, users: Sequence[int]) -> list[int]:
    """One coupon for each of the users; their issueNos in the order of users."""
    asked = [
        call("POST", f"{system.gateways[user % len(system.gateways)]}/api/v1/coupons/{coupon}/issue", {"userId": user})
        for user in users
    ]
    assert {answer.status for answer in asked} == {202}, [answer.text for answer in asked]
    urls = [f"{system.gateways[0]}{answer.json['resultUrl']}&wait=20" for answer in asked]
    results = [call("GET", url).json for url in urls]
    assert {result["status"] for result in results} == {"ISSUED"}, results
    return [int(result["issueNo"]) for result in results]


def _path(system: System, coupon: int, number: int, gateway: int) -> str:
    return f"{system.gateways[gateway]}/api/v1/coupons/{coupon}/issued/{number}"


def use(system: System, coupon: int, number: int, order: Any, amount: Any, user: int | None = None, gateway: int = 0) -> Answer:
    """Use it for an order; user: who says so, None: nobody is named."""
    body = {"orderId": order, "orderAmount": amount, **({} if user is None else {"userId": user})}
    return call("POST", f"{_path(system, coupon, number, gateway)}/use", body)


def cancel(system: System, coupon: int, number: int, order: Any, user: int | None = None, gateway: int = 0) -> Answer:
    """Take the order's use back."""
    body = {"orderId": order, **({} if user is None else {"userId": user})}
    return call("POST", f"{_path(system, coupon, number, gateway)}/cancel-use", body)


def read(system: System, coupon: int, number: int, query: str = "", gateway: int = 0) -> Answer:
    """One of them."""
    return call("GET", _path(system, coupon, number, gateway) + query)


def page(system: System, user: int, query: str = "", gateway: int = 0) -> Answer:
    """A page of what a user holds."""
    return call("GET", f"{system.gateways[gateway]}/api/v1/users/{user}/coupons{query}")


def pages(system: System, user: int, query: str) -> list[list[tuple[int, int]]]:
    """All pages, each as (couponId, issueNo); query has a limit and no cursor."""
    seen = []
    cursor = ""
    while True:
        body = page(system, user, f"?{query}{cursor}").json
        seen.append([(one["couponId"], one["issueNo"]) for one in body["coupons"]])
        if body["nextCursor"] is None:
            return seen
        cursor = f"&cursor={body['nextCursor']}"


def row(system: System, coupon: int, number: int) -> tuple[str, int]:
    """Status and number of changes in the table."""
    ((status, changes),) = system.database.query(
        "SELECT status, change_no FROM user_coupon WHERE coupon_id = %s AND issue_no = %s", coupon, number
    )
    return status, changes


def end_at(system: System, coupon: int, number: int, seconds: float | None) -> None:
    """Let its time be over that many seconds from now (negative: ago; None: never), on the database's clock."""
    system.database.query(
        "UPDATE user_coupon SET expires_at = UTC_TIMESTAMP(3) + INTERVAL %s MICROSECOND"
        " WHERE coupon_id = %s AND issue_no = %s",
        None if seconds is None else round(seconds * 1e6), coupon, number,
    )  # fmt: skip


def events(system: System, coupon: int) -> dict[int, list[tuple[str, int]]]:
    """issueNo → type and changeNo of its events, in the order in which they will be published."""
    rows = system.database.query(
        "SELECT subject, type, id FROM outbox WHERE aggregateid = %s AND subject LIKE %s ORDER BY seq",
        str(coupon), f"coupons/{coupon}/issued/%",
    )  # fmt: skip
    seen: dict[int, list[tuple[str, int]]] = {}
    for subject, kind, event_id in rows:
        seen.setdefault(int(subject.rsplit("/", 1)[1]), []).append((kind, int(event_id.rsplit(".", 1)[1])))
    return seen
