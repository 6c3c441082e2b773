"""The short version of every row of the table of faults; long ones, with a table: make faults."""

import os
from collections.abc import Iterator

import pytest

from deploy.local.kafka import libs_present
from tests.faults.registry import Row, all_rows
from tests.faults.stage import Build
from tests.faults.theatre import Theatre

SEED = int(os.environ.get("SEED", "1"))


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    """Where rows are played."""
    if not libs_present():
        if os.environ.get("CI") == "true":
            pytest.fail("needs a real broker, and CI must have one: no Kafka jars (is Maven Central reachable?)")
        pytest.skip("needs a real broker: no Kafka jars (run make setup where Maven Central can be reached)")
    with Theatre(Build.of_environment(), SEED, short=True) as theatre:
        yield theatre
        assert theatre.close() == [], "programs must end with 0"


@pytest.mark.parametrize("row", [pytest.param(row, id=row.slug) for row in all_rows() if not row.long_only])
def test_row(theatre: Theatre, row: Row) -> None:
    outcome = theatre.play(row)
    print(f"{outcome.requests} requests, lost/doubled/oversold {outcome.counts}, recovery {outcome.recovery or 0:.1f} s,"
          f" during the fault {outcome.statuses}, p50 {outcome.p50} p99 {outcome.p99} ms, SEED={SEED}")  # fmt: skip
    assert outcome.problems == []

