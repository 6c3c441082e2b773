"""Goal: a coupon is used by one order for the right discount, given back by that order alone, and never used
twice or after its end; users see what they hold, a page at a time."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pymysql
import pytest

from deploy.local.condition import wait_until
from tests.support.rest import Answer, call
from tests.support.system import System
from tests.support.user_coupons import cancel, end_at, events, issue, new_users, page, pages, read, row, use

_FIXED = {"discountType": "FIXED", "discountValue": 5000, "minOrderAmount": 10000}
_PERCENT = {"discountType": "PERCENT", "discountValue": 10, "maxDiscountAmount": 3000}


def _seen(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


def test_a_coupon_is_used_and_given_back(system: System) -> None:
    owner, other = new_users(2)
    coupon = system.new_coupon(3, per_user_limit=2, **_FIXED)
    first, second = issue(system, coupon, [owner, owner])

    used = use(system, coupon, first, "O-1", 50000, owner)
    assert used.status == 200, used
    assert {key: used.json[key] for key in ("couponId", "issueNo", "userId", "status", "orderId")} == {
        "couponId": coupon, "issueNo": first, "userId": owner, "status": "USED", "orderId": "O-1",
    }  # fmt: skip
    amounts = ("orderAmount", "discountAmount", "finalAmount")
    assert [used.json[key] for key in amounts] == [50000, 5000, 45000]
    assert use(system, coupon, first, "O-1", 50000, owner, gateway=1).json == used.json, "the same answer again"
    shown = read(system, coupon, first, f"?userId={owner}").json
    assert [shown[key] for key in ("status", "orderId", "usedAt", *amounts)] == [
        "USED", "O-1", used.json["usedAt"], 50000, 5000, 45000,
    ]  # fmt: skip

    assert _seen(use(system, coupon, first, "O-1", 50001, owner)) == (422, "ORDER_MISMATCH")
    assert _seen(use(system, coupon, second, "O-1", 50000, owner)) == (422, "ORDER_MISMATCH")
    assert _seen(use(system, coupon, first, "O-2", 50000, owner)) == (409, "ALREADY_USED")
    assert _seen(use(system, coupon, second, "O-2", 9999, owner)) == (422, "BELOW_MIN_ORDER_AMOUNT")
    assert _seen(use(system, coupon, second, "O-2", 50000, other)) == (403, "FORBIDDEN")
    assert _seen(use(system, coupon, 99, "O-2", 50000, owner)) == (404, "UNKNOWN_COUPON")
    assert _seen(use(system, coupon, second, "O-2", 0, owner)) == (400, "INVALID_REQUEST")
    assert _seen(cancel(system, coupon, first, "O-2", owner)) == (422, "ORDER_MISMATCH")
    assert _seen(cancel(system, coupon, second, "O-2", owner)) == (409, "NOT_USED")
    assert _seen(cancel(system, coupon, first, "O-1", other)) == (403, "FORBIDDEN")
    assert _seen(read(system, coupon, first, f"?userId={other}")) == (403, "FORBIDDEN")
    assert row(system, coupon, second) == ("ISSUED", 1), "nothing of that was done"

    back = cancel(system, coupon, first, "O-1", owner)
    assert (back.status, back.json["status"], back.json["orderId"]) == (200, "ISSUED", "O-1")
    assert cancel(system, coupon, first, "O-1").json == back.json, "the same answer again"
    assert read(system, coupon, first).json["usedAt"] is None
    assert use(system, coupon, second, "O-1", 20000).json["finalAmount"] == 15000, "the order may use another one now"
    assert row(system, coupon, first) == ("ISSUED", 3)
    seen = events(system, coupon)
    assert seen[first][-2:] == [("coupon.used", 2), ("coupon.use-cancelled", 3)]
    assert seen[second][-1:] == [("coupon.used", 2)]


@pytest.mark.parametrize(("amount", "discount"), [(999, 99), (50000, 3000), (9223372036854775807, 3000), (9, 0)])
def test_percent_is_rounded_down_and_capped(shared_system: System, amount: int, discount: int) -> None:
    coupon = shared_system.new_coupon(1, **_PERCENT)
    (number,) = issue(shared_system, coupon, new_users(1))
    used = use(shared_system, coupon, number, amount, amount).json
    assert (used["orderId"], used["discountAmount"], used["finalAmount"]) == (str(amount), discount, amount - discount)


def test_what_is_over_is_over_before_expiry_batch_has_come(system: System) -> None:
    coupon = system.new_coupon(3, **_FIXED)
    users = new_users(3)
    over, used, open_ = issue(system, coupon, users)
    assert use(system, coupon, used, "O-1", 50000).status == 200
    end_at(system, coupon, over, -0.001)
    end_at(system, coupon, used, -0.001)
    end_at(system, coupon, open_, 3600)

    assert read(system, coupon, over).json["status"] == "EXPIRED"
    assert _seen(use(system, coupon, over, "O-2", 50000)) == (409, "EXPIRED")
    assert _seen(cancel(system, coupon, over, "O-2")) == (409, "NOT_USED")
    assert row(system, coupon, over) == ("ISSUED", 1), "that is left to expiry-batch"
    assert use(system, coupon, used, "O-1", 50000).status == 200, "it was used in time"
    assert cancel(system, coupon, used, "O-1").json["status"] == "EXPIRED"
    assert row(system, coupon, used) == ("EXPIRED", 3)
    assert _seen(use(system, coupon, used, "O-1", 50000)) == (409, "EXPIRED")
    shown = {status: [len(page(system, user, f"?status={status}").json["coupons"]) for user in users]
             for status in ("ISSUED", "USED", "EXPIRED", "REVOKED")}  # fmt: skip
    assert shown == {"ISSUED": [0, 0, 1], "USED": [0, 0, 0], "EXPIRED": [1, 1, 0], "REVOKED": [0, 0, 0]}


def test_pages_have_no_seams(system: System) -> None:
    user, nobody = new_users(2)
    coupons = [system.new_coupon(9, per_user_limit=3) for _ in range(3)]
    held = [(coupon, number) for coupon in coupons for number in issue(system, coupon, [user] * 3)]
    held.reverse()
    for limit in (1, 2, 3, 8, 9, 10):
        seen = pages(system, user, f"limit={limit}")
        assert [one for part in seen for one in part] == held, f"limit {limit}"
        assert {len(part) for part in seen[:-1]} <= {limit} and 0 < len(seen[-1]) <= limit
    use(system, *held[4], "O-1", 50000)
    assert pages(system, user, "limit=1&status=USED") == [[held[4]]]
    assert [one for part in pages(system, user, "limit=3&status=ISSUED") for one in part] == held[:4] + held[5:]
    assert page(system, nobody).json == {"coupons": [], "nextCursor": None}
    for query in ("?limit=0", "?limit=101", "?status=OPEN", "?cursor=1"):
        assert _seen(page(system, user, query)) == (400, "INVALID_REQUEST")


def test_a_page_is_found_by_its_key(shared_system: System) -> None:
    """What the server really ran, explained: the user's own rows by their key, in order, without a sort."""
    system, (user,) = shared_system, new_users(1)
    held = [(coupon, n) for coupon in (system.new_coupon(3, per_user_limit=3),) for n in issue(system, coupon, [user] * 3)]
    cursor = page(system, user, "?limit=1").json["nextCursor"]
    server = system.world.mariadb
    server.root_query("SET GLOBAL log_output='TABLE'; SET GLOBAL general_log=1; TRUNCATE mysql.general_log")
    for query in ("", "?status=EXPIRED", f"?cursor={cursor}", f"?status=ISSUED&cursor={cursor}"):
        assert page(system, user, query).status == 200
    server.root_query("SET GLOBAL general_log=0; SET GLOBAL log_output='FILE'")
    statements = [
        text for (text,) in server.root_query(
            f"SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE argument LIKE 'SELECT STRAIGHT_JOIN%user_id={user}%'"
        )
    ]  # fmt: skip
    assert len(statements) == 4, statements
    assert sum("u.coupon_id<=" in text for text in statements) == 2
    for text in statements:
        plan = system.database.plan(text)
        print(text, *plan, sep="\n")
        assert [line["table"] for line in plan] == ["u", "c", "o"]
        assert [line["key"] for line in plan] == ["user_coupon_holding", "PRIMARY", "coupon_order_holder"]
        kinds = [line["type"] for line in plan]
        assert kinds[0] in ("ref", "range") and kinds[1] == "eq_ref" and kinds[2] in ("ref", "eq_ref")
        assert not any("filesort" in (line["Extra"] or "") or "temporary" in (line["Extra"] or "") for line in plan)
        assert int(plan[0]["rows"]) <= len(held), "no row of anybody else"


