"""Goal: an operator sees what is in a dead-letter topic, whoever wrote it and whatever it holds, finds what was
asked for, and is told clearly what went wrong."""

import base64
import json
import signal
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from tests.support.dead_letter_tool import DeadLetterTool
from tests.support.murmur2 import partition_of
from tests.support.system import System
from tests.support.topic import TopicReader, TopicWriter

_PARTITIONS = 2
_BINARY = bytes(range(256))
_topics: Iterator[int] = iter(range(1_000_000))


class OtherTopic:
    """A topic with dead letters of its own, which no worker reads."""

    def __init__(self, system: System, binary: Path) -> None:
        self.name = f"other-{next(_topics)}"
        self.kafka = system.world.kafka
        self.kafka.create_topic(self.name, _PARTITIONS)
        self.kafka.create_topic(self.name + ".DLT", _PARTITIONS)
        self.writer = TopicWriter(self.kafka.address, self.name + ".DLT")
        self.tool = DeadLetterTool(system, binary, self.name)
        self.written = 0

    def letter(
        self, key: bytes | None = b"1", value: bytes | None = b"{}", cause: bytes = b"NOT_JSON", timestamp_ms: int = 0,
        partition: int = 0, headers: tuple[tuple[str, bytes], ...] = (), topic: str | None = None,
    ) -> str:  # fmt: skip
        """Write a dead letter as the worker or Spring would; its id."""
        self.written += 1
        ours = [
            *headers, ("kafka_dlt-original-topic", (topic or self.name).encode()),
            ("kafka_dlt-original-partition", struct.pack(">i", partition)),
            ("kafka_dlt-original-offset", struct.pack(">q", 1000 + self.written)),
            ("kafka_dlt-original-timestamp", struct.pack(">q", timestamp_ms or now_ms())),
            ("kafka_dlt-exception-fqcn", cause), ("kafka_dlt-exception-message", b"because"),
        ]  # fmt: skip
        place = self.writer.write(key, value, partition, timestamp_ms, ours)
        return f"{place[0]}:{place[1]}"

    def raw(self, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> str:
        """Write anything; its id."""
        place = self.writer.write(key, value, 1, 0, headers)
        return f"{place[0]}:{place[1]}"


@pytest.fixture
def other(system: System, build: Path) -> OtherTopic:
    """A topic that nobody else uses."""
    return OtherTopic(system, build / "bin" / "issue-worker")


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def body(coupon: int, request_id: str = "R") -> bytes:
    """A request."""
    return json.dumps({"requestId": request_id, "couponId": coupon, "userId": 5}).encode()


def test_filters(other: OtherTopic) -> None:
    old = now_ms() - 7_200_000
    a = other.letter(b"7", body(7, "A"), b"REFUSED", old)
    b = other.letter(b"7", body(7, "B"), b"WRONG_SHAPE", old + 1000)
    c = other.letter(b"8", body(8, "C"), b"org.example.SomeException", old + 2000, partition=1)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime((old + 1000) / 1000)) + f".{(old + 1000) % 1000:03}Z"

    def found(*arguments: str) -> set[str]:
        return {row["id"] for row in other.tool.json("list", *arguments)}

    assert found() == found("--state", "all") == {a, b, c}
    assert found("--coupon", "7") == {a, b}
    assert found("--cause", "someexception") == {c}
    assert (found("--since", at), found("--until", at)) == ({b, c}, {a}), "since ≤ time < until"
    assert found("--since", at, "--coupon", "7") == {b}
    assert found(a, f"{other.name}.DLT:{c}") == {a, c}
    assert len(found("--limit", "2")) == 2
    assert found("--state", "replayed") == found("--coupon", "9") == set()
    table = other.tool("list").out
    assert table.startswith("LETTER") and len(table.splitlines()) == 4 and "WRONG_SHAPE" in table


def test_garbage(other: OtherTopic) -> None:
    strange = [
        other.raw(None, None, []),
        other.raw(b"", b"", [("kafka_dlt-original-offset", b"\x00"), ("kafka_dlt-original-topic", b"\xff\x00")]),
        other.raw(_BINARY, _BINARY, [("kafka_dlt-exception-fqcn", b"\x1b[31mred\n"), ("\x1b[2J", b"\x00")]),
        other.raw(b"1", b"{" * 100_000, [("kafka_dlt-original-partition", struct.pack(">i", -1))]),
        other.raw(b"1", body(7), [("kafka_dlt-retry-count", b"")]),
    ]
    rows = other.tool.json("list")
    assert [row["id"] for row in rows] == strange
    assert [row["record"] for row in rows] == [None] * 5
    assert (rows[4]["requestId"], rows[4]["couponId"]) == ("R", 7)
    shown = other.tool.json("show", *strange)
    assert (shown[0]["key"], shown[0]["value"], shown[1]["value"]) == (None, None, "")
    assert base64.b64decode(shown[2]["value"]["base64"]) == base64.b64decode(shown[2]["key"]["base64"]) == _BINARY
    assert shown[3]["value"] == "{" * 100_000
    for text in (other.tool("list").out, other.tool("show", *strange).out):
        assert all(character == "\n" or " " <= character <= "~" for character in text), "a terminal gets no control bytes"
    assert "\\x1b[31mred\\x0a" in other.tool("show", strange[2]).out


