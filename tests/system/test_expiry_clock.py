"""Goal: what ends at T is over at T, on the database's clock in UTC: to the millisecond, whatever the time zones of server,
session and machine are, on days with 23, 24 or 25 hours, and with a machine's clock that is wrong."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from tests.support.expiry import ExpiryWorld
from tests.support.sanitizer import sanitized

_NOW = "2026-03-01 12:00:00.500"
_STEPS = ("couponsClosed", "userCouponsExpired", "resultsPruned", "eventsPruned", "ordersPruned")
_RETENTION = 86_400
_RETENTIONS = [flag for what in ("result", "outbox", "order") for flag in (f"--{what}-retention", str(_RETENTION))]
# How far what is looked at is from the instant: a millisecond, and what a wrong conversion would be wrong by.
_DISTANCES = (
    timedelta(milliseconds=-1), timedelta(0), timedelta(milliseconds=1),
    *(sign * timedelta(minutes=minutes) for sign in (-1, 1) for minutes in (30, 60, 150, 540)),
)  # fmt: skip
_CHANGES_OF_CLOCKS = (
    ("Europe/Berlin", "2026-03-29 01:00:00.000"),  # 02:00 becomes 03:00
    ("Europe/Berlin", "2026-10-25 00:30:00.000"),  # 02:30, for the first time
    ("Europe/Berlin", "2026-10-25 01:30:00.000"),  # 02:30, for the second
    ("America/St_Johns", "2026-03-08 05:30:00.000"),  # half hours in winter and in summer
    ("Australia/Lord_Howe", "2026-04-04 15:00:00.000"),  # by half an hour
    ("Asia/Seoul", "2028-02-29 15:00:00.000"),  # leap day there, and March here
    ("Pacific/Kiritimati", "2026-12-31 23:59:59.999"),  # 14 hours ahead, in another year
)


def moved(instant: str, by: timedelta) -> str:
    """So much later, as SQL has it."""
    return (datetime.fromisoformat(instant) + by).isoformat(" ", "milliseconds")


def load(expiry: ExpiryWorld, now: str) -> None:
    """For each step a row at each distance from where it becomes due."""
    for number, distance in enumerate(_DISTANCES, 1):
        expiry.add_coupon(number, moved(now, distance))
        expiry.add_held(9, number, moved(now, distance))
        old = moved(now, distance - timedelta(seconds=_RETENTION))
        expiry.add_result(f"r-{number}", old)
        expiry.add_event(number, old)
        expiry.add_order(number, old)


def check(expiry: ExpiryWorld) -> None:
    """Ended at the instant is over; as old as the retention is not yet older."""
    ended = [number for number, distance in enumerate(_DISTANCES, 1) if distance <= timedelta(0)]
    old = [number for number, distance in enumerate(_DISTANCES, 1) if distance < timedelta(0)]
    young = [number for number in range(1, len(_DISTANCES) + 1) if number not in old]

    def numbers(statement: str) -> Sequence[int]:
        return [int(row[0]) for row in expiry.query(statement)]

    assert numbers("SELECT coupon_id FROM coupon WHERE status = 'CLOSED' ORDER BY coupon_id") == ended
    assert numbers("SELECT issue_no FROM user_coupon WHERE status = 'EXPIRED' ORDER BY issue_no") == ended
    assert sorted(numbers("SELECT SUBSTR(request_id, 3) FROM coupon_issue_result")) == young
    assert numbers("SELECT id FROM outbox WHERE type = 'coupon.issued' ORDER BY seq") == young
    assert numbers("SELECT user_id FROM coupon_order ORDER BY user_id") == young


def run_and_check(expiry: ExpiryWorld, now: str, zone: str, before: Sequence[str] = ()) -> None:
    """What was loaded, judged once and then again."""
    load(expiry, now)
    run = expiry.run(*_RETENTIONS, environment={"TZ": zone}, before=before)
    assert (run.code, run.summary["outcome"]) == (0, "done"), run
    assert run.summary["asOf"] == now.replace(" ", "T") + "Z"
    check(expiry)
    again = expiry.run(*_RETENTIONS, environment={"TZ": zone}, before=before)
    assert [again.summary[key] for key in _STEPS] == [0] * len(_STEPS)


@pytest.mark.parametrize("client_zone", ["UTC", "Asia/Seoul", "America/St_Johns"])
@pytest.mark.parametrize("server_zone", ["SYSTEM", "+09:00", "-03:30"])
def test_no_time_zone_matters(expiry: ExpiryWorld, server_zone: str, client_zone: str) -> None:
    expiry.clock(_NOW, server_zone)
    run_and_check(expiry, _NOW, client_zone)


@pytest.mark.parametrize(("zone", "now"), _CHANGES_OF_CLOCKS)
def test_nor_does_a_day_that_is_longer_or_shorter(expiry: ExpiryWorld, zone: str, now: str) -> None:
    """The server's zone and the machine's are the one whose clocks change."""
    expiry.know_zone(zone)
    expiry.clock(now, zone)
    run_and_check(expiry, now, zone)


@pytest.mark.parametrize("offset", ["-400d", "-1h", "+1h", "+400d"])
@pytest.mark.skipif(sanitized(), reason="a sanitizer must be the first library that is loaded, and so must faketime")
def test_nor_does_the_clock_of_the_machine(expiry: ExpiryWorld, offset: str) -> None:
    expiry.clock(_NOW)
    run_and_check(expiry, _NOW, "UTC", before=("faketime", "-f", offset))


def test_what_has_no_end_does_not_end(expiry: ExpiryWorld) -> None:
    expiry.clock("2038-01-19 03:14:06.999")  # MySQL knows no later @@timestamp
    expiry.add_held(1, 1, None)
    expiry.add_coupon(1, None)
    expiry.add_event(1, None)
    run = expiry.run()
    assert (run.code, [run.summary[key] for key in _STEPS]) == (0, [0] * len(_STEPS))


def test_only_what_is_open_to_an_end_ends(expiry: ExpiryWorld) -> None:
    """Other statuses stay, however long ago it was."""
    expiry.clock(_NOW)
    for number, status in enumerate(("ISSUED", "USED", "REVOKED", "EXPIRED"), 1):
        expiry.add_held(1, number, "2020-02-01", status)
    for number, status in enumerate(("OPEN", "PAUSED", "DRAFT", "CLOSED"), 1):
        expiry.add_coupon(number, "2020-02-01", status)
    run = expiry.run()
    assert (run.summary["couponsClosed"], run.summary["userCouponsExpired"]) == (2, 1)
    seen = [row[0] for row in expiry.query("SELECT status FROM user_coupon ORDER BY issue_no")]
    assert seen == ["EXPIRED", "USED", "REVOKED", "EXPIRED"]
    assert [row[0] for row in expiry.query("SELECT status FROM coupon ORDER BY coupon_id")] == [
        "CLOSED", "CLOSED", "DRAFT", "CLOSED",
    ]  # fmt: skip


def test_a_run_has_one_instant(expiry: ExpiryWorld) -> None:
    """What becomes due while it runs is left to the next: time goes on here."""
    expiry.add_many_held(1, 20, "2020-02-01")
    expiry.query("UPDATE user_coupon SET expires_at = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR WHERE issue_no > 10")
    assert expiry.run("--chunk-rows", "1").summary["userCouponsExpired"] == 10
    assert expiry.statuses() == {"EXPIRED": 10, "ISSUED": 10}
