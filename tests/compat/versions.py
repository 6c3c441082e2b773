"""Which other versions are tried, and how each is had."""

import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.paths import BUILD, REPOSITORY
from tests.compat import kafka_jars
from tests.compat.trees import DEBIAN_13, DEBIAN_SID, FOLDER, UBUNTU_24_04, Release, server_folder, tree
from tests.deploy.images.tree import step_command

# The promises and the SQL: order, stock, limits, crashes, outages, use, expiry, events, administration, rights, TLS.
_FILES = (
    "test_order", "test_crowds", "test_per_user_limit", "test_worker_crash", "test_failure_policy", "test_full_batches",
    "test_use", "test_expiry", "test_events", "test_event_readers", "test_admin", "test_schema", "test_database_users",
    "test_mariadb_outage", "test_tls", "test_whole_history",
)  # fmt: skip
_KAFKA_FILES = (
    "test_order", "test_crowds", "test_worker_crash", "test_worker_group", "test_gateway_crash", "test_kafka_outage",
    "test_partitioning", "test_dead_letters", "test_dlt_replay", "test_events", "test_spool", "test_whole_history",
)  # fmt: skip
# What hangs on a system's libraries: librdkafka, hiredis, llhttp, the one for MySQL, OpenSSL.
_WHOLE_FILES = (
    "test_order", "test_crowds", "test_worker_crash", "test_kafka_outage", "test_redis_outage", "test_bad_http", "test_use",
    "test_expiry", "test_events", "test_admin", "test_tls", "test_database_users", "test_whole_history",
)  # fmt: skip


@dataclass(frozen=True)
class Attempt:
    """What is to be run: commands after each other, each ending with a line "N passed, N failed"."""

    commands: Sequence[Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """A line of the table. prepare raises Unavailable."""

    name: str
    what: str
    prepare: Callable[[Sequence[str]], Attempt]


def _system(files: Sequence[str], more: Sequence[str]) -> list[str]:
    chosen = list(more) or ["-m", "not long", "-k", " or ".join(f"{name}.py" for name in files)]
    return ["/usr/bin/python3", "-m", "tests.run", "system", *chosen]


def _kafka(version: str) -> Version:
    def prepare(more: Sequence[str]) -> Attempt:
        libs = kafka_jars.fetch(version, FOLDER)
        return Attempt([_system(_KAFKA_FILES, more)], {"COUPON_KAFKA_LIBS": str(libs)})

    return Version(f"kafka-{version}", f"Kafka {version} (KRaft), the rest of this machine", prepare)


@dataclass(frozen=True)
class _Server:
    """A database server of another release, by the name that it has among the versions."""

    name: str
    release: Release
    packages: Sequence[str]

    def programs(self) -> Path:
        """The folder of its programs. Raises Unavailable."""
        return server_folder(tree(self.name, self.release, self.packages), FOLDER / f"{self.name}-bin")


_MYSQL_9 = _Server("mysql-9", DEBIAN_SID, ["mysql-server-core", "mysql-client-core"])
_MYSQL_8 = _Server("mysql-8.0", UBUNTU_24_04, ["mysql-server-core-8.0", "mysql-client-core-8.0"])
_MARIADB_11 = _Server("mariadb-11", DEBIAN_13, ["mariadb-server-core", "mariadb-client-core"])


def _debezium(name: str, what: str, server: _Server | None = None) -> Version:
    def prepare(more: Sequence[str]) -> Attempt:
        environment = {"COUPON_DEBEZIUM_LIBS": str(kafka_jars.fetch_debezium(FOLDER))}
        if server:
            environment["COUPON_DATABASE_BIN"] = str(server.programs())
        return Attempt([_system((), more or ["-k", "test_debezium"])], environment)

    return Version(name, f"Debezium in the relay's place, on {what} and this machine's Kafka", prepare)


def _database(server: _Server, what: str) -> Version:
    def prepare(more: Sequence[str]) -> Attempt:
        return Attempt([_system(_FILES, more)], {"COUPON_DATABASE_BIN": str(server.programs())})

    return Version(server.name, what, prepare)


def _whole(name: str, what: str, release: Release, packages: Sequence[str]) -> Version:
    """All of it in the tree: what make setup installs there, the build, unit tests, and system tests; with arguments of
    pytest those system tests alone."""

    def prepare(more: Sequence[str]) -> Attempt:
        root = tree(name, release, ["make", "git", *packages])
        _copy_sources(root / "src")
        unit = [] if more else [["/usr/bin/python3", "-m", "tests.run", "unit"]]
        runs = [*unit, _system(_WHOLE_FILES, more)]
        setup = "git init -q . && git add -A && make setup"
        return Attempt([step_command(root, f"{setup} && {_quoted(run)}", "/src") for run in runs])

    return Version(name, what, prepare)


def _quoted(words: Sequence[str]) -> str:
    return " ".join(f"'{word}'" for word in words)


def _copy_sources(target: Path) -> None:
    """What git knows and does not ignore, as it stands here, and Kafka's jars. What was built there stays."""
    target.mkdir(exist_ok=True)
    for old in target.iterdir():
        if old.name != "build":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target / name)
    if not (target / "build" / "kafka").exists():
        shutil.copytree((BUILD / "kafka").resolve(), target / "build" / "kafka")


VERSIONS = (
    _database(_MYSQL_9, "MySQL of Debian sid (9.7), programs with libmariadb 3.3"),
    _database(_MYSQL_8, "MySQL of Ubuntu 24.04 (8.0), programs with libmariadb 3.3"),
    _database(_MARIADB_11, "MariaDB of Debian 13 (11.8)"),
    _kafka("3.9.1"),
    _kafka("3.3.2"),
    _debezium("debezium", "this machine's MariaDB"),
    _debezium("debezium-mysql-8.0", "MySQL 8.0", _MYSQL_8),
    _debezium("debezium-mysql-9", "MySQL 9.7", _MYSQL_9),
    _whole("debian-13", "Debian 13: its compiler, libraries, MariaDB, Redis, Java and Python", DEBIAN_13, []),
    _whole("ubuntu-24.04", "Ubuntu 24.04: the same, with MySQL 8.0 and libmysqlclient", UBUNTU_24_04, _MYSQL_8.packages),
)  # fmt: skip