def test_letters_of_spring(other: OtherTopic) -> None:
    wrapped = ("kafka_dlt-exception-cause-fqcn", b"com.example.StockException")
    letter = other.letter(b"7", body(7), b"org.springframework.kafka.listener.ListenerExecutionFailedException",
                          headers=(("traceparent", b"00-1"), wrapped))  # fmt: skip
    [row] = other.tool.json("list", "--cause", "StockException")
    assert (row["cause"], row["message"], row["record"]["offset"]) == ("com.example.StockException", "because", 1001)
    [done] = other.tool.json("replay", letter)
    records = TopicReader(other.kafka.address, other.name).read()
    assert [(r.key, r.value, r.headers[0]) for r in records] == [(b"7", body(7), ("traceparent", b"00-1"))]
    assert [name for name, _ in records[0].headers] == ["traceparent", "coupon-replay", "coupon-origin"]
    assert done["newPlace"] == f"{partition_of(b'7', _PARTITIONS)}:0" and records[0].timestamp_ms == _ms(row["record"]["time"])


def _ms(text: str) -> int:
    whole, _, milliseconds = text.rstrip("Z").partition(".")
    return int(time.mktime(time.strptime(whole + " UTC", "%Y-%m-%dT%H:%M:%S %Z")) - time.timezone) * 1000 + int(milliseconds)


def test_what_cannot_be_replayed(other: OtherTopic) -> None:
    foreign, good = other.letter(topic="of-somebody-else"), other.letter()
    done = other.tool("replay", "--all", "--format", "json")
    assert done.code == 65
    assert [(row["id"], row["failure"] is None) for row in done.rows] == [(foreign, False), (good, True)]
    assert [row["id"] for row in other.tool.json("list")] == [foreign]


def test_mistakes(other: OtherTopic) -> None:
    letter = other.letter()
    for arguments, code, words in (
        (["replay"], 64, "--all"),
        (["replay", letter, "--all"], 64, "contradict"),
        (["discard", "--all"], 64, "--reason"),
        (["show"], 64, "id"),
        (["list", "0:x"], 64, "0:x"),
        (["list", "other.DLT:0:0"], 64, "other.DLT:0:0"),
        (["list", "--since", "yesterday"], 64, "--since"),
        (["show", "0:99"], 65, "1 of 1 ids"),
        (["mend"], 64, "mend"),
    ):
        ran = other.tool(*arguments)
        assert (ran.code, words in ran.err) == (code, True), arguments
    assert "COUPON_ALL" in other.tool("replay", COUPON_ALL="true", COUPON_REDIS_HOST="r").err, "no variable says all"
    assert [row["state"] for row in other.tool.json("list")] == ["open"], "nothing was done"


def test_away(system: System, other: OtherTopic) -> None:
    other.letter()
    for option, value in (("--kafka-brokers", "127.0.0.1:1"), ("--mysql-port", "1")):
        flags = other.tool._options
        flags[flags.index(option) + 1], kept = value, flags[flags.index(option) + 1]
        ran = other.tool("list")
        flags[flags.index(option) + 1] = kept
        assert ran.code == 69 and ran.out == "" and ran.err
    with closing(system.database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(CONCAT('issue-worker-dlt.', DATABASE()), 0)")
        busy = other.tool("replay", "--all")
        assert busy.code == 75 and "under way" in busy.err
        assert other.tool("replay", "--all", "--dry-run").code == 0, "a dry run waits for nobody"


def test_a_long_run_is_paced_interrupted_and_taken_up_again(other: OtherTopic) -> None:
    for number in range(12):
        other.letter(b"%d" % number, body(7, f"R{number}"))
    began = time.monotonic()
    assert other.tool("replay", "--coupon", "7", "--limit", "6", "--rate", "5").code == 0
    assert time.monotonic() - began >= 1.0, "the 6th record comes a second after the first"
    process = other.tool.start("replay", "--coupon", "7", "--rate", "1")
    reader = TopicReader(other.kafka.address, other.name)
    assert wait_until(lambda: len(reader.read()) >= 7, 30)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    print(process.returncode, out, err)
    assert process.returncode == 75 and "replayed" in err
    assert other.tool("replay", "--coupon", "7").code == 0
    assert sorted(r.key or b"" for r in reader.read()) == sorted(b"%d" % number for number in range(12))
