"""Goal: log lines of all programs are of one schema; a request's trace goes through Kafka into the worker's lines; the
level changes by a signal; the access log is there when asked for."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from tests.monitoring.log_lines import read_lines
from tests.support.rest import call
from tests.support.system import System

_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def telling_gateway(system: System) -> Iterator[Program]:
    """One more gateway, which logs each answer."""
    gateway = system.world.make_gateway(len(system.world.gateways), ["--access-log", "1"])
    gateway.start()
    gateway.wait_ready()
    yield gateway
    gateway.stop()


@pytest.fixture
def talking_workers(system: System) -> Iterator[None]:
    """Workers at debug level for the time of a test."""
    for worker in system.world.workers:
        worker.process.send(signal.SIGUSR1)
    yield
    for worker in system.world.workers:
        worker.process.send(signal.SIGUSR1)


def lines_about(program: Program, request_id: str, event: str) -> list[dict[str, Any]]:
    """Lines of that event about that request."""
    lines = read_lines(program.process.log_file)
    return [line for line in lines if line["event"] == event and line.get("requestId") == request_id]


def buy(gateway: Program, coupon: int, user: int, trace: str | None) -> str:
    """Ask for a coupon and wait for the end; the requestId."""
    base = f"http://127.0.0.1:{gateway.listen_port}"
    headers = {"traceparent": trace} if trace else {}
    answer = call("POST", f"{base}/api/v1/coupons/{coupon}/issue", {"userId": user}, headers)
    assert answer.status == 202
    result = call("GET", f"{base}{answer.json['resultUrl']}&wait=20")
    assert result.json["status"] == "ISSUED"
    return str(answer.json["requestId"])


def test_a_trace_reaches_the_workers_lines(
    system: System, telling_gateway: Program, talking_workers: None
) -> None:
    coupon = system.new_coupon(10)
    asked = [(_TRACE, _TRACE), (_TRACE.upper(), None), (None, None)]
    for user, (sent, expected) in enumerate(asked, 1):
        request_id = buy(telling_gateway, coupon, user, sent)
        decided: list[dict[str, Any]] = []

        def told() -> bool:
            decided[:] = [line for worker in system.world.workers for line in lines_about(worker, request_id, "decided")]
            return bool(decided)

        assert wait_until(told, 20), "no worker says that it decided it"
        assert [line["couponId"] for line in decided] == [coupon]
        assert decided[0]["message"] == "ISSUED" and {"partition", "offset"} <= set(decided[0])
        assert decided[0].get("traceparent") == expected
        access = lines_about(telling_gateway, request_id, "access")
        assert [(line["method"], line["status"]) for line in access] == [("POST", 202), ("GET", 200)]
        assert access[0].get("traceparent") == expected and access[0]["couponId"] == coupon
        assert access[0]["route"] == "/api/v1/coupons/{couponId}/issue"


def test_a_dead_letter_is_told_with_its_place(system: System) -> None:
    partition, offset = system.writer.write(b"1", b"this is no JSON", 0, headers=[("traceparent", _TRACE.encode())])

    def told() -> bool:
        return any(
            line["event"] == "dead_letter" and line.get("traceparent") == _TRACE and "NOT_JSON" in line["message"]
            and (line["partition"], line["offset"]) == (partition, offset)
            for worker in system.world.workers
            for line in read_lines(worker.process.log_file)
        )  # fmt: skip

    assert wait_until(told, 20)


def test_every_line_is_as_the_schema_says(system: System) -> None:
    logs = system.world.data_dir / "logs"
    files = [*logs.glob("api-gateway-*.log"), *logs.glob("issue-worker-*.log")]
    counts = {file.name: sum(1 for _ in read_lines(file)) for file in files}
    print(counts)
    assert sum(counts.values()) > 20
