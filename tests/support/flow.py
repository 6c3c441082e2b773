"""A steady stream of buyers in the background, while something is broken on purpose."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from deploy.local.condition import wait_until
from tests.support.crowd import Buyer, Crowd

_SECONDS_BETWEEN_PURCHASES = 0.02


class Flow:
    """As many users as lanes at any time, each with a key of its own, on the given coupons in turn, through
    the crowd's gateways in turn. Used with `with`; at its end every buyer has been followed to the end."""

    def __init__(self, crowd: Crowd, coupons: Sequence[int], lanes: int = 12, first_user: int = 1) -> None:
        self.crowd = crowd
        self._coupons, self._lanes = list(coupons), lanes
        self._numbers = itertools.count(first_user)
        self._ends = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work)
        self.buyers: list[Buyer] = []

    def __enter__(self) -> "Flow":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.crowd.give_up()
        self.stop()

    def stop(self) -> list[Buyer]:
        """No new buyers; wait until those that are there have ended; all buyers so far."""
        self._ends.set()
        self._thread.join()
        if self._error:
            raise self._error
        return self.buyers

    def wait_for_accepted(self, more: int, seconds: float = 30) -> None:
        """Wait until that many more have been answered 202."""
        self._wait_for(lambda: self.crowd.progress.accepted, more, seconds, "accepted")

    def wait_for_ended(self, more: int, seconds: float = 30) -> None:
        """Wait until that many more have their final result or refusal."""
        self._wait_for(lambda: self.crowd.progress.ended, more, seconds, "ended")

    def _wait_for(self, number: Callable[[], int], more: int, seconds: float, what: str) -> None:
        goal = number() + more
        if not wait_until(lambda: number() >= goal or self._error is not None, seconds):
            raise AssertionError(f"expected {more} more {what} within {seconds:.0f} s, seen {number() - goal + more}")

    def _work(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self._error = error

    async def _main(self) -> None:
        async with self.crowd.session() as session:

            async def lane() -> None:
                while not self._ends.is_set():
                    number = next(self._numbers)
                    coupon = self._coupons[number % len(self._coupons)]
                    buyer = Buyer(coupon, number, key=f"press-{number}", gateway=number)
                    self.buyers.append(buyer)
                    await self.crowd.buy(session, buyer)
                    await asyncio.sleep(_SECONDS_BETWEEN_PURCHASES)

            await asyncio.gather(*(lane() for _ in range(self._lanes)))