def test_many_orders_at_once_use_it_once(system: System) -> None:
    coupon = system.new_coupon(1, **_FIXED)
    (number,) = issue(system, coupon, new_users(1))
    orders = [f"O-{place}" for place in range(24)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda order: use(system, coupon, number, order, 50000, gateway=hash(order) % 2), orders))
    won = [order for order, answer in zip(orders, answers, strict=True) if answer.status == 200]
    assert len(won) == 1, [_seen(answer) for answer in answers]
    assert {_seen(answer) for answer in answers if answer.status != 200} == {(409, "ALREADY_USED")}
    assert row(system, coupon, number) == ("USED", 2)
    assert read(system, coupon, number).json["orderId"] == won[0]


def test_one_order_at_once_uses_one_coupon_once(system: System) -> None:
    coupon = system.new_coupon(8, per_user_limit=8, **_FIXED)
    numbers = issue(system, coupon, new_users(1) * 8)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: use(system, coupon, number, "O-1", 50000), numbers * 3))
    won = {number for number, answer in zip(numbers * 3, answers, strict=True) if answer.status == 200}
    assert len(won) == 1, [_seen(answer) for answer in answers]
    assert {_seen(answer) for answer in answers} <= {(200, None), (422, "ORDER_MISMATCH")}
    assert sorted(row(system, coupon, number)[0] for number in numbers) == ["ISSUED"] * 7 + ["USED"]


