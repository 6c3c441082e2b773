"""Clients that mean harm, as a program of its own with a file limit of its own:

    python3 -m tests.support.attack KIND --url http://127.0.0.1:8080 --count 5000 [--id REQUEST_ID] [--seed 1]

Kinds: see KINDS. Runs until SIGTERM (garbage: until its count is sent); each second and at the end it prints one JSON line:
connections open, connections made, bytes sent, answers by status (those that were read)."""

import argparse
import json
import os
import random
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.local.condition import wait_until
from deploy.local.paths import REPOSITORY

KINDS = {
    "idle": "connections on which nothing is ever sent",
    "slow-head": "one byte a second of a head without end",
    "slow-body": "one byte a second of a body that was announced",
    "slow-reader": "requests one after the other, answers never read",
    "polls": "long-polls for one requestId, again and again",
    "garbage": "count requests that are none, in every form, on 64 connections",
}
_POST = b"POST /api/v1/coupons/1/issue HTTP/1.1\r\nHost: a\r\n"
_BAD_BODIES = (b'{"userId":', b'{"userId":0}', b'{"userId":1e400}', b'{"userId":"1"}', b"[" * 250, b"\x00", b"null", b'"')
_OPENINGS = {
    "idle": b"",
    "slow-head": b"GET /api/v1/coupons HTTP/1.1\r\nHost: a\r\nX-Slow: ",
    "slow-body": _POST + b'Content-Type: application/json\r\nContent-Length: 200\r\n\r\n{"userId":',
    "slow-reader": b"",
}
_MANY_REQUESTS = b"GET /api/v1/coupons?limit=100 HTTP/1.1\r\nHost: a\r\n\r\n" * 100
_GARBAGE_LANES = 64
_CONNECTS_IN_ONE_GO = 200


class Attack:
    """One kind of harm; loop() is called again and again until stop is set."""

    def __init__(self, url: str, kind: str, count: int, request_id: str, seed: int) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._kind, self._count, self._random = kind, count, random.Random(seed)
        self._poll = f"GET /api/v1/coupons/result/{request_id}?wait=55 HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        self._sockets: dict[int, socket.socket] = {}
        self._begun: set[int] = set()  # of the sockets: the opening is sent
        self._epoll = select.epoll()
        self.made = self.sent = self.done = 0
        self.statuses: Counter[str] = Counter()
        self.stop = False

    def run(self) -> None:
        """Until it is told to stop; a line of figures each second."""
        signal.signal(signal.SIGTERM, lambda number, frame: setattr(self, "stop", True))
        tell_at = time.monotonic()
        while not self.stop and not (self._kind == "garbage" and self.done >= self._count):
            if self._kind == "garbage":
                self._throw_garbage()
            else:
                self._hold()
            if time.monotonic() >= tell_at:
                self.tell()
                tell_at = time.monotonic() + 1
        self.tell()

    def tell(self) -> None:
        """Print the figures."""
        print(json.dumps({"open": len(self._sockets), "made": self.made, "sent": self.sent, "done": self.done,
                          "statuses": dict(self.statuses)}), flush=True)  # fmt: skip

    def _connect(self) -> socket.socket | None:
        connection = socket.socket()
        connection.setblocking(False)
        self.made += 1
        try:
            connection.connect(self._address)
        except BlockingIOError:
            pass
        except OSError:
            connection.close()
            return None
        return connection

    def _drop(self, number: int) -> None:
        self._epoll.unregister(number)
        self._begun.discard(number)
        self._sockets.pop(number).close()

    def _send(self, number: int, data: bytes) -> None:
        try:
            self.sent += self._sockets[number].send(data)
        except BlockingIOError:
            pass
        except OSError:
            self._drop(number)

    def _hold(self) -> None:
        """One second of holding count connections: make those that are missing, send what the kind sends, read."""
        until = time.monotonic() + 1
        reads = self._kind != "slow-reader"
        for _ in range(min(_CONNECTS_IN_ONE_GO, self._count - len(self._sockets))):
            connection = self._connect()
            if connection:
                self._sockets[connection.fileno()] = connection
                self._epoll.register(connection.fileno(), select.EPOLLOUT)
        full = len(self._sockets) >= self._count
        for number in list(self._begun) if full and self._kind != "polls" else []:
            self._send(number, {"idle": b"", "slow-reader": _MANY_REQUESTS}.get(self._kind, b"x"))
        while True:
            wait = (until - time.monotonic()) if full else 0.005
            for number, event in self._epoll.poll(max(wait, 0), 1000):
                self._happened(number, event, reads)
            if not full or time.monotonic() >= until or self.stop:
                return

    def _happened(self, number: int, event: int, reads: bool) -> None:
        if event & select.EPOLLOUT:
            self._send(number, self._poll if self._kind == "polls" else _OPENINGS[self._kind])
            if number in self._sockets:
                self._begun.add(number)
                self._epoll.modify(number, (select.EPOLLIN if reads else 0) | select.EPOLLRDHUP)
            return
        data = self._read(number) if event & select.EPOLLIN else b""
        if data and self._kind == "polls":
            self._send(number, self._poll)
        elif not data:
            self._drop(number)

    def _read(self, number: int) -> bytes:
        try:
            data = self._sockets[number].recv(65536)
        except OSError:
            return b""
        self.statuses.update(part[:3].decode(errors="replace") for part in data.split(b"HTTP/1.1 ")[1:])
        return data

    def _throw_garbage(self) -> None:
        """Keep the lanes full; a lane is one connection with one piece of garbage, read until the server closes or
        answers."""
        while len(self._sockets) < _GARBAGE_LANES and self.done + len(self._sockets) < self._count:
            connection = self._connect()
            if connection:
                self._sockets[connection.fileno()] = connection
                self._epoll.register(connection.fileno(), select.EPOLLOUT)
        for number, event in self._epoll.poll(0.1, _GARBAGE_LANES):
            if event & select.EPOLLOUT:
                self._epoll.modify(number, select.EPOLLIN)
                self._send(number, garbage(self._random))
                if number in self._sockets:
                    continue
            elif number in self._sockets:
                self._read(number)
                self._drop(number)
            self.done += 1


