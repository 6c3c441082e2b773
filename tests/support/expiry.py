"""expiry-batch on a MariaDB of its own, whose clock stands still where a test wants it to."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pymysql

from deploy.local.condition import wait_until
from deploy.local.database import setup_database, user_of
from deploy.local.mariadb import DATABASE, PASSWORD, USER, MariaDb
from deploy.local.secret_files import SecretFiles

SECONDS_TO_RUN = 120
_HELD = "(coupon_id,issue_no,user_id,user_seq,status,issued_at,expires_at)"
# Each change of a user coupon's status, written down by the server itself.
WITNESS_BEGINS = (
    "CREATE TABLE status_change (coupon_id BIGINT, issue_no INT, old VARCHAR(10), new VARCHAR(10));"
    "CREATE TRIGGER witness AFTER UPDATE ON user_coupon FOR EACH ROW "
    "INSERT INTO status_change VALUES (OLD.coupon_id, OLD.issue_no, OLD.status, NEW.status)"
)
WITNESS_ENDS = "DROP TRIGGER witness; DROP TABLE status_change"
# How often each row that is EXPIRED now became so: expired rows, changes, rows changed, changes to EXPIRED.
CHANGES = (
    "SELECT (SELECT COUNT(*) FROM user_coupon WHERE status='EXPIRED'), COUNT(*), "
    "COUNT(DISTINCT coupon_id, issue_no), COALESCE(SUM(old='ISSUED' AND new='EXPIRED'), 0) FROM status_change"
)


@dataclass(frozen=True)
class Run:
    """How one run ended."""

    code: int
    summary: Mapping[str, Any]  # {} where none was written
    log: str


class ExpiryWorld:
    """A database with the schema, and the program."""

    def __init__(self, data_dir: Path, port: int, binary: Path) -> None:
        self.server = MariaDb(data_dir, port, buffer_pool="256M")
        self.secrets = SecretFiles(data_dir)
        self.binary = binary
        self.port = port

    def start(self) -> None:
        """From nothing; returns when the tables are there."""
        self.server.start()
        self.server.wait_ready()
        self.secrets.make()
        setup_database(self.server, self.secrets, print)
        self.root("SET GLOBAL log_bin_trust_function_creators=1")
        self.root(f"USE {DATABASE}; {WITNESS_BEGINS}")

    def stop(self) -> None:
        """End the server."""
        self.server.stop()

    def root(self, statement: str) -> None:
        """Run a statement as the server's root."""
        self.server.root_query(statement)

    def clock(self, utc: str | None, time_zone: str = "SYSTEM") -> None:
        """What the database's clock says to those who connect from now on ("2026-03-01 12:00:00.500"); None:
        the time."""
        pinned = "" if utc is None else f"SET @@timestamp = {datetime.fromisoformat(utc + '+00:00').timestamp():.3f}"
        self.root(f"SET GLOBAL time_zone = '{time_zone}'; SET GLOBAL init_connect = '{pinned}'")

    @contextlib.contextmanager
    def connection(self, user: str = USER, password: str = PASSWORD) -> Iterator[pymysql.cursors.Cursor]:
        """A connection of one's own, in UTC, each statement for itself."""
        connection = pymysql.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, database=DATABASE, autocommit=True,
            init_command="SET time_zone = '+00:00'",
        )  # fmt: skip
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def query(self, statement: str, *values: object) -> Sequence[Sequence[Any]]:
        """Run a statement; its rows."""
        with self.connection() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    def clear(self) -> None:
        """Empty all tables that runs change, and let the clock go."""
        self.clock(None)
        for table in ("coupon", "user_coupon", "coupon_issue_result", "coupon_change", "coupon_order", "outbox", "status_change"):
            self.root(f"TRUNCATE TABLE {DATABASE}.{table}")

    def add_coupon(self, coupon_id: int, ends_at: str | None, status: str = "OPEN") -> None:
        """A coupon whose window began long ago."""
        self.query(
            "INSERT INTO coupon (coupon_id,name,discount_type,discount_value,min_order_amount,total_stock,"
            "per_user_limit,issue_starts_at,issue_ends_at,status,created_at) "
            "VALUES (%s,'c','FIXED',1,0,100,1,'2020-01-01',%s,%s,'2020-01-01')",
            coupon_id, ends_at, status,
        )  # fmt: skip

    def add_held(self, coupon_id: int, issue_no: int, expires_at: str | None, status: str = "ISSUED") -> None:
        """A coupon that a user holds."""
        self.query(
            f"INSERT INTO user_coupon {_HELD} VALUES (%s,%s,%s,1,%s,'2020-01-01',%s)",
            coupon_id, issue_no, issue_no, status, expires_at,
        )  # fmt: skip

    def add_many_held(self, coupon_id: int, count: int, expires_at: str) -> None:
        """Issue numbers 1 to count."""
        rows = [(coupon_id, number, number, expires_at) for number in range(1, count + 1)]
        with self.connection() as cursor:
            cursor.executemany(f"INSERT INTO user_coupon {_HELD} VALUES (%s,%s,%s,1,'ISSUED','2020-01-01',%s)", rows)

    def add_order(self, number: int, changed_at: str, state: str = "CLOSED") -> None:
        """An order that the shop cancelled before it used a coupon; with another state, one that had one."""
        coupon = None if state == "CLOSED" else 1
        self.query(
            "INSERT INTO coupon_order (user_id,order_id,state,coupon_id,issue_no,changed_at) VALUES (%s,%s,%s,%s,%s,%s)",
            number, f"o'{number}", state, coupon, coupon and number, changed_at,
        )  # fmt: skip

    def add_event(self, number: int, published_at: str | None) -> None:
        """One that is in the outbox."""
        self.query(
            "INSERT INTO outbox (id,aggregateid,type,subject,payload,created_at,published_at) "
            "VALUES (%s,'1','coupon.issued','','{}','2020-01-01',%s)", number, published_at,
        )  # fmt: skip

    def know_zone(self, name: str) -> None:
        """Tell the server of a time zone with its daylight saving time."""
        if self.query("SELECT CONVERT_TZ('2026-01-01', %s, '+00:00')", name) != ((None,),):
            return
        tool = shutil.which("mariadb-tzinfo-to-sql") or shutil.which("mysql_tzinfo_to_sql")
        assert tool, "the server's package brings it"
        made = subprocess.run([tool, f"/usr/share/zoneinfo/{name}", name], capture_output=True, text=True, check=True)
        # MariaDB's tool also writes what only MariaDB has, for clusters.
        rows = [line for line in made.stdout.split(";\n") if line.startswith(("INSERT ", "SET @time_zone_id"))]
        self.root(f"USE mysql; {';'.join(rows)}")

    def wait_free(self) -> None:
        """Return when no run has the lock: the server notices soon that one was killed."""
        lock = "SELECT IS_FREE_LOCK(CONCAT('expiry-batch:',LEFT(SHA2(DATABASE(),256),32)))"
        assert wait_until(lambda: self.query(lock) == ((1,),), SECONDS_TO_RUN)

    def add_result(self, request_id: str, decided_at: str) -> None:
        """The result of a request."""
        self.query(
            "INSERT INTO coupon_issue_result (request_id,partition_id,record_offset,outcome,accepted_at,decided_at) "
            "VALUES (%s,0,0,'SOLD_OUT',%s,%s)",
            request_id, decided_at, decided_at,
        )  # fmt: skip

    def begin(
        self, *flags: str, environment: Mapping[str, str] | None = None, before: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        """Start a run and do not wait for it. before: as for begin_expiry."""
        return begin_expiry(self.binary, self.port, self.secrets, *flags, environment=environment, before=before)

    def run(self, *flags: str, environment: Mapping[str, str] | None = None, before: Sequence[str] = ()) -> Run:
        """A run from its start to its end."""
        return end_of(self.begin(*flags, environment=environment, before=before))

    def statuses(self) -> dict[str, int]:
        """Status → how many user coupons."""
        return dict(self.query("SELECT status, COUNT(*) FROM user_coupon GROUP BY status"))  # type: ignore[arg-type]

    def changed_once(self) -> bool:
        """True if each user coupon that is EXPIRED became so exactly once, and nothing else changed."""
        rows = self.query(CHANGES)
        return len({int(number) for number in rows[0]}) == 1


def begin_expiry(
    binary: Path, port: int, secrets: SecretFiles, *flags: str, environment: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> subprocess.Popen[str]:  # fmt: skip
    """Start expiry-batch on the database at port, whose passwords are in secrets. before: a program that starts it,
    such as faketime."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("COUPON_")}
    who = {
        "COUPON_MYSQL_USER": user_of("expiry"),
        "COUPON_MYSQL_PASSWORD_FILE": str(secrets.mysql_password_of("expiry")),
    }
    return subprocess.Popen(
        [*before, binary, "--mysql-port", str(port), *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**others, **who, **(environment or {})},
    )  # fmt: skip


def end_of(process: subprocess.Popen[str]) -> Run:
    """Wait for the end of a run."""
    out, log = process.communicate(timeout=SECONDS_TO_RUN)
    return Run(process.returncode, json.loads(out) if out else {}, log)
