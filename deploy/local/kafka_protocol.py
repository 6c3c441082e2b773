"""The few requests of Kafka's wire protocol that starting and watching a broker needs, in milliseconds
where a Java tool takes a second. Only old, fixed-layout versions that Kafka 4 still serves."""

import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_LIST_OFFSETS, _METADATA, _OFFSET_FETCH, _FIND_COORDINATOR, _CREATE_TOPICS = 2, 3, 9, 10, 19
_LATEST = -1
NO_ERROR, UNKNOWN_TOPIC, COORDINATOR_LOADING, TOPIC_EXISTS = 0, 3, 14, 36


class KafkaError(Exception):
    """The broker could not be asked, or answered with an error code."""


@dataclass(frozen=True)
class Metadata:
    """brokers: node id → (host, port). topics: name → partition → leader's node id (-1: none). in_sync: name →
    partition → node ids of the replicas in sync."""

    brokers: Mapping[int, tuple[str, int]]
    topics: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    in_sync: Mapping[str, Mapping[int, list[int]]] = field(default_factory=dict)


def metadata(host: str, port: int, topics: Iterable[str] | None = None, timeout: float = 5) -> Metadata:
    """The live brokers and the given topics (None: all) with their leaders; absent topics are left out."""
    body = struct.pack(">i", -1) if topics is None else _array(_text(name) for name in topics)
    reader = _ask(host, port, _METADATA, 1, body, timeout)
    brokers = {}
    for _ in range(reader.int32()):
        node, name, broker_port = reader.int32(), reader.text(), reader.int32()
        reader.text()
        brokers[node] = (name or "", broker_port)
    reader.int32()
    found: dict[str, dict[int, int]] = {}
    in_sync: dict[str, dict[int, list[int]]] = {}
    for _ in range(reader.int32()):
        error, name = reader.int16(), reader.text() or ""
        reader.int8()
        leaders, replicas = {}, {}
        for _ in range(reader.int32()):
            reader.int16()
            partition, leader = reader.int32(), reader.int32()
            reader.int32_array()
            leaders[partition], replicas[partition] = leader, reader.int32_array()
        if error != UNKNOWN_TOPIC:
            found[name], in_sync[name] = leaders, replicas
    return Metadata(brokers, found, in_sync)


def create_topic(
    host: str, port: int, name: str, partitions: int, replicas: int, config: Mapping[str, str], timeout: float = 30
) -> bool:
    """Create the topic; False if one of that name is there already. Raises KafkaError otherwise."""
    settings = _array(_text(key) + _text(value) for key, value in config.items())
    topic = _text(name) + struct.pack(">ih", partitions, replicas) + _array([]) + settings
    body = _array([topic]) + struct.pack(">ib", int(timeout * 1000), 0)
    reader = _ask(host, port, _CREATE_TOPICS, 2, body, timeout + 1)
    reader.int32()
    reader.int32()
    reader.text()
    error, message = reader.int16(), reader.text()
    if error not in (NO_ERROR, TOPIC_EXISTS):
        raise KafkaError(f"topic {name} was not created: error {error} {message or ''}")
    return error == NO_ERROR


def end_offsets(host: str, port: int, topic: str, timeout: float = 5) -> dict[int, int]:
    """Partition → the offset that its next record gets. Asks each partition's leader."""
    known = metadata(host, port, [topic], timeout)
    leaders = known.topics.get(topic, {})
    offsets: dict[int, int] = {}
    for leader in set(leaders.values()) & set(known.brokers):
        mine = [partition for partition, node in leaders.items() if node == leader]
        wanted = _array(struct.pack(">iq", partition, _LATEST) for partition in mine)
        body = struct.pack(">i", -1) + _array([_text(topic) + wanted])
        reader = _ask(*known.brokers[leader], _LIST_OFFSETS, 1, body, timeout)
        reader.int32()
        reader.text()
        for _ in range(reader.int32()):
            partition, error, _, offset = reader.int32(), reader.int16(), reader.int64(), reader.int64()
            if error == NO_ERROR:
                offsets[partition] = offset
    return offsets


def committed_offsets(
    host: str, port: int, group: str, topic: str, partitions: Iterable[int], timeout: float = 5
) -> dict[int, int]:
    """Partition → offset committed by the group, without those it never committed."""
    reader = _ask(host, port, _FIND_COORDINATOR, 0, _text(group), timeout)
    error, _, coordinator, coordinator_port = reader.int16(), reader.int32(), reader.text(), reader.int32()
    if error != NO_ERROR:
        return {}
    wanted = _array(struct.pack(">i", partition) for partition in partitions)
    body = _text(group) + _array([_text(topic) + wanted])
    reader = _ask(coordinator or host, coordinator_port, _OFFSET_FETCH, 1, body, timeout)
    offsets: dict[int, int] = {}
    for _ in range(reader.int32()):
        reader.text()
        for _ in range(reader.int32()):
            partition, offset, _, error = reader.int32(), reader.int64(), reader.text(), reader.int16()
            if error == NO_ERROR and offset >= 0:
                offsets[partition] = offset
    return offsets


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def _take(self, layout: str) -> int:
        (value,) = struct.unpack_from(layout, self._data, self._position)
        self._position += struct.calcsize(layout)
        return int(value)

    def int8(self) -> int:
        return self._take(">b")

    def int16(self) -> int:
        return self._take(">h")

    def int32(self) -> int:
        return self._take(">i")

    def int64(self) -> int:
        return self._take(">q")

    def text(self) -> str | None:
        length = self.int16()
        if length < 0:
            return None
        start, self._position = self._position, self._position + length
        return self._data[start : self._position].decode()

    def int32_array(self) -> list[int]:
        return [self.int32() for _ in range(self.int32())]


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">h", len(data)) + data


def _array(items: Iterable[bytes]) -> bytes:
    parts = list(items)
    return struct.pack(">i", len(parts)) + b"".join(parts)


def _ask(host: str, port: int, api: int, version: int, body: bytes, timeout: float) -> _Reader:
    header = struct.pack(">hhi", api, version, 1) + _text("coupon-local")
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(struct.pack(">i", len(header) + len(body)) + header + body)
            (size,) = struct.unpack(">i", _receive(connection, 4))
            answer = _receive(connection, size)
    except OSError as error:
        raise KafkaError(f"no answer from Kafka at {host}:{port}: {error}") from error
    return _Reader(answer[4:])


def _receive(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionResetError("connection closed")
        data += part
    return bytes(data)
