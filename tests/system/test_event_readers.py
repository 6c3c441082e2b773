"""Goal: who reads coupon-events has each event's effect once, killed wherever and however often it is told; and counts
that Redis has lost come back by themselves."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from confluent_kafka import Consumer, TopicPartition

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from deploy.local.world import EVENTS_TOPIC
from tests.support.long_case import long
from tests.support.relaying import figure, relaying, wait_published
from tests.support.system import System
from tests.support.topic import TopicReader
from tests.system.test_events import expire, sell

_TOTAL, _HOURS = "{{coupon-statistics}}:total:{}", "{{coupon-statistics}}:hour:{}:*"


@pytest.fixture
def relay(system: System) -> Iterator[Program]:
    """All that waited is published."""
    with relaying(system) as (relay,):
        wait_published(system)
        yield relay


def counts(system: System, coupon: int) -> dict[str, int]:
    """The coupon's counts in Redis."""
    client = redis.Redis(port=system.world.ports.redis, decode_responses=True)
    return {name: int(value) for name, value in client.hgetall(_TOTAL.format(coupon)).items() if name != "sold-out-at"}


def minutes(system: System, coupon: int) -> dict[str, int]:
    """The same, added up over the minutes."""
    client = redis.Redis(port=system.world.ports.redis, decode_responses=True)
    found: dict[str, int] = {}
    for key in client.scan_iter(_HOURS.format(coupon)):
        for field, value in client.hgetall(key).items():
            name = field.split(":")[1]
            found[name] = found.get(name, 0) + int(value)
    return found


def told(system: System, coupon: int) -> dict[str, int]:
    """What the outbox says."""
    rows = system.database.query("SELECT type, COUNT(*) FROM outbox WHERE aggregateid = %s GROUP BY type", str(coupon))
    return {name.removeprefix("coupon."): int(count) for name, count in rows}


def tell_again(system: System, coupon: int) -> None:
    """All of the coupon's events are published once more, as after a kill."""
    system.database.query("UPDATE outbox SET published_at = NULL WHERE aggregateid = %s", str(coupon))
    wait_published(system)


@pytest.mark.parametrize("failpoint", [long("events_before_take"), "events_after_take"])
def test_statistics_that_are_killed(
    system: System, relay: Program, build: Path, failpoint_worker: Path, failpoint: str
) -> None:
    """Killed in the middle, twice, then told everything again: each event counts once."""
    coupon = system.new_coupon(700)
    sell(system, coupon, 720)
    expire(system, build, coupon, 100)
    wait_published(system)
    statistics = system.world.make_event_reader("statistics", ["--batch-events", "50"])
    statistics.binary = failpoint_worker
    for _ in range(2):
        statistics.start({"COUPON_FAILPOINT": f"{failpoint}:3"})
        assert statistics.process.wait_exit(60), "the failpoint was not reached"
    expected = {"issued": 700, "expired": 100, "sold-out-stock": 700}
    statistics.start()
    try:
        statistics.wait_ready()
        assert wait_until(lambda: counts(system, coupon) == expected, 60), counts(system, coupon)
        tell_again(system, coupon)
        seen = figure(statistics, "coupon_events_taken_total")
        other = system.new_coupon(1)
        sell(system, other, 1)
        assert wait_until(lambda: counts(system, other) == {"issued": 1, "sold-out-stock": 1}, 60)
    finally:
        statistics.stop()
    print(f"{seen:.0f} records taken by then; counts {counts(system, coupon)}, by minutes {minutes(system, coupon)}")
    assert counts(system, coupon) == expected
    assert minutes(system, coupon) == {"issued": 700, "expired": 100} == {
        name: count for name, count in told(system, coupon).items() if name != "sold-out"
    }  # fmt: skip


def test_counts_that_redis_has_lost_come_back(system: System, relay: Program) -> None:
    """Emptied while nothing else happens; restarted without its data."""
    coupon = system.new_coupon(30)
    sell(system, coupon, 40)
    wait_published(system)
    expected = {"issued": 30, "sold-out-stock": 30}
    statistics = system.world.make_event_reader("statistics")
    statistics.start()
    try:
        statistics.wait_ready()
        assert wait_until(lambda: counts(system, coupon) == expected, 60)
        redis.Redis(port=system.world.ports.redis).flushall()
        assert wait_until(lambda: counts(system, coupon) == expected, 60), counts(system, coupon)
        assert minutes(system, coupon) == {"issued": 30}
    finally:
        statistics.stop()


