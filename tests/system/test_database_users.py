"""Goal: each program has a database user that may do what deploy/schema/grants.ini says and nothing else, and a right
that is missing is an outage, told with the user and the table, after which everything goes on."""

from collections.abc import Iterator
from contextlib import closing

import pymysql
import pytest

from deploy.local.condition import wait_until
from deploy.local.database import user_of
from deploy.local.mariadb import DATABASE
from deploy.local.secret_files import GRANTS
from tests.support.crowd import Buyer
from tests.support.expiry import begin_expiry, end_of
from tests.support.ledger import Ledger
from tests.support.system import System
from tests.support.tables import Database

# "Access denied", in all its forms.
_DENIED = {1044, 1045, 1142, 1143, 1227, 1370, 1410, 3619}
_PATIENCE = 30.0
# None of them changes anything, and each is denied before it finds that out.
_HARMLESS = {
    "SELECT": "SELECT 1 FROM {table} LIMIT 0",
    "INSERT": "INSERT INTO {table} ({column}) SELECT 1 FROM (SELECT 1) one WHERE 1 = 0",
    "UPDATE": "UPDATE {table} SET {column} = 1 WHERE 1 = 0",
    "DELETE": "DELETE FROM {table} WHERE 1 = 0",
}
_FOR_NOBODY = (
    "DROP TABLE no_such_table", "ALTER TABLE no_such_table ADD COLUMN more INT", "TRUNCATE TABLE no_such_table",
    "CREATE TABLE one_more (id INT)", "CREATE INDEX one_more ON no_such_table (id)",
    "CREATE VIEW one_more AS SELECT 1", "CREATE TEMPORARY TABLE one_more (id INT)", "CREATE DATABASE one_more",
    "CREATE USER one_more", "GRANT SELECT ON schema_version TO CURRENT_USER", "LOCK TABLES coupon READ",
    "CREATE PROCEDURE one_more() SELECT 1", "SET GLOBAL read_only = OFF", "SELECT 1 INTO OUTFILE '/tmp/one-more'",
    "SELECT LOAD_FILE('/etc/passwd') FROM mysql.user", "SELECT * FROM mysql.global_priv",
)  # fmt: skip


def as_program(system: System, program: str) -> Database:
    """The database as the program sees it."""
    password = system.world.secrets.mysql_password_of(program).read_text().strip()
    return Database(system.world.mariadb.port, user=user_of(program), password=password)


def denied(cursor: "pymysql.cursors.Cursor", statement: str) -> bool:
    """True if the user may not do it. Whatever else the server says means that it may."""
    try:
        cursor.execute(statement)
    except pymysql.MySQLError as error:
        return error.args[0] in _DENIED
    return False


@pytest.mark.parametrize("program", GRANTS)
def test_a_program_may_do_what_is_listed_and_nothing_else(system: System, program: str) -> None:
    columns = dict(system.database.query(
        "SELECT table_name, MIN(column_name) FROM information_schema.columns WHERE table_schema = %s GROUP BY 1", DATABASE
    ))  # fmt: skip
    assert set(GRANTS[program]) <= set(columns)
    with closing(as_program(system, program).connect()) as connection, connection.cursor() as cursor:
        allowed = {
            (table, right)
            for table, column in columns.items()
            for right, statement in _HARMLESS.items()
            if not denied(cursor, statement.format(table=table, column=column))
        }
        never = [statement for statement in _FOR_NOBODY if not denied(cursor, statement)]
    assert allowed == {(table, right) for table, rights in GRANTS[program].items() for right in rights}
    assert never == []


def test_users_have_a_password_each(system: System) -> None:
    passwords = [system.world.secrets.mysql_password_of(program).read_text() for program in GRANTS]
    assert len(set(passwords)) == len(passwords)
    for program in GRANTS:
        with pytest.raises(pymysql.MySQLError) as told:
            Database(system.world.mariadb.port, user=user_of(program), password="coupon").query("SELECT 1")
        assert told.value.args[0] == 1045


@pytest.fixture
def without(system: System) -> Iterator[object]:
    """Takes a right from a program; all are given back afterwards."""

    def take(program: str, right: str, table: str) -> None:
        for host in ("127.0.0.1", "localhost"):
            system.world.mariadb.root_query(f"REVOKE {right} ON {DATABASE}.{table} FROM '{user_of(program)}'@'{host}'")

    yield take
    system.world.setup_database()


def test_a_worker_without_a_right_waits_for_it(system: System, ledger: Ledger, without) -> None:  # type: ignore[no-untyped-def]
    coupon = system.new_coupon(3)
    letters = len(system.dead_letters.read())
    before = {worker.name: worker.process.log_file.stat().st_size for worker in system.world.workers}
    without("worker", "INSERT", "coupon_issue_result")

    def told() -> bool:
        logs = [w.process.log_file.read_bytes()[before[w.name] :].decode() for w in system.world.workers]
        return any("INSERT command denied to user 'coupon_worker'" in log and "coupon_issue_result" in log for log in logs)

    system.crowd(ledger, poll=False).at_once([Buyer(coupon, user) for user in range(1, 6)])
    assert wait_until(told, _PATIENCE), "no worker said which right is missing"
    system.world.setup_database()
    system.wait_drained()
    outcomes = "SELECT outcome, COUNT(*) FROM coupon_issue_result WHERE coupon_id = %s GROUP BY 1 ORDER BY 1"
    assert dict(system.database.query(outcomes, coupon)) == {"ISSUED": 3, "SOLD_OUT": 2}
    assert len(system.dead_letters.read()) == letters


def test_a_run_of_expiry_without_a_right_says_which(system: System, build, without) -> None:  # type: ignore[no-untyped-def]
    without("expiry", "SELECT", "coupon")
    run = end_of(begin_expiry(build / "bin" / "expiry-batch", system.world.mariadb.port, system.world.secrets))
    print(run)
    assert run.code not in (0, None)
    assert "denied to user 'coupon_expiry'" in run.log and any(table in run.log for table in ("`coupon`", "table 'coupon'"))
