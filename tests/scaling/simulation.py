"""A rising and falling load on a world whose workers an Autoscaler adds and removes, on the broker's real lag."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deploy.local.kafka_protocol import KafkaError
from deploy.local.programs import Program
from deploy.local.world import GROUP, TOPIC
from tests.scaling.autoscaler import Autoscaler, Rules, metric
from tests.support.system import System

_WRITES_A_SECOND = 10


@dataclass(frozen=True)
class Phase:
    """So many seconds, in which the rate goes evenly from one to the other, records a second."""

    seconds: float
    begin: float
    end: float


@dataclass(frozen=True)
class Look:
    """The group at one moment. at: seconds since the load began."""

    at: float
    rate: float
    lag: int
    replicas: int


class Load(threading.Thread):
    """Writes issue requests for these coupons in turn, each by another user."""

    def __init__(self, system: System, coupons: Sequence[int], phases: Sequence[Phase]) -> None:
        super().__init__(name="load", daemon=True)
        self._system, self._coupons, self._phases = system, coupons, phases
        self.rate, self.written = 0.0, 0
        self.error: Exception | None = None

    def run(self) -> None:
        """Until the last phase is over."""
        try:
            for phase in self._phases:
                self._play(phase)
        except Exception as error:  # told by finish()
            self.error = error
        self.rate = 0.0

    def finish(self) -> int:
        """Wait for the end; how many records were written. Raises what went wrong."""
        self.join()
        if self.error:
            raise self.error
        return self.written

    def _play(self, phase: Phase) -> None:
        turns = round(phase.seconds * _WRITES_A_SECOND)
        began = time.monotonic()
        due = 0.0
        for turn in range(turns):
            self.rate = phase.begin + (phase.end - phase.begin) * turn / turns
            due += self.rate / _WRITES_A_SECOND
            self._write(int(due))
            due -= int(due)
            time.sleep(max(0.0, began + (turn + 1) / _WRITES_A_SECOND - time.monotonic()))  # the load's own clock

    def _write(self, count: int) -> None:
        records = []
        for number in range(self.written + 1, self.written + count + 1):
            coupon = self._coupons[number % len(self._coupons)]
            value = f'{{"requestId":"scaling-{number}","couponId":{coupon},"userId":{number}}}'
            records.append((str(coupon).encode(), value.encode()))
        self._system.writer.write_many(records)
        self.written += count


@dataclass
class Cluster:
    """Stands for Kubernetes: as many workers as were asked for. A pod that is taken away gets SIGTERM; the newest
    goes first."""

    make: Callable[[int], Program]
    running: list[Program] = field(default_factory=list)
    leaving: list[threading.Thread] = field(default_factory=list)

    def scale(self, replicas: int) -> None:
        """Start or end workers. Waits for none of them."""
        while len(self.running) < replicas:
            worker = self.make(len(self.running))
            worker.start()
            self.running.append(worker)
        while len(self.running) > replicas:
            worker = self.running.pop()
            thread = threading.Thread(target=worker.stop, name=f"end of {worker.name}")
            thread.start()
            self.leaving.append(thread)

    def join(self) -> None:
        """Wait until all that were told to end have ended."""
        for thread in self.leaving:
            thread.join()
        self.leaving.clear()


class Simulation:
    """speed: how many of the rules' seconds pass in one."""

    def __init__(self, system: System, cluster: Cluster, rules: Rules, speed: float, sync_seconds: float) -> None:
        self._system, self._cluster, self._speed = system, cluster, speed
        self._scaler, self._rules, self._sync = Autoscaler(rules), rules, sync_seconds
        self.looks: list[Look] = []

    def lags(self) -> dict[int, int]:
        """Partition → records behind the group's committed offset; of one without a commit, all (earliest)."""
        ends = self._system.ends()
        committed = self._system.world.kafka.committed_offsets(GROUP, TOPIC)
        return {partition: end - max(0, committed.get(partition, 0)) for partition, end in ends.items()}

    def run(self, load: Load, until: Callable[[], bool], seconds: float) -> None:
        """Sync by sync until the load is over and the condition holds, seconds at most after the load."""
        began = time.monotonic()
        load.start()
        over: float | None = None
        while True:
            now = time.monotonic()
            if not load.is_alive():
                over = over or now
                if until() or now - over > seconds:
                    return
            self._look(load, now - began)
            time.sleep(self._sync / self._speed)

    def _look(self, load: Load, at: float) -> None:
        try:
            lags = self.lags()
        except (KafkaError, OSError):
            return
        replicas = len(self._cluster.running)
        decided = self._scaler.decide(at * self._speed, replicas, metric(lags, self._rules.lag_threshold))
        if decided != replicas:
            self._cluster.join()
            self._cluster.scale(decided)
        self.looks.append(Look(at, load.rate, sum(lags.values()), decided))


def turns(counts: Sequence[int]) -> int:
    """How often a row of numbers changed its direction: 0 for one that only rises, 1 for a hump."""
    steps = [b - a for a, b in zip(counts, counts[1:]) if a != b]
    return sum((a > 0) != (b > 0) for a, b in zip(steps, steps[1:]))
