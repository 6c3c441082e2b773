"""What a row's function works with while it breaks something."""

import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.condition import wait_until
from deploy.local.process import Process
from deploy.local.programs import Program
from deploy.local.world import Member, World
from tests.faults.load_run import LoadRun
from tests.faults.registry import Row
from tests.faults.stage import Stage
from tests.support.ledger import Ledger
from tests.support.rest import Answer, call
from tests.support.system import System


class Unmet(Exception):
    """Something that must be seen was not, and the row cannot go on."""


@dataclass
class Trial:
    """One run of one row.

    stage, world, system   what is up; system has the addresses, new_coupon(), ends(), fences(), writer, database
    short      True in make test: seconds, not minutes
    random     the row's own, from the seed: use no other
    load       the load in the background, None if the row was registered with load=None
    ledger     for clients of the row's own (system.crowd(trial.ledger)); the checkers read it too
    coupons    ids on which the load is
    unmet      expectations that failed, in words"""

    row: Row
    stage: Stage
    seed: int
    short: bool
    since: Mapping[int, int]
    ledger: Ledger
    coupons: list[int]
    load: LoadRun | None = None
    unmet: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[tuple[float, float]] = field(default_factory=list)
    may_end: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cast(self.row)

    def cast(self, row: Row) -> None:
        """From now on it is that row's; it has the same load, coupons and ledger."""
        self.row = row
        self.random = random.Random(f"{self.seed} {row.slug}")

    @property
    def world(self) -> World:
        """Servers and programs."""
        return self.stage.world

    @property
    def system(self) -> System:
        """The same, with what tests ask of it."""
        return self.stage.system

    def flow(self) -> LoadRun:
        """The load, for rows that have one."""
        if self.load is None:
            raise ValueError(f"row {self.row.slug} was registered without load")
        return self.load

    @contextmanager
    def fault(self) -> Iterator[None]:
        """Around the time in which something is broken: what clients were told in it goes into the table. Without
        it that is the whole of the row's function."""
        began = time.time()
        try:
            yield
        finally:
            self.faults.append((began, time.time()))

    def expect(self, holds: bool, words: str) -> None:
        """Something that must hold, said in words with what was seen; if not, the row fails and goes on."""
        if not holds:
            self.unmet.append(f"expected: {words}")

    def wait(self, holds: Callable[[], bool], seconds: float, words: str | Callable[[], str]) -> None:
        """Wait until it holds; if it does not, the row has failed and ends here (it is healed as usual). words as a
        function: asked when the time is over, for what was seen last."""
        if not wait_until(holds, seconds):
            raise Unmet(f"not seen within {seconds:.0f} s: {words() if callable(words) else words}")

    def ask(self, coupon: int, user: int, gateway: int = 0, key: str | None = None, timeout: float = 60) -> Answer:
        """One POST issue, written into the ledger; what was told. Raises OSError if nobody answers."""
        base = self.system.gateways[gateway]
        number = self.ledger.sent(coupon, user, key, base)
        headers = {"Idempotency-Key": f'"{key}"'} if key else None
        began = time.monotonic()
        told = call("POST", f"{base}/api/v1/coupons/{coupon}/issue", {"userId": user}, headers, timeout)
        answer = "accepted" if told.status == 202 else "unknown" if told.status >= 500 else "refused"
        facts = {"status": told.status, "code": told.code, "requestId": told.json.get("requestId")}
        self.ledger.told(number, answer, ms=(time.monotonic() - began) * 1000, **facts)
        return told

    def poll(self, request_id: str, gateway: int = 0, wait: int = 0, timeout: float = 60) -> Answer:
        """One GET of a result."""
        query = f"?wait={wait}" if wait else ""
        return call("GET", f"{self.system.gateways[gateway]}/api/v1/coupons/result/{request_id}{query}", timeout=timeout)

    def hold(self, seconds: float) -> None:
        """Let a fault last, where how long it lasts is the fault; for all else wait for a condition."""
        time.sleep(max(0.0, seconds))

    def note(self, words: str) -> None:
        """A figure or a fact for the table."""
        self.notes.append(words)

    def kill(self, member: Member) -> None:
        """kill -9. It is started again by healing, or by restart()."""
        self.may_end.add(member.name)
        member.process.kill9()

    def restart(self, member: Member) -> None:
        """Start it, and wait until it is ready."""
        member.start()
        member.wait_ready()

    @contextmanager
    def frozen(self, *members: Member) -> Iterator[None]:
        """SIGSTOP, and SIGCONT at the end."""
        try:
            for member in members:
                member.process.pause()
            yield
        finally:
            for member in members:
                member.process.resume()

    @contextmanager
    def instead(self, usual: Sequence[Program], other: Program) -> Iterator[Program]:
        """Another program in the place of the usual ones, such as world.make_worker(3, flags) or failpoint_worker();
        it is started by the row, and ended at the end."""
        for program in usual:
            self.may_end.add(program.name)
            program.stop()
        self.may_end.add(other.name)
        try:
            yield other
        finally:
            code = other.process.exit_code()
            self.expect(code in (None, 0, -signal.SIGKILL), f"{other.name} lives or was killed, seen it end with {code}")
            other.process.resume()
            other.stop()
            for program in usual:
                program.start()

    def failpoint_worker(self, number: int = 3, flags: Sequence[str] = ()) -> Program:
        """A worker, not started, that dies where start({"COUPON_FAILPOINT": "name"}) says."""
        worker = self.world.make_worker(number, flags)
        worker.binary = self.stage.build.failpoints / "bin" / "issue-worker"
        return worker

    def log_since(self, process: Process, mark: int = 0) -> str:
        """What a program has logged since mark, a size of its log file."""
        with process.log_file.open("rb") as log:
            log.seek(mark)
            return log.read().decode(errors="replace")

    def dead_letters(self) -> int:
        """How many dead letters there are, of all time."""
        return sum(self.system.dead_letters.ends().values())

    def metric(self, program: Program, name: str) -> float:
        """A figure of /metrics, summed over its labels."""
        text = call("GET", f"http://127.0.0.1:{program.management_port}/metrics").text
        lines = [line for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows from MySQL, asked directly."""
        return self.system.database.query(sql, *values)

    @property
    def directory(self) -> Path:
        """A folder of this row's own for files."""
        path = self.stage.data_dir / "rows" / self.row.slug
        path.mkdir(parents=True, exist_ok=True)
        return path
