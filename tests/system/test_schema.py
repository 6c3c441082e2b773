"""Goal: the programs refuse a database whose schema is older than theirs, or newer without saying that it is for them
too, and say what mends it."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from deploy.local.database import user_of
from deploy.local.mariadb import PASSWORD, USER
from deploy.local.paths import REPOSITORY, SCHEMA
from deploy.local.programs import Program
from deploy.schema import apply as schema
from tests.support.system import System

_DATABASE = "coupon_schema_test"
_USERS = (USER, user_of("gateway"), user_of("worker"))


@pytest.fixture
def database(system: System) -> Iterator[str]:
    """An empty database of its own."""
    server = system.world.mariadb
    server.root_query(
        f"CREATE DATABASE {_DATABASE};"
        + "".join(f"GRANT ALL ON {_DATABASE}.* TO '{user}'@'127.0.0.1';" for user in _USERS)
    )
    yield _DATABASE
    server.root_query(
        f"DROP DATABASE {_DATABASE};"
        + "".join(f"REVOKE ALL ON {_DATABASE}.* FROM '{user}'@'127.0.0.1';" for user in _USERS)
    )


def programs(system: System) -> list[Program]:
    """A gateway and a worker that would use the other database."""
    both = [system.world.make_gateway(3), system.world.make_worker(3)]
    for program in both:
        program.flags[program.flags.index("--mysql-database") + 1] = _DATABASE
    return both


def refusal(program: Program) -> tuple[int | None, str]:
    """Exit code and last words of a program that must not start."""
    program.start()
    try:
        wait_until(lambda: not program.process.alive(), 20)
        return program.process.exit_code(), program.process.log_tail(10)
    finally:
        program.process.stop()
        program.process.log_file.unlink(missing_ok=True)


def test_too_old(system: System, database: str) -> None:
    for program in programs(system):
        code, words = refusal(program)
        print(f"{program.name}: {code} {words}")
        assert code not in (None, 0)
        assert "schema version 0" in words and "deploy/schema/apply.py" in words


def test_too_new(system: System, database: str) -> None:
    system.world.mariadb.root_query(
        f"CREATE TABLE {_DATABASE}.schema_version (version INT NOT NULL PRIMARY KEY);"
        f"INSERT INTO {_DATABASE}.schema_version VALUES (1), (9999)"
    )
    for program in programs(system):
        code, words = refusal(program)
        print(f"{program.name}: {code} {words}")
        assert code not in (None, 0)
        assert "9999" in words and "release" in words


def test_the_named_command_mends_it(system: System, database: str) -> None:
    subprocess.run(
        [
            "deploy/schema/apply.py", "--port", str(system.world.ports.mariadb), "--database", database,
            "--password-file", str(system.world.secrets.mysql_password),
        ],
        cwd=REPOSITORY, check=True, timeout=60,
    )  # fmt: skip
    gateway = programs(system)[0]
    gateway.start()
    try:
        gateway.wait_ready()
    finally:
        gateway.stop()


def test_newer_steps_that_say_so(system: System, database: str, tmp_path: Path) -> None:
    """One step after the programs' own that is for them too: they start. A second one without a word: they don't."""
    for file in SCHEMA.glob("*.sql"):
        shutil.copy(file, tmp_path)
    newest = max(int(file.name[:4]) for file in tmp_path.glob("*.sql"))
    server = schema.Server("127.0.0.1", system.world.ports.mariadb, USER, PASSWORD, database)
    added = tmp_path / f"{newest + 1:04}-added.sql"
    added.write_text(f"-- oldest-program: {newest:04}\nALTER TABLE coupon ADD COLUMN added INT NULL;\n")
    schema.apply(server, tmp_path)
    for program in programs(system):
        program.start()
        try:
            program.wait_ready()
        finally:
            program.stop()
    (tmp_path / f"{newest + 2:04}-taken.sql").write_text("ALTER TABLE coupon DROP COLUMN added;\n")
    schema.apply(server, tmp_path)
    for program in programs(system):
        code, words = refusal(program)
        print(f"{program.name}: {code} {words}")
        assert code == 78 and f"newer than the {newest}" in words


@pytest.mark.parametrize("said, oldest", [("", None), ("-- oldest-program: 0001\n", 1)])
def test_what_a_step_may_say(tmp_path: Path, said: str, oldest: int | None) -> None:
    (tmp_path / "0001-first.sql").write_text("SELECT 1;\n")
    (tmp_path / "0002-second.sql").write_text(f"-- A step.\n{said}SELECT 1;\n")
    assert [file.oldest_program for file in schema.read_files(tmp_path)] == [None, oldest]


@pytest.mark.parametrize("said", ["-- oldest-program: 0002", "-- oldest-program: 1", "--oldest-program: 0001", "-- oldest-program 0001"])
def test_what_a_step_may_not_say(tmp_path: Path, said: str) -> None:
    (tmp_path / "0001-first.sql").write_text("SELECT 1;\n")
    (tmp_path / "0002-second.sql").write_text(f"{said}\nSELECT 1;\n")
    with pytest.raises(schema.SchemaError, match="0002-second.sql: .* with a version before 0002"):
        schema.read_files(tmp_path)
