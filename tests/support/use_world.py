"""The moves of the model of users' coupons, made on a real system."""

import itertools
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymysql

from deploy.local.errors import LocalError
from tests.support.expiry import begin_expiry, end_of
from tests.support.system import System
from tests.support.use_model import Answer, Cancel, Expire, Key, Move, Revoke, Step, Terms, Use, UseModel
from tests.support.user_coupons import cancel, events, issue, page, use

_DEADLOCK = 1213
_TERMS = (
    Terms("FIXED", 5000, minimum=10000, hours=4),
    Terms("PERCENT", 10, cap=3000, hours=2),
    Terms("PERCENT", 33, hours=7),
    Terms("FIXED", 700),
)
_AMOUNTS = (1, 999, 10000, 50000, 2**63 - 1)
_ORDERS = tuple(f"O-{number}" for number in range(24))


class Disagreement(AssertionError):
    """The system and the model part ways; the text has all that is needed to see it again."""


class UseWorld:
    """Coupons of their own, with a model beside them. An hour is moved by moving the rows' ends: hours are so much
    longer than a run that the time it takes itself does not matter."""

    def __init__(self, system: System, expiry_batch: Path, seed: str) -> None:
        self.system, self.expiry_batch, self.seed, self.random = system, expiry_batch, seed, random.Random(seed)
        self.users = [self.random.randrange(10**9, 10**12) for _ in range(2)]
        self.coupons = [self._new_coupon(terms) for terms in _TERMS]
        self.model = UseModel(dict(zip(self.coupons, _TERMS, strict=True)))
        self.trace: list[str] = []
        self._pool = ThreadPoolExecutor(8)

    def close(self) -> None:
        """No moves any more."""
        self._pool.shutdown()

    def issue(self, rows: int) -> None:
        """More of each coupon for each user."""
        for coupon, user in itertools.product(self.coupons, self.users):
            for number in issue(self.system, coupon, [user] * rows):
                self.model.issue((coupon, number), user)

    def alone(self, steps: int) -> None:
        """Random moves one after the other; each answer and its row are compared at once."""
        for step in range(steps):
            if step % 150 == 149:
                self.issue(1)
            move = self._choose()
            seen, expected = self._make(move), self.model.apply(move)
            self.trace.append(f"{move} -> {seen}")
            if seen != expected:
                raise self._parted(f"answered {seen}, the model says {expected}")
            if step % 10 == 9 or not isinstance(move, Use | Cancel | Revoke):
                self.compare()
        self.compare()

    def together(self, rounds: int, width: int = 4) -> None:
        """Random moves at the same time, on few rows. Some order of them must explain all answers and rows."""
        for number in range(rounds):
            if number % 40 == 39:
                self.issue(1)
            keys = self.random.sample(self._newest(), 2)
            moves = [self._choose(keys, calm=True) for _ in range(width)]
            seen = list(self._pool.map(self._make, moves))
            self.trace.append(f"at once: {list(zip(moves, seen, strict=True))}")
            rows = self._rows()
            for order in itertools.permutations(range(width)):
                other = self.model.copy()
                if all(other.apply(moves[place]) == seen[place] for place in order) and _rows_of(other) == rows:
                    self.model = other
                    break
            else:
                raise self._parted(f"no order of these explains it; rows {_differing(_rows_of(self.model), rows)}")
        self.compare()

    def compare(self) -> None:
        """Rows, orders, counts, events and what users are shown."""
        system, model = self.system, self.model
        rows = self._rows()
        if rows != _rows_of(model):
            raise self._parted(f"rows {_differing(_rows_of(model), rows)}")
        for coupon in self.coupons:
            told = events(system, coupon)
            for key, held in model.held.items():
                expected = list(zip(held.events, itertools.count(1)))
                if key[0] == coupon and told.get(key[1]) != expected:
                    raise self._parted(f"{key}: events {told.get(key[1])}, the model says {expected}")
            count = system.database.count("SELECT issued_count FROM coupon WHERE coupon_id = %s", coupon)
            if count != sum(key[0] == coupon for key in model.held):
                raise self._parted(f"coupon {coupon}: issued_count {count}")
        for user, status in itertools.product(self.users, ("ISSUED", "USED", "EXPIRED", "REVOKED")):
            shown = {(one["couponId"], one["issueNo"]) for one in self._pages(user, status)}
            expected_shown = {key for key, held in model.held.items() if held.user == user and model.shown(key) == status}
            if shown != expected_shown:
                raise self._parted(f"user {user} is shown {shown} as {status}, the model says {expected_shown}")

    def _pages(self, user: int, status: str) -> Iterator[dict[str, object]]:
        cursor = ""
        while True:
            body = page(self.system, user, f"?status={status}&limit=7{cursor}").json
            yield from body["coupons"]
            if body["nextCursor"] is None:
                return
            cursor = f"&cursor={body['nextCursor']}"

    def _newest(self) -> list[Key]:
        return [key for key, _ in sorted(self.model.held.items(), key=lambda row: -row[0][1])][:12]

    def _choose(self, keys: Sequence[Key] = (), calm: bool = False) -> Move:
        pick = self.random
        kind = pick.choices(("use", "cancel", "revoke", "expire", "step"), (50, 30, 6, 6, 2 if calm else 8))[0]
        if kind == "expire":
            return Expire()
        if kind == "step":
            return Step(pick.randint(1, 2))
        key = pick.choice(keys or self._newest())
        if not keys and pick.random() < 0.02:
            key = (key[0], 10**6)
        if kind == "revoke":
            return Revoke(key)
        owner = self.model.held[key].user if key in self.model.held else self.users[0]
        caller = pick.choices((owner, None, owner + 1), (10, 3, 1))[0]
        order = pick.choice(_ORDERS)
        mine = [name for (user, name), one in self.model.orders.items() if user == owner and one.key == key]
        if mine and pick.random() < (0.3 if kind == "use" else 0.8):
            order = mine[-1]
        return Use(key, order, pick.choice(_AMOUNTS), caller) if kind == "use" else Cancel(key, order, caller)

    def _make(self, move: Move) -> Answer:
        gateway = hash(move) % len(self.system.gateways)
        if isinstance(move, Use):
            answer = use(self.system, *move.key, move.order, move.amount, move.caller, gateway)
            if answer.status == 200:
                return 200, *(answer.json[name] for name in ("status", "discountAmount", "finalAmount"))
            return answer.status, answer.code
        if isinstance(move, Cancel):
            answer = cancel(self.system, *move.key, move.order, move.caller, gateway)
            return answer.status, answer.json["status"] if answer.status == 200 else answer.code
        if isinstance(move, Revoke):
            answer = self.system.admin("POST", f"/coupons/{move.key[0]}/issued/{move.key[1]}/revoke", gateway=gateway)
            return answer.status, answer.json["status"] if answer.status == 200 else answer.code
        if isinstance(move, Expire):
            run = end_of(begin_expiry(self.expiry_batch, self.system.world.ports.mariadb, self.system.world.secrets))
            if run.code:
                raise LocalError(f"expiry-batch ended with {run.code}: {run.log}")
        else:
            self._move_clock(move.hours)
        return ()

    def _move_clock(self, hours: int) -> None:
        places = ",".join(map(str, self.coupons))
        while True:
            try:
                self.system.database.query(
                    f"UPDATE user_coupon SET expires_at = expires_at - INTERVAL %s HOUR WHERE coupon_id IN ({places})", hours
                )
                return
            except pymysql.err.OperationalError as error:
                if error.args[0] != _DEADLOCK:
                    raise

    def _rows(self) -> tuple[object, object]:
        places = ",".join(map(str, self.coupons))
        held = self.system.database.query(
            f"SELECT coupon_id, issue_no, user_id, status, change_no, used_at IS NOT NULL FROM user_coupon WHERE coupon_id IN ({places})"
        )
        orders = self.system.database.query(
            "SELECT user_id, order_id, state, coupon_id, issue_no, order_amount, discount_amount FROM coupon_order"
            f" WHERE coupon_id IN ({places})"
        )
        return set(held), set(orders)

    def _new_coupon(self, terms: Terms) -> int:
        more = {} if terms.cap is None else {"maxDiscountAmount": terms.cap}
        if terms.hours is not None:
            # An hour is told from the next one by the half hour between them, which no run lasts.
            more["validForSeconds"] = terms.hours * 3600 - 1800
        return self.system.new_coupon(
            100000, per_user_limit=1000, discountType=terms.kind, discountValue=terms.value, minOrderAmount=terms.minimum, **more
        )  # fmt: skip

    def _parted(self, what: str) -> Disagreement:
        last = "\n  ".join(self.trace[-25:])
        return Disagreement(f"seed {self.seed}, move {len(self.trace)}: {what}\n  {last}")


def _rows_of(model: UseModel) -> tuple[object, object]:
    held = {(*key, one.user, one.status, len(one.events), int(one.status == "USED")) for key, one in model.held.items()}
    orders = {(user, name, one.state, *one.key, one.amount, one.discount) for (user, name), one in model.orders.items()}
    return held, orders


def _differing(expected: tuple[object, object], seen: tuple[object, object]) -> str:
    parts = []
    for name, wanted, found in zip(("user_coupon", "coupon_order"), expected, seen, strict=True):
        assert isinstance(wanted, set) and isinstance(found, set)
        parts.append(f"{name}: only in the model {sorted(wanted - found)}, only in MySQL {sorted(found - wanted)}")
    return "; ".join(parts)
