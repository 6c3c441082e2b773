"""MySQL killed, refusing, slow, frozen, replaced. Requests go on being accepted, polls say PENDING, nothing is
dead-lettered, and everything is decided afterwards."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

import pymysql

from deploy.local import mariadb_replica
from deploy.local.programs import Program
from tests.faults.registry import LoadPlan, row
from tests.faults.stage import Proxied
from tests.faults.trial import Trial

_SECONDS_BETWEEN_KILLS = 0.2
_COMMIT = b"\x03COMMIT"  # COM_QUERY and its text


def expect_accepting(trial: Trial, accepted: int = 40) -> None:
    """While nothing can be decided: so many more are answered 202, and a poll for one of them says PENDING."""
    trial.flow().wait_for("accepted", accepted)
    answer = trial.ask(trial.coupons[0], trial.random.randrange(1, 1 << 30))
    trial.expect(answer.status == 202, f"202 while MySQL is away, seen {answer.status} {answer.text}")
    if answer.status == 202:
        poll = trial.poll(answer.json["requestId"], gateway=1)
        seen = (poll.status, poll.json.get("status"))
        trial.expect(seen == (200, "PENDING"), f"a poll says PENDING while MySQL is away, seen {seen}")


@contextmanager
def nothing_dead_lettered(trial: Trial) -> Iterator[None]:
    """Because MySQL was away, no record is set aside."""
    before = trial.dead_letters()
    yield
    after = trial.dead_letters()
    trial.expect(after == before, f"nothing dead-lettered because MySQL was away, seen {after - before}")


@row(3, "COMMIT's answer lost", stage=Proxied)
def commit_answer_lost(trial: Trial) -> None:
    assert isinstance(trial.stage, Proxied)
    proxy, times = trial.stage.proxies["worker-mysql"], 4 if trial.short else 40
    with nothing_dead_lettered(trial), trial.fault():
        for before in (False, True):
            trap = proxy.set_trap(_COMMIT, times, before)
            trial.wait(lambda: trap.sprung == times, 100, lambda: f"{times} COMMITs met the trap, seen {trap.sprung}")
            trial.note(f"{'the question' if before else 'the answer'} of {times} COMMITs lost, then RST")
    trial.flow().wait_for("result", 10)


@row(13, "MySQL killed and restarted")
def mysql_killed(trial: Trial) -> None:
    with nothing_dead_lettered(trial):
        for _ in range(1 if trial.short else 5):
            with trial.fault():
                trial.kill(trial.world.mariadb)
                expect_accepting(trial)
                trial.restart(trial.world.mariadb)
            trial.flow().wait_for("result", 20)


@row(14, "MySQL read-only")
def mysql_read_only(trial: Trial) -> None:
    with nothing_dead_lettered(trial):
        trial.world.mariadb.root_query("SET GLOBAL read_only = ON")
        try:
            with trial.fault():
                expect_accepting(trial, 40 if trial.short else 1000)
        finally:
            trial.world.mariadb.root_query("SET GLOBAL read_only = OFF")
        trial.flow().wait_for("result", 20)


@row(14, "too many connections")
def mysql_full(trial: Trial) -> None:
    usual = trial.world.mariadb.root_query("SELECT @@max_connections")[0][0]
    with nothing_dead_lettered(trial), ExitStack() as taken:
        trial.world.mariadb.root_query("SET GLOBAL max_connections = 10")
        try:
            with trial.fault():
                _take_all_connections(trial, taken)
                expect_accepting(trial, 40 if trial.short else 1000)
        finally:
            taken.close()
            trial.world.mariadb.root_query(f"SET GLOBAL max_connections = {usual}")
        trial.flow().wait_for("result", 20)


def _take_all_connections(trial: Trial, taken: ExitStack) -> None:
    """Until none is left to the programs: theirs are ended, and each that gets free is taken."""
    mine: set[int] = set()

    def all_taken() -> bool:
        trial.world.mariadb.kill_clients(keep=mine)
        try:
            while True:
                connection = trial.system.database.connect()
                taken.enter_context(closing(connection))
                mine.add(connection.thread_id())
        except pymysql.MySQLError:
            return trial.world.mariadb.kill_clients(keep=mine) == 0

    trial.wait(all_taken, 60, "every connection to MySQL taken")


@row(17, "connections killed every 200 ms")
def connections_killed(trial: Trial) -> None:
    decided = 60 if trial.short else 2000
    goal = trial.flow().counts()["result"] + decided
    killed = 0
    with nothing_dead_lettered(trial), trial.fault():
        deadline = time.monotonic() + max(100, decided / 10)
        while trial.flow().counts()["result"] < goal and time.monotonic() < deadline:
            killed += trial.world.mariadb.kill_clients()
            time.sleep(_SECONDS_BETWEEN_KILLS)
    trial.note(f"{killed} connections killed")
    seen = trial.flow().counts()["result"] - goal + decided
    trial.expect(seen >= decided, f"{decided} more results shown while connections are killed, seen {seen}")


@row(18, "MySQL slow", stage=Proxied, load=LoadPlan(rate=20))
def mysql_slow(trial: Trial) -> None:
    assert isinstance(trial.stage, Proxied)
    with nothing_dead_lettered(trial), trial.fault(), staying_members(trial, trial.world.workers):
        for name in ("gateway-mysql", "worker-mysql"):
            proxy = trial.stage.proxies[name]
            proxy.up.delay = proxy.down.delay = 0.25
        trial.flow().wait_for("accepted", 60 if trial.short else 600)
        trial.flow().wait_for("result", 30 if trial.short else 300)


@row(18, "MySQL frozen")
def mysql_frozen(trial: Trial) -> None:
    """Longer than a worker's session, and longer than it may go without polling Kafka."""
    usual, seconds = list(trial.world.workers), 9 if trial.short else 20
    flags = ("--mysql-answer-timeout", "1", "--kafka-property", "session.timeout.ms=4000",
             "--kafka-property", "heartbeat.interval.ms=1000", "--kafka-property", "max.poll.interval.ms=6000")  # fmt: skip
    with trial.instead(usual, trial.world.make_worker(3, flags)) as worker:
        trial.restart(worker)
        trial.flow().wait_for("result", 10)
        with nothing_dead_lettered(trial), trial.fault(), staying_members(trial, [worker]):
            began = time.monotonic()
            with trial.frozen(trial.world.mariadb):
                expect_accepting(trial)
                trial.hold(began + seconds - time.monotonic())
            trial.flow().wait_for("result", 20)


