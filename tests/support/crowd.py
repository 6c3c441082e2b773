"""The load client: many users at once, over real HTTP, each of whom keeps polling until told the end.

All that is sent and told goes into a ledger. A user whose answer is unknown (503, or the connection broke)
asks again with the same Idempotency-Key, as the contract advises, until the time is over."""

import asyncio
import resource
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.ledger import Ledger

_SECONDS_BETWEEN_SYNCS = 0.05
_SECONDS_BEFORE_RETRY = 0.05
_TRANSPORT_ERRORS = (aiohttp.ClientError, asyncio.TimeoutError, OSError)


@dataclass
class Buyer:
    """One user's wish, and how it went. answer: accepted, refused or unknown; result: the final one."""

    coupon: int
    user: int
    key: str | None = None
    gateway: int = 0
    answer: str = "unknown"
    status: int | None = None
    code: str | None = None
    request_id: str | None = None
    result_url: str | None = None
    result: dict[str, Any] | None = None
    accept_seconds: float = 0.0
    seconds: float = 0.0
    attempts: int = 0

    @property
    def end(self) -> str:
        """In a word: ISSUED, the reason of a rejection, the refusal's code, UNKNOWN or PENDING."""
        if self.result is not None:
            return str(self.result["reason"] or self.result["status"])
        return {"accepted": "PENDING", "refused": self.code or str(self.status)}.get(self.answer, "UNKNOWN")


@dataclass
class Progress:
    """How far a crowd is."""

    total: int
    accepted: int = 0
    answered: int = 0
    ended: int = 0
    began: float = field(default_factory=time.monotonic)


