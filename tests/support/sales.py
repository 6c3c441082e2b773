"""The sales that tests and the demo run: what is expected, what was seen, and what the checkers say."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from deploy.local.condition import wait_until
from tests.support.crowd import Buyer, tally
from tests.support.ledger import Ledger
from tests.support.rest import call
from tests.support.system import System

SECONDS_FOR_GATE = 0.5  # the flip takes milliseconds; a gateway finds out by itself a second later
_KNOCKS = 20
_REFUSED = "409 SOLD_OUT"


@dataclass
class Sale:
    """How a scenario went; it is good if seen is what was expected and no checker has anything to say."""

    scenario: str
    expected: str
    seen: str = ""
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)
    coupon: int = 0

    @property
    def good(self) -> bool:
        """The verdict."""
        return self.seen == self.expected and not self.violations

    def assert_good(self) -> None:
        """For tests: print both sides, and fail unless they agree."""
        print(f"{self.scenario}\n  expected {self.expected}\n  seen     {self.seen}   ({self.seconds:.2f} s)")
        assert self.seen == self.expected
        assert self.violations == []


def in_words(counts: dict[str, int]) -> str:
    """{"ISSUED": 30, "SOLD_OUT": 70} as "30 ISSUED, 70 SOLD_OUT"."""
    return ", ".join(f"{count} {end}" for end, count in sorted(counts.items()) if count)


def crowd_sale(system: System, ledger: Ledger, users: int, stock: int) -> Sale:
    """All users at once, through all gateways, on one coupon; then the gate must be shut."""
    expected = in_words({"ISSUED": min(users, stock), "SOLD_OUT": max(0, users - stock)})
    sale = Sale(f"{users:,} users at once, stock {stock:,}", expected + "; then the gate refuses, no record")
    since = system.ends()
    sale.coupon = system.new_coupon(stock)
    buyers = [Buyer(sale.coupon, user, gateway=user) for user in range(1, users + 1)]
    began = time.monotonic()
    system.crowd(ledger).at_once(buyers)
    sale.seconds = time.monotonic() - began
    sale.seen = f"{in_words(tally(buyers))}; {gate_refuses(system, ledger, sale.coupon)}"
    sale.violations = system.violations(since, ledger.account())
    return sale


def gate_refuses(system: System, ledger: Ledger, coupon: int) -> str:
    """Knock at every gateway after a sell-out, and count the records that came through."""

    def knock(gateway: str, user: int) -> str:
        number = ledger.sent(coupon, user, None, gateway)
        answer = call("POST", f"{gateway}/api/v1/coupons/{coupon}/issue", {"userId": user})
        told = "accepted" if answer.status == 202 else "refused"
        ledger.told(number, told, status=answer.status, code=answer.code, requestId=answer.json.get("requestId"))
        return f"{answer.status} {answer.code}"

    for gateway in system.gateways:
        if not wait_until(lambda: knock(gateway, 9_000_000) == _REFUSED, SECONDS_FOR_GATE):
            return f"the gate of {gateway} is open"
    system.wait_drained()
    before = sum(system.ends().values())
    answers = {knock(gateway, 9_000_001 + n) for gateway in system.gateways for n in range(_KNOCKS)}
    came_through = sum(system.ends().values()) - before
    if answers != {_REFUSED} or came_through:
        return f"then {sorted(answers)}, {came_through} records"
    return "then the gate refuses, no record"


def ordered_sale(system: System, ledger: Ledger, users: int, stock: int) -> Sale:
    """One after the other, at the gateways in turn: decided in that order."""
    sale = Sale(f"{users} users one after the other, stock {stock}", _order(range(1, stock + 1), users - stock))
    since = system.ends()
    sale.coupon = system.new_coupon(stock)
    buyers = [Buyer(sale.coupon, user, gateway=user) for user in range(1, users + 1)]
    began = time.monotonic()
    system.crowd(ledger).in_turn(buyers)
    sale.seconds = time.monotonic() - began
    numbers = [buyer.result["issueNo"] for buyer in buyers if buyer.result and buyer.result["issueNo"]]
    sale.seen = _order(numbers, tally(buyers).get("SOLD_OUT", 0))
    sale.violations = system.violations(since, ledger.account())
    return sale


def _order(numbers: Iterable[int], sold_out: int) -> str:
    seen = list(numbers)
    if seen == list(range(1, len(seen) + 1)):
        return f"issueNo 1…{len(seen)} in order, {sold_out} SOLD_OUT"
    return f"issueNo {seen}, {sold_out} SOLD_OUT"


def same_key_sale(system: System, ledger: Ledger, times: int = 5) -> Sale:
    """One user presses several times at once with one Idempotency-Key, at all gateways."""
    sale = Sale(f"one Idempotency-Key {times} times at once", f"1 requestId, {times} ISSUED number 1, 1 coupon in the table")
    since = system.ends()
    sale.coupon = system.new_coupon(10)
    buyers = [Buyer(sale.coupon, 16, key="press", gateway=press) for press in range(times)]
    began = time.monotonic()
    system.crowd(ledger).at_once(buyers)
    sale.seconds = time.monotonic() - began
    system.wait_drained()
    ids = {buyer.request_id for buyer in buyers}
    numbers = {buyer.result["issueNo"] if buyer.result else None for buyer in buyers}
    number = " or ".join(str(n) for n in sorted(numbers, key=str))
    sale.seen = f"{len(ids)} requestId, {in_words(tally(buyers))} number {number}, {held(system, sale.coupon)} coupon in the table"
    sale.violations = system.violations(since, ledger.account())
    return sale


def one_user_sale(system: System, ledger: Ledger, times: int, limit: int) -> Sale:
    """One user asks several times at once, each a request of its own."""
    expected = in_words({"ISSUED": limit, "ALREADY_ISSUED": times - limit})
    sale = Sale(f"one user {times} times at once, perUserLimit {limit}", expected)
    since = system.ends()
    sale.coupon = system.new_coupon(100, per_user_limit=limit)
    buyers = [Buyer(sale.coupon, 16, gateway=press) for press in range(times)]
    began = time.monotonic()
    system.crowd(ledger).at_once(buyers)
    sale.seconds = time.monotonic() - began
    sale.seen = in_words(tally(buyers))
    sale.violations = system.violations(since, ledger.account())
    return sale


def held(system: System, coupon: int, user: int | None = None) -> int:
    """Rows of user_coupon, of one user or of all."""
    if user is None:
        return system.database.count("SELECT COUNT(*) FROM user_coupon WHERE coupon_id = %s", coupon)
    return system.database.count(
        "SELECT COUNT(*) FROM user_coupon WHERE coupon_id = %s AND user_id = %s", coupon, user
    )
