"""Every checker is content with a good run, and red on each violation that it is there for."""

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.check import check_dead_letters, check_ledger, check_log, check_model, check_sql
from tests.support.coupon_history import Change, Coupon
from tests.support.ledger import Account, Attempt, Ledger, read_account
from tests.support.tables import Holding, Result, Tables
from tests.support.wire import Record

AT = 1_700_000_000_000


def good_tables() -> Tables:
    """Coupon 1 with stock 2: users 10 and 20 won, 30 came too late."""
    return Tables(
        [Coupon(1, 2, 1, 0)],
        {1: 2},
        [Holding(1, 1, 10, 1, AT, None), Holding(1, 2, 20, 1, AT, None)],
        [
            Result("a", 1, 10, 0, 0, "ISSUED", 1, AT),
            Result("b", 1, 20, 0, 1, "ISSUED", 2, AT),
            Result("c", 1, 30, 0, 2, "SOLD_OUT", None, AT),
        ],
    )


def good_records() -> list[Record]:
    """The same sale in the topic."""
    return [
        Record(0, offset, AT, b"1", json.dumps({"requestId": name, "couponId": 1, "userId": user}).encode())
        for offset, (name, user) in enumerate((("a", 10), ("b", 20), ("c", 30)))
    ]


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """The same sale as its clients saw it, and one request whose answer was lost."""
    with Ledger(tmp_path / "ledger") as ledger:
        for name, user, status, reason, issue_no in (
            ("a", 10, "ISSUED", None, 1), ("b", 20, "ISSUED", None, 2), ("c", 30, "REJECTED", "SOLD_OUT", None),
        ):  # fmt: skip
            number = ledger.sent(1, user, None, "gateway")
            ledger.told(number, "accepted", status=202, requestId=name)
            ledger.result(name, status, reason, issue_no)
        ledger.sent(1, 40, None, "gateway")
    return read_account(tmp_path / "ledger")


def test_all_are_content_with_a_good_run(account: Account) -> None:
    tables, records = good_tables(), good_records()
    assert check_sql(tables) == []
    assert check_ledger(account, tables) == []
    assert check_log(account, records, 1) == []
    assert check_model(records, tables) == []


def oversold(tables: Tables) -> None:
    tables.coupons[0] = Coupon(1, 1, 1, 0)


def miscounted(tables: Tables) -> None:
    tables.issued_count[1] = 1


def with_a_hole(tables: Tables) -> None:
    tables.holdings[1] = replace(tables.holdings[1], issue_no=3)
    tables.results[1] = replace(tables.results[1], issue_no=3)


def over_the_limit(tables: Tables) -> None:
    tables.holdings[1] = replace(tables.holdings[1], user_id=10, user_seq=2)
    tables.results[1] = replace(tables.results[1], user_id=10)


def held_by_another(tables: Tables) -> None:
    tables.results[1] = replace(tables.results[1], user_id=21)


def issued_without_a_holder(tables: Tables) -> None:
    tables.results[2] = replace(tables.results[2], outcome="ISSUED", issue_no=3)


def held_without_a_result(tables: Tables) -> None:
    del tables.results[1]


def two_results_of_one_record(tables: Tables) -> None:
    tables.results[2] = replace(tables.results[2], offset=1)


@pytest.mark.parametrize(
    "plant, words",
    [
        (oversold, "oversold"), (miscounted, "issued_count"), (with_a_hole, "issue_no is not"),
        (over_the_limit, "holds 2, allowed 1"), (held_by_another, "user 20 holds"),
        (issued_without_a_holder, "nobody"), (held_without_a_result, "no result says"),
        (two_results_of_one_record, "same partition"),
    ],
)  # fmt: skip
def test_sql_checker_is_red(plant: Callable[[Tables], None], words: str) -> None:
    tables = good_tables()
    plant(tables)
    assert words in "\n".join(check_sql(tables))


def test_ledger_checker_is_red(account: Account) -> None:
    lost, other, doubled, shown = good_tables(), good_tables(), good_tables(), good_tables()
    del lost.results[0]
    other.results[2] = replace(other.results[2], user_id=31)
    doubled.results += [Result(name, 1, 40, 0, n, "SOLD_OUT", None, AT) for n, name in enumerate("xy", 5)]
    shown.results[2] = replace(shown.results[2], outcome="ENDED")
    assert "a was answered 202 and has no result" in "\n".join(check_ledger(account, lost))
    assert "user 31" in "\n".join(check_ledger(account, other))
    assert "user 40 has 2 results for 1 requests" in "\n".join(check_ledger(account, doubled))
    assert "the table says" in "\n".join(check_ledger(account, shown))
    account.attempts[9] = Attempt(1, 50, answer="refused", status=409, code="SOLD_OUT")
    assert check_ledger(account, good_tables()) == []
    left, added = good_tables(), good_tables()
    left.coupons[0] = added.coupons[0] = Coupon(1, 3, 1, 0)
    assert "1 were sent away with SOLD_OUT, and 2 of 3 are issued" in "\n".join(check_ledger(account, left))
    added.changes = [Change(1, "UPDATE", {"totalStock": 2}, {"totalStock": 3}, (3,))]
    assert check_ledger(account, added) == []
    account.results["a"].append(("REJECTED", "SOLD_OUT", None))
    assert "different final results" in "\n".join(check_ledger(account, good_tables()))