def test_a_use_that_waited_for_a_lock_is_judged_by_the_time_after_it(shared_system: System) -> None:
    """Its time ends while somebody else holds the row: the use began before the end, and comes too late."""
    system = shared_system
    coupon = system.new_coupon(1, **_FIXED)
    (number,) = issue(system, coupon, new_users(1))
    end_at(system, coupon, number, 0.5)
    connection = system.database.connect()
    with connection, connection.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM user_coupon WHERE coupon_id = %s AND issue_no = %s FOR UPDATE", (coupon, number))
        waiting = pool.submit(partial(use, system, coupon, number, "O-1", 50000))
        cursor.execute("DO SLEEP(1)")
        assert not waiting.done()
        cursor.execute("COMMIT")
        assert _seen(waiting.result(30)) == (409, "EXPIRED")
    assert row(system, coupon, number) == ("ISSUED", 1)


def _waits_for_a_lock(system: System, statement: str) -> bool:
    """Is there a transaction that waits with such a statement?"""
    waiting = "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE"
    return bool(system.world.mariadb.root_query(f"{waiting} '%{statement}%'"))


@contextmanager
def _use_held_up(system: System, coupon: int, number: int, user: int) -> Iterator[tuple[pymysql.cursors.Cursor, Future[Answer]]]:
    """A use that has looked at its coupon and waits for its order, which another transaction holds: that one's cursor."""
    connection = system.database.connect()
    with connection, connection.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM coupon_order WHERE user_id = %s FOR UPDATE", (user,))
        held_up = pool.submit(partial(use, system, coupon, number, "O-1", 50000))
        assert wait_until(lambda: _waits_for_a_lock(system, f"user_id={user} "), 20)
        yield cursor, held_up


def _with_a_cancelled_order(system: System) -> tuple[int, int, int]:
    """A coupon, its number and its user, who has used it for O-1 and given it back."""
    coupon, (user,) = system.new_coupon(1, **_FIXED), new_users(1)
    (number,) = issue(system, coupon, [user])
    assert use(system, coupon, number, "O-1", 50000).status == cancel(system, coupon, number, "O-1").status == 200
    return coupon, number, user


def test_a_use_that_waited_for_its_order_does_not_outlast_its_end(shared_system: System) -> None:
    """Its time ends between the look at the row and its change."""
    coupon, number, user = _with_a_cancelled_order(shared_system)
    end_at(shared_system, coupon, number, 2)
    with _use_held_up(shared_system, coupon, number, user) as (cursor, held_up):
        cursor.execute(
            "SELECT SLEEP(GREATEST(0, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), expires_at)) / 1000000 + 0.002) "
            "FROM user_coupon WHERE coupon_id = %s", (coupon,)
        )  # fmt: skip
        assert not held_up.done()
        cursor.execute("COMMIT")
        assert _seen(held_up.result(30)) == (409, "EXPIRED")
    assert row(shared_system, coupon, number) == ("ISSUED", 3)


def test_a_use_and_a_revocation_at_once_are_one(shared_system: System) -> None:
    """The use has looked at the coupon and not yet changed it: the revocation waits for it, or for its next attempt."""
    coupon, number, user = _with_a_cancelled_order(shared_system)
    with _use_held_up(shared_system, coupon, number, user) as (cursor, held_up), ThreadPoolExecutor(1) as pool:
        path = f"/coupons/{coupon}/issued/{number}/revoke"
        revoked = pool.submit(partial(shared_system.admin, "POST", path))
        waits = partial(_waits_for_a_lock, shared_system, f"u.coupon_id={coupon} ")
        assert wait_until(lambda: revoked.done() or waits(), 20)
        cursor.execute("COMMIT")
        ends = (held_up.result(30).status, revoked.result(30).status)
        assert ends in {(200, 409), (409, 200)}
    assert row(shared_system, coupon, number) == ("USED" if ends[0] == 200 else "REVOKED", 4)


def test_a_method_that_a_path_does_not_have(shared_system: System) -> None:
    answer = call("GET", f"{shared_system.gateways[0]}/api/v1/coupons/1/issued/1/use")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
