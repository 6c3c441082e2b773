"""What a client sent and what it was told, written down outside the system and fsynced, one JSON line each.

Lines, in the order in which they happened:
  {"sent": 7, "coupon": 1, "user": 16, "key": "k", "gateway": "http://…", "at": …}   before the request goes out
  {"told": 7, "answer": "accepted", "status": 202, "requestId": "…"}        202
  {"told": 7, "answer": "refused", "status": 409, "code": "SOLD_OUT"}       any other final answer
  {"told": 7, "answer": "unknown", "requestId": "…"}                        503 unknown, or no answer at all
  {"result": "requestId", "status": "ISSUED", "reason": null, "issueNo": 1} what a poll showed in the end
  {"polled": "requestId", "at": …, "ms": 1.5, "status": 200, "wait": 2, "state": "PENDING"}   each poll (load only)
  {"open": "requestId"}                                                     polled to no end (load only)
at is in seconds since 1970; a "told" of the load has "ms", how long the client waited. A "sent" without its "told"
counts as unknown."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass
class Attempt:
    """One request and what came of it."""

    coupon: int
    user: int
    key: str | None = None
    answer: str = "unknown"
    status: int | None = None
    code: str | None = None
    request_id: str | None = None
    at: float = 0.0
    ms: float | None = None


@dataclass(frozen=True)
class Poll:
    """One question for a result: when, how long it took, and what came. status None: no answer."""

    request_id: str
    at: float
    ms: float
    status: int | None
    wait: int
    state: str | None


@dataclass
class Account:
    """A ledger that was read back. results: request id → (status, reason, issueNo) as polls showed it."""

    attempts: dict[int, Attempt] = field(default_factory=dict)
    results: dict[str, list[tuple[str, str | None, int | None]]] = field(default_factory=dict)
    polls: list[Poll] = field(default_factory=list)
    open_ends: list[str] = field(default_factory=list)

    def accepted(self) -> dict[str, Attempt]:
        """The attempts that were answered 202, by their request id."""
        return {a.request_id: a for a in self.attempts.values() if a.answer == "accepted" and a.request_id}


class Ledger:
    """A ledger being written. sync() returns when all lines so far are on the disk."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("a", buffering=1, encoding="utf-8")  # a kill -9 of the client loses no line
        self._next = sum(1 for attempt in read_lines(path) if "sent" in attempt)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def sent(self, coupon: int, user: int, key: str | None, gateway: str) -> int:
        """Write that a request goes out; its number."""
        number, self._next = self._next, self._next + 1
        line = {"sent": number, "coupon": coupon, "user": user, "key": key, "gateway": gateway, "at": time.time()}
        self._write(line)
        return number

    def told(self, number: int, answer: str, **facts: Any) -> None:
        """Write the answer: accepted, refused or unknown."""
        self._write({"told": number, "answer": answer, **facts})

    def result(self, request_id: str, status: str, reason: str | None, issue_no: int | None) -> None:
        """Write a final result that a poll showed."""
        self._write({"result": request_id, "status": status, "reason": reason, "issueNo": issue_no})

    def polled(self, poll: Poll) -> None:
        """Write that a result was asked for."""
        facts = asdict(poll)
        self._write({"polled": facts.pop("request_id"), **facts})

    def open_end(self, request_id: str) -> None:
        """Write that its result was polled for, and never came."""
        self._write({"open": request_id})

    def sync(self) -> None:
        """Bring it to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """sync() and close."""
        if not self._file.closed:
            self.sync()
            self._file.close()

    def account(self) -> Account:
        """What it says so far."""
        self.sync()
        return read_account(self.path)

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines; one that was cut off by a crash of the writer ends it."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.endswith("\n"):
                return
            yield json.loads(line)


def read_account(path: Path) -> Account:
    """Read a ledger back."""
    account = Account()
    for line in read_lines(path):
        if "sent" in line:
            attempt = Attempt(line["coupon"], line["user"], line["key"], at=line.get("at", 0.0))
            account.attempts[line["sent"]] = attempt
        elif "told" in line:
            attempt = account.attempts[line["told"]]
            attempt.answer = line["answer"]
            attempt.status, attempt.code = line.get("status"), line.get("code")
            attempt.request_id, attempt.ms = line.get("requestId"), line.get("ms")
        elif "polled" in line:
            poll = Poll(line["polled"], line["at"], line["ms"], line["status"], line["wait"], line["state"])
            account.polls.append(poll)
        elif "open" in line:
            account.open_ends.append(line["open"])
        else:
            shown = (line["status"], line["reason"], line["issueNo"])
            account.results.setdefault(line["result"], []).append(shown)
    return account
