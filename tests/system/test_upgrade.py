"""Goal: all programs are replaced one by one under load, with a schema step before: every request that was answered 202
ends with one result, clients see no error but documented ones, and every event is told.

The next release is this one, compiled to want the schema after its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import paths
from deploy.local.condition import wait_until
from deploy.local.database import user_of
from deploy.local.mariadb import DATABASE, PASSWORD, USER
from deploy.local.programs import Program
from deploy.schema import apply as schema
from tests.support.flow import Flow
from tests.support.free_ports import free_ports
from tests.support.ledger import Ledger
from tests.support.relaying import event_violations, relaying, wait_published
from tests.support.shop import Shop
from tests.support.system import System
from tests.system.test_gateway_crash import check_ends

_COLUMN = "of_the_next_release"
_DOCUMENTED = {("POST", 202, None), ("POST", 409, "SOLD_OUT"), ("POST", 503, "UNAVAILABLE"), ("GET", 200, None), ("GET", 503, "UNAVAILABLE")}


def newest() -> int:
    """The schema's version in the tree, which the programs have."""
    return max(int(file.name[:4]) for file in paths.SCHEMA.glob("*.sql"))


@pytest.fixture
def next_release(build: Path) -> Path:
    """Programs that want the schema after this one: one file of them is compiled anew."""
    if build.name in ("asan", "tsan"):
        pytest.skip("the next release is built without sanitizers only")
    folder = build / "next"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(build / "obj", folder / "obj", copy_function=shutil.copy2)
    (folder / "obj/common/mysql/schema_version.o").unlink()
    subprocess.run(
        ["make", "--no-print-directory", f"BUILD={folder.relative_to(paths.REPOSITORY)}", "all"],
        cwd=paths.REPOSITORY, env={**os.environ, "CPPFLAGS": f"-DSCHEMA_VERSION={newest() + 1}"},
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return folder / "bin"


@pytest.fixture
def step(system: System, tmp_path: Path) -> Iterator[Path]:
    """The files of the next release: one more, which adds a column. Undone in the end."""
    folder = tmp_path / "schema"
    folder.mkdir()
    for file in paths.SCHEMA.glob("*.sql"):
        shutil.copy(file, folder)
    (folder / f"{newest() + 1:04}-next.sql").write_text(
        f"-- oldest-program: {newest():04}\nALTER TABLE coupon ADD COLUMN {_COLUMN} INT NULL;\n"
    )
    yield folder
    system.world.mariadb.root_query(
        f"ALTER TABLE {DATABASE}.coupon DROP COLUMN IF EXISTS {_COLUMN};"
        f"DELETE FROM {DATABASE}.schema_version WHERE version = {newest() + 1}"
    )


@pytest.fixture
def shop(system: System, build: Path) -> Iterator[Shop]:
    """The shop's topics, and the worker that reads them."""
    shop = Shop(system, build / "bin" / "issue-worker", free_ports().worker_management)
    shop.worker.start()
    try:
        shop.worker.wait_ready()
        yield shop
    finally:
        shop.worker.stop()


def replace(program: Program, binary: Path) -> None:
    """End it in order, and start another binary in its place."""
    assert program.process.stop(30) and program.process.exit_code() == 0, f"{program.name} did not end in order"
    program.binary = binary
    program.start()
    program.wait_ready()


def expire(system: System, binary: Path) -> int:
    """Run expiry-batch; its exit code."""
    password = system.world.secrets.mysql_password_of("expiry")
    return subprocess.run(
        [binary, "--mysql-host", "127.0.0.1", "--mysql-port", str(system.world.ports.mariadb), "--mysql-database", DATABASE,
         "--mysql-user", user_of("expiry"), "--mysql-password-file", password],
        capture_output=True, timeout=60, check=False,
    ).returncode  # fmt: skip


def bought(system: System, shop: Shop, coupon: int, number: int) -> None:
    """The shop tells that the coupon's holder has paid with it; it is taken."""
    (user,) = system.database.query("SELECT user_id FROM user_coupon WHERE coupon_id = %s AND issue_no = %s", coupon, number)
    shop.paid(f"upgrade-{coupon}-{number}", int(user[0]), couponId=coupon, issueNo=number)
    shop.wait_taken()
    assert shop.letters("payment-completed") == []


def is_next(program: Program) -> bool:
    """Does it refuse a database of before its step?"""
    program.start()
    return wait_until(lambda: not program.process.alive(), 20) and program.process.exit_code() == 78


@pytest.mark.long
def test_programs_are_replaced_one_by_one(
    system: System, ledger: Ledger, next_release: Path, step: Path, shop: Shop, build: Path
) -> None:
    world = system.world
    impatient = world.make_gateway(4)
    impatient.binary = next_release / "api-gateway"
    assert is_next(impatient), "the next release must not start before its step"
    usual = [*world.gateways, *world.workers]
    old = {program.name: program.binary for program in usual}
    system.expected_to_restart = set(old)
    coupons = [system.new_coupon(1_000_000), system.new_coupon(60)]
    server = schema.Server("127.0.0.1", world.ports.mariadb, USER, PASSWORD, DATABASE)
    crowd = system.crowd(ledger, seconds=240)
    with relaying(system, 2) as relays:
        try:
            with Flow(crowd, coupons, lanes=16) as flow:
                flow.wait_for_ended(50)
                bought(system, shop, coupons[0], 1)
                schema.apply(server, step)
                flow.wait_for_ended(50)
                for program in (world.workers[0], world.gateways[0], relays[0], shop.worker):
                    replace(program, program.binary)  # this release starts on the new schema too
                assert expire(system, build / "bin" / "expiry-batch") == 0
                bought(system, shop, coupons[0], 2)
                for program in (*world.workers, *world.gateways, *relays, shop.worker):
                    replace(program, next_release / program.binary.name)
                    flow.wait_for_ended(30)
                assert expire(system, next_release / "expiry-batch") == 0
                bought(system, shop, coupons[0], 3)
            print(f"{len(flow.buyers)} buyers: {dict(crowd.answers)}")
            check_ends(system, ledger, flow)
            wait_published(system)
            assert event_violations(system, *coupons) == []
            assert set(crowd.answers) <= _DOCUMENTED, "an answer that is not documented"
        finally:
            for program in usual:
                program.process.stop(30)
                program.binary = old[program.name]
                program.start()
