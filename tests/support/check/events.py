"""Events against the rows that they tell of: each change once, in order, and nothing else."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tests.support.tables import Database
from tests.support.wire import Record

_STATUS = {
    "coupon.issued": {"ISSUED"}, "coupon.used": {"USED"}, "coupon.use-cancelled": {"ISSUED", "EXPIRED"},
    "coupon.expired": {"EXPIRED"}, "coupon.revoked": {"REVOKED"},
}  # fmt: skip


class HeldCoupon(NamedTuple):
    """A row of user_coupon, as far as events tell of it."""

    coupon_id: int
    issue_no: int
    user_id: int
    change_no: int
    status: str


def held_coupons(database: Database, coupon_ids: Iterable[int]) -> list[HeldCoupon]:
    """The rows of these coupons."""
    ids = ",".join(str(int(coupon_id)) for coupon_id in coupon_ids) or "0"
    rows = database.query(
        f"SELECT coupon_id, issue_no, user_id, change_no, status FROM user_coupon WHERE coupon_id IN ({ids})"
    )
    return [HeldCoupon(*row) for row in rows]


def first_of_each(records: Sequence[Record]) -> list[Record]:
    """The records without repetitions: the first of each ce_id, in the order of the partitions."""
    seen: dict[bytes, Record] = {}
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        seen.setdefault(dict(record.headers).get("ce_id", b""), record)
    return list(seen.values())


def check_events(records: Sequence[Record], held: Sequence[HeldCoupon]) -> list[str]:
    """What is wrong with the events of the coupons that held is all of; their records may repeat."""
    coupons = {row.coupon_id for row in held}
    mine = [record for record in records if record.key and int(record.key) in coupons]
    found = [problem for record in mine for problem in _check_record(record)]
    if found:
        return found
    values = {}
    for record in mine:
        key = dict(record.headers)["ce_id"]
        if values.setdefault(key, record.value) != record.value:
            found.append(f"event {key!r} was told in two ways: {values[key]!r} and {record.value!r}")
    events = [json.loads(record.value or b"") for record in first_of_each(mine)]
    return found + _check_changes(events, held) + _check_order(events)


def _check_record(record: Record) -> list[str]:
    headers = dict(record.headers)
    event: dict[str, Any] = json.loads(record.value or b"{}")
    place = f"{record.partition}/{record.offset}"
    expected = {
        "ce_specversion": "1.0", "ce_id": event.get("eventId"), "ce_type": event.get("type"),
        "ce_source": "/coupon-rush", "content-type": "application/json", "ce_time": event.get("occurredAt"),
        "ce_dataschema": f"urn:coupon-rush:event:{event.get('type')}",
    }  # fmt: skip
    seen = {name: headers.get(name, b"").decode() for name in expected}
    problems = [f"{place}: {name} is {seen[name]!r}, not {value!r}" for name, value in expected.items() if seen[name] != value]
    if record.key != str(event.get("couponId")).encode():
        problems.append(f"{place}: the key is {record.key!r}, the coupon {event.get('couponId')}")
    if event.get("type") in _STATUS and event.get("status") not in _STATUS[event["type"]]:
        problems.append(f"{place}: {event['type']} to status {event.get('status')}")
    return problems


def _check_changes(events: Sequence[dict[str, Any]], held: Sequence[HeldCoupon]) -> list[str]:
    told: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for event in events:
        if event["type"] != "coupon.sold-out":
            told.setdefault((event["couponId"], event["issueNo"]), []).append(event)
    problems = []
    for row in held:
        its = told.pop((row.coupon_id, row.issue_no), [])
        numbers = [event["changeNo"] for event in its]
        if numbers != list(range(1, row.change_no + 1)):
            problems.append(f"{row}: changes {numbers} were told of, in this order")
        elif its[-1]["status"] != row.status or {event["userId"] for event in its} != {row.user_id}:
            problems.append(f"{row}: told of as {its[-1]}")
    return problems + [f"no row has what was told: {event}" for its in told.values() for event in its]


def _check_order(events: Sequence[dict[str, Any]]) -> list[str]:
    """Winners in order of issue_no, and sold-out behind the last of them that it counts."""
    problems, issued = [], dict[int, int]()
    for event in events:
        coupon = event["couponId"]
        if event["type"] == "coupon.issued":
            if event["issueNo"] != issued.get(coupon, 0) + 1:
                problems.append(f"coupon {coupon}: number {event['issueNo']} was told after {issued.get(coupon, 0)}")
            issued[coupon] = event["issueNo"]
        elif event["type"] == "coupon.sold-out" and issued.get(coupon) != event["totalStock"]:
            problems.append(f"coupon {coupon}: sold out of {event['totalStock']} after number {issued.get(coupon)}")
    return problems