def test_log_checker_is_red(account: Account) -> None:
    records = good_records()
    assert "a was answered 202 and is not in the topic" in "\n".join(check_log(account, records[1:], 1))
    altered = [replace(records[0], value=b'{"requestId":"a","couponId":1,"userId":11}'), *records[1:]]
    assert "with coupon 1 and user 11" in "\n".join(check_log(account, altered, 1))
    moved = [replace(record, partition=1) for record in records]
    assert "belongs into 0" in "\n".join(check_log(account, moved, 1))


def test_model_checker_is_red() -> None:
    records, tables = good_records(), good_tables()
    late_one_won = good_tables()
    late_one_won.holdings[1] = replace(late_one_won.holdings[1], user_id=30)
    late_one_won.results[1] = replace(tables.results[1], outcome="SOLD_OUT", issue_no=None)
    late_one_won.results[2] = replace(tables.results[2], outcome="ISSUED", issue_no=2)
    assert check_sql(late_one_won) == [], "only the order is wrong, so only the model can see it"
    assert "first difference at number 2" in "\n".join(check_model(records, late_one_won))
    missing = good_tables()
    del missing.results[2]
    assert "c has no result" in "\n".join(check_model(records, missing))
    invented = [replace(record, value=b"{") if record.offset == 2 else record for record in records]
    assert "no readable record" in "\n".join(check_model(invented, tables))


def test_dead_letter_checker_is_red() -> None:
    bad = Record(0, 7, AT, b"1", b"{")
    letter = replace(bad, offset=0, headers=(("kafka_dlt-original-offset", struct.pack(">q", 7)),))
    records, tables = [*good_records(), bad], good_tables()
    assert check_dead_letters(records, [letter, letter], tables) == [], "twice is allowed: a crash may lie between"
    assert "is not there" in "\n".join(check_dead_letters(records, [], tables))
    assert "altered" in "\n".join(check_dead_letters(records, [replace(letter, value=b"[")], tables))
    other = replace(letter, headers=(("kafka_dlt-original-offset", struct.pack(">q", 1)),))
    assert "the model decides it" in "\n".join(check_dead_letters(records, [letter, other], tables))
    assert "does not say" in "\n".join(check_dead_letters(records, [letter, bad], tables))
    assert check_dead_letters([], [letter], tables, {0: 8}) == []


def test_a_ledger_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.sent(1, 2, "key", "gateway")
    with (tmp_path / "ledger").open("a") as file:
        file.write('{"told": 0, "ans')
    assert read_account(tmp_path / "ledger").attempts[0].answer == "unknown"


def test_ledger_checker_takes_failed_for_final_unless_it_was_replayed(account: Account) -> None:
    tables, failed = good_tables(), ("FAILED", "DEAD_LETTERED", None)
    account.results["a"].insert(0, failed)
    assert "different final results" in "\n".join(check_ledger(account, tables))
    tables.replayed = {"a"}
    assert check_ledger(account, tables) == []
    account.results["b"] = [failed]
    assert "the table says" in "\n".join(check_ledger(account, tables))
    account.results["a"].append(failed)
    assert "different final results" in "\n".join(check_ledger(account, tables)), "a decision is final"


def test_a_change_that_is_not_written_down() -> None:
    tables = good_tables()
    tables.versions = {1: 3}
    tables.changes = [
        Change(1, "CREATE", None, {"totalStock": 1, "version": 1}, (0,)),
        Change(1, "PATCH", {"totalStock": 1, "version": 1}, {"totalStock": 2, "version": 2}, (1,)),
    ]
    assert any("version 3, its audit tells of 2" in line for line in check_sql(tables))
    tables.versions = {1: 2}
    assert check_sql(tables) == []


def test_the_model_knows_when_stock_was_added() -> None:
    tables = good_tables()
    changes = [
        Change(1, "CREATE", None, {"totalStock": 1, "version": 1}, (0,)),
        Change(1, "PATCH", {"totalStock": 1, "version": 1}, {"totalStock": 2, "version": 2}, (1,)),
    ]
    tables.changes = changes
    assert check_model(good_records(), tables) == []
    tables.changes = [changes[0], replace(changes[1], next_offsets=(2,))]
    assert any("b (partition 0, offset 1)" in line for line in check_model(good_records(), tables)), "too late for b"


def test_a_limit_that_was_lowered_is_no_violation() -> None:
    tables = good_tables()
    tables.holdings[1] = replace(tables.holdings[1], user_id=10, user_seq=2)
    tables.results[1] = replace(tables.results[1], user_id=10)
    assert any("holds 2, allowed 1" in line for line in check_sql(tables))
    tables.changes = [Change(1, "PATCH", {"perUserLimit": 2, "version": 1}, {"perUserLimit": 1, "version": 2}, (2,))]
    assert check_sql(tables) == []
