"""A user's coupon as a state machine, once more and small: what each call answers, and what it leaves.

It shares no code with the programs. Time is a number of hours that only Step moves; reading changes nothing."""

import copy
from dataclasses import dataclass, field, replace

Key = tuple[int, int]  # couponId, issueNo
Answer = tuple[object, ...]  # HTTP status, then the code of a refusal or what was granted


@dataclass(frozen=True)
class Terms:
    """A coupon's terms. hours: how long it is good for after its issue, None: for ever."""

    kind: str
    value: int
    minimum: int = 0
    cap: int | None = None
    hours: int | None = None

    def discount(self, amount: int) -> int:
        """Rounded down, capped, never more than the order."""
        full = self.value if self.kind == "FIXED" else amount * self.value // 100
        return min(amount, full if self.cap is None else min(full, self.cap))


@dataclass(frozen=True)
class Use:
    """Use it for an order; caller None: nobody is named."""

    key: Key
    order: str
    amount: int
    caller: int | None


@dataclass(frozen=True)
class Cancel:
    """Give it back."""

    key: Key
    order: str
    caller: int | None


@dataclass(frozen=True)
class Revoke:
    """An operator takes it away."""

    key: Key


@dataclass(frozen=True)
class Expire:
    """A run of expiry-batch."""


@dataclass(frozen=True)
class Step:
    """The clock goes on."""

    hours: int


Move = Use | Cancel | Revoke | Expire | Step


@dataclass(frozen=True)
class Held:
    """A row of user_coupon."""

    user: int
    ends: int | None  # hour at which it is over
    status: str = "ISSUED"
    events: tuple[str, ...] = ("coupon.issued",)

    def to(self, status: str, event: str) -> "Held":
        """The row after a change."""
        return replace(self, status=status, events=(*self.events, event))


@dataclass(frozen=True)
class Order:
    """A row of coupon_order."""

    state: str
    key: Key
    amount: int
    discount: int


@dataclass
class UseModel:
    """All rows, and the hour."""

    terms: dict[int, Terms]
    now: int = 0
    held: dict[Key, Held] = field(default_factory=dict)
    orders: dict[tuple[int, str], Order] = field(default_factory=dict)

    def copy(self) -> "UseModel":
        """One that can go another way."""
        return UseModel(self.terms, self.now, copy.copy(self.held), copy.copy(self.orders))

    def issue(self, key: Key, user: int) -> None:
        """A row that the worker has made."""
        hours = self.terms[key[0]].hours
        self.held[key] = Held(user, None if hours is None else self.now + hours)

    def over(self, held: Held) -> bool:
        """Its end is not part of its time."""
        return held.ends is not None and self.now >= held.ends

    def shown(self, key: Key) -> str:
        """The status that a reader sees."""
        held = self.held[key]
        return "EXPIRED" if held.status == "ISSUED" and self.over(held) else held.status

    def apply(self, move: Move) -> Answer:
        """Make a move; what its caller is told."""
        if isinstance(move, Use):
            return self._use(move)
        if isinstance(move, Cancel):
            return self._cancel(move)
        if isinstance(move, Revoke):
            return self._revoke(move)
        if isinstance(move, Expire):
            self._expire()
        else:
            self.now += move.hours
        return ()

    def _use(self, move: Use) -> Answer:
        held = self.held.get(move.key)
        if held is None:
            return 404, "UNKNOWN_COUPON"
        if move.caller not in (None, held.user):
            return 403, "FORBIDDEN"
        order = self.orders.get((held.user, move.order))
        if order is not None and order.state == "USED":
            if (order.key, order.amount) != (move.key, move.amount):
                return 422, "ORDER_MISMATCH"
            return 200, "USED", order.discount, order.amount - order.discount
        shown = self.shown(move.key)
        if shown != "ISSUED":
            return 409, "ALREADY_USED" if shown == "USED" else shown
        terms = self.terms[move.key[0]]
        if move.amount < terms.minimum:
            return 422, "BELOW_MIN_ORDER_AMOUNT"
        discount = terms.discount(move.amount)
        self.held[move.key] = held.to("USED", "coupon.used")
        self.orders[held.user, move.order] = Order("USED", move.key, move.amount, discount)
        return 200, "USED", discount, move.amount - discount

    def _cancel(self, move: Cancel) -> Answer:
        held = self.held.get(move.key)
        if held is None:
            return 404, "UNKNOWN_COUPON"
        if move.caller not in (None, held.user):
            return 403, "FORBIDDEN"
        order = self.orders.get((held.user, move.order))
        if order is not None and order.key == move.key:
            if order.state == "USED":
                self.held[move.key] = held.to("EXPIRED" if self.over(held) else "ISSUED", "coupon.use-cancelled")
                self.orders[held.user, move.order] = replace(order, state="CANCELLED")
            return 200, self.shown(move.key)
        if held.status == "USED" or (order is not None and order.state == "USED"):
            return 422, "ORDER_MISMATCH"
        return 409, "REVOKED" if held.status == "REVOKED" else "NOT_USED"

    def _revoke(self, move: Revoke) -> Answer:
        held = self.held.get(move.key)
        if held is None:
            return 404, "UNKNOWN_COUPON"
        shown = self.shown(move.key)
        if shown == "ISSUED":
            self.held[move.key] = held.to("REVOKED", "coupon.revoked")
        elif shown != "REVOKED":
            return 409, "ALREADY_USED" if shown == "USED" else shown
        return 200, "REVOKED"

    def _expire(self) -> None:
        for key, held in self.held.items():
            if held.status == "ISSUED" and self.over(held):
                self.held[key] = held.to("EXPIRED", "coupon.expired")
