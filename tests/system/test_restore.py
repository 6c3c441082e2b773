"""Goal: a backup is taken under load and put back on a fresh server by the commands of deploy/README.md: all that was
answered 202 ends as clients were told, and a log that is behind the database stops the workers instead of being decided. With
the binary log nothing differs afterwards, up to the last transaction that got into it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local import paths
from deploy.local.condition import wait_until
from deploy.local.mariadb import SERVER_FOLDER
from deploy.local.programs import Program
from deploy.local.world import World
from tests.support.crowd import Buyer, tally
from tests.support.flow import Flow
from tests.support.free_ports import free_ports
from tests.support.relaying import events_of, wait_published
from tests.support.requirement import require_kafka
from tests.support.rest import call
from tests.support.system import System

_ADMINISTRATOR, _PASSWORD = "restorer", "restored"
_FENCE_OUTSIDE_LOG = 70
_COPY_BINLOG, _REPLAY_BINLOG = "mariadb-binlog --read-from-remote-server", "mariadb-binlog --database"
_GO_ON = (_COPY_BINLOG,)  # never end by themselves
# What the README says of MySQL.
_OF_MYSQL = (
    ("mariadb-dump", "mysqldump"), ("--master-data", "--source-data"), ("mariadb-binlog", "mysqlbinlog"),
    ("--stop-never-slave-server-id", "--connection-server-id"), ("mariadb <", "mysql <"), ("| mariadb", "| mysql"),
    ("mariadb coupon", "mysql coupon"),
)  # fmt: skip
_ONLY_GROW = ("user_coupon", "coupon_issue_result", "coupon_change", "outbox", "coupon_order")


@pytest.fixture
def world(build: Path) -> Iterator[World]:
    """A world for this file alone: its servers lose their data."""
    require_kafka()
    folder = build / "restore-world"
    if folder.exists():
        World(folder).wipe()
        shutil.rmtree(folder, ignore_errors=True)
    world = World(
        folder, free_ports(), partitions=2, gateways=1, workers=2, relays=1, bin_dir=build / "bin", buffer_pool="128M"
    )
    try:
        world.up()
        yield world
    finally:
        world.down()


class Operator:
    """Somebody with a shell, deploy/README.md, and an account on the database server."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder, self.mysql = world, folder, not world.mariadb.is_mariadb()
        section = (paths.REPOSITORY / "deploy" / "README.md").read_text().split("## Back up and restore")[1]
        self.commands = [line.strip() for line in re.findall(r"^ {4,}(.*)$", section, re.MULTILINE)]
        (folder / "deploy").symlink_to(paths.REPOSITORY / "deploy")
        (folder / "binlog").mkdir()
        (folder / ".my.cnf").write_text(
            f"[client]\nhost=127.0.0.1\nport={world.ports.mariadb}\nuser={_ADMINISTRATOR}\npassword={_PASSWORD}\n"
        )

    def account(self) -> None:
        """The account, on a server that has none yet."""
        self.world.mariadb.root_query(
            f"CREATE USER {_ADMINISTRATOR}@'127.0.0.1' IDENTIFIED BY '{_PASSWORD}';"
            f"GRANT ALL ON *.* TO {_ADMINISTRATOR}@'127.0.0.1' WITH GRANT OPTION"
        )

    def does(self, words: str) -> str:
        """Run the README's one command that begins so, as it stands there; what it prints."""
        with self.begins(words) as running:
            output, _ = running.communicate(timeout=120)
        print(f"$ {words}…\n{output}")
        assert running.returncode == 0
        return output

    def begins(self, words: str) -> "subprocess.Popen[str]":
        """The same, without waiting for its end."""
        functions = [command for command in self.commands if "() {" in command]
        (command,) = [command for command in self.commands if command.startswith(words)]
        environment = {
            "HOME": str(self.folder), "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.world.ports.redis), "COUPON_MYSQL_PORT": str(self.world.ports.mariadb),
            "COUPON_MYSQL_ADMIN_USER": _ADMINISTRATOR, "COUPON_MYSQL_ADMIN_PASSWORD": _PASSWORD,
            "COUPON_MYSQL_PASSWORDS": str(self.world.secrets.mysql_password.parent), "COUPON_MYSQL_CLIENT_HOSTS": "127.0.0.1",
        }  # fmt: skip
        programs = os.environ.get(SERVER_FOLDER)
        if programs:
            environment["PATH"] = f"{programs}:{os.environ['PATH']}"
        script = "\n".join(["set -o pipefail", *functions, f"exec {command}" if words in _GO_ON else command])
        for words_of_mariadb, words_of_mysql in _OF_MYSQL if self.mysql else ():
            script = script.replace(words_of_mariadb, words_of_mysql)
        return subprocess.Popen(
            ["bash", "-euc", script], cwd=self.folder, env={**os.environ, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip


def programs(world: World) -> list[Program]:
    """All that a restore begins with stopping."""
    return [*world.workers, *world.relays, *world.event_readers, *world.gateways]


def start(some: list[Program]) -> None:
    """Start them; back when they are ready."""
    for program in some:
        program.start()
    for program in some:
        program.wait_ready()


def stop(some: list[Program]) -> None:
    """End them."""
    for program in some:
        program.stop()


def lose_mariadb(world: World) -> None:
    """The database is gone with its disk; another server is there, empty."""
    world.mariadb.process.kill9()
    shutil.rmtree(world.mariadb.directory)
    world.mariadb.start()
    assert wait_until(lambda: world.mariadb.socket.exists() and world.mariadb.root_query("SELECT 1") == [["1"]], 60)
    world.mariadb.root_query("DROP DATABASE IF EXISTS coupon")


def poll(world: World, request_id: str, wait: int = 0) -> tuple[int, str]:
    """Status code, and how the request stands."""
    answer = call("GET", f"http://127.0.0.1:{world.gateways[0].port}/api/v1/coupons/result/{request_id}?wait={wait}")
    return answer.status, str(answer.json.get("status"))


def told_winners(system: System, *coupons: int) -> set[tuple[int, int, int]]:
    """(couponId, issueNo, userId) of every event that tells of an issue."""
    events = [json.loads(record.value or b"") for record in events_of(system, *coupons)]
    return {(e["couponId"], e["issueNo"], e["userId"]) for e in events if e["type"] == "coupon.issued"}


def held(system: System) -> set[tuple[int, int, int]]:
    """The same, of every row."""
    return {(int(c), int(n), int(u)) for c, n, u in system.database.query("SELECT coupon_id, issue_no, user_id FROM user_coupon")}


@pytest.mark.long
def test_a_backup_is_put_back(world: World, tmp_path: Path) -> None:
    system, operator = System(world), Operator(world, tmp_path)
    operator.account()
    many, few, later = system.new_coupon(1_000_000), system.new_coupon(60), system.unused_id()
    with system.ledger("restore") as ledger:
        with Flow(system.crowd(ledger, seconds=120), [many, few], lanes=8) as flow:
            flow.wait_for_ended(60)
            operator.does("mariadb-dump")
            flow.wait_for_ended(100)
        made_since = {"couponId": later, "issueStartsAt": "2026-01-01T00:00:00Z"}  # the backup does not have it
        system.new_coupon(5, **made_since)
        crowd = [Buyer(later, user, gateway=user) for user in range(1, 11)]
        system.crowd(ledger).at_once(crowd)
        assert tally(crowd) == {"ISSUED": 5, "SOLD_OUT": 5}
        system.wait_drained()
        before = held(system)
        stop(world.workers)
        undecided = [Buyer(many, 10_000 + user, gateway=user) for user in range(20)]
        system.crowd(ledger, poll=False).at_once(undecided)
        assert tally(undecided) == {"PENDING": 20}

        stop(programs(world))
        lose_mariadb(world)
        operator.account()
        operator.does("mariadb <")
        operator.does("deploy/schema/setup_db.py")
        operator.does("redis-cli")
        start(world.gateways)
        accepted = list(ledger.account().accepted())
        known = {poll(world, request_id) for request_id in accepted}
        print(f"{len(accepted)} requests that were answered 202 are now {known}")
        assert {(200, "PENDING"), (200, "ISSUED")} <= known <= {(200, "PENDING"), (200, "ISSUED"), (200, "REJECTED")}
        system.new_coupon(5, **made_since)
        start([*world.workers, *world.relays, *world.event_readers])
        system.wait_drained()
        for request_id in accepted:
            status, state = poll(world, request_id, wait=10)
            assert (status, state) in ((200, "ISSUED"), (200, "REJECTED")), f"{request_id}: {status} {state}"
        assert before - held(system) == set(), "winners and their numbers are those of before"
        assert system.violations(account=ledger.account()) == []
        wait_published(system)
        assert told_winners(system, many, few, later) == held(system)

    kafka_is_behind(system, operator)


def rows(system: System) -> dict[str, set[tuple[object, ...]]]:
    """All that the tables hold."""
    return {table: set(system.database.query(f"SELECT * FROM {table}")) for table in _ONLY_GROW}


def copied(world: World, folder: Path) -> bool:
    """True if the copy of the binary log has all that the server has written."""
    name, size = world.mariadb.root_query("SHOW BINARY LOGS")[-1][:2]
    copy = folder / "binlog" / name
    return copy.exists() and copy.stat().st_size >= int(size)


def fences_by_results(system: System) -> dict[int, int]:
    """Partition → the offset behind the last one that has a result."""
    found = system.database.query("SELECT partition_id, MAX(record_offset) + 1 FROM coupon_issue_result GROUP BY partition_id")
    return {int(partition): int(offset) for partition, offset in found}


@pytest.mark.long
def test_the_binary_log_brings_back_the_last_transaction(world: World, tmp_path: Path) -> None:
    system, operator = System(world), Operator(world, tmp_path)
    operator.account()
    many = system.new_coupon(1_000_000)
    with system.ledger("binlog") as ledger:
        with Flow(system.crowd(ledger, seconds=120), [many], lanes=4) as flow:
            flow.wait_for_ended(20)
            operator.does("mariadb-dump")
            copying = operator.begins(_COPY_BINLOG)
            flow.wait_for_ended(50)
        few = system.new_coupon(5)  # neither this nor its use is in a topic
        crowd = [Buyer(few, user) for user in range(1, 11)]
        system.crowd(ledger).at_once(crowd)
        user = next(buyer.user for buyer in crowd if (buyer.result or {}).get("issueNo") == 1)
        order = {"orderId": "in-no-topic", "orderAmount": 50_000, "userId": user}
        assert call("POST", f"{system.gateways[0]}/api/v1/coupons/{few}/issued/1/use", order).status == 200
        system.wait_drained()
        wait_published(system)
        stop(world.workers)
        undecided = [Buyer(many, 10_000 + user) for user in range(1500)]
        system.crowd(ledger, poll=False, seconds=120).at_once(undecided)
        assert tally(undecided) == {"PENDING": len(undecided)}
        assert wait_until(lambda: copied(world, tmp_path), 60)
        before = rows(system)
        start(world.workers)
        more = len(before["coupon_issue_result"]) + 100
        assert wait_until(lambda: system.database.count("SELECT COUNT(*) FROM coupon_issue_result") >= more, 60)
        world.mariadb.process.kill9()  # the workers are deciding, the copy is behind
        copying.terminate()
        print(copying.communicate()[0])

        stop(programs(world))
        lose_mariadb(world)
        operator.account()
        operator.does("mariadb <")
        operator.does(_REPLAY_BINLOG)
        operator.does("deploy/schema/setup_db.py")
        operator.does("redis-cli")
        restored = rows(system)
        print({table: f"{len(before[table])} rows before, {len(found)} restored" for table, found in restored.items()})
        gone = {table: before[table] - restored[table] for table in _ONLY_GROW}
        assert not any(gone.values()), "each row as it was, times and uses too"
        fences = {partition: offset for partition, offset in system.fences().items() if offset}
        assert fences == fences_by_results(system), "a transaction came back in part"
        start([*world.gateways, *world.workers, *world.relays, *world.event_readers])
        system.wait_drained()
        assert {poll(world, request_id, wait=10)[1] for request_id in ledger.account().accepted()} == {"ISSUED", "REJECTED"}
        assert system.violations(account=ledger.account()) == []
        wait_published(system)
        assert told_winners(system, many, few) == held(system)
        ids = [dict(record.headers)["ce_id"] for record in events_of(system, few)]
        assert len(ids) == len(set(ids)), "what was told before the loss is not told again"


def kafka_is_behind(system: System, operator: Operator) -> None:
    """The broker loses its disk; the database has all."""
    world = system.world
    stop(programs(world))
    world.kafka.process.kill9()
    shutil.rmtree(world.brokers[0].directory)
    world.kafka.start()
    world.kafka.wait_ready()
    world.create_topics()
    start(world.gateways)
    results = system.database.count("SELECT COUNT(*) FROM coupon_issue_result")
    coupon = system.new_coupon(1)
    accepted = call("POST", f"{system.gateways[0]}/api/v1/coupons/{coupon}/issue", {"userId": 1})
    assert accepted.status == 202
    for worker in world.workers:
        worker.start()
    assert wait_until(lambda: not any(worker.process.alive() for worker in world.workers), 60), "they must not decide it"
    assert {worker.process.exit_code() for worker in world.workers} == {_FENCE_OUTSIDE_LOG}
    assert "fence_outside_log" in world.workers[0].process.log_tail(20)
    assert system.database.count("SELECT COUNT(*) FROM coupon_issue_result") == results
    operator.does("mariadb coupon -e")
    with ThreadPoolExecutor(1) as client:  # it asks before the workers are there, at a place that the lost log was past
        poll = client.submit(call, "GET", f"{system.gateways[0]}{accepted.json['resultUrl']}&wait=30")
        start(world.workers)
        assert poll.result().json["status"] == "ISSUED"
