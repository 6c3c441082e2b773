"""A steady load on a running system, with a ledger: every request is written down before it goes out, and what the
client was told when it was told, outside the system, and fsynced. Look at it afterwards:

  /usr/bin/python3 -m tests.faults.load --gateway http://127.0.0.1:8080 --coupon 1 --rate 50 --seconds 30 --ledger FILE
  /usr/bin/python3 -m tests.support.check --ledger FILE

Requests leave at the given rate whether or not earlier ones were answered, at the gateways and coupons in turn. A part
is of users who have asked for the same coupon before. A part of the users has an Idempotency-Key and asks again with it, at another gateway, after an answer that left the outcome
unknown; a part polls for the result, some with ?wait=. SIGINT or SIGTERM ends it early: nothing new is sent, what is
under way is followed to its end. The last line is a JSON summary. Exit code 0, 1 when nothing was accepted, 2 when it
could not begin."""

import argparse
import asyncio
import json
import random
import resource
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.ledger import Ledger, Poll
from tests.support.rest import call

_SECONDS_BETWEEN_SYNCS = 0.05
_SECONDS_BETWEEN_POLLS = (0.2, 2.0)  # at first, and in the end
_SECONDS_BEFORE_RETRY = 0.1  # unless the answer has a Retry-After
_REMEMBERED_USERS = 200  # of each coupon, for those who ask for a second one
_TRANSPORT_ERRORS = (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError)


@dataclass(frozen=True)
class Plan:
    """What is asked for. keyed, polled, waiting: parts of the users, 0 to 1; waiting is a part of those who poll.
    again: part of the requests that somebody makes who has asked for the same coupon before, as another request.
    patience: seconds for which an unknown outcome is asked again, and then again for the polls of the result."""

    gateways: Sequence[str]
    coupons: Sequence[int]
    rate: float = 50.0
    seconds: float = 30.0
    users: int = 1_000_000
    again: float = 0.1
    keyed: float = 0.7
    polled: float = 0.8
    waiting: float = 0.5
    wait: int = 5
    patience: float = 100.0
    seed: int = 1


@dataclass
class Wish:
    """One user's request. key None: it is not asked again. wait None: the result is not polled for."""

    coupon: int
    user: int
    key: str | None
    wait: int | None
    turn: int


class Load:
    """A load on some gateways, run once by run()."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self.plan, self.ledger = plan, ledger
        self.counts: Counter[str] = Counter()
        self._random = random.Random(plan.seed)
        self._asked: dict[int, deque[int]] = {coupon: deque(maxlen=_REMEMBERED_USERS) for coupon in plan.coupons}
        self._ends = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._error: BaseException | None = None

    def end(self) -> None:
        """Send nothing new."""
        self._ends.set()

    async def run(self) -> None:
        """Send until the time is over or end() was called; returns when everything has its end."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=self.plan.wait + 30)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        syncing = asyncio.create_task(self._keep_syncing())
        try:
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                await self._send_steadily(session)
                while self._under_way:
                    await asyncio.wait(self._under_way)
        finally:
            syncing.cancel()
            self.ledger.sync()
        if self._error:
            raise self._error

    async def _send_steadily(self, session: aiohttp.ClientSession) -> None:
        began = time.monotonic()
        turn = 0
        while not self._ends.is_set():
            due = began + turn / self.plan.rate
            if due - began >= self.plan.seconds:
                return
            try:
                await asyncio.wait_for(self._ends.wait(), max(0.0, due - time.monotonic()))
                return
            except asyncio.TimeoutError:
                pass
            task = asyncio.create_task(self._serve(session, self._wish(turn)))
            self._under_way.add(task)
            task.add_done_callback(self._done)
            turn += 1

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        self.counts["ended"] += 1
        if not task.cancelled() and task.exception():
            self._error = task.exception()
            self.end()

    def _wish(self, turn: int) -> Wish:
        plan, choice = self.plan, self._random
        coupon = plan.coupons[turn // len(plan.gateways) % len(plan.coupons)]  # each coupon at each gateway
        keyed, polled, waiting = (choice.random() < part for part in (plan.keyed, plan.polled, plan.waiting))
        return Wish(
            coupon,
            self._user(coupon),
            f"load-{plan.seed}-{turn}" if keyed else None,
            (plan.wait if waiting else 0) if polled else None,
            turn,
        )

    def _user(self, coupon: int) -> int:
        """Somebody new, or one of those who have asked last."""
        asked = self._asked[coupon]
        if asked and self._random.random() < self.plan.again:
            return self._random.choice(asked)
        asked.append(self._random.randint(1, self.plan.users))
        return asked[-1]

    async def _serve(self, session: aiohttp.ClientSession, wish: Wish) -> None:
        deadline = time.monotonic() + self.plan.patience
        while True:
            self.counts["sent"] += 1
            status, body, pause = await self._ask(session, wish)
            unknown = status is None or status >= 500
            if not unknown or wish.key is None or time.monotonic() >= deadline:
                break
            wish.turn += 1
            await asyncio.sleep(max(pause, _SECONDS_BEFORE_RETRY))
        if status == 202 and wish.wait is not None:
            await self._poll_to_the_end(session, wish, body, time.monotonic() + self.plan.patience)

    async def _ask(self, session: aiohttp.ClientSession, wish: Wish) -> tuple[int | None, dict[str, Any], float]:
        """Status (None: no answer), body and Retry-After of the one request that is sent."""
        gateway = self.plan.gateways[wish.turn % len(self.plan.gateways)]
        headers = {"Idempotency-Key": f'"{wish.key}"'} if wish.key else None
        number = self.ledger.sent(wish.coupon, wish.user, wish.key, gateway)
        began = time.monotonic()
        status: int | None = None
        body: dict[str, Any] = {}
        pause = 0.0
        try:
            url = f"{gateway}/api/v1/coupons/{wish.coupon}/issue"
            async with session.post(url, json={"userId": wish.user}, headers=headers) as response:
                body = await response.json(content_type=None) or {}
                status, pause = response.status, float(response.headers.get("Retry-After", 0))
        except _TRANSPORT_ERRORS:
            pass
        if status is None or status >= 500:
            answer = "unknown"
        else:
            answer = "accepted" if status == 202 else "refused"
        self.counts[answer] += 1
        milliseconds = _milliseconds_since(began)
        self.ledger.told(
            number, answer, status=status, code=body.get("code"), requestId=body.get("requestId"), ms=milliseconds
        )
        return status, body, pause

    async def _poll_to_the_end(
        self, session: aiohttp.ClientSession, wish: Wish, accepted: dict[str, Any], deadline: float
    ) -> None:
        request_id = accepted["requestId"]
        pause, longest = _SECONDS_BETWEEN_POLLS
        while time.monotonic() < deadline:
            gateway = self.plan.gateways[wish.turn % len(self.plan.gateways)]
            body = await self._poll(session, f"{gateway}{accepted['resultUrl']}", request_id, wish.wait or 0)
            if body is None:
                wish.turn += 1
            elif body["status"] != "PENDING":
                self.ledger.result(request_id, body["status"], body["reason"], body["issueNo"])
                self.counts["result"] += 1
                return
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, longest)
        self.ledger.open_end(request_id)
        self.counts["open"] += 1

    async def _poll(
        self, session: aiohttp.ClientSession, url: str, request_id: str, wait: int
    ) -> dict[str, Any] | None:
        """The result as it is now, None when that was not told."""
        at, began = time.time(), time.monotonic()
        status: int | None = None
        body: dict[str, Any] = {}
        try:
            async with session.get(f"{url}{'&' if '?' in url else '?'}wait={wait}" if wait else url) as response:
                body = await response.json(content_type=None) or {}
                status = response.status
        except _TRANSPORT_ERRORS:
            pass
        state = str(body.get("status")) if status == 200 else None
        self.ledger.polled(Poll(request_id, at, _milliseconds_since(began), status, wait, state))
        return body if status == 200 else None

    async def _keep_syncing(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_SYNCS)
            await loop.run_in_executor(None, self.ledger.sync)


