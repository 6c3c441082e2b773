"""Goal: bad bodies get the documented 400 as problem+json, the connection stays usable, no number is ever rounded,
and nothing reaches Kafka."""

import json

import pytest

from tests.support.raw_http import talk
from tests.support.rest import call
from tests.support.system import System

_NOT_JSON = {
    "blank": b" ",
    "truncated": b'{"userId":16',
    "a trailing comma": b'{"userId":16,}',
    "something behind it": b'{"userId":16}x',
    "two values": b'{"userId":16}{"userId":17}',
    "single quotes": b"{'userId':16}",
    "no quotes": b"{userId:16}",
    "a comment": b'{"userId":16}//',
    "NaN": b'{"userId":NaN}',
    "Infinity": b'{"userId":Infinity}',
    "a leading zero": b'{"userId":016}',
    "a plus sign": b'{"userId":+16}',
    "hexadecimal": b'{"userId":0x10}',
    "a bare dot": b'{"userId":16.}',
    "a control byte in a text": b'{"userId":16,"a":"\x01"}',
    "a NUL byte": b'{"userId":16}\0',
    "a raw NUL in a text": b'{"userId":16,"a":"\0"}',
    "invalid UTF-8": b'{"userId":16,"a":"\xff"}',
    "overlong UTF-8": b'{"userId":16,"a":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"userId":16,"a":"\xed\xa0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"userId":16}',
    "UTF-16": '{"userId":16}'.encode("utf-16"),
    "an odd escape": b'{"userId":16,"a":"\\x"}',
}
_WRONG_SHAPE = {
    "no body, and no userId in the query": b"",
    "an array": b"[16]",
    "a number": b"16",
    "a text": b'"16"',
    "null": b"null",
    "no userId": b"{}",
    "userId null": b'{"userId":null}',
    "userId a text": b'{"userId":"16"}',
    "userId true": b'{"userId":true}',
    "userId an array": b'{"userId":[16]}',
    "userId 0": b'{"userId":0}',
    "userId negative": b'{"userId":-16}',
    "userId a fraction": b'{"userId":16.0}',
    "userId with exponent": b'{"userId":16e0}',
    "userId 2^63": b'{"userId":9223372036854775808}',
    "userId 2^64 + 16": b'{"userId":18446744073709551632}',
    "userId huge": b'{"userId":1' + b"0" * 300 + b"}",
    "1e400": b'{"userId":1e400}',
    "userId twice": b'{"userId":16,"userId":17}',
    "any key twice": b'{"userId":16,"a":1,"a":2}',
    "userId twice, once escaped": b'{"userId":16,"user\\u0049d":17}',
    "an escaped NUL": b'{"userId":16,"a":"\\u0000"}',
}
_EITHER = {
    "a lone surrogate": b'{"userId":16,"a":"\\ud800"}',
    "deep nesting": b'{"userId":16,"a":' + b"[" * 2100,
}
_BODIES = {
    **{name: (body, {"INVALID_JSON"}) for name, body in _NOT_JSON.items()},
    **{name: (body, {"INVALID_REQUEST"}) for name, body in _WRONG_SHAPE.items()},
    **{name: (body, {"INVALID_JSON", "INVALID_REQUEST"}) for name, body in _EITHER.items()},
}


@pytest.mark.parametrize("name", _BODIES)
def test_bad_body(system: System, name: str) -> None:
    body, codes = _BODIES[name]
    coupon, before = system.new_coupon(5), system.ends()
    request = (
        b"POST /api/v1/coupons/%d/issue HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % (coupon, len(body))
    ) + body
    read = b"GET /api/v1/coupons/%d HTTP/1.1\r\nHost: h\r\n\r\n" % coupon
    exchange = talk(system.gateways[0], request + read, wanted=2)
    seen = [(reply.status, reply.code) for reply in exchange.replies]
    print(f"{name}: expected 400 {' or '.join(sorted(codes))} and a usable connection; seen {seen}")
    assert [status for status, _ in seen] == [400, 200]
    assert seen[0][1] in codes
    assert system.ends() == before, "something reached Kafka"


@pytest.mark.parametrize("user", [1, 2**53 + 1, 2**63 - 1])
def test_ids_are_exact(system: System, user: int) -> None:
    coupon = system.new_coupon(5)
    accepted = call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": user})
    result = call("GET", f"{system.gateways[1]}{accepted.json['resultUrl']}", headers={"Prefer": "wait=10"})
    rows = system.database.query("SELECT user_id FROM user_coupon WHERE coupon_id = %s", coupon)
    print(f"expected user {user}, seen {accepted.text}, {result.text}, {rows}")
    assert (accepted.json["userId"], result.json["userId"], rows) == (user, user, [(user,)])


def test_coupon_ids_are_exact(system: System) -> None:
    largest = 2**63 - 1
    name = f"LARGEST-{system.unused_id()}"
    record = {"requestId": name, "couponId": largest, "userId": largest}
    system.writer.write(str(largest).encode(), json.dumps(record).encode())
    result = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/{name}?wait=10").json
    assert (result["couponId"], result["userId"], result["reason"]) == (largest, largest, "UNKNOWN_COUPON")


def test_unknown_members_are_ignored(system: System) -> None:
    coupon = system.new_coupon(5)
    body = '{"userId":16,"이름":"김","nested":{"a":[1,2.5,null,true]}}'.encode()
    request = b"POST /api/v1/coupons/%d/issue HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" % coupon
    exchange = talk(system.gateways[0], request + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert [reply.status for reply in exchange.replies] == [202]
