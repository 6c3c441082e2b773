"""Goal: a run of expiry-batch that came to its end tells Prometheus so, by a file or by a Pushgateway."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.monitoring import Pushgateway
from tests.deploy.tools import debian_tool
from tests.monitoring.exposition import families, lint
from tests.monitoring.metrics_table import read_table
from tests.support.expiry import ExpiryWorld
from tests.support.free_ports import free_ports

_NOW = "2026-03-01 12:00:00.500"


@pytest.fixture(scope="module")
def pushgateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushgateway]:
    """A real one."""
    debian_tool(Pushgateway.binary)
    server = Pushgateway(tmp_path_factory.mktemp("pushgateway"), free_ports().node_exporter)
    server.start()
    server.wait_ready()
    yield server
    server.stop()


def test_metrics_are_written_after_a_run_that_came_to_its_end(expiry: ExpiryWorld, tmp_path: Path) -> None:
    file = tmp_path / "expiry.prom"
    expiry.clock(_NOW)
    expiry.add_many_held(1, 3, "2020-02-01")
    assert expiry.run("--metrics-file", str(file), "--dry-run").code == 0
    assert not file.exists()
    assert expiry.run("--metrics-file", str(file), "--limit", "2").code == 0
    text = file.read_text()
    print(text)
    assert "coupon_expiry_last_success_timestamp_seconds 1772366400.500\n" in text
    assert 'coupon_expiry_rows{step="expire-user-coupons"} 2\n' in text
    assert "coupon_expiry_complete 0\n" in text
    assert file.stat().st_mode & 0o777 == 0o644, "the collector is another user"
    assert expiry.run("--metrics-file", str(file)).code == 0
    assert "coupon_expiry_complete 1\n" in file.read_text()
    lint(file.read_text())
    table = [row for row in read_table().values() if row.program == "expiry-batch"]
    assert families(file.read_text()) == {row.name: (row.kind, set(row.labels)) for row in table}
    assert [path.name for path in tmp_path.iterdir()] == ["expiry.prom"]
    run = expiry.run("--metrics-file", str(tmp_path / "no" / "expiry.prom"))
    assert run.code == 74 and "No such file" in run.log
    assert run.summary["outcome"] == "done"


def pushed(gateway: Pushgateway) -> str:
    """What Prometheus would read from it, of our jobs."""
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return "\n".join(line for line in lines if line.startswith("coupon_"))


def test_metrics_are_pushed_in_the_place_of_the_last_run_s(expiry: ExpiryWorld, pushgateway: Pushgateway) -> None:
    url = f"http://127.0.0.1:{pushgateway.port}/"
    stale = urllib.request.Request(
        f"{url}metrics/job/expiry-batch", data=b"coupon_expiry_of_an_older_release 1\n", method="PUT"
    )
    urllib.request.urlopen(stale, timeout=5).close()
    expiry.clock(_NOW)
    expiry.add_many_held(1, 3, "2020-02-01")
    assert expiry.run("--pushgateway", url, "--dry-run").code == 0
    assert "older_release" in pushed(pushgateway), "a dry run pushes nothing"
    assert expiry.run("--pushgateway", url, "--limit", "2").code == 0
    seen = pushed(pushgateway)
    print(seen)
    assert 'coupon_expiry_last_success_timestamp_seconds{instance="",job="expiry-batch"} 1.7723664005e+09' in seen
    assert 'coupon_expiry_rows{instance="",job="expiry-batch",step="expire-user-coupons"} 2' in seen
    assert 'coupon_expiry_complete{instance="",job="expiry-batch"} 0' in seen
    assert "older_release" not in seen
    assert expiry.run(environment={"COUPON_PUSHGATEWAY": url, "COUPON_PUSHGATEWAY_JOB": "a-b.c_9"}).code == 0
    seen = pushed(pushgateway)
    assert 'coupon_expiry_complete{instance="",job="a-b.c_9"} 1' in seen
    assert 'coupon_expiry_complete{instance="",job="expiry-batch"} 0' in seen


def test_what_cannot_be_pushed_is_said(expiry: ExpiryWorld, pushgateway: Pushgateway, tmp_path: Path) -> None:
    """The work is done all the same, and the file written."""
    file = tmp_path / "expiry.prom"
    away = expiry.run("--pushgateway", "http://127.0.0.1:1", "--metrics-file", str(file))
    assert (away.code, away.summary["outcome"]) == (74, "done")
    assert "metrics_not_pushed" in away.log and "port 1" in away.log
    assert "coupon_expiry_complete 1\n" in file.read_text()
    refused = expiry.run("--pushgateway", f"http://127.0.0.1:{pushgateway.port}/elsewhere")
    assert refused.code == 74 and "it answered 404: 404 page not found" in refused.log


@pytest.mark.parametrize("flags", [
    ("--pushgateway", "pushgateway:9091"), ("--pushgateway", "ftp://pushgateway"), ("--pushgateway", "http:///metrics"),
    ("--pushgateway", "http://pushgateway/?a=b"), ("--pushgateway-job", "a/b"), ("--pushgateway-job", "a b"),
])  # fmt: skip
def test_where_nothing_can_be_pushed_it_does_not_start(expiry: ExpiryWorld, flags: tuple[str, str]) -> None:
    expiry.add_many_held(1, 1, "2020-02-01")
    run = expiry.run(*flags)
    assert run.code == 78 and f"{flags[0]} {flags[1]}" in run.log
    assert expiry.statuses() == {"ISSUED": 1}
