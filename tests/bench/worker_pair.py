"""The worker on one partition against the same rows as ready-made SQL over one connection.

The records are in the topic before the worker starts. The clock is MySQL's: decided_at is read as a
transaction begins, so from the first value to the last the batches before the last one were decided,
from their first statement to their COMMIT with all that lies between two batches. Joining the group
is not part of it."""

import time

from deploy.local.errors import LocalError
from deploy.local.mariadb import DATABASE, PASSWORD, USER
from deploy.local.programs import Program
from tests.bench.bench_world import BenchWorld
from tests.bench.cpu import cpu_seconds, peak_mebibytes
from tests.bench.pair import Figures, Limit

BATCH = 1000
_COUPON = 1
_STOCK_SOLD_OUT = 10_000
_SECONDS_TO_DECIDE = 120


class WorkerPair:
    """All issued, or all sold out."""

    limits = (Limit("rate", "records/s", at_least=0.8),)

    def __init__(self, bench: BenchWorld, sold_out: bool, records: int) -> None:
        self.name = "worker-sold-out" if sold_out else "worker-issued"
        self.title = f"worker, one partition, all {'sold out' if sold_out else 'issued'}"
        self._bench = bench
        self._sold_out = sold_out
        self._records = max(5, records // BATCH) * BATCH

    def open(self) -> None:
        """Nothing to do: each round begins anew."""

    def close(self) -> None:
        """Nothing is left of a round."""

    def ceiling(self) -> Figures:
        self._start_anew()
        server = self._bench.world.mariadb.process.pid() or 0
        used = cpu_seconds(server)
        words = self._bench.tool(
            "sql_ceiling", self._bench.ports.mariadb, USER, PASSWORD, DATABASE,
            "sold-out" if self._sold_out else "issued", _COUPON, self._records, BATCH,
        ).split()  # fmt: skip
        return {
            "rate": self._records / float(words[3]),
            "server_cpu_us": (cpu_seconds(server) - used) * 1e6 / self._records,
        }

    def ours(self) -> Figures:
        self._start_anew()
        topic = self._bench.new_topic()
        self._bench.tool("fill_topic", self._bench.world.kafka.address, topic, _COUPON, self._records)
        worker = self._bench.worker(topic)
        server = self._bench.world.mariadb.process.pid() or 0
        used = cpu_seconds(server)
        worker.start()
        try:
            self._wait_decided(topic, worker)
            pid = worker.process.pid()
            if pid is None:
                raise LocalError(f"the worker ended:\n{worker.process.log_tail()}")
            figures = {
                "rate": self._rate(),
                "cpu_us": cpu_seconds(pid) * 1e6 / self._records,
                "server_cpu_us": (cpu_seconds(server) - used) * 1e6 / self._records,
                "memory_mib": peak_mebibytes(pid),
            }
        finally:
            worker.stop()
        self._check_rows()
        return figures

    def _start_anew(self) -> None:
        self._bench.start_anew()
        if self._sold_out:
            self._bench.add_coupon(_COUPON, _STOCK_SOLD_OUT, _STOCK_SOLD_OUT)
        else:
            self._bench.add_coupon(_COUPON, self._records, 0)

    def _wait_decided(self, topic: str, worker: Program) -> None:
        deadline = time.monotonic() + _SECONDS_TO_DECIDE
        while worker.process.alive() and not self._decided(topic):
            if time.monotonic() > deadline:
                raise LocalError(f"{topic} is not decided after {_SECONDS_TO_DECIDE} s")
            time.sleep(0.1)

    def _decided(self, topic: str) -> bool:
        rows = self._bench.sql(f"SELECT next_offset FROM consumer_fence WHERE topic='{topic}'")
        return bool(rows) and int(str(rows[0][0])) >= self._records

    def _rate(self) -> float:
        """Records a second of all batches but the last."""
        ((seconds, records),) = self._bench.sql(
            "SELECT TIMESTAMPDIFF(MICROSECOND,MIN(f),MAX(l))/1e6,SUM(decided_at<l) FROM coupon_issue_result,"
            "(SELECT MIN(decided_at) AS f,MAX(decided_at) AS l FROM coupon_issue_result) AS span"
        )
        return float(str(records)) / float(str(seconds))

    def _check_rows(self) -> None:
        outcome = "SOLD_OUT" if self._sold_out else "ISSUED"
        ((rows,),) = self._bench.sql(f"SELECT COUNT(*) FROM coupon_issue_result WHERE outcome='{outcome}'")
        if int(str(rows)) != self._records:
            raise LocalError(f"{rows} of {self._records} requests were decided as {outcome}")
