"""Faults meet the requests they are for, in the layouts before and since compact lengths, however the bytes come."""

import struct

import pytest

from tests.support.produce_fault import OUT_OF_ORDER_SEQUENCE_NUMBER, ProduceFault, ProduceFaults, Way, crc32c
from tests.support.tcp_proxy import Look

_TOPIC = b"requests"
_VERSIONS = [7, 8, 9]
_SEQUENCE = 40


def batch(sequence: int, value: bytes) -> bytes:
    """A record batch, of which only the head is looked at."""
    checked = struct.pack(">hiqqqhii", 0, 0, 0, 0, 77, 0, sequence, 1) + value
    return struct.pack(">qiib", 0, 9 + len(checked), 0, 2) + struct.pack(">I", crc32c(checked)) + checked


def framed(message: bytes) -> bytes:
    """As it is sent."""
    return struct.pack(">i", len(message)) + message


def request(version: int, correlation: int, value: bytes = b"value") -> bytes:
    """A Produce request of one batch."""
    records = batch(_SEQUENCE, value)
    head = struct.pack(">hhi", 0, version, correlation) + struct.pack(">h", 6) + b"client"
    if version < 9:
        body = struct.pack(">hhii", -1, -1, 4000, 1) + struct.pack(">h", len(_TOPIC)) + _TOPIC
        return framed(head + body + struct.pack(">iii", 1, 0, len(records)) + records)
    body = b"\0" + b"\0" + struct.pack(">hi", -1, 4000) + b"\2" + bytes([1 + len(_TOPIC)]) + _TOPIC
    return framed(head + body + b"\2" + struct.pack(">i", 0) + bytes([1 + len(records)]) + records + b"\0\0\0")


def answer(version: int, correlation: int, error: int = 0) -> bytes:
    """The answer to it."""
    said = struct.pack(">ihqqq", 0, error, 17, -1, 0)
    if version < 9:
        errors = struct.pack(">ih", 0, -1) if version == 8 else b""
        topic = struct.pack(">h", len(_TOPIC)) + _TOPIC
        return framed(struct.pack(">ii", correlation, 1) + topic + struct.pack(">i", 1) + said + errors + struct.pack(">i", 0))
    topic = bytes([1 + len(_TOPIC)]) + _TOPIC
    # One record's error with a text, and a tagged field, to be gone over.
    errors = b"\2" + struct.pack(">i", 0) + b"\3no\0" + b"\0" + b"\1\5\2xy"
    return framed(struct.pack(">i", correlation) + b"\0\2" + topic + b"\2" + said + errors + b"\0" + struct.pack(">i", 0) + b"\0")


def talk(fault: ProduceFault | None) -> Look:
    """A connection that meets the fault."""
    faults = ProduceFaults()
    faults.fault = fault
    return faults.talk()


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("version", _VERSIONS)
def test_without_a_fault_every_byte_goes_on(version: int) -> None:
    look, sent = talk(None), request(version, 1) + request(version, 2)
    assert b"".join(look(True, sent[at : at + 1]) for at in range(len(sent))) == sent
    told = answer(version, 1) + answer(version, 2)
    assert look(False, told[:9]) + look(False, told[9:]) == told


@pytest.mark.parametrize("version", _VERSIONS)
def test_an_answer_says_an_error(version: int) -> None:
    fault = ProduceFault(Way.SAY, b"this one", 1, OUT_OF_ORDER_SEQUENCE_NUMBER)
    look = talk(fault)
    for correlation, value in enumerate((b"another", b"this one", b"this one")):
        sent = request(version, correlation, value)
        assert look(True, sent) == sent
    errors = [0, OUT_OF_ORDER_SEQUENCE_NUMBER, 0]
    assert [look(False, answer(version, n)) for n in range(3)] == [answer(version, n, errors[n]) for n in range(3)]
    assert fault.met == 1


@pytest.mark.parametrize("version", _VERSIONS)
def test_an_answer_is_lost(version: int) -> None:
    look = talk(ProduceFault(Way.LOSE))
    look(True, request(version, 1))
    with pytest.raises(ConnectionResetError):
        look(False, answer(version, 1))


@pytest.mark.parametrize("version", _VERSIONS)
def test_a_sequence_has_a_gap_and_its_checksum_is_right(version: int) -> None:
    sent = request(version, 1)
    assert talk(ProduceFault(Way.GAP))(True, sent) == sent.replace(batch(_SEQUENCE, b"value"), batch(_SEQUENCE + 1000, b"value"))


def test_other_requests_are_none_of_its_business() -> None:
    look, metadata = talk(ProduceFault(Way.LOSE)), framed(struct.pack(">hhi", 3, 7, 5) + b"whatever")
    assert look(True, metadata) == metadata
    assert look(False, framed(struct.pack(">i", 5) + b"so be it")) == framed(struct.pack(">i", 5) + b"so be it")
