"""The checker of events is content with a good run, and red on each violation that it is there for."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.check.events import HeldCoupon, check_events
from tests.support.wire import Record

_T = "2026-03-01T12:00:00.500Z"
_HELD = [HeldCoupon(1, 1, 10, 1, "ISSUED"), HeldCoupon(1, 2, 20, 2, "EXPIRED")]


def record(offset: int, kind: str, number: int = 0, change: int = 1, **more: object) -> Record:
    """An event of coupon 1 as the relay would publish it."""
    user = {"issueNo": number, "changeNo": change, "userId": 10 * number} if number else {"totalStock": 2}
    event_id = f"1.{number}.{change}" if number else "1.sold-out.2"
    event = {"eventId": event_id, "type": f"coupon.{kind}", "occurredAt": _T, "couponId": 1, **user, **more}
    headers = {
        "ce_specversion": "1.0", "ce_id": event_id, "ce_source": "/coupon-rush", "ce_type": f"coupon.{kind}", "ce_time": _T,
        "ce_dataschema": f"urn:coupon-rush:event:coupon.{kind}", "content-type": "application/json",
    }  # fmt: skip
    return Record(
        0, offset, 0, b"1", json.dumps(event).encode(), tuple((name, value.encode()) for name, value in headers.items())
    )


def good() -> list[Record]:
    """Two issued, sold out, the second one expired."""
    return [
        record(0, "issued", 1, status="ISSUED"), record(1, "issued", 2, status="ISSUED"), record(2, "sold-out"),
        record(4, "expired", 2, 2, status="EXPIRED"),
    ]  # fmt: skip


def again(records: list[Record], first: int, count: int) -> list[Record]:
    """Some of them told again at the end."""
    return [replace(r, offset=100 + i) for i, r in enumerate(records[first : first + count])]


def test_it_is_content_with_a_good_run() -> None:
    assert check_events(good(), _HELD) == []
    assert check_events([*good(), *again(good(), 0, 4)], _HELD) == []
    assert check_events([*good(), replace(record(9, "issued", 9), key=b"2")], _HELD) == [], "of another coupon"


def _moved(records: list[Record], place: int, offset: int) -> list[Record]:
    return [replace(r, offset=offset) if i == place else r for i, r in enumerate(records)]


@pytest.mark.parametrize("spoil", [
    pytest.param(lambda r: r[1:], id="one was never told"),
    pytest.param(lambda r: r[:-1], id="the last was never told"),
    pytest.param(lambda r: _moved(r, 3, -1), id="expired before it was issued"),
    pytest.param(lambda r: _moved(r, 1, -1), id="winners out of order"),
    pytest.param(lambda r: _moved(r, 2, -1), id="sold out before the last one"),
    pytest.param(lambda r: [*r, record(9, "used", 1, 2, status="USED")], id="a use that is in no row"),
    pytest.param(lambda r: [*r, record(9, "issued", 3, status="ISSUED")], id="a winner that is in no row"),
    pytest.param(lambda r: [*r, record(9, "issued", 1, status="ISSUED", userId=11)], id="one id, two events"),
    pytest.param(lambda r: [replace(r[0], headers=r[0].headers[1:]), *r[1:]], id="a header is missing"),
    pytest.param(lambda r: [record(0, "issued", 1, status="USED"), *r[1:]], id="a status that does not fit"),
    pytest.param(lambda r: [*r[:-1], record(4, "revoked", 2, 2, status="REVOKED")], id="another end than the row's"),
])  # fmt: skip
def test_it_is_red_on(spoil: Callable[[list[Record]], list[Record]]) -> None:
    assert check_events(spoil(good()), _HELD) != []
