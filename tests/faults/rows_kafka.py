"""Kafka's brokers killed, frozen, outvoted and full. The programs know two things about a produce: that Kafka confirmed
it, and that they do not know."""

import errno
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.kafka import KafkaBroker
from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.world import TOPIC, World
from tests.faults import topic_admin
from tests.faults.registry import row
from tests.faults.stage import WORKER_FLAGS, Build, Stage, print_progress
from tests.faults.trial import Trial
from tests.support.free_ports import free_ports

_DISK, _FILLER = "192m", "filler"
_SECONDS_FROZEN = 60
_SECONDS_BACK = 100  # for as long as a rebalance may last, workers may wait for members from before (deploy/runbook.md)
_SECONDS_BOUND = 20  # what a client waits at most with --accept-timeout 3000, and what a busy machine adds


class ThreeBrokers(Stage):
    """Three Kafka nodes, every topic on all of them, two needed for an answer. Each has its log on a small disk of
    its own (a tmpfs; mounting it needs root)."""

    def __init__(self, build: Build) -> None:
        self._unmount(build.folder / "faults-world" / type(self).__name__.lower())
        super().__init__(build)

    def make_world(self) -> World:
        return World(
            self.data_dir, free_ports(), partitions=3, gateways=2, workers=3, brokers=3, min_in_sync=2,
            bin_dir=self.build.folder / "bin", buffer_pool="256M", worker_flags=WORKER_FLAGS, progress=print_progress,
        )  # fmt: skip

    def up(self) -> None:
        for broker in self.cluster.brokers:
            broker.directory.mkdir(parents=True, exist_ok=True)
            self._run("mount", "-t", "tmpfs", "-o", f"size={_DISK}", "coupon-rush-test", broker.directory)
        super().up()

    def heal(self) -> None:
        for broker in self.cluster.brokers:
            self.empty_disk(broker)
        super().heal()
        self.cluster.wait_in_sync(TOPIC)

    def down(self) -> list[str]:
        try:
            return super().down()
        finally:
            self._unmount(self.data_dir)

    def fill_disk(self, broker: KafkaBroker) -> None:
        """Not a byte is left for the broker."""
        with (broker.directory / _FILLER).open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(1 << 12))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def empty_disk(self, broker: KafkaBroker) -> None:
        """There is room again."""
        (broker.directory / _FILLER).unlink(missing_ok=True)

    @property
    def cluster(self) -> KafkaCluster:
        """Its nodes."""
        assert isinstance(self.world.kafka, KafkaCluster)
        return self.world.kafka

    @staticmethod
    def _run(*command: str | Path) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LocalError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")

    def _unmount(self, data_dir: Path) -> None:
        for directory in data_dir.glob("kafka-*"):
            if directory.is_mount():
                self._run("umount", directory)


def cluster_of(trial: Trial) -> KafkaCluster:
    """The three nodes on which the row runs."""
    assert isinstance(trial.stage, ThreeBrokers)
    return trial.stage.cluster


def expect_unknown(trial: Trial, user: int, coupon: int | None = None) -> str:
    """One request while Kafka does not answer: 503, outcome unknown, after a bounded time; its requestId."""
    began = time.monotonic()
    told = trial.ask(coupon or trial.coupons[0], user)
    seconds = time.monotonic() - began
    trial.expect(
        (told.status, told.code, told.json.get("outcome")) == (503, "UNAVAILABLE", "unknown") and seconds < _SECONDS_BOUND,
        f"503 UNAVAILABLE, outcome unknown, within {_SECONDS_BOUND} s; seen {told.status} {told.text} after {seconds:.1f} s",
    )
    return str(told.json.get("requestId"))


def all_but_a_leader(trial: Trial) -> tuple[list[KafkaBroker], int]:
    """Two of three nodes, and a coupon whose partition is led by the third: it could take a record, and must not
    answer for it alone."""
    cluster = cluster_of(trial)
    coupon = trial.system.new_coupon(1_000_000, couponId=trial.system.unused_id(partition=0))
    lost = cluster.others(cluster.leader(TOPIC, 0))
    trial.random.shuffle(lost)
    trial.ask(coupon, 1)  # so that the gateways know the coupon
    return lost, coupon


def expect_ends(trial: Trial, request_ids: Sequence[str]) -> None:
    """Ids whose outcome was unknown: a result, or 404 once it cannot appear any more. A gateway counts from when it was
    first asked for an id, so all are asked for in each round."""
    left = set(request_ids)

    def ended() -> bool:
        for name in sorted(left):
            told = trial.poll(name)
            if told.status == 404 or told.json.get("status") not in (None, "PENDING"):
                left.remove(name)
        return not left

    trial.wait(ended, 60, f"an end of all {len(request_ids)} whose outcome was unknown")


