"""The gateway against a bare libevent and llhttp server that gives the same answer, under the same load.

No worker runs: what the gateway accepts is in Kafka at every broker that has to have it, and stays there.
CPU time is that of the whole process, over the requests that it answered.

An accepted request waits for Kafka. With many clients, as in a sale, both sides are busy all the time, and the
budget is about that. With few, ours sleeps and wakes between the brokers' answers, which costs it more a request,
while the bare server is as busy as ever: that figure is shown too."""

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.local import port
from deploy.local.condition import wait_until
from deploy.local.errors import LocalError
from deploy.local.process import Process
from deploy.local.programs import Program
from tests.bench.bench_world import BenchWorld
from tests.bench.cpu import cpu_seconds, peak_mebibytes
from tests.bench.pair import Figures, Limit
from tests.support.rest import Answer, call

_COUPON = 1
_STOCK_ACCEPT, _STOCK_SOLD_OUT = 1_000_000_000, 10_000
_FEW_CLIENTS, _MANY_CLIENTS = 64, 256
_WARM_UP_SECONDS = 1
_USER = 1_000_000_001  # as many digits as those of the load
_LOAD = Path(__file__).with_name("load.lua")
_FIELDS_OF_ALL = ("content-type", "content-length", "date", "cache-control")


@dataclass(frozen=True)
class _Load:
    """What wrk saw."""

    requests: int
    seconds: float
    refused: int  # status 400 and up
    broken: int
    p99_ms: float


class GatewayPair:
    """Accepted requests, or requests for a coupon that is sold out."""

    def __init__(self, bench: BenchWorld, sold_out: bool, seconds: float, few: bool = False) -> None:
        self.name = "gateway-sold-out" if sold_out else f"gateway-accept{'-few' if few else ''}"
        self.title = "gateway, sold out" if sold_out else f"gateway, accepted, acks=all{', few clients' if few else ''}"
        self.limits = (
            (Limit("rate", "requests/s", at_least=0.9), Limit("cpu_us", "us/request", at_most=1.15))
            if sold_out
            else (Limit("cpu_us", "us/request", at_most=None if few else 1.5),)
        )
        self._bench = bench
        self._sold_out = sold_out
        self._seconds = seconds
        self._clients = _FEW_CLIENTS if sold_out or few else _MANY_CLIENTS
        self._gateway: Program | None = None
        self._bare = Process(bench.world.data_dir, "bare-server")

    def open(self) -> None:
        """Start both; the one that is not measured idles."""
        self._prepare()
        self._gateway = self._bench.world.make_gateway(0)
        self._gateway.start()
        self._gateway.wait_ready()
        self._start_bare(self._expected_answer())

    def close(self) -> None:
        """End both."""
        self._bare.stop()
        if self._gateway is not None:
            self._gateway.stop()

    def ceiling(self) -> Figures:
        return self._measure(self._bare, self._bench.bare_port)

    def ours(self) -> Figures:
        assert self._gateway is not None
        return self._measure(self._gateway.process, self._gateway.port)

    def _post(self, number: int) -> Answer:
        return call("POST", f"http://127.0.0.1:{number}{_path()}", {"userId": _USER})

    def _prepare(self) -> None:
        self._bench.start_anew()
        stock = _STOCK_SOLD_OUT if self._sold_out else _STOCK_ACCEPT
        self._bench.add_coupon(_COUPON, stock, _STOCK_SOLD_OUT if self._sold_out else 0)

    def _wait_for_answer(self, number: int) -> None:
        wanted = 409 if self._sold_out else 202
        if not wait_until(lambda: self._post(number).status == wanted, 10):
            raise LocalError(f"the gateway does not answer {wanted}: {self._post(number)}")

    def _expected_answer(self) -> Answer:
        assert self._gateway is not None
        self._wait_for_answer(self._gateway.port)
        return self._post(self._gateway.port)

    def _start_bare(self, answer: Answer) -> None:
        """The bare server, with the answer's status, fields and length."""
        program = self._bench.build / "tests" / "bench" / "bare_server"
        fields = "".join(
            f"{name.title()}: {value}\\r\\n" for name, value in answer.headers.items() if name not in _FIELDS_OF_ALL
        )
        command = [
            program, "--port", self._bench.bare_port, "--threads", 1, "--status", answer.status,
            "--body-bytes", len(answer.text.encode()), "--content-type", answer.headers["content-type"],
        ]  # fmt: skip
        if fields:
            command += ["--fields", fields]
        self._bare.start([str(word) for word in command])
        self._bare.wait_ready(lambda: not port.is_free(self._bench.bare_port), 5)
        bare = self._post(self._bench.bare_port)
        differing = {
            name for name in {*bare.headers, *answer.headers} - {"date"} if bare.headers.get(name) != answer.headers.get(name)
        }
        if bare.status != answer.status or differing:
            raise LocalError(f"the bare server's answer differs in {differing}: {bare} {answer}")

    def _measure(self, process: Process, number: int) -> Figures:
        _load(number, self._clients, _WARM_UP_SECONDS)
        pid = process.pid()
        if pid is None:
            raise LocalError(f"{process.name} ended:\n{process.log_tail()}")
        used = cpu_seconds(pid)
        load = _load(number, self._clients, self._seconds)
        used = cpu_seconds(pid) - used
        if load.broken or load.refused != (load.requests if self._sold_out else 0):
            raise LocalError(f"{process.name} gave other answers than expected: {load}")
        time.sleep(0.2)
        return {
            "rate": load.requests / load.seconds,
            "cpu_us": used * 1e6 / load.requests,
            "p99_ms": load.p99_ms,
            "memory_mib": peak_mebibytes(pid),
        }


def _path() -> str:
    return f"/api/v1/coupons/{_COUPON}/issue"


def _load(number: int, clients: int, seconds: float) -> _Load:
    command = [
        "wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "-s", str(_LOAD),
        f"http://127.0.0.1:{number}{_path()}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"^bench (\d+) (\d+) (\d+) (\d+) (\d+)$", done.stdout, re.MULTILINE)
    if not found:
        raise LocalError(f"wrk failed:\n{done.stdout}{done.stderr}")
    requests, microseconds, refused, broken, p99_us = map(int, found.groups())
    return _Load(requests, microseconds / 1e6, refused, broken, p99_us / 1000)