def _milliseconds_since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 2)


def _open_coupons(gateway: str) -> list[int]:
    answer = call("GET", f"{gateway}/api/v1/coupons")
    if answer.status != 200:
        raise OSError(f"{gateway} says {answer.status} to a question for its coupons")
    return [int(coupon["couponId"]) for coupon in answer.json["coupons"]]


def _part(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("allowed: 0 to 1")
    return value


def _arguments() -> argparse.Namespace:
    usual = Plan([], [])
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.faults.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--gateway", action="append", required=True, metavar="URL", help="public listener; may be given again")
    add("--coupon", action="append", type=int, metavar="ID", help="may be given again; default: all that are open")
    add("--ledger", type=Path, required=True, metavar="FILE", help="appended to")
    add("--rate", type=float, default=usual.rate, metavar="N", help="requests a second, default %(default)s")
    add("--seconds", type=float, default=usual.seconds, metavar="N", help="default %(default)s")
    add("--users", type=int, default=usual.users, metavar="N", help="user ids from 1 to N, default %(default)s")
    add("--again", type=_part, default=usual.again, metavar="PART",
        help="of the requests are of users who have asked for that coupon before, default %(default)s")  # fmt: skip
    add("--keyed", type=_part, default=usual.keyed, metavar="PART", help="have a key and retry, default %(default)s")
    add("--polled", type=_part, default=usual.polled, metavar="PART", help="poll for the result, default %(default)s")
    add("--waiting", type=_part, default=usual.waiting, metavar="PART",
        help="of those who poll, these use ?wait=, default %(default)s")  # fmt: skip
    add("--wait", type=int, default=usual.wait, metavar="SECONDS", help="of a long poll, default %(default)s")
    add("--patience", type=float, default=usual.patience, metavar="SECONDS",
        help="how long a user retries, and polls, default %(default)s")  # fmt: skip
    add("--seed", type=int, default=usual.seed, metavar="N",
        help="of the users' choices; the keys contain it, so a second run wants another one; default %(default)s")  # fmt: skip
    return parser.parse_args()


async def _run(load: Load) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, load.end)
    await load.run()


def main() -> int:
    """Send, follow, sum up."""
    options = vars(_arguments())
    gateways, path = [url.rstrip("/") for url in options.pop("gateway")], options.pop("ledger")
    coupons = options.pop("coupon")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, hard) if hard > 0 else soft, hard))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    try:
        plan = Plan(gateways, coupons or _open_coupons(gateways[0]), **options)
    except (OSError, ValueError) as error:
        print(f"load: cannot begin: {error}", file=sys.stderr)
        return 2
    if not plan.coupons:
        print("load: cannot begin: no coupon is open; name one with --coupon", file=sys.stderr)
        return 2
    with Ledger(path) as ledger:
        load = Load(plan, ledger)
        asyncio.run(_run(load))
    print(json.dumps(dict(sorted(load.counts.items()))))
    return 0 if load.counts["accepted"] else 1


if __name__ == "__main__":
    sys.exit(main())
