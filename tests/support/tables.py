"""What MySQL holds, read in one consistent snapshot, as plain values that the checkers look at."""

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pymysql
import pymysql.cursors

from tests.support.coupon_history import Change, Coupon

_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Holding:
    """A row of user_coupon."""

    coupon_id: int
    issue_no: int
    user_id: int
    user_seq: int
    issued_at_ms: int
    expires_at_ms: int | None


@dataclass(frozen=True)
class Result:
    """A row of coupon_issue_result."""

    request_id: str
    coupon_id: int | None
    user_id: int | None
    partition: int
    offset: int
    outcome: str
    issue_no: int | None
    accepted_at_ms: int


@dataclass
class Tables:
    """A snapshot; issued_count by coupon beside the rows that decisions depend on."""

    coupons: list[Coupon] = field(default_factory=list)
    issued_count: dict[int, int] = field(default_factory=dict)
    holdings: list[Holding] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    fences: dict[tuple[str, int], int] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)  # in their order
    replayed: set[str] = field(default_factory=set)  # requestIds of which a dead letter was produced again

    def only(self, coupon_ids: Iterable[int]) -> "Tables":
        """The part that concerns these coupons."""
        ids = set(coupon_ids)
        return Tables(
            [c for c in self.coupons if c.coupon_id in ids],
            {coupon_id: n for coupon_id, n in self.issued_count.items() if coupon_id in ids},
            [h for h in self.holdings if h.coupon_id in ids],
            [r for r in self.results if r.coupon_id in ids],
            self.fences,
            {coupon_id: n for coupon_id, n in self.versions.items() if coupon_id in ids},
            [c for c in self.changes if c.coupon_id in ids],
            self.replayed,
        )


def milliseconds(value: datetime | None) -> int | None:
    """A DATETIME(3) in UTC as milliseconds since 1970."""
    return None if value is None else round((value - _EPOCH).total_seconds() * 1000)


def _sql_milliseconds(column: str) -> str:
    """The same as an expression."""
    return f"TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {column}) DIV 1000"


def _conditions(cursor: Any, since: Mapping[int, int] | None) -> tuple[str, str]:
    """SQL for rows of coupons asked for at these offsets (by partition) or later, and for results decided there."""
    if since is None:
        return "TRUE", "TRUE"
    places = (f"partition_id = {partition} AND record_offset >= {offset}" for partition, offset in since.items())
    lately = f"({' OR '.join(['FALSE', *places])})"
    cursor.execute(f"SELECT DISTINCT coupon_id FROM coupon_issue_result WHERE coupon_id IS NOT NULL AND {lately}")
    return f"coupon_id IN ({','.join(['0', *(str(row[0]) for row in cursor)])})", lately


def sql_time(wall_ms: int) -> str:
    """The other way round."""
    return datetime.fromtimestamp(wall_ms / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _offsets(text: str | None) -> tuple[int, ...] | None:
    return None if text is None else tuple(json.loads(text))


class Database:
    """MySQL as the tests see it: a fresh connection for each question, so that a restarted server is no
    matter."""

    def __init__(self, port: int, host: str = "127.0.0.1", user: str = "coupon", password: str = "coupon",
                 database: str = "coupon") -> None:  # fmt: skip
        self._arguments: dict[str, Any] = {
            "host": host, "port": port, "user": user, "password": password, "database": database,
        }  # fmt: skip

    def connect(self) -> "pymysql.Connection[Any]":
        """A connection of one's own; close it."""
        return pymysql.connect(**self._arguments, charset="utf8mb4", autocommit=True, connect_timeout=5)

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def plan(self, sql: str) -> list[dict[str, Any]]:
        """How the server would run it, a line a table, by the names of EXPLAIN's columns."""
        with closing(self.connect()) as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
            # MySQL 9 explains as a tree unless it is told; MariaDB knows nothing else than a table.
            table = "" if "MariaDB" in connection.get_server_info() else "FORMAT=TRADITIONAL "
            cursor.execute(f"EXPLAIN {table}{sql}")
            return list(cursor.fetchall())

    def count(self, sql: str, *values: Any) -> int:
        """The one number that a statement gives."""
        return int(self.query(sql, *values)[0][0])

    def tables(self, since: Mapping[int, int] | None = None) -> Tables:
        """Everything the checkers need, at one moment. With since (partition → offset): of the results and
        holdings only those of coupons that were asked for at these offsets or later."""
        with closing(self.connect()) as connection, connection.cursor(pymysql.cursors.SSCursor) as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
            tables = Tables()
            cursor.execute(
                "SELECT coupon_id, total_stock, per_user_limit, issue_starts_at, issue_ends_at, status, closed_at,"
                " policy_id, issued_count, version FROM coupon"
            )
            for row in cursor:
                starts_at = milliseconds(row[3]) or 0
                tables.coupons.append(
                    Coupon(row[0], row[1], row[2], starts_at, milliseconds(row[4]), row[5], milliseconds(row[6]), row[7])
                )
                tables.issued_count[row[0]], tables.versions[row[0]] = row[8], row[9]
            cursor.execute(
                "SELECT coupon_id, action, old_value, new_value, next_offsets FROM coupon_change ORDER BY change_id"
            )
            tables.changes = [Change(row[0], row[1], _json(row[2]), _json(row[3]), _offsets(row[4])) for row in cursor]
            of_these, lately = _conditions(cursor, since)
            # Many rows: the server turns times into numbers faster than we do.
            issued_at, expires_at, accepted_at = map(_sql_milliseconds, ("issued_at", "expires_at", "accepted_at"))
            cursor.execute(
                f"SELECT coupon_id, issue_no, user_id, user_seq, {issued_at}, {expires_at} FROM user_coupon WHERE {of_these}"
            )
            tables.holdings = [Holding(*row) for row in cursor]
            cursor.execute(
                "SELECT request_id, coupon_id, user_id, partition_id, record_offset, outcome, issue_no,"
                f" {accepted_at} FROM coupon_issue_result WHERE {of_these} OR {lately}"
            )
            tables.results = [Result(*row) for row in cursor]
            cursor.execute("SELECT topic, partition_id, next_offset FROM consumer_fence")
            tables.fences = {(row[0], row[1]): row[2] for row in cursor}
            cursor.execute("SELECT request_id FROM dead_letter_action WHERE action = 'REPLAY' AND request_id IS NOT NULL")
            tables.replayed = {row[0] for row in cursor}
            return tables