def begin_here(system: System, group: str) -> str:
    """A group that begins at the topic's end as it is now; its name."""
    reader = TopicReader(system.world.kafka.address, EVENTS_TOPIC)
    consumer = Consumer({"bootstrap.servers": reader.brokers, "group.id": group, "enable.auto.commit": False})
    consumer.commit(offsets=[TopicPartition(EVENTS_TOPIC, p, end) for p, end in reader.ends().items()], asynchronous=False)
    consumer.close()
    return group


def lines_of(file: Path, coupon: int) -> list[dict[str, object]]:
    """The coupon's lines in a file of notifications."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [line for line in lines if line["couponId"] == coupon]


@pytest.mark.parametrize("failpoint", [long("events_before_take"), long("events_after_take"), "notification_half_written"])
def test_notifications_that_are_killed(
    system: System, relay: Program, failpoint_worker: Path, tmp_path: Path, failpoint: str
) -> None:
    """One line for each event of a user's coupon, in order; half a line is taken back."""
    coupon, file = system.new_coupon(300), tmp_path / "notifications"
    group = begin_here(system, f"notification-{coupon}")
    sell(system, coupon, 310)
    wait_published(system)
    flags = ["--file", str(file), "--batch-events", "50", "--kafka-group", group]
    notification = system.world.make_event_reader("notification", flags)
    notification.binary = failpoint_worker
    for _ in range(2):
        notification.start({"COUPON_FAILPOINT": f"{failpoint}:2"})
        assert notification.process.wait_exit(60), "the failpoint was not reached"
    notification.start()
    try:
        notification.wait_ready()
        assert wait_until(lambda: len(lines_of(file, coupon)) == 300, 60), len(lines_of(file, coupon))
        tell_again(system, coupon)
        other = system.new_coupon(1)
        sell(system, other, 1)
        assert wait_until(lambda: len(lines_of(file, other)) == 1, 60)
    finally:
        notification.stop()
    assert [line["issueNo"] for line in lines_of(file, coupon)] == list(range(1, 301))
    assert {line["type"] for line in lines_of(file, coupon)} == {"coupon.issued"}


class Receiver:
    """A webhook that answers with the statuses it is given, then with 204, and keeps what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self.calls: list[tuple[str, str, dict[str, object]]] = []
        outer, planned = self, list(statuses)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.calls.append((self.headers["ce-id"], self.headers["Idempotency-Key"], body))
                self.send_response(planned.pop(0) if planned else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/events"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def test_a_webhook_that_fails_at_times(system: System, relay: Program, failpoint_worker: Path) -> None:
    """Tried again on 503, given up on 400 and after the tries; killed in a batch, that batch comes again, with the
    same ids."""
    coupon = system.new_coupon(20)
    group = begin_here(system, f"webhook-{coupon}")
    sell(system, coupon, 20)
    wait_published(system)
    receiver = Receiver()
    flags = ["--webhook", receiver.url, "--webhook-tries", "3", "--kafka-group", group, "--batch-events", "8"]
    webhook = system.world.make_event_reader("notification", flags)
    webhook.binary = failpoint_worker
    try:
        webhook.start({"COUPON_FAILPOINT": "notification_after_post:3"})
        assert webhook.process.wait_exit(60), "the failpoint was not reached"
        assert len(receiver.calls) == 3
        webhook.start()
        webhook.wait_ready()
        mine = lambda: [call for call in receiver.calls if call[2]["couponId"] == coupon]  # noqa: E731
        assert wait_until(lambda: len({call[0] for call in mine()}) == 20, 120), len(mine())
        webhook.stop()
        assert len(receiver.calls) - len({call[0] for call in receiver.calls}) <= 8
        assert all(key == f'"{event_id}"' == f'"{body["eventId"]}"' for event_id, key, body in receiver.calls)
        firsts = list(dict.fromkeys(call[2]["issueNo"] for call in mine()))
        assert firsts == list(range(1, 21))
    finally:
        webhook.stop()
        receiver.close()
    failing = Receiver(503, 503, 204, 400, 503, 503, 503)
    webhook = system.world.make_event_reader("notification", [*flags[:1], failing.url, *flags[2:]])
    other = system.new_coupon(4)
    sell(system, other, 4)
    wait_published(system)
    webhook.start()
    try:
        webhook.wait_ready()
        assert wait_until(lambda: len(failing.calls) == 8, 60), failing.calls
        assert wait_until(lambda: figure(webhook, "coupon_notifications_delivered_total") == 2, 30)
        assert figure(webhook, "coupon_notifications_given_up_total") == 2
        assert figure(webhook, "coupon_notifications_retries_total") == 5
    finally:
        webhook.stop()
        failing.close()
    assert [call[2]["issueNo"] for call in failing.calls] == [1, 1, 1, 2, 3, 3, 3, 4]
