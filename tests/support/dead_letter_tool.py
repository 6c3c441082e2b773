"""`issue-worker dlt` as an operator calls it."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.database import user_of
from deploy.local.mariadb import DATABASE
from tests.support.system import System

_SECONDS = 60.0


@dataclass
class Ran:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The objects of --format json."""
        return [json.loads(line) for line in self.out.splitlines()]


class DeadLetterTool:
    """Calls the tool against a world; topic and binary may be others than the world's own."""

    def __init__(self, system: System, binary: Path, topic: str | None = None) -> None:
        self.binary = binary
        self._options = [
            "--kafka-brokers", system.world.kafka.address, "--kafka-topic", topic or system.topic,
            "--mysql-port", str(system.world.ports.mariadb), "--mysql-user", user_of("dlt"), "--mysql-database", DATABASE,
            "--mysql-password-file", str(system.world.secrets.mysql_password_of("dlt")),
        ]  # fmt: skip

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """A call that the test ends or waits for itself."""
        kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        return subprocess.Popen(
            [self.binary, "dlt", *arguments, *self._options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, text=True, env={"PATH": "/usr/bin:/bin", "USER": "operator", **kept, **environment},
        )  # fmt: skip

    def __call__(self, *arguments: str, **environment: str) -> Ran:
        """A call, to its end."""
        process = self.start(*arguments, **environment)
        try:
            out, err = process.communicate(timeout=_SECONDS)
        finally:
            process.kill()
        print(f"$ issue-worker dlt {' '.join(arguments)}  → {process.returncode}\n{out}{err}")
        return Ran(process.returncode, out, err)

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        """What a call that ends well gives as JSON."""
        ran = self(*arguments, "--format", "json")
        assert ran.code == 0
        return ran.rows
