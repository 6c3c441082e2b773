"""Goal: garbage straight in the topic goes to the dead-letter topic, byte for byte, in its own partition and with
Spring's headers; where its requestId can be read the poll says FAILED; the partition moves on."""

import json
import struct
import time

import pytest

from tests.support.rest import call
from tests.support.system import System
from tests.support.wire import Record

_TIMESTAMP = int(time.time() * 1000) - 7_654_321  # not now, and not so old that Kafka would delete the record


def kinds(coupon: int) -> dict[str, tuple[bytes | None, bytes | None, str | None]]:
    """Name → key, value, and the requestId if a reader can see it."""
    good = {"requestId": f"BAD-{coupon}", "couponId": coupon, "userId": 1}
    key, name = str(coupon).encode(), f"BAD-{coupon}"

    def altered(**fields: object) -> bytes:
        return json.dumps({**good, **fields}).encode()

    flipped = bytearray(altered())
    flipped[2] ^= 0x80
    return {
        "null value": (key, None, None),
        "empty value": (key, b"", None),
        "truncated": (key, altered()[:-9], None),
        "a flipped bit": (key, bytes(flipped), None),
        "not an object": (key, b"[1,2,3]", None),
        "a key twice": (key, b'{"userId":1,' + altered()[1:], None),
        "no userId": (key, altered(userId=None), name),
        "userId a text": (key, altered(userId="1"), name),
        "userId a fraction": (key, altered(userId=1.0), name),
        "userId 0": (key, altered(userId=0), name),
        "couponId too large": (key, altered(couponId=2**63), None),
        "requestId with a blank": (key, altered(requestId="a b"), None),
        "requestId a number": (key, altered(requestId=7), None),
        "acceptedAt not a time": (key, altered(acceptedAt="yesterday"), name),
        "unknown version": (key, altered(schemaVersion=2), name),
        "no key": (None, altered(), name),
        "empty key": (b"", altered(), name),
        "key of another coupon": (str(coupon + 1).encode(), altered(), name),
        "key with a leading zero": (b"0" + key, altered(), name),
        "17 KiB": (key, altered(padding="x" * 17000), None),
        "1 MiB": (key, altered(padding="x" * (1 << 20)), None),
    }


_KINDS = list(kinds(1))


@pytest.mark.parametrize("kind", _KINDS)
def test_garbage(system: System, kind: str) -> None:
    coupon = system.new_coupon(5)
    key, value, request_id = kinds(coupon)[kind]
    since = system.dead_letters.ends()
    partition, offset = system.writer.write(key, value, 1, _TIMESTAMP, [("trace", b"\x00\xff"), ("trace", b"again")])
    good = json.dumps({"requestId": f"GOOD-{coupon}", "couponId": coupon, "userId": 2}).encode()
    system.writer.write(str(coupon).encode(), good, 1)
    system.wait_drained()
    after = call("GET", f"{system.gateways[0]}/api/v1/coupons/result/GOOD-{coupon}?wait=5")
    assert after.json["status"] == "ISSUED", "the partition did not move on"

    letters = system.dead_letters.read(since)
    print(f"expected 1 dead letter in partition {partition}, seen {[(r.partition, r.key) for r in letters]}")
    assert [(letter.partition, letter.key, letter.value) for letter in letters] == [(partition, key, value)]
    check_headers(system, letters[0], partition, offset)
    if request_id:
        failed = call("GET", f"{system.gateways[1]}/api/v1/coupons/result/{request_id}?wait=5")
        print(f"expected FAILED DEAD_LETTERED, seen {failed.text}")
        assert (failed.json["status"], failed.json["reason"]) == ("FAILED", "DEAD_LETTERED")


def check_headers(system: System, letter: Record, partition: int, offset: int) -> None:
    """Spring's names and binary encodings, behind the record's own headers."""
    assert letter.headers[:2] == (("trace", b"\x00\xff"), ("trace", b"again")), "its own headers are gone"
    headers = dict(letter.headers[2:])
    expected = {
        "kafka_dlt-original-topic": system.topic.encode(),
        "kafka_dlt-original-partition": struct.pack(">i", partition),
        "kafka_dlt-original-offset": struct.pack(">q", offset),
        "kafka_dlt-original-timestamp": struct.pack(">q", _TIMESTAMP),
        "kafka_dlt-original-timestamp-type": b"CreateTime",
        "kafka_dlt-original-consumer-group": system.group.encode(),
    }
    assert {name: headers.get(name) for name in expected} == expected
    assert headers.get("kafka_dlt-exception-fqcn") and headers.get("kafka_dlt-exception-message")


def test_a_hundred_bad_ones_among_good_ones(system: System) -> None:
    coupon, since = system.new_coupon(10), system.dead_letters.ends()
    key = str(coupon).encode()
    for number in range(1, 101):
        system.writer.write(key, b"{" * number)
        if number % 10 == 0:
            body = {"requestId": f"AMONG-{coupon}-{number}", "couponId": coupon, "userId": number}
            system.writer.write(key, json.dumps(body).encode())
    system.wait_drained()
    letters = len(system.dead_letters.read(since))
    issued = system.database.count("SELECT issued_count FROM coupon WHERE coupon_id = %s", coupon)
    print(f"expected 100 dead letters and 10 issued, seen {letters} and {issued}")
    assert (letters, issued) == (100, 10)
