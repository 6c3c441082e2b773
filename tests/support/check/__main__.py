"""Check a running system: python3 -m tests.support.check --mysql 13306 --kafka 127.0.0.1:19092

Exit code 0 when every checker is content, 1 when one is not, 2 when they could not be asked."""

import argparse
import sys
from pathlib import Path

import pymysql
from confluent_kafka import KafkaException

from tests.support.check import check_dead_letters, check_ledger, check_log, check_model, check_sql
from tests.support.ledger import read_account
from tests.support.tables import Database
from tests.support.topic import TopicReader


def main() -> int:
    """Read everything, run every checker, print violations and a verdict."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.support.check", description=__doc__)
    parser.add_argument("--mysql", default="13306", metavar="[HOST:]PORT", help="default %(default)s")
    parser.add_argument("--kafka", default="127.0.0.1:19092", metavar="HOST:PORT", help="default %(default)s")
    parser.add_argument("--topic", default="coupon-issue-request", help="default %(default)s")
    parser.add_argument("--dead-letter-suffix", default=".DLT", help="default %(default)s")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="a load client's ledger, if there is one")
    arguments = parser.parse_args()
    host, _, port = arguments.mysql.rpartition(":")
    try:
        reader = TopicReader(arguments.kafka, arguments.topic)
        records = reader.read()
        letters = TopicReader(arguments.kafka, arguments.topic + arguments.dead_letter_suffix).read()
        tables = Database(int(port), host or "127.0.0.1").tables()
    except (pymysql.MySQLError, KafkaException, ValueError, OSError) as error:
        print(f"could not look: {error}", file=sys.stderr)
        return 2
    violations = [
        *check_sql(tables), *check_model(records, tables, letters), *check_dead_letters(records, letters, tables),
    ]  # fmt: skip
    if arguments.ledger:
        account = read_account(arguments.ledger)
        violations += [*check_ledger(account, tables), *check_log(account, records, reader.partitions())]
    for line in violations:
        print(line)
    print(
        f"{len(records)} records, {len(tables.results)} results, {len(tables.holdings)} coupons issued: "
        + (f"{len(violations)} violations" if violations else "all promises hold")
    )
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
