"""expiry-batch against one plain UPDATE in chunks of the same size, on the same rows, from one connection.

Both write the events of each chunk in its transaction, or both write none. The clock of the ceiling is its own,
around its transactions alone; that of ours is the run's, from its start to its end, with connecting, the lock and the
other steps, which find nothing."""

import json
import time

from deploy.local.errors import LocalError
from deploy.local.mariadb import DATABASE, PASSWORD, USER
from tests.bench.bench_world import BenchWorld
from tests.bench.cpu import cpu_seconds, peak_mebibytes
from tests.bench.pair import Figures, Limit
from tests.support.expiry import begin_expiry, end_of

CHUNK = 900
_COUPONS = 10  # whose users' time runs out side by side


def server_seconds(bench: BenchWorld) -> float:
    """CPU time of the database server."""
    return cpu_seconds(bench.world.mariadb.process.pid() or 0)


def expire(bench: BenchWorld, due: int, *flags: str) -> Figures:
    """A run that is to expire so many rows."""
    used = server_seconds(bench)
    process = begin_expiry(
        bench.build / "bin" / "expiry-batch", bench.ports.mariadb, bench.world.secrets,
        "--chunk-rows", str(CHUNK), *flags,
    )  # fmt: skip
    memory = 0.0
    while process.poll() is None:
        memory = max(memory, peak_mebibytes(process.pid))
        time.sleep(0.05)
    run = end_of(process)
    if run.code != 0 or run.summary["userCouponsExpired"] != due:
        raise LocalError(f"expiry-batch ended with {run.code}: {json.dumps(dict(run.summary))} {run.log}")
    return {
        "rate": due / run.summary["seconds"],
        "server_cpu_us": (server_seconds(bench) - used) * 1e6 / due,
        "memory_mib": memory,
    }


class ExpiryPair:
    """With the events that each expiry is told by, or without."""

    limits = (Limit("rate", "rows/s", at_least=0.8),)

    def __init__(self, bench: BenchWorld, events: bool, rows: int) -> None:
        self.name = "expiry" if events else "expiry-without-events"
        self.title = f"expiry-batch, {'with' if events else 'without'} events"
        self._bench = bench
        self._events = events
        self._rows = max(10, rows // CHUNK) * CHUNK

    def open(self) -> None:
        """Nothing to do: each round begins anew."""

    def close(self) -> None:
        """Nothing is left of a round."""

    def ceiling(self) -> Figures:
        self._start_anew()
        used = server_seconds(self._bench)
        words = self._bench.tool(
            "expiry_ceiling", self._bench.ports.mariadb, USER, PASSWORD, DATABASE,
            "events" if self._events else "plain", CHUNK,
        ).split()  # fmt: skip
        self._check_rows()
        return {
            "rate": int(words[1]) / float(words[3]),
            "server_cpu_us": (server_seconds(self._bench) - used) * 1e6 / self._rows,
        }

    def ours(self) -> Figures:
        self._start_anew()
        figures = expire(self._bench, self._rows, "--events", "on" if self._events else "off")
        self._check_rows()
        return figures

    def _start_anew(self) -> None:
        self._bench.start_anew()
        self._bench.sql(
            "INSERT INTO user_coupon (coupon_id,issue_no,user_id,user_seq,issued_at,expires_at) "
            f"SELECT 1+MOD(seq,{_COUPONS}),1+seq DIV {_COUPONS},7919+seq*7919,1,'2020-01-01',"
            f"'2020-02-01'+INTERVAL seq*1000 MICROSECOND FROM seq_0_to_{self._rows * 4 // 3 - 1}"
        )
        self._bench.sql("UPDATE user_coupon SET status='USED' WHERE MOD(user_id,4)=0")

    def _check_rows(self) -> None:
        ((expired, events),) = self._bench.sql(
            "SELECT (SELECT COUNT(*) FROM user_coupon WHERE status='EXPIRED' AND change_no=2),(SELECT COUNT(*) FROM outbox)"
        )
        if (expired, events) != (self._rows, self._rows if self._events else 0):
            raise LocalError(f"{expired} of {self._rows} rows expired, {events} events")


class ExpirySizePair:
    """Ten million rows, a million of them due, against a hundred thousand that are all due: with a tenth of those the
    small run would be over within half a second, and show what starting costs."""

    name = "expiry-size"
    title = "expiry-batch, 10 million rows against 100 thousand"
    limits = (Limit("rate", "rows/s", at_least=0.9),)

    def __init__(self, bench: BenchWorld) -> None:
        self._bench = bench

    def open(self) -> None:
        """Nothing to do: each round begins anew."""

    def close(self) -> None:
        """Nothing is left of a round."""

    def ceiling(self) -> Figures:
        return self._run(100_000, 100_000)

    def ours(self) -> Figures:
        return self._run(10_000_000, 1_000_000)

    def _run(self, rows: int, due: int) -> Figures:
        self._bench.start_anew()
        each = rows // _COUPONS
        for coupon in range(1, _COUPONS + 1):
            self._bench.sql(
                "INSERT INTO user_coupon (coupon_id,issue_no,user_id,user_seq,issued_at,expires_at) "
                f"SELECT {coupon},seq,seq*7919,1,'2020-01-01',IF(seq<={due // _COUPONS},'2020-02-01','2040-01-01')"
                f"+INTERVAL seq*1000 MICROSECOND FROM seq_1_to_{each}"
            )
        return expire(self._bench, due)
