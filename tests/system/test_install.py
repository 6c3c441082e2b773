"""Goal: on empty servers, the commands of deploy/README.md lead to a system that sells a coupon."""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import paths, port
from deploy.local.condition import wait_until
from deploy.local.kafka import KafkaBroker
from deploy.local.kafka_questions import TOOL_JAVA_OPTIONS, java_command, tool_class
from deploy.local.mariadb import MariaDb
from deploy.local.programs import http_status
from deploy.local.redis import Redis
from tests.support.free_ports import free_ports
from tests.support.requirement import require_kafka
from tests.support.rest import Answer, call

_PASSWORD = "root-of-the-install"
_SECONDS = 120.0


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[KafkaBroker, MariaDb, Redis]]:
    """Servers as they come, with an administrator who has a password."""
    require_kafka()
    ports, folder = free_ports(), tmp_path / "servers"
    some = (KafkaBroker(folder, ports.kafka, ports.kafka_controller), MariaDb(folder, ports.mariadb, "128M"), Redis(folder, ports.redis))
    try:
        for server in some:
            server.start()
        for server in some:
            server.wait_ready()
        some[1].root_query(
            "DROP DATABASE coupon; DROP USER coupon@localhost, coupon@'127.0.0.1';"
            f"CREATE USER root@'127.0.0.1' IDENTIFIED BY '{_PASSWORD}'; GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION"
        )
        yield some
    finally:
        for server in some:
            server.process.stop(30)


def commands() -> list[str]:
    """The README's lines."""
    section = (paths.REPOSITORY / "deploy" / "README.md").read_text().split("## Install")[1].split("## Size")[0]
    return re.findall(r"^ {7}(\S.*)$", section, re.MULTILINE)


def here(lines: list[str], ports: dict[str, int]) -> str:
    """The lines for one broker without replicas, and for ports that are free here."""
    text = "\n".join(lines)
    changes = {
        "--replication-factor 3 --config min.insync.replicas=2": "--replication-factor 1",
        "COUPON_MYSQL_PORT=3306": f"COUPON_MYSQL_PORT={ports['mysql']}", "COUPON_REDIS_PORT=6379": f"COUPON_REDIS_PORT={ports['redis']}",
        "0.0.0.0:8080": f"127.0.0.1:{ports['public']} --management-listen 127.0.0.1:{ports['api-gateway']}",
        "--consumers 3": f"--consumers 3 --management-listen 127.0.0.1:{ports['issue-worker']}",
        "issue-worker relay": f"issue-worker relay --management-listen 127.0.0.1:{ports['relay']}",
        "issue-worker statistics": f"issue-worker statistics --management-listen 127.0.0.1:{ports['statistics']}",
        "setup_db.py": f"setup_db.py --port {ports['mysql']}",
    }  # fmt: skip
    for old, new in changes.items():
        assert text.count(old) == 1, f"the README has {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    return text


@pytest.mark.long
def test_the_commands_of_the_readme(servers: tuple[KafkaBroker, MariaDb, Redis], build: Path, tmp_path: Path) -> None:
    kafka, mariadb, redis = servers
    base = kafka.port + 40
    ports = {"mysql": mariadb.port, "redis": redis.port, "public": base, "api-gateway": base + 1, "issue-worker": base + 2, "relay": base + 3,
             "statistics": base + 4}  # fmt: skip
    tools, folder = tmp_path / "bin", tmp_path / "secrets"
    for made in (tools, folder):
        made.mkdir()
    (folder / "root").write_text(_PASSWORD)
    topics = tools / "kafka-topics.sh"
    words = java_command(tool_class("TopicCommand"), options=TOOL_JAVA_OPTIONS)
    topics.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
    topics.chmod(0o755)
    shell = subprocess.Popen(
        ["bash", "-c", f"set -eu\n{here(commands(), ports)}\necho all done\nwait"], cwd=paths.REPOSITORY, start_new_session=True,
        env={**os.environ, "PATH": f"{tools}:{build / 'bin'}:{os.environ['PATH']}", "KAFKA": kafka.address, "DB": "127.0.0.1",
             "REDIS": "127.0.0.1", "SECRETS": str(folder)},
        stdout=(tmp_path / "out").open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert wait_until(lambda: "all done" in (tmp_path / "out").read_text() or shell.poll() is not None, _SECONDS)
        for name in ("api-gateway", "issue-worker", "relay", "statistics"):
            assert wait_until(lambda: http_status(ports[name], "/readyz") == 200, _SECONDS), f"{name} is not ready"
        assert sale(ports, (folder / "admin-token").read_text().strip()) == ["ISSUED", "ISSUED", "SOLD_OUT"]
    finally:
        print((tmp_path / "out").read_text()[-6000:])
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(30)
        assert wait_until(lambda: all(port.is_free(number) for number in range(base, base + 5)), 30), "some program does not end"


def sale(ports: dict[str, int], token: str) -> list[str]:
    """The sale by hand; how it ended for three users."""
    headers = {"Authorization": f"Bearer {token}"}
    coupon = {"couponId": 1, "name": "Spring 5000", "totalStock": 2, "discountValue": 5000}
    admin = f"http://127.0.0.1:{ports['api-gateway']}/admin/v1/coupons"
    assert call("POST", admin, coupon, headers).status == 201
    assert call("POST", f"{admin}/1/open", None, headers).status == 200

    def end(answer: Answer) -> str:
        if answer.status != 202:
            return str(answer.code)
        result = call("GET", f"http://127.0.0.1:{ports['public']}{answer.json['resultUrl']}&wait=20").json
        return str(result["reason"] or result["status"])

    return [end(call("POST", f"http://127.0.0.1:{ports['public']}/api/v1/coupons/1/issue", {"userId": user})) for user in (11, 12, 13)]
