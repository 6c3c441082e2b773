"""Goal: expiry-batch changes what is over and nothing else, on the database's clock; it can be stopped, killed,
limited and started twice, and each row is changed once."""

import json
import signal
import subprocess

import pytest

from deploy.local.condition import wait_until
from deploy.local.database import user_of
from tests.support.expiry import ExpiryWorld, end_of

_NOW = "2026-03-01 12:00:00.500"
_BEFORE = "2026-03-01 12:00:00.499"


def test_a_closed_coupon_is_closed_as_of_its_end_and_audited(expiry: ExpiryWorld) -> None:
    expiry.add_coupon(7, _BEFORE, "PAUSED")
    assert expiry.run().summary["couponsClosed"] == 1
    ((closed, version),) = expiry.query("SELECT closed_at = issue_ends_at, version FROM coupon")
    assert (closed, version) == (1, 2)
    ((coupon, by, action, old, new),) = expiry.query(
        "SELECT coupon_id, changed_by, action, old_value, new_value FROM coupon_change"
    )
    assert (coupon, by, action) == (7, "expiry-batch", "CLOSE")
    assert json.loads(old) == {"status": "PAUSED", "version": 1}
    assert json.loads(new) == {"status": "CLOSED", "version": 2}


def test_a_dry_run_counts_and_changes_nothing(expiry: ExpiryWorld) -> None:
    expiry.add_many_held(1, 250, "2020-02-01")
    expiry.add_coupon(1, "2020-02-01")
    expiry.add_result("old", "2020-02-01")
    run = expiry.run("--dry-run", "--chunk-rows", "100")
    assert (run.code, run.summary["dryRun"], run.summary["chunks"]) == (0, True, 0)
    assert [run.summary[key] for key in ("couponsClosed", "userCouponsExpired", "resultsPruned")] == [1, 250, 1]
    assert expiry.statuses() == {"ISSUED": 250}
    assert expiry.query("SELECT status FROM coupon") == (("OPEN",),)
    assert len(expiry.query("SELECT 1 FROM coupon_issue_result")) == 1


@pytest.mark.parametrize("rows", [99, 100, 101, 200])
def test_chunks_have_no_seams(expiry: ExpiryWorld, rows: int) -> None:
    """One instant for all, two coupons, and each count around the size of a chunk."""
    expiry.add_many_held(1, rows, "2020-02-01")
    expiry.add_many_held(2, 7, "2020-02-01")
    expiry.add_many_held(3, 7, "2999-02-01")
    for number in range(rows):
        expiry.add_result(f"r-{number}", "2020-02-01")
    run = expiry.run("--chunk-rows", "50")
    assert (run.summary["userCouponsExpired"], run.summary["resultsPruned"]) == (rows + 7, rows)
    assert expiry.statuses() == {"EXPIRED": rows + 7, "ISSUED": 7}
    assert expiry.changed_once()


def test_a_limit_ends_the_run_and_the_next_goes_on(expiry: ExpiryWorld) -> None:
    expiry.add_many_held(1, 250, "2020-02-01")
    seen = []
    for _ in range(3):
        run = expiry.run("--limit", "120", "--chunk-rows", "50")
        seen.append((run.code, run.summary["outcome"], run.summary["userCouponsExpired"]))
    assert seen == [(0, "limit", 120), (0, "limit", 120), (0, "done", 10)]
    assert expiry.changed_once()


def test_a_time_budget_ends_the_run(expiry: ExpiryWorld) -> None:
    """A row that somebody holds keeps the run until its budget is over."""
    expiry.add_many_held(1, 10, "2020-02-01")
    with expiry.connection() as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM user_coupon WHERE coupon_id = 1 AND issue_no = 4 FOR UPDATE")
        run = expiry.run("--time-budget", "1", "--chunk-rows", "3")
        other.execute("ROLLBACK")
    assert run.summary["userCouponsExpired"] == 3, "the chunk before it"
    assert (run.code, run.summary["outcome"]) == (0, "time-budget"), run
    assert expiry.run().summary["userCouponsExpired"] == 7


def test_a_row_that_is_held_is_waited_for(expiry: ExpiryWorld) -> None:
    expiry.add_many_held(1, 10, "2020-02-01")
    with expiry.connection() as other:
        other.execute("BEGIN")
        other.execute("UPDATE user_coupon SET status = 'USED' WHERE coupon_id = 1 AND issue_no = 4")
        process = expiry.begin()
        assert process.stderr is not None
        assert any("chunk_again" in line for line in process.stderr), "it ended without waiting"
        other.execute("COMMIT")
    run = end_of(process)
    assert (run.code, run.summary["outcome"], run.summary["userCouponsExpired"]) == (0, "done", 9)
    assert run.summary["retries"] >= 1
    assert expiry.statuses() == {"EXPIRED": 9, "USED": 1}


def test_a_second_run_leaves_at_once_and_says_who_is_at_it(expiry: ExpiryWorld) -> None:
    expiry.add_many_held(1, 10, "2020-02-01")
    mine = expiry.secrets.mysql_password_of("expiry").read_text().strip()
    with expiry.connection(user_of("expiry"), mine) as other:
        other.execute("SELECT GET_LOCK(CONCAT('expiry-batch:',LEFT(SHA2(DATABASE(),256),32)), 0), CONNECTION_ID()")
        ((taken, holder),) = other.fetchall()
        assert taken == 1
        run = expiry.run()
    assert (run.code, run.summary["outcome"]) == (0, "busy")
    assert f"connection {holder} of coupon_expiry" in run.log
    assert expiry.statuses() == {"ISSUED": 10}
    assert expiry.run().summary["outcome"] == "done"