@row(7, "broker killed and restarted")
def broker_killed(trial: Trial) -> None:
    broker = trial.world.brokers[0]
    for _ in range(1 if trial.short else 5):
        with trial.fault():
            trial.kill(broker)
            trial.flow().wait_for("unknown", 10)
            trial.restart(broker)
            trial.flow().wait_for("accepted", 40)
        trial.flow().wait_for("result", 40, _SECONDS_BACK)


@row(8, "broker frozen")
def broker_frozen(trial: Trial) -> None:
    with trial.fault(), trial.frozen(trial.world.brokers[0]):
        began = time.monotonic()
        names = [expect_unknown(trial, user) for user in range(1, 3)]
        poll = trial.poll(names[0])
        trial.expect(poll.json.get("status") == "PENDING", f"PENDING while nobody can know, seen {poll.status} {poll.text}")
        trial.flow().wait_for("unknown", 20)
        while not trial.short and time.monotonic() - began < _SECONDS_FROZEN:
            names.append(expect_unknown(trial, len(names) + 1))
    trial.flow().wait_for("accepted", 40)
    expect_ends(trial, names)


@row(9, "broker disk full", stage=ThreeBrokers)
def disk_full(trial: Trial) -> None:
    stage = trial.stage
    assert isinstance(stage, ThreeBrokers)
    full, coupon = all_but_a_leader(trial)
    for broker in full:
        trial.may_end.add(broker.name)
        with trial.fault():
            stage.fill_disk(broker)
            trial.wait(lambda: not broker.process.alive(), 90, f"{broker.name} ends on its full disk")
            if broker is full[0]:
                trial.flow().wait_for("accepted", 40)
            else:
                trial.flow().wait_for("unknown", 10)
                expect_unknown(trial, 2, coupon)
    for broker in full:
        stage.empty_disk(broker)
        trial.restart(broker)
    trial.flow().wait_for("accepted", 40)


@row(10, "leader killed", stage=ThreeBrokers, long_only="row 9 loses one, then two, in its short version")
def leader_lost(trial: Trial) -> None:
    cluster = cluster_of(trial)
    leader = cluster.leader(TOPIC, 0)
    with trial.fault():
        trial.kill(leader)
        cluster.wait_moved(TOPIC, leader)
        trial.flow().wait_for("accepted", 40)
        trial.flow().wait_for("result", 40)


@row(10, "two of three brokers killed", stage=ThreeBrokers, long_only="row 9 loses one, then two, in its short version")
def two_brokers_lost(trial: Trial) -> None:
    lost, coupon = all_but_a_leader(trial)
    with trial.fault():
        for broker in lost:
            trial.kill(broker)
        trial.flow().wait_for("unknown", 10)
        expect_unknown(trial, 1)
        expect_unknown(trial, 2, coupon)
    # Nobody starts the programs again: with two of three back they go on by themselves.
    trial.restart(lost[0])
    trial.flow().wait_for("accepted", 40)
    trial.flow().wait_for("result", 40)


@row(10, "one of three brokers frozen", stage=ThreeBrokers, long_only="leaders move, and back, takes half a minute")
def broker_of_three_frozen(trial: Trial) -> None:
    cluster = cluster_of(trial)
    victim: KafkaBroker = cluster.leader(TOPIC, 0)
    with trial.fault(), trial.frozen(victim):
        cluster.wait_moved(TOPIC, victim)
        began = time.monotonic()
        trial.flow().wait_for("accepted", 40)
        trial.flow().wait_for("result", 40)
        while time.monotonic() - began < _SECONDS_FROZEN:
            trial.flow().wait_for("accepted", 20)
    trial.flow().wait_for("accepted", 40)


@row(31, "partitions added under load", stage=ThreeBrokers)
def partitions_added(trial: Trial) -> None:
    system, gateway = trial.system, trial.world.gateways[0]
    with trial.fault():
        topic_admin.add_partitions(cluster_of(trial).address, TOPIC, 2 * system.partitions - 1)
        # One gateway has known the topic as it was, the other finds it as it is now.
        trial.may_end.add(gateway.name)
        gateway.stop()
        mark = gateway.process.log_file.stat().st_size
        trial.restart(gateway)
        for user in range(1, 9):  # keys enough that no other way to place them agrees with Java's by chance
            trial.ask(system.new_coupon(5), user, user % len(system.gateways))
        trial.flow().wait_for("accepted", 80 if trial.short else 2000)
        trial.flow().wait_for("result", 40)
    log = trial.log_since(gateway.process, mark)
    trial.expect("topic_partitions_added" in log, f"an alarm, topic_partitions_added, in {gateway.process.log_file}")
    used = {partition for partition, end in system.ends().items() if end > 0}
    trial.expect(max(used) < system.partitions, f"requests stay in the first {system.partitions} partitions, seen in {used}")