class Crowd:
    """Users who share some gateways and a ledger."""

    def __init__(
        self,
        gateways: Sequence[str],
        ledger: Ledger,
        seconds: float = 60,
        watch: Callable[[Progress], None] | None = None,
        poll: bool = True,
        wait: int = 10,
    ) -> None:
        self.gateways = list(gateways)
        self.ledger = ledger
        self._seconds, self._watch, self._poll, self._wait = seconds, watch, poll, wait
        self._deadline = time.monotonic() + seconds
        self.progress = Progress(0)
        self.answers: Counter[tuple[str, int, str | None]] = Counter()  # method, status, problem code
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 16384:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, hard) if hard > 0 else 16384, hard))

    def at_once(self, buyers: Iterable[Buyer]) -> list[Buyer]:
        """All ask in the same moment."""
        return asyncio.run(self._run(list(buyers), together=True))

    def in_turn(self, buyers: Iterable[Buyer]) -> list[Buyer]:
        """Each asks when the one before was answered; the polls may overlap."""
        return asyncio.run(self._run(list(buyers), together=False))

    def give_up(self) -> None:
        """Nobody asks or polls again after what is under way."""
        self._deadline = time.monotonic()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Connections of this crowd's, for buy(); the ledger is fsynced all the while."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=self._wait + 20)
        syncing = asyncio.create_task(self._keep_syncing())
        try:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                yield session
        finally:
            syncing.cancel()
            self.ledger.sync()

    async def buy(self, session: aiohttp.ClientSession, buyer: Buyer) -> None:
        """One user from the first press to the final result."""
        began = time.monotonic()
        await self._ask_until_answered(session, buyer, self._write_sent(buyer))
        await self._follow(session, buyer, began)

    async def _run(self, buyers: list[Buyer], together: bool) -> list[Buyer]:
        self.progress.total = len(buyers)
        self._deadline = time.monotonic() + self._seconds
        async with self.session() as session:
            await (self._together(session, buyers) if together else self._in_turn(session, buyers))
        return buyers

    async def _together(self, session: aiohttp.ClientSession, buyers: list[Buyer]) -> None:
        async def buy(buyer: Buyer, number: int) -> None:
            began = time.monotonic()
            await self._ask_until_answered(session, buyer, number)
            await self._follow(session, buyer, began)

        numbers = [self._write_sent(buyer) for buyer in buyers]
        self.ledger.sync()
        await asyncio.gather(*(buy(buyer, number) for buyer, number in zip(buyers, numbers)))

    async def _in_turn(self, session: aiohttp.ClientSession, buyers: list[Buyer]) -> None:
        polls = []
        for buyer in buyers:
            began = time.monotonic()
            await self._ask_until_answered(session, buyer, self._write_sent(buyer))
            polls.append(asyncio.create_task(self._follow(session, buyer, began)))
        await asyncio.gather(*polls)

    async def _keep_syncing(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_SYNCS)
            await loop.run_in_executor(None, self.ledger.sync)
            if self._watch:
                self._watch(self.progress)

    def _write_sent(self, buyer: Buyer) -> int:
        return self.ledger.sent(buyer.coupon, buyer.user, buyer.key, self._gateway(buyer))

    def _gateway(self, buyer: Buyer) -> str:
        return self.gateways[(buyer.gateway + max(0, buyer.attempts - 1)) % len(self.gateways)]

    async def _ask_until_answered(self, session: aiohttp.ClientSession, buyer: Buyer, number: int) -> None:
        began = time.monotonic()
        while True:
            buyer.attempts += 1
            await self._ask(session, buyer, number)
            over = time.monotonic() >= self._deadline
            if buyer.answer != "unknown" or buyer.key is None or over:
                break
            await asyncio.sleep(_SECONDS_BEFORE_RETRY)
            number = self._write_sent(buyer)
        buyer.accept_seconds = time.monotonic() - began
        self.progress.answered += 1

    async def _ask(self, session: aiohttp.ClientSession, buyer: Buyer, number: int) -> None:
        headers = {"Idempotency-Key": f'"{buyer.key}"'} if buyer.key else None
        url = f"{self._gateway(buyer)}/api/v1/coupons/{buyer.coupon}/issue"
        try:
            async with session.post(url, json={"userId": buyer.user}, headers=headers) as response:
                body = await response.json(content_type=None)
                self._note_answer(buyer, number, response.status, body or {})
        except (*_TRANSPORT_ERRORS, ValueError):
            buyer.answer, buyer.status, buyer.code = "unknown", None, None
            self.ledger.told(number, "unknown")

    def _note_answer(self, buyer: Buyer, number: int, status: int, body: dict[str, Any]) -> None:
        buyer.status, buyer.code = status, body.get("code")
        self.answers["POST", status, buyer.code] += 1
        buyer.request_id = body.get("requestId")
        if status == 202:
            buyer.answer, buyer.result_url = "accepted", body["resultUrl"]
            self.progress.accepted += 1
        elif status == 503 or status >= 500:
            buyer.answer = "unknown"
        else:
            buyer.answer = "refused"
        self.ledger.told(number, buyer.answer, status=status, code=buyer.code, requestId=buyer.request_id)

    async def _follow(self, session: aiohttp.ClientSession, buyer: Buyer, began: float) -> None:
        if buyer.answer == "accepted" and self._poll:
            await self._poll_to_the_end(session, buyer)
        buyer.seconds = time.monotonic() - began
        self.progress.ended += 1

    async def _poll_to_the_end(self, session: aiohttp.ClientSession, buyer: Buyer) -> None:
        turn = buyer.gateway
        while time.monotonic() < self._deadline:
            gateway = self.gateways[turn % len(self.gateways)]
            url = f"{gateway}{buyer.result_url}"
            try:
                async with session.get(f"{url}{'&' if '?' in url else '?'}wait={self._wait}") as response:
                    body = await response.json(content_type=None)
                self.answers["GET", response.status, body.get("code")] += 1
            except (*_TRANSPORT_ERRORS, ValueError):
                turn += 1
                await asyncio.sleep(_SECONDS_BEFORE_RETRY)
                continue
            if response.status == 200 and body["status"] != "PENDING":
                buyer.result = body
                self.ledger.result(body["requestId"], body["status"], body["reason"], body["issueNo"])
                return
            if response.status != 200:
                turn += 1
                await asyncio.sleep(_SECONDS_BEFORE_RETRY)


def tally(buyers: Iterable[Buyer]) -> dict[str, int]:
    """How many ended in which way."""
    counts: dict[str, int] = {}
    for buyer in buyers:
        counts[buyer.end] = counts.get(buyer.end, 0) + 1
    return dict(sorted(counts.items()))