def test_two_at_once_change_each_row_once(expiry: ExpiryWorld) -> None:
    """With the lock taken away."""
    expiry.add_many_held(1, 3000, "2020-02-01")
    for number in range(300):
        expiry.add_result(f"r-{number}", "2020-02-01")
    without = {"COUPON_FAILPOINT": "expiry_lock"}
    runs = [end_of(p) for p in [expiry.begin("--chunk-rows", "20", environment=without) for _ in range(3)]]
    print([run.summary for run in runs])
    assert [(run.code, run.summary["outcome"]) for run in runs] == [(0, "done")] * 3
    assert sum(run.summary["userCouponsExpired"] for run in runs) == 3000
    assert sum(run.summary["resultsPruned"] for run in runs) == 300
    assert expiry.statuses() == {"EXPIRED": 3000}
    assert expiry.changed_once()


def test_without_events_it_tells_nothing(expiry: ExpiryWorld) -> None:
    expiry.add_many_held(1, 3, "2020-02-01")
    assert expiry.run("--events", "off").summary["userCouponsExpired"] == 3
    assert expiry.query("SELECT 1 FROM outbox") == ()
    assert expiry.query("SELECT DISTINCT change_no FROM user_coupon") == ((2,),)


def test_published_events_go_after_their_retention(expiry: ExpiryWorld) -> None:
    expiry.clock(_NOW)
    published = [None, *["2026-03-01 11:59:50.499"] * 5, "2026-03-01 11:59:50.500"]
    for number, at in enumerate(published):
        expiry.add_event(number, at)
    assert expiry.run("--outbox-retention", "0").summary["eventsPruned"] == 0
    assert expiry.run("--outbox-retention", "10", "--dry-run").summary["eventsPruned"] == 5
    limited = expiry.run("--outbox-retention", "10", "--chunk-rows", "2", "--limit", "3")
    assert (limited.summary["outcome"], limited.summary["eventsPruned"]) == ("limit", 3)
    assert expiry.run("--outbox-retention", "10", "--chunk-rows", "2").summary["eventsPruned"] == 2
    assert [row[0] for row in expiry.query("SELECT id FROM outbox ORDER BY seq")] == ["0", "6"]


def test_orders_closed_without_a_coupon_go_after_their_retention(expiry: ExpiryWorld) -> None:
    """Those that had one stay, and so do those that are younger."""
    expiry.clock(_NOW)
    for number, (at, state) in enumerate((
        *[("2026-03-01 11:59:50.499", "CLOSED")] * 5, ("2026-03-01 11:59:50.500", "CLOSED"),
        ("2020-01-01", "USED"), ("2020-01-01", "CANCELLED"),
    )):  # fmt: skip
        expiry.add_order(number, at, state)
    expiry.query("UPDATE coupon_order SET state = 'CLOSED' WHERE user_id = 7")
    assert expiry.run("--order-retention", "0").summary["ordersPruned"] == 0
    assert expiry.run("--order-retention", "10", "--dry-run").summary["ordersPruned"] == 5
    limited = expiry.run("--order-retention", "10", "--chunk-rows", "2", "--limit", "3")
    assert (limited.summary["outcome"], limited.summary["ordersPruned"]) == ("limit", 3)
    assert expiry.run("--order-retention", "10", "--chunk-rows", "2").summary["ordersPruned"] == 2
    assert [row[0] for row in expiry.query("SELECT user_id FROM coupon_order ORDER BY user_id")] == [5, 6, 7]


def test_sigterm_ends_it_between_two_chunks(expiry: ExpiryWorld) -> None:
    expiry.add_many_held(1, 20_000, "2020-02-01")
    process = expiry.begin("--chunk-rows", "10")
    assert wait_until(lambda: expiry.statuses().get("EXPIRED", 0) > 0, 20)
    process.send_signal(signal.SIGTERM)
    run = end_of(process)
    expired = expiry.statuses()["EXPIRED"]
    print(run.summary, expired)
    assert (run.code, run.summary["outcome"]) == (75, "interrupted")
    assert run.summary["userCouponsExpired"] == expired < 20_000
    assert expired % 10 == 0


def test_what_it_cannot_do_it_says(expiry: ExpiryWorld) -> None:
    expiry.add_many_held(1, 10, "2020-02-01")
    nobody = expiry.run("--mysql-port", "1")
    assert nobody.code == 64, "a flag given twice"
    away = subprocess.run([expiry.binary, "--mysql-port", "1"], env={"COUPON_MYSQL_PASSWORD": "coupon"},
                          capture_output=True, text=True, timeout=30)  # fmt: skip
    assert away.returncode == 69 and "database_away" in away.stderr
    assert json.loads(away.stdout)["outcome"] == "failed"
    expiry.root("SET GLOBAL read_only = 1")
    refused = expiry.run()
    expiry.root("SET GLOBAL read_only = 0")
    assert refused.code == 69 and "read-only" in refused.log
    expiry.root("INSERT INTO coupon.schema_version (version, name, checksum, applied_at) VALUES (9999, 'newer', '', NOW())")
    misfit = expiry.run()
    expiry.root("DELETE FROM coupon.schema_version WHERE version = 9999")
    assert misfit.code == 78 and "9999" in misfit.log
    assert expiry.statuses() == {"ISSUED": 10}


def test_it_shows_how_far_it_is(expiry: ExpiryWorld) -> None:
    expiry.add_many_held(1, 10, "2020-02-01")
    run = expiry.run("--progress", "on")
    assert "expire-user-coupons [##############################] 10 of 10 rows" in run.log
    assert "rows" not in expiry.run().log, "standard error is no terminal"
