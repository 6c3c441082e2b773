"""Faults in the midst of a talk with a Kafka broker: answers to Produce requests that are lost or say something else,
and requests that the broker itself refuses. Used through a TcpProxy: proxy.talk = ProduceFaults().talk.

The layout of requests and answers: https://kafka.apache.org/protocol.html#The_Messages_Produce, versions 3 to 12; of
record batches: https://kafka.apache.org/documentation/#recordbatch."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tests.support.tcp_proxy import Look

REQUEST_TIMED_OUT, OUT_OF_ORDER_SEQUENCE_NUMBER = 7, 45
_PRODUCE = 0
_FIRST_WITH_OFFSET_OF_START, _FIRST_WITH_RECORD_ERRORS, _FIRST_FLEXIBLE = 5, 8, 9
_CHECKED, _CRC, _BASE_SEQUENCE = 21, 17, 53  # where they are in a batch; the checksum is over all from _CHECKED on
_GAP = 1000


class Way(Enum):
    """What happens to a Produce request or to its answer."""

    LOSE = "the record is written, and the connection is reset instead of the answer"
    SAY = "the record is written, and the answer says an error"
    GAP = "the sequence number is too high, so that the broker refuses it"


@dataclass
class ProduceFault:
    """Meets requests that contain marker. left: how many, None for all; met: how many it did."""

    way: Way
    marker: bytes = b""
    left: int | None = None
    error: int = REQUEST_TIMED_OUT
    met: int = 0


class ProduceFaults:
    """What all connections of a proxy are to do; None: carry everything as it is."""

    def __init__(self) -> None:
        self.fault: ProduceFault | None = None

    def talk(self) -> Look:
        """For a new connection."""
        return _Talk(self)

    def meet(self, request: bytes) -> ProduceFault | None:
        """The fault that this Produce request meets; it counts as met."""
        fault = self.fault
        if fault is None or fault.left == 0 or fault.marker not in request:
            return None
        if fault.left is not None:
            fault.left -= 1
        fault.met += 1
        return fault


class _Talk:
    """One connection: whole requests and answers, matched by their correlation ids."""

    def __init__(self, faults: ProduceFaults) -> None:
        self._faults = faults
        self._rest = {True: b"", False: b""}
        self._expected: dict[int, tuple[int, ProduceFault]] = {}  # correlation id → version and what becomes of the answer

    def __call__(self, upwards: bool, chunk: bytes) -> bytes:
        data = self._rest[upwards] + chunk
        out = bytearray()
        while len(data) >= 4 and len(data) >= 4 + (size := int.from_bytes(data[:4], "big")):
            frame, data = bytearray(data[4 : 4 + size]), data[4 + size :]
            (self._ask if upwards else self._answer)(frame)
            out += struct.pack(">i", len(frame)) + frame
        self._rest[upwards] = data
        return bytes(out)

    def _ask(self, frame: bytearray) -> None:
        api, version, correlation = struct.unpack_from(">hhi", frame)
        fault = self._faults.meet(frame) if api == _PRODUCE else None
        if fault is None:
            return
        if fault.way is Way.GAP:
            for begin, end in _batches(frame, version):
                _raise_sequence(frame, begin, end)
        else:
            self._expected[correlation] = version, fault

    def _answer(self, frame: bytearray) -> None:
        version, fault = self._expected.pop(int.from_bytes(frame[:4], "big"), (0, None))
        if fault is None:
            return
        if fault.way is Way.LOSE:
            raise ConnectionResetError("the answer is lost")
        for at in _errors(frame, version):
            struct.pack_into(">h", frame, at, fault.error)


class _Cursor:
    """Goes through a message; flexible ones have compact lengths and tagged fields."""

    def __init__(self, frame: bytes, at: int, version: int) -> None:
        self._frame, self.at, self._flexible = frame, at, version >= _FIRST_FLEXIBLE

    def number(self, layout: str) -> int:
        (value,) = struct.unpack_from(layout, self._frame, self.at)
        self.at += struct.calcsize(layout)
        return int(value)

    def length(self, layout: str) -> int:
        """Of an array, a string or bytes; -1: null."""
        return self._varint() - 1 if self._flexible else self.number(layout)

    def text(self) -> None:
        size = max(0, self.length(">h"))
        self.at += size

    def tags(self) -> None:
        if not self._flexible:
            return
        for _ in range(self._varint()):
            self._varint()
            size = self._varint()
            self.at += size

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.number(">B")
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7


def _batches(frame: bytes, version: int) -> Iterator[tuple[int, int]]:
    """Where each batch of a request begins and ends."""
    cursor = _Cursor(frame, 8, version)
    cursor.at += 2 + max(0, int.from_bytes(frame[8:10], "big", signed=True))  # the client's id is never compact
    cursor.tags()
    cursor.text()
    cursor.number(">h")
    cursor.number(">i")
    for _ in range(cursor.length(">i")):
        cursor.text()
        for _ in range(cursor.length(">i")):
            cursor.number(">i")
            size = cursor.length(">i")
            yield cursor.at, cursor.at + size
            cursor.at += size
            cursor.tags()
        cursor.tags()


def _errors(frame: bytes, version: int) -> Iterator[int]:
    """Where each error code of an answer is."""
    cursor = _Cursor(frame, 4, version)
    cursor.tags()
    for _ in range(cursor.length(">i")):
        cursor.text()
        for _ in range(cursor.length(">i")):
            cursor.number(">i")
            yield cursor.at
            cursor.at += struct.calcsize(">hqqq" if version >= _FIRST_WITH_OFFSET_OF_START else ">hqq")
            if version >= _FIRST_WITH_RECORD_ERRORS:
                for _ in range(cursor.length(">i")):
                    cursor.number(">i")
                    cursor.text()
                    cursor.tags()
                cursor.text()
            cursor.tags()
        cursor.tags()


def _raise_sequence(frame: bytearray, begin: int, end: int) -> None:
    sequence = int.from_bytes(frame[begin + _BASE_SEQUENCE : begin + _BASE_SEQUENCE + 4], "big")
    struct.pack_into(">i", frame, begin + _BASE_SEQUENCE, sequence + _GAP)
    struct.pack_into(">I", frame, begin + _CRC, crc32c(bytes(frame[begin + _CHECKED : end])))


def crc32c(data: bytes) -> int:
    """Castagnoli's, RFC 3720 appendix B.4."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
