"""Kafka's brokers killed, frozen, outvoted and full. The programs know two things about a produce: that Kafka confirmed
it, and that they do not know."""

import time

from deploy.local.kafka import KafkaBroker
from deploy.local.kafka_cluster import KafkaCluster
from deploy.local.world import TOPIC, World
from tests.faults.registry import row
from tests.faults.stage import WORKER_FLAGS, Stage, print_progress
from tests.faults.trial import Trial
from tests.support.free_ports import free_ports

_SECONDS_FROZEN = 60
_SECONDS_BOUND = 20  # what a client waits at most with --accept-timeout 3000, and what a busy machine adds


class ThreeBrokers(Stage):
    """Three Kafka nodes, every topic on all of them, two needed for an answer."""

    def make_world(self) -> World:
        return World(
            self.data_dir, free_ports(), partitions=3, gateways=2, workers=3, brokers=3, min_in_sync=2,
            bin_dir=self.build.folder / "bin", buffer_pool="256M", worker_flags=WORKER_FLAGS, progress=print_progress,
        )  # fmt: skip

    def heal(self) -> None:
        super().heal()
        self.cluster.wait_in_sync(TOPIC)

    @property
    def cluster(self) -> KafkaCluster:
        """Its nodes."""
        assert isinstance(self.world.kafka, KafkaCluster)
        return self.world.kafka


def cluster_of(trial: Trial) -> KafkaCluster:
    """The three nodes on which the row runs."""
    assert isinstance(trial.stage, ThreeBrokers)
    return trial.stage.cluster


def expect_unknown(trial: Trial, user: int) -> str:
    """One request while Kafka does not answer: 503, outcome unknown, after a bounded time; its requestId."""
    began = time.monotonic()
    told = trial.ask(trial.coupons[0], user)
    seconds = time.monotonic() - began
    trial.expect(
        (told.status, told.code, told.json.get("outcome")) == (503, "UNAVAILABLE", "unknown") and seconds < _SECONDS_BOUND,
        f"503 UNAVAILABLE, outcome unknown, within {_SECONDS_BOUND} s; seen {told.status} {told.text} after {seconds:.1f} s",
    )
    return str(told.json.get("requestId"))


def expect_end(trial: Trial, request_id: str) -> None:
    """An id whose outcome was unknown: a result, or 404 once it cannot appear any more."""

    def ended() -> bool:
        told = trial.poll(request_id)
        return told.status == 404 or told.json.get("status") not in (None, "PENDING")

    trial.wait(ended, 60, f"an end of {request_id}, whose outcome was unknown")


@row(7, "broker killed and restarted")
def broker_killed(trial: Trial) -> None:
    broker = trial.world.brokers[0]
    for _ in range(1 if trial.short else 5):
        with trial.fault():
            trial.kill(broker)
            trial.flow().wait_for("unknown", 10)
            trial.restart(broker)
            trial.flow().wait_for("accepted", 40)
        trial.flow().wait_for("result", 40)


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
    for name in names:
        expect_end(trial, name)


@row(10, "leader killed, then two of three brokers", stage=ThreeBrokers)
def brokers_lost(trial: Trial) -> None:
    cluster = cluster_of(trial)
    first = cluster.leader(TOPIC, 0)
    with trial.fault():
        trial.kill(first)
        cluster.wait_moved(TOPIC, first)
        trial.flow().wait_for("accepted", 40)
        trial.flow().wait_for("result", 40)
    second = trial.random.choice(cluster.others(first))
    with trial.fault():
        trial.kill(second)
        trial.flow().wait_for("unknown", 10)
        expect_unknown(trial, 1)
    # Nobody starts the programs again: with two of three back they go on by themselves.
    trial.restart(first)
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
