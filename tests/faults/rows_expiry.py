"""expiry-batch killed, started twice, and with clocks and time zones that are wrong, while a sale goes on."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from deploy.local.mariadb import DATABASE
from tests.faults.registry import row
from tests.faults.trial import Trial
from tests.support.expiry import CHANGES, WITNESS_BEGINS, WITNESS_ENDS, Run, begin_expiry, end_of
from tests.support.sanitizer import sanitized

_FAILPOINTS = ("expiry_between_statements", "expiry_before_commit", "expiry_after_commit")


def start(trial: Trial, *flags: str, failpoint: str = "", before: Sequence[str] = (), zone: str = "UTC"):  # type: ignore[no-untyped-def]
    """A run on the row's database."""
    environment: Mapping[str, str] = {"TZ": zone, **({"COUPON_FAILPOINT": failpoint} if failpoint else {})}
    binary = trial.stage.build.failpoints / "bin" / "expiry-batch"
    world = trial.world
    return begin_expiry(binary, world.ports.mariadb, world.secrets, *flags, environment=environment, before=before)


@contextmanager
def witness(trial: Trial) -> Iterator[None]:
    """The server writes down each change of a user coupon; at the end each that is expired became so once."""
    server = trial.world.mariadb
    expired = "SELECT COUNT(*) FROM user_coupon WHERE status = 'EXPIRED'"
    before = trial.query(expired)[0][0]
    server.root_query(f"SET GLOBAL log_bin_trust_function_creators=1; USE {DATABASE}; {WITNESS_BEGINS}")
    try:
        yield
        (seen,) = trial.query(CHANGES)
        numbers = [int(seen[0]) - before, *map(int, seen[1:])]
        trial.expect(len(set(numbers)) == 1, f"each expired row was changed once, seen (rows, changes, distinct, to EXPIRED) {numbers}")
    finally:
        server.root_query(f"USE {DATABASE}; {WITNESS_ENDS}")


def sell(trial: Trial, holders: int, valid_for: int) -> int:
    """A coupon held by so many users, each for that many seconds."""
    coupon = trial.system.new_coupon(holders, validForSeconds=valid_for)
    for user in range(1, holders + 1):
        trial.ask(coupon, user, gateway=user % 2)
    held = "SELECT COUNT(*) FROM user_coupon WHERE coupon_id = %s"
    trial.wait(lambda: trial.query(held, coupon)[0][0] == holders, 60, f"all {holders} hold it")
    return coupon


def left(trial: Trial, coupon: int) -> dict[str, int]:
    """Status → user coupons of one coupon."""
    rows = trial.query("SELECT status, COUNT(*) FROM user_coupon WHERE coupon_id = %s GROUP BY status", coupon)
    return {str(status): int(count) for status, count in rows}


def kill_until_expired(trial: Trial, failpoint: str, coupon: int) -> int:
    """Runs that are killed at the failpoint, in their first chunk, in their second …, until nobody holds the coupon
    any more; how many were killed."""
    killed = 0
    while "ISSUED" in left(trial, coupon):
        run = end_of(start(trial, "--chunk-rows", "7", failpoint=f"{failpoint}:{killed % 4 + 1}"))
        trial.expect(run.code in (0, -signal.SIGKILL), f"a run is killed or ends well, seen {run}")
        if run.code != -signal.SIGKILL:
            break
        killed += 1
    return killed


@row(34, "expiry-batch killed; two at once")
def expiry_killed(trial: Trial) -> None:
    holders = 40 if trial.short else 1000
    due = "SELECT COUNT(*) FROM user_coupon WHERE expires_at > UTC_TIMESTAMP(3) AND coupon_id = %s"
    with witness(trial):
        for failpoint in _FAILPOINTS:
            coupon, ended = sell(trial, holders, 1), trial.system.new_coupon(10)
            trial.query("UPDATE coupon SET issue_ends_at = UTC_TIMESTAMP(3) WHERE coupon_id = %s", ended)
            trial.wait(lambda: trial.query(due, coupon)[0][0] == 0, 30, "all of them are due")
            with trial.fault():
                killed = kill_until_expired(trial, failpoint, coupon)
            trial.note(f"killed {killed} times at {failpoint}")
            trial.expect(killed > 0, "the failpoint is reached")
            run = end_of(start(trial))
            trial.expect((run.code, run.summary.get("outcome")) == (0, "done"), f"the next run ends well, seen {run}")
            trial.expect(left(trial, coupon) == {"EXPIRED": holders}, f"all expired, seen {left(trial, coupon)}")
            audits = trial.query("SELECT COUNT(*) FROM coupon_change WHERE coupon_id = %s AND action = 'CLOSE'", ended)
            trial.expect(audits == [(1,)], f"the ended coupon was closed once, seen {audits}")
        coupon = sell(trial, holders, 1)
        trial.wait(lambda: trial.query(due, coupon)[0][0] == 0, 30, "all of them are due")
        with trial.fault():
            runs = [end_of(p) for p in [start(trial, "--chunk-rows", "3", failpoint="expiry_lock") for _ in range(2)]]
        trial.expect(all(run.code == 0 for run in runs), f"two at once without the lock end well, seen {runs}")
        expired = [run.summary.get("userCouponsExpired", 0) for run in runs]
        trial.note(f"two at once expired {expired[0]} and {expired[1]}")
        trial.expect(sum(expired) == holders, f"both together expire {holders}, seen {expired}")
        trial.expect(left(trial, coupon) == {"EXPIRED": holders}, f"all expired, seen {left(trial, coupon)}")


def clocks() -> list[tuple[str, ...]]:
    """What starts the program: with the right clock, and with wrong ones. A sanitizer must be the first library."""
    return [(), *([] if sanitized() else [("faketime", "-f", offset) for offset in ("-1d", "-1h", "+1h", "+1d")])]


@row(35, "expiry and time zones")
def expiry_time_zones(trial: Trial) -> None:
    zones = ("UTC", "Asia/Seoul") if trial.short else ("UTC", "Asia/Seoul", "America/St_Johns", "Pacific/Kiritimati")
    for zone in zones:
        for before in clocks():
            with witness(trial):
                due, not_due = sell(trial, 3, 1), sell(trial, 3, 3600)
                passed = "SELECT COUNT(*) FROM user_coupon WHERE expires_at > UTC_TIMESTAMP(3) AND coupon_id = %s"
                trial.wait(lambda: trial.query(passed, due)[0][0] == 0, 30, "they are due")
                run: Run = end_of(start(trial, before=before, zone=zone))
            words = f"TZ={zone} {' '.join(before) or 'the right clock'}"
            trial.expect(run.code == 0, f"{words}: the run ends well, seen {run}")
            trial.expect(left(trial, due) == {"EXPIRED": 3}, f"{words}: what is due expires, seen {left(trial, due)}")
            trial.expect(left(trial, not_due) == {"ISSUED": 3}, f"{words}: what is not stays, seen {left(trial, not_due)}")
