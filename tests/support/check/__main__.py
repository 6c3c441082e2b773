"""Check a running system, each checker by itself or all together:

  /usr/bin/python3 -m tests.support.check                          all that can be asked without a ledger
  /usr/bin/python3 -m tests.support.check --ledger FILE            all
  /usr/bin/python3 -m tests.support.check sql                      one; needs MySQL only
  /usr/bin/python3 -m tests.support.check ledger log --ledger FILE

  ledger         each request that a client was told is accepted has one result, each unknown one none or one;
                 nobody was sent away with SOLD_OUT while something is left
  sql            counts, numbers and limits inside MySQL; nothing oversold
  log            each accepted request is in the topic, in the partition of its coupon
  model          a replay of the topic gives the table's winners and results
  dead_letters   what cannot be decided is in the dead-letter topic, and nothing else

A ledger comes from tests.faults.load. Nothing is written anywhere. All accepted requests must be decided (lag 0), and the
topic must reach back to the beginning of what MySQL holds. Exit code 0 when every checker is content, 1 when one is not,
2 when they could not be asked."""

import argparse
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pymysql
from confluent_kafka import KafkaException

from tests.support.check import check_dead_letters, check_ledger, check_log, check_model, check_sql
from tests.support.check.counts import count
from tests.support.ledger import Account, read_account
from tests.support.tables import Database, Tables
from tests.support.topic import TopicReader
from tests.support.wire import Record

_NEED_LEDGER = ("ledger", "log")


class Evidence:
    """What the checkers look at; each part is read when it is first asked for."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        host, _, port = options.mysql.rpartition(":")
        password = options.mysql_password_file.read_text().strip() if options.mysql_password_file else "coupon"
        self._database = Database(int(port), host or "127.0.0.1", options.mysql_user, password, options.mysql_database)
        self._reader = TopicReader(options.kafka, options.topic)

    @cached_property
    def records(self) -> list[Record]:
        """The whole topic."""
        return self._reader.read()

    @cached_property
    def letters(self) -> list[Record]:
        """The whole dead-letter topic."""
        return TopicReader(self._options.kafka, self._options.topic + self._options.dead_letter_suffix).read()

    @cached_property
    def tables(self) -> Tables:
        """One snapshot of MySQL."""
        return self._database.tables()

    @cached_property
    def account(self) -> Account:
        """The ledger."""
        return read_account(self._options.ledger)

    @cached_property
    def partitions(self) -> int:
        """Of the topic."""
        return self._reader.partitions()


_CHECKERS: dict[str, Callable[[Evidence], list[str]]] = {
    "ledger": lambda seen: check_ledger(seen.account, seen.tables),
    "sql": lambda seen: check_sql(seen.tables),
    "log": lambda seen: check_log(seen.account, seen.records, seen.partitions),
    "model": lambda seen: check_model(seen.records, seen.tables, seen.letters),
    "dead_letters": lambda seen: check_dead_letters(seen.records, seen.letters, seen.tables),
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.support.check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("checkers", nargs="*", metavar="CHECKER", help=f"{', '.join(_CHECKERS)}; default: all that can be asked")
    add("--mysql", default="13306", metavar="[HOST:]PORT", help="default %(default)s")
    add("--mysql-user", default="coupon", metavar="NAME", help="one that may read; default %(default)s")
    add("--mysql-password-file", type=Path, metavar="FILE", help="default: the local system's password")
    add("--mysql-database", default="coupon", metavar="NAME", help="default %(default)s")
    add("--kafka", default="127.0.0.1:19092", metavar="HOST:PORT", help="default %(default)s")
    add("--topic", default="coupon-issue-request", help="default %(default)s")
    add("--dead-letter-suffix", default=".DLT", metavar="SUFFIX", help="default %(default)s")
    add("--ledger", type=Path, metavar="FILE", help="a load's ledger")
    options = parser.parse_args()
    unknown = [name for name in options.checkers if name not in _CHECKERS]
    if unknown:
        parser.error(f"no checker {unknown[0]}; there are {', '.join(_CHECKERS)}")
    if options.ledger is None and set(options.checkers) & set(_NEED_LEDGER):
        parser.error(f"{' and '.join(_NEED_LEDGER)} want --ledger")
    if options.ledger is not None and not options.ledger.exists():
        parser.error(f"no ledger {options.ledger}")
    if not options.checkers:
        options.checkers = [name for name in _CHECKERS if options.ledger or name not in _NEED_LEDGER]
    return options


def main() -> int:
    """Ask each checker, print violations and a verdict."""
    options = _arguments()
    found: list[str] = []
    try:
        seen = Evidence(options)
        for name in options.checkers:
            violations = _CHECKERS[name](seen)
            print(f"{name:13} " + (f"{len(violations)} violations" if violations else "content"), flush=True)
            found += violations
        if options.ledger:
            counts = count(seen.account, seen.records, seen.tables)
            print(f"{len(seen.account.attempts)} requests in the ledger, {len(seen.account.accepted())} accepted:"
                  f" lost {counts.lost}, doubled {counts.doubled}, oversold {counts.oversold}")  # fmt: skip
    except (pymysql.MySQLError, KafkaException, ValueError, KeyError, OSError) as error:
        print(f"could not look: {error}", file=sys.stderr)
        return 2
    for line in found:
        print(line)
    print("all promises hold" if not found else f"{len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
