"""Lost, doubled and oversold are nought in a good run, and count each violation that they are there for."""

import json
from dataclasses import replace

import pytest

from tests.support.check.counts import Counts, count
from tests.support.ledger import Account, Attempt
from tests.support.model import Coupon
from tests.support.tables import Holding, Result, Tables
from tests.support.wire import Record

AT = 1_700_000_000_000
GOOD = Counts(0, 0, 0)


@pytest.fixture
def account() -> Account:
    """Users 10 and 20 were told that they are accepted, 30 was told nothing."""
    return Account({
        0: Attempt(1, 10, None, "accepted", 202, None, "a"), 1: Attempt(1, 20, None, "accepted", 202, None, "b"),
        2: Attempt(1, 30),
    })  # fmt: skip


@pytest.fixture
def records() -> list[Record]:
    """Both are in the topic."""
    return [
        Record(0, offset, AT, b"1", json.dumps({"requestId": name, "couponId": 1, "userId": user}).encode())
        for offset, (name, user) in enumerate((("a", 10), ("b", 20)))
    ]


@pytest.fixture
def tables() -> Tables:
    """Both have their coupon."""
    return Tables(
        [Coupon(1, 2, 1, 0)], {1: 2}, [Holding(1, 1, 10, 1, AT, None), Holding(1, 2, 20, 1, AT, None)],
        [Result("a", 1, 10, 0, 0, "ISSUED", 1, AT), Result("b", 1, 20, 0, 1, "ISSUED", 2, AT)],
    )  # fmt: skip


def test_a_good_run(account: Account, records: list[Record], tables: Tables) -> None:
    assert count(account, records, tables) == GOOD
    assert str(GOOD) == "0/0/0"


def test_lost_without_a_result_or_a_record(account: Account, records: list[Record], tables: Tables) -> None:
    assert count(account, records[:1], tables).lost == 1
    tables.results.pop()
    assert count(account, records, tables).lost == 1
    assert count(account, [], tables).lost == 2


def test_doubled_number_user_and_result(account: Account, records: list[Record], tables: Tables) -> None:
    tables.holdings[1] = replace(tables.holdings[1], issue_no=1)
    assert count(account, records, tables).doubled == 1
    tables.holdings[1] = replace(tables.holdings[1], issue_no=2, user_id=10, user_seq=2)
    assert count(account, records, tables).doubled == 1
    tables.holdings[1] = replace(tables.holdings[1], user_id=20, user_seq=1)
    tables.results[1] = replace(tables.results[1], issue_no=1)
    assert count(account, records, tables).doubled == 1


def test_oversold_beyond_the_stock(account: Account, records: list[Record], tables: Tables) -> None:
    tables.coupons[0] = replace(tables.coupons[0], total_stock=1)
    assert count(account, records, tables) == Counts(0, 0, 1)


def test_coupons_of_others_are_left_out(account: Account, records: list[Record], tables: Tables) -> None:
    tables.coupons.append(Coupon(2, 0, 1, 0))
    tables.holdings.append(Holding(2, 1, 10, 1, AT, None))
    assert count(account, records, tables) == GOOD
