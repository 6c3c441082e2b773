"""A second MariaDB server that follows the first, semi-synchronously: what the first has told to be committed is on
the second too. MariaDB only: MySQL words all of this differently."""

from deploy.local.condition import wait_until
from deploy.local.errors import LocalError
from deploy.local.mariadb import MariaDb

_USER = "replica"
_SECONDS_TO_CATCH_UP = 60
_SEMI_SYNC_MILLISECONDS = 600_000  # so long the first waits for the second, rather than go on alone


def follow(replica: MariaDb, primary: MariaDb) -> None:
    """Make a fresh, running replica read-only and let it follow from the primary's beginning; returns when it has
    caught up. Raises LocalError."""
    if not primary.is_mariadb():
        raise LocalError("a replica wants MariaDB, and this server is another one")
    primary.root_query(
        f"CREATE USER IF NOT EXISTS '{_USER}'@'127.0.0.1' IDENTIFIED BY '{_USER}';"
        f"GRANT REPLICATION SLAVE ON *.* TO '{_USER}'@'127.0.0.1';"
        "SET GLOBAL rpl_semi_sync_master_wait_point = AFTER_SYNC;"
        f"SET GLOBAL rpl_semi_sync_master_timeout = {_SEMI_SYNC_MILLISECONDS};"
    )
    replica.root_query(
        "SET GLOBAL read_only = ON; SET GLOBAL rpl_semi_sync_slave_enabled = ON;"
        f"CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {primary.port}, MASTER_USER = '{_USER}',"
        f" MASTER_PASSWORD = '{_USER}', MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos; START SLAVE;"
    )
    wait_caught_up(replica, primary)
    primary.root_query("SET GLOBAL rpl_semi_sync_master_enabled = ON")


def wait_caught_up(replica: MariaDb, primary: MariaDb) -> None:
    """Wait until the replica has what the primary has now. Raises LocalError."""
    goal = primary.root_query("SELECT @@gtid_binlog_pos")[0][0]
    seen = replica.root_query(f"SELECT MASTER_GTID_WAIT('{goal}', {_SECONDS_TO_CATCH_UP})")[0][0]
    if seen != "0":
        raise LocalError(f"{replica.name} did not reach {goal}: {replica.root_query('SHOW SLAVE STATUS')}")


def promote(replica: MariaDb) -> None:
    """Apply what was received, follow nobody any more, take writes. The old primary must be gone or read-only."""
    replica.root_query("STOP SLAVE IO_THREAD")
    if not wait_until(lambda: _all_applied(replica), _SECONDS_TO_CATCH_UP):
        raise LocalError(f"{replica.name} does not apply what it received: {replica.root_query('SHOW SLAVE STATUS')}")
    replica.root_query("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = OFF")


def _all_applied(replica: MariaDb) -> bool:
    idle = "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Slave has read all relay log%'"
    return replica.root_query(idle)[0][0] != "0"
