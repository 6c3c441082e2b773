"""Redis servers without persistence, and Sentinels: only a hint, which may vanish at any time."""

import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from deploy.local import port
from deploy.local.errors import LocalError
from deploy.local.paths import BUILD
from deploy.local.process import Process

_SECONDS_TO_START = 20


def server_binary() -> Path:
    """The redis-server on PATH, or the one that make setup linked. Raises LocalError without one."""
    found = shutil.which("redis-server") or str(BUILD / "redis-server")
    if not Path(found).exists():
        raise LocalError("no redis-server: run make setup")
    return Path(found)


class RedisError(LocalError):
    """An error reply."""


class _Server:
    """What a server and a Sentinel have in common. Clients use 127.0.0.1:<port>. Files are under
    <data_dir>/<name>."""

    def __init__(self, data_dir: Path, port: int, name: str, password: str | None = None) -> None:
        self.name = name
        self.password = password
        self.port = port
        self.directory = data_dir / name
        self.process = Process(data_dir, name)

    def start(self) -> None:
        """Start it unless it runs. Does not wait."""
        if self.process.alive():
            return
        port.require_free(self.port, self.name)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.process.start(self._command())

    def _command(self) -> list[str | Path]:
        raise NotImplementedError

    def wait_ready(self, seconds: float = _SECONDS_TO_START) -> None:
        """Wait until it answers PING."""
        self.process.wait_ready(self.ready, seconds)

    def ready(self) -> bool:
        """True if it answers PING."""
        try:
            return self.ask("PING") == "PONG"
        except OSError:
            return False

    def stop(self) -> None:
        """End it; its content is gone."""
        self.process.stop()

    def ask(self, *words: str | int) -> Any:
        """One command and its reply: text, a number, None or a list of these. Raises RedisError for an error
        reply, OSError when it is away."""
        with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
            with connection.makefile("rb") as answer:
                if self.password:
                    connection.sendall(_command("AUTH", self.password))
                    _reply(answer)
                connection.sendall(_command(*words))
                return _reply(answer)


def _command(*words: str | int) -> bytes:
    parts = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def _reply(stream: BinaryIO) -> Any:
    head = stream.readline()
    if not head.endswith(b"\r\n"):
        raise ConnectionError("the connection ended in a reply")
    kind, text = head[:1], head[1:-2].decode()
    if kind == b"-":
        raise RedisError(text)
    if kind == b"$":
        return None if text == "-1" else stream.read(int(text) + 2)[:-2].decode()
    if kind == b"*":
        return None if text == "-1" else [_reply(stream) for _ in range(int(text))]
    return int(text) if kind == b":" else text


class Redis(_Server):
    """A server. settings: further lines of redis.conf, such as {"maxmemory": "2mb"}. password: of its default
    user, who needs none otherwise."""

    def __init__(
        self, data_dir: Path, port: int, name: str = "redis", settings: Mapping[str, str] | None = None,
        password: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(data_dir, port, name, password)
        self.settings = {**(settings or {}), **({"requirepass": password} if password else {})}

    def info(self) -> dict[str, str]:
        """The fields of INFO. Raises OSError when it is away."""
        lines = str(self.ask("INFO")).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def role(self) -> str:
        """"master" or "slave", "" when it is away."""
        try:
            return str(self.ask("ROLE")[0])
        except OSError:
            return ""

    def follow(self, port: int) -> None:
        """Make it a replica of the server on that port, until it is started anew or promoted."""
        self.ask("REPLICAOF", "127.0.0.1", port)

    def promote(self) -> None:
        """Make it a primary, with what it has."""
        self.ask("REPLICAOF", "NO", "ONE")

    def _command(self) -> list[str | Path]:
        config = self.directory / "redis.conf"
        config.write_text(
            f"bind 127.0.0.1\nport {self.port}\ndir {self.directory}\n"
            'daemonize no\nsave ""\nappendonly no\nloglevel notice\nrepl-diskless-sync-delay 0\n'
            + "".join(f"{name} {value}\n" for name, value in self.settings.items())
        )
        return [server_binary(), config]


class Sentinel(_Server):
    """One that watches the primary which at first is on primary_port, under the name primary_name. It remembers
    what it learned when it is started again."""

    def __init__(
        self, data_dir: Path, port: int, name: str, primary_port: int, primary_name: str = "mymaster", quorum: int = 2
    ) -> None:
        super().__init__(data_dir, port, name)
        self.primary_port, self.primary_name, self.quorum = primary_port, primary_name, quorum

    def primary(self) -> int | None:
        """The port of the primary as it sees it."""
        answer = self.ask("SENTINEL", "get-master-addr-by-name", self.primary_name)
        return int(answer[1]) if answer else None

    def sees(self, replicas: int, sentinels: int) -> bool:
        """True if it knows of so many replicas that are in order, and of so many other Sentinels."""
        try:
            answer = self.ask("SENTINEL", "MASTER", self.primary_name)
        except OSError:
            return False
        fields = dict(zip(answer[::2], answer[1::2]))
        return int(fields["num-slaves"]) >= replicas and int(fields["num-other-sentinels"]) >= sentinels

    def _command(self) -> list[str | Path]:
        config = self.directory / "sentinel.conf"
        if not config.exists():
            name = self.primary_name
            config.write_text(
                f"bind 127.0.0.1\nport {self.port}\ndir {self.directory}\n"
                f"sentinel monitor {name} 127.0.0.1 {self.primary_port} {self.quorum}\n"
                f"sentinel down-after-milliseconds {name} 1000\n"
                f"sentinel failover-timeout {name} 5000\n"
            )
        return [server_binary(), config, "--sentinel"]