def garbage(choice: random.Random) -> bytes:
    """Bytes that are no request, or one that must be refused; each ends so that an answer or a close must follow."""
    kind = choice.randrange(8)
    if kind == 0:
        return choice.randbytes(choice.randrange(1, 2000)) + b"\r\n\r\n"
    if kind == 1:
        return b"GET /" + choice.randbytes(30).hex().encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    if kind == 2:
        return _POST + b"X: " + b"a" * 20000
    if kind == 3:
        return _POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}"
    if kind == 4:
        return _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"
    body = choice.choice(_BAD_BODIES)
    return _POST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Running:
    """An attack that goes on in the background."""

    def __init__(self, process: "subprocess.Popen[str]", figures: Path) -> None:
        self._process, self._figures = process, figures

    def figures(self) -> dict[str, Any]:
        """The newest ones."""
        lines = self._figures.read_text().splitlines()
        last: dict[str, Any] = json.loads(lines[-1]) if lines else {"open": 0, "made": 0, "sent": 0, "done": 0, "statuses": {}}
        return last

    def wait_for(self, holds: Callable[[dict[str, Any]], bool], seconds: float = 60) -> None:
        """Wait until the figures are so. Raises AssertionError."""
        if not wait_until(lambda: holds(self.figures()) or self._process.poll() not in (None, 0), seconds):
            raise AssertionError(f"the attack did not come so far within {seconds:.0f} s: {self.figures()}")
        if self._process.poll() not in (None, 0):
            raise AssertionError(f"the attack ended with {self._process.returncode}")

    def stop(self) -> None:
        """End it; its last figures stay."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)


@contextmanager
def attacking(directory: Path, url: str, kind: str, count: int, request_id: str = "-", seed: int = 1) -> Iterator[Running]:
    """The attack, for as long as the `with` lasts."""
    figures = directory / f"attack-{kind}.jsonl"
    command = [sys.executable, "-m", "tests.support.attack", kind, "--url", url, "--count", str(count),
               "--id", request_id, "--seed", str(seed)]  # fmt: skip
    with figures.open("w") as output:
        running = Running(subprocess.Popen(command, cwd=REPOSITORY, stdout=output, text=True), figures)
    try:
        yield running
    finally:
        running.stop()


def main() -> None:
    """Attack as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=sorted(KINDS), help="; ".join(f"{name}: {text}" for name, text in KINDS.items()))
    parser.add_argument("--url", required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--id", default="-")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    most = min(options.count, _GARBAGE_LANES) if options.kind == "garbage" else options.count
    if limit < most + 50:
        sys.exit(f"{most} connections need as many open files; the limit is {limit}")
    os.nice(5)
    Attack(options.url, options.kind, options.count, options.id, options.seed).run()


if __name__ == "__main__":
    main()
