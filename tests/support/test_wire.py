"""The independent reader of records: shapes of all producers, and each kind of garbage."""

import json
from typing import Any

import pytest

from tests.support.murmur2 import murmur2, partition_of
from tests.support.wire import Record, Unreadable, parse_time, read_request

AT = 1_700_000_000_000


def record(value: Any, key: bytes | None = b"1") -> Record:
    """A record at offset 5 of partition 2."""
    data = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
    return Record(2, 5, AT, key, data)


@pytest.mark.parametrize(
    "value, key, request_id, coupon, policy, at",
    [
        ({"requestId": "REQ-1", "couponId": 1, "userId": 1}, b"1", "REQ-1", 1, None, AT),
        (
            {"schemaVersion": 1, "requestId": "a", "couponId": 1, "userId": 1, "acceptedAt": "2022-02-26T11:31:42.5Z"},
            b"1", "a", 1, None, 1645875102500,
        ),
        ({"policyId": 7, "userId": 1, "issuedAt": "2022-02-26T11:31:42"}, b"7", "coupon-issue-request-2-5", None, 7,
         1645875102000),
        ({"eventId": "e", "userId": 1, "couponId": 1, "timestamp": 5, "version": 1}, b"coupon-1", "e", 1, None, 5),
        ({"requestId": "x", "couponId": 2**63 - 1, "userId": 1, "more": [1.5]}, b"9223372036854775807", "x", 2**63 - 1,
         None, AT),
    ],
)  # fmt: skip
def test_shapes_of_all_producers(
    value: Any, key: bytes, request_id: str, coupon: int | None, policy: int | None, at: int
) -> None:
    request = read_request(record(value, key))
    assert (request.request_id, request.coupon_id, request.policy_id, request.user_id, request.accepted_at_ms) == (
        request_id, coupon, policy, 1, at,
    )  # fmt: skip


GOOD = {"requestId": "r", "couponId": 1, "userId": 1}


@pytest.mark.parametrize(
    "value, key, reason, request_id",
    [
        (None, b"1", "EMPTY", None),
        (b"", b"1", "EMPTY", None),
        (b" " * 16385, b"1", "TOO_LONG", None),
        (b'{"requestId":"r","couponId":1,', b"1", "NOT_JSON", None),
        (b'{"requestId":"r","couponId":1,"couponId":1,"userId":1}', b"1", "NOT_JSON", None),
        (b'{"requestId":"r","couponId":1e400,"userId":1}', b"1", "NOT_JSON", None),
        (b'{"requestId":"\\ud800","couponId":1,"userId":1}', b"1", "NOT_JSON", None),
        (b'{"requestId":"r","couponId":NaN,"userId":1}', b"1", "NOT_JSON", None),
        (b"\xff", b"1", "NOT_JSON", None),
        (b"[1]", b"1", "WRONG_SHAPE", None),
        ({**GOOD, "couponId": "1"}, b"1", "WRONG_SHAPE", "r"),
        ({**GOOD, "couponId": 1.0}, b"1", "WRONG_SHAPE", "r"),
        ({**GOOD, "userId": 0}, b"1", "WRONG_SHAPE", "r"),
        ({**GOOD, "userId": True}, b"1", "WRONG_SHAPE", "r"),
        ({"requestId": "r", "userId": 1}, b"1", "WRONG_SHAPE", "r"),
        ({"userId": 1}, b"1", "WRONG_SHAPE", None),
        ({**GOOD, "requestId": "no blanks"}, b"1", "WRONG_SHAPE", None),
        ({**GOOD, "acceptedAt": "yesterday"}, b"1", "WRONG_SHAPE", "r"),
        ({**GOOD, "schemaVersion": 2}, b"1", "NEW_VERSION", "r"),
        ({**GOOD, "schemaVersion": "1"}, b"1", "WRONG_SHAPE", "r"),
        (GOOD, None, "NO_KEY", "r"),
        (GOOD, b"", "NO_KEY", "r"),
        (GOOD, b"2", "OTHER_KEY", "r"),
        (GOOD, b"01", "OTHER_KEY", "r"),
    ],
)
def test_garbage(value: Any, key: bytes | None, reason: str, request_id: str | None) -> None:
    with pytest.raises(Unreadable) as fault:
        read_request(record(value, key))
    assert (fault.value.reason, fault.value.request_id) == (reason, request_id)


def test_times() -> None:
    assert parse_time("1970-01-01T00:00:00Z") == 0
    assert parse_time("1970-01-01T09:00+09:00") == 0
    assert parse_time("2022-02-30T00:00:00Z") is None
    assert parse_time("2022-02-26T23:59:60Z") is None
    assert parse_time("1969-12-31T23:59:59Z") is None


def test_murmur2_gives_the_numbers_of_kafkas_own_test() -> None:
    known = {
        b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829, b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
        b"abc": 479470107,
    }  # fmt: skip
    assert {key: murmur2(key) for key in known} == {key: value & 0xFFFFFFFF for key, value in known.items()}
    assert partition_of(b"21", 3) == (-973932308 & 0x7FFFFFFF) % 3
