"""Goal: programs log in to a Redis that wants it, do without one that refuses them, and refuse settings that don't fit
together; no password is ever shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from deploy.local.programs import Program
from deploy.local.redis import Redis
from tests.support.rest import call
from tests.support.system import System
from tests.system.test_command_line import run

_PASSWORD, _WRONG = "open-sesame-4711", "open-barley-0815"
_CONFIGURATION = 78
_COMPLETE = {"COUPON_AUTH": "off", "COUPON_REQUEST_ID_KEY": "0" * 32, "COUPON_ADMIN_TOKEN": "t", "COUPON_MYSQL_PASSWORD": "p"}


@contextmanager
def locked_redis(system: System) -> Iterator[Redis]:
    """A server beside the usual one. Its default user and shop have the same password."""
    user = {"user": f"shop on >{_PASSWORD} ~coupon:* &coupon:* +@all"}
    server = Redis(system.world.data_dir, system.world.ports.kafka + 95, "redis-locked", user, _PASSWORD)
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


@contextmanager
def gateway(system: System, server: Redis, directory: Path, password: str, *flags: str) -> Iterator[Program]:
    """A gateway on that server, serving."""
    file = directory / "password"
    file.write_text(password + "\n")
    program = system.world.make_gateway(5, ["--redis-port", str(server.port), "--redis-password-file", str(file), *flags])
    program.start()
    try:
        program.wait_ready()
        yield program
    finally:
        program.stop()


def users(server: Redis) -> list[str]:
    """Of the connections to it, ours left out."""
    clients = [dict(word.split("=", 1) for word in line.split(" ")) for line in server.ask("CLIENT", "LIST").splitlines()]
    return sorted(client["user"] for client in clients if "client" not in client["cmd"])


@pytest.mark.parametrize("user, flags", [("default", []), ("shop", ["--redis-username", "shop"])])
def test_the_password_opens(system: System, tmp_path: Path, user: str, flags: list[str]) -> None:
    with locked_redis(system) as server, gateway(system, server, tmp_path, _PASSWORD, *flags) as program:
        logged_in = wait_until(lambda: users(server) == [user] * 3, 10)
        print(f"expected three connections of {user}, seen {users(server)}")
        assert logged_in
    assert _PASSWORD not in program.process.log_file.read_text()


def test_a_wrong_password_costs_redis_alone(system: System, tmp_path: Path) -> None:
    coupon = system.new_coupon(1)
    with locked_redis(system) as server, gateway(system, server, tmp_path, _WRONG) as program:
        base = f"http://127.0.0.1:{program.port}"
        accepted = call("POST", f"{base}/api/v1/coupons/{coupon}/issue", {"userId": 1})
        told = call("GET", f"{base}{accepted.json['resultUrl']}&wait=20")
    log = program.process.log_file.read_text()
    print(f"expected 202 and ISSUED, seen {accepted.status} and {told.text}")
    assert (accepted.status, told.json["status"]) == (202, "ISSUED")
    assert "WRONGPASS" in log and _WRONG not in log


@pytest.mark.parametrize("program", ["api-gateway", "issue-worker"])
@pytest.mark.parametrize(
    "arguments, word",
    [
        (["--redis-sentinels", "localhost"], "HOST:PORT"),
        (["--redis-sentinels", "a:1,b:70000"], "HOST:PORT"),
        (["--redis-username", "shop"], "--redis-password-file"),
        (["--redis-sentinel-username", "shop"], "--redis-sentinel-password-file"),
    ],
)
def test_what_does_not_fit_together(build: Path, program: str, arguments: list[str], word: str) -> None:
    done = run(build, program, *arguments, **_COMPLETE)
    print(f"{program} {arguments}: {done.returncode} {done.stderr}")
    assert done.returncode == _CONFIGURATION
    assert word in done.stderr
