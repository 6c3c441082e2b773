"""Goal: whoever reads command lines, environments, logs or metrics learns no secret, however it was given and
whatever went wrong with it."""

import secrets
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.condition import wait_until
from tests.support.free_ports import free_ports
from tests.support.rest import call
from tests.support.system import System

_NAMES = {
    "api-gateway": ("request-id-key", "admin-token", "mysql-password", "kafka-properties"),
    "issue-worker": ("mysql-password", "kafka-properties"),
}
_PATIENCE = 30.0


class Suspect:
    """A running program and all that others can read of it."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path, management: str) -> None:
        self.process, self.log, self.management = process, log, management

    def logged(self, word: str) -> bool:
        """True once the log has the word."""
        return wait_until(lambda: word in self.log.read_text(), _PATIENCE)

    def public(self) -> dict[str, str]:
        """Place → what stands there."""
        proc = Path("/proc", str(self.process.pid))
        return {
            "command line": (proc / "cmdline").read_text(),
            "environment": (proc / "environ").read_text(errors="replace"),
            "log": self.log.read_text(),
            "metrics": call("GET", self.management + "/metrics").text,
            "readiness": call("GET", self.management + "/readyz?verbose").text,
        }


@contextmanager
def running(
    binary: Path, log: Path, system: System, flags: list[str], environment: Mapping[str, str]
) -> Iterator[Suspect]:
    """The program on ports of its own beside the world, talkative; ended afterwards."""
    ports, world = free_ports(), system.world.ports
    management = f"127.0.0.1:{ports.gateway_management}"
    own = ["--listen", f"127.0.0.1:{ports.gateway}", "--auth", "off"] if binary.name == "api-gateway" else []
    own += ["--management-listen", management, "--log-level", "debug", "--mysql-port", str(world.mariadb)]
    own += ["--redis-port", str(world.redis), "--kafka-brokers", system.world.kafka.address]
    with log.open("wb") as output:
        process = subprocess.Popen([binary, *own, *flags], stdout=output, stderr=output, env=dict(environment))
    try:
        yield Suspect(process, log, f"http://{management}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE)


@pytest.mark.parametrize("way", ["file", "environment"])
@pytest.mark.parametrize("program", ["api-gateway", "issue-worker"])
def test_no_secret_is_seen(build: Path, system: System, tmp_path: Path, program: str, way: str) -> None:
    hidden = {name: secrets.token_hex(16) for name in _NAMES[program]}
    contents = {**hidden, "kafka-properties": f"sasl.password={hidden['kafka-properties']}\n"}
    flags, environment = [], {"PATH": "/usr/bin:/bin"}
    for name in _NAMES[program]:
        if way == "file":
            (tmp_path / name).write_text(contents[name])
            flags += [f"--{name}-file", str(tmp_path / name)]
        else:
            environment["COUPON_" + name.upper().replace("-", "_")] = contents[name]
    with running(build / "bin" / program, tmp_path / "log", system, flags, environment) as suspect:
        assert suspect.logged("Access denied")  # the password is a wrong one
        if program == "api-gateway":
            for token in (hidden["admin-token"], "wrong-" + hidden["admin-token"]):
                call("GET", suspect.management + "/admin/v1/coupons", headers={"Authorization": f"Bearer {token}"})
        public = suspect.public()
    public["log"] = suspect.log.read_text()
    assert all(public.values())
    seen = [f"{name} in the {place}" for name, secret in hidden.items() for place, text in public.items() if secret in text]
    assert seen == []


@pytest.mark.parametrize("program", ["api-gateway", "issue-worker"])
@pytest.mark.parametrize(
    "flags, advice",
    [
        (["--mysql-password=hunter2"], "--mysql-password-file FILE"),
        (["--mysql-password", "hunter2"], "--mysql-password-file FILE"),
        (["--kafka-property", "sasl.password=hunter2"], "--kafka-properties-file FILE"),
    ],
)
def test_a_secret_on_the_command_line_is_refused(
    build: Path, system: System, tmp_path: Path, program: str, flags: list[str], advice: str
) -> None:
    environment = {"PATH": "/usr/bin:/bin", "COUPON_MYSQL_PASSWORD_FILE": str(system.world.secrets.mysql_password)}
    if program == "api-gateway":
        environment |= {"COUPON_REQUEST_ID_KEY": "0" * 32, "COUPON_ADMIN_TOKEN": "token"}
    with running(build / "bin" / program, tmp_path / "log", system, flags, environment) as suspect:
        assert wait_until(lambda: suspect.process.poll() is not None, _PATIENCE), "it goes on"
    log = suspect.log.read_text()
    print(log)
    assert suspect.process.returncode not in (0, None)
    assert advice in log and "hunter2" not in log