@contextmanager
def staying_members(trial: Trial, workers: Sequence[Program]) -> Iterator[None]:
    """None of them loses its partitions: it keeps polling Kafka while it waits for MySQL."""
    marks = {worker.name: worker.process.log_file.stat().st_size for worker in workers}
    try:
        yield
    finally:
        for worker in workers:
            lost = trial.log_since(worker.process, marks[worker.name]).count('"partitions_revoked"')
            trial.expect(lost == 0, f"{worker.name} keeps its partitions, seen it lose them {lost} times")


@row(14, "primary changed in order", stage=Proxied)
def primary_changed(trial: Trial) -> None:
    _change_primary(trial, orderly=True)


@row(14, "primary lost, its replica promoted", stage=Proxied)
def primary_lost(trial: Trial) -> None:
    _change_primary(trial, orderly=False)


def _change_primary(trial: Trial, orderly: bool) -> None:
    """Two real servers with semi-synchronous replication, and a switch of address. In order: the old one is made
    read-only first and stays, with its connections; else it is killed."""
    assert isinstance(trial.stage, Proxied)
    for _ in range(1 if trial.short else 4):
        old = trial.world.mariadb
        new = trial.stage.spare_mysql()
        mariadb_replica.follow(new, old)
        trial.flow().wait_for("result", 10)
        with nothing_dead_lettered(trial), trial.fault():
            if orderly:
                old.root_query("SET GLOBAL read_only = ON")
                expect_accepting(trial)
                mariadb_replica.wait_caught_up(new, old)
            else:
                old.process.kill9()
                expect_accepting(trial)
            mariadb_replica.promote(new)
            trial.stage.switch_mysql(new)
            trial.flow().wait_for("result", 10)
        old.stop()
