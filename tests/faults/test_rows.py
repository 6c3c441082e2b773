"""The short version of every row of the table of faults; long ones, with a table: make faults. And the load and the
checkers as programs, as an operator uses them on any system."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.paths import REPOSITORY
from tests.faults.registry import Row, all_rows, missing
from tests.faults.stage import Build, Plain
from tests.faults.theatre import Theatre
from tests.support.ledger import Ledger, read_account
from tests.support.requirement import require_kafka

SEED = int(os.environ.get("SEED", "1"))
# Beginnings of slugs, in their order: rows of one world and one load. The first counts all records that there are.
IN_TURN = (
    "28-", "04-", "05-", "06-", "13-", "14-mysql-read-only", "17-", "20-redis-killed", "21-redis-flushed",
    "21-redis-evicting", "29-", "30-",
)  # fmt: skip


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    """Where rows are played."""
    require_kafka()
    with Theatre(Build.of_environment(), SEED, short=True) as theatre:
        yield theatre
        assert theatre.close() == [], "programs must end with 0"


def test_every_row_is_there() -> None:
    assert missing(all_rows()) == []


def _program(module: str, *arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200, check=False,
    )  # fmt: skip
    print(f"{module}: exit {done.returncode}\n{done.stdout}")
    return done.returncode, done.stdout


def test_load_and_checkers_as_an_operator_uses_them(theatre: Theatre, tmp_path: Path) -> None:
    system, ledger = theatre.stage_of(Plain).system, tmp_path / "ledger.jsonl"
    coupon = system.new_coupon(20)
    gateways = [word for url in system.gateways for word in ("--gateway", url)]
    code, _ = _program("tests.faults.load", *gateways, "--coupon", str(coupon), "--rate", "30", "--seconds", "2",
                       "--ledger", ledger)  # fmt: skip
    assert code == 0
    system.wait_drained()
    account = read_account(ledger)
    assert len(account.attempts) >= 60 and len(account.accepted()) >= 20
    where = ("--mysql", str(system.world.mariadb.port), "--kafka", system.world.kafka.address)
    code, said = _program("tests.support.check", *where, "--ledger", ledger)
    assert code == 0 and "lost 0, doubled 0, oversold 0" in said
    with Ledger(ledger) as more:
        more.told(more.sent(coupon, 1, None, "gateway"), "accepted", status=202, requestId="never-written")
    for checker in ("ledger", "log"):
        code, said = _program("tests.support.check", checker, *where, "--ledger", ledger)
        assert code == 1 and "never-written" in said and "lost 1" in said
    assert _program("tests.support.check", "sql", "model", *where)[0] == 0
    assert _program("tests.support.check", "sql", "--mysql", "1")[0] == 2


def test_rows_in_turn(theatre: Theatre) -> None:
    """What a run of everything has time for; test_row plays each by itself."""
    rows = [next(row for row in all_rows() if row.slug.startswith(slug)) for slug in IN_TURN]
    outcome = theatre.play_in_turn(rows, "in-turn")
    print(f"{len(rows)} rows in {outcome.seconds:.1f} s, {outcome.requests} requests, lost/doubled/oversold {outcome.counts},"
          f" SEED={SEED}")  # fmt: skip
    assert outcome.problems == []


@pytest.mark.parametrize("row", [pytest.param(row, id=row.slug) for row in all_rows() if not row.long_only])
def test_row(theatre: Theatre, row: Row) -> None:
    outcome = theatre.play(row)
    print(f"{outcome.requests} requests, lost/doubled/oversold {outcome.counts}, recovery {outcome.recovery or 0:.1f} s,"
          f" during the fault {outcome.statuses}, p50 {outcome.p50} p99 {outcome.p99} ms, SEED={SEED}")  # fmt: skip
    assert outcome.problems == []

