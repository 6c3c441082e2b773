"""A writer that locks coupons in the other order than the worker, and is the heavier one: InnoDB rolls the worker's
transaction back."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pymysql

from deploy.local.mariadb import DATABASE
from tests.faults.registry import row
from tests.faults.trial import Trial

_BALLAST = 2000  # rows that the writer changed: of two transactions InnoDB ends the one that changed less
_WAITING = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"


@row(16, "deadlocks")
def deadlocks(trial: Trial) -> None:
    """Both coupons are in one batch, since they are of one partition and nobody reads while their records come."""
    with ballast(trial), trial.instead(trial.world.workers, trial.world.make_worker(3)) as worker:
        for turn in range(1 if trial.short else 8):
            first = trial.system.unused_id(partition=turn % trial.system.partitions)
            second = trial.system.unused_id(partition=turn % trial.system.partitions)
            for coupon in (first, second):
                trial.system.new_coupon(5, couponId=coupon)
            with trial.fault(), closing(trial.system.database.connect()) as writer:
                lock(writer, second, f"INSERT INTO ballast VALUES {','.join(f'({n})' for n in range(_BALLAST))}")
                for user in range(1, 9):
                    for coupon in (first, second):
                        body = {"requestId": f"DEADLOCK-{coupon}-{user}", "couponId": coupon, "userId": user}
                        trial.system.writer.write(str(coupon).encode(), json.dumps(body).encode())
                log_file = worker.process.log_file
                mark = log_file.stat().st_size if log_file.exists() else 0
                worker.start()
                trial.wait(lambda: int(trial.world.mariadb.root_query(_WAITING)[0][0]) > 0, 60, "the worker waits")
                trial.expect(lock(writer, first), f"turn {turn}: the writer gets its second lock, the worker is the victim")
                trial.wait(lambda: "ER_LOCK_DEADLOCK" in trial.log_since(worker.process, mark), 20, "a deadlock")
                writer.rollback()
            decided = "SELECT COUNT(*) FROM coupon_issue_result WHERE coupon_id IN (%s, %s)"
            trial.wait(lambda: trial.query(decided, first, second)[0][0] == 16, 60, "all 16 are decided")
            log = trial.log_since(worker.process, mark)
            trial.expect("batch_again" in log and "batch_refused" not in log, "the whole batch is tried again")
            worker.stop()


@contextmanager
def ballast(trial: Trial) -> Iterator[None]:
    """A table for the writer's weight."""
    server = trial.world.mariadb
    server.root_query(f"CREATE TABLE {DATABASE}.ballast (id INT NOT NULL PRIMARY KEY) ENGINE = InnoDB")
    try:
        yield
    finally:
        server.root_query(f"DROP TABLE {DATABASE}.ballast")


def lock(writer: "pymysql.Connection[object]", coupon: int, before: str = "") -> bool:
    """Lock a coupon's row in the open transaction; with something done before, it begins one. False: a deadlock
    rolled us back."""
    with writer.cursor() as cursor:
        try:
            if before:
                cursor.execute("START TRANSACTION")
                cursor.execute(before)
            cursor.execute("SELECT coupon_id FROM coupon WHERE coupon_id = %s FOR UPDATE", (coupon,))
        except pymysql.MySQLError as error:
            if error.args[0] == 1213:
                return False
            raise
    return True
