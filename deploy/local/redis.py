"""A Redis server without persistence: only a hint, which may vanish at any time."""

import shutil
import socket
from pathlib import Path

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


class Redis:
    """Clients use 127.0.0.1:<port>. Files are under <data_dir>/<name>."""

    def __init__(self, data_dir: Path, port: int, name: str = "redis") -> None:
        self.name = name
        self.port = port
        self.directory = data_dir / name
        self.process = Process(data_dir, name)

    def start(self) -> None:
        """Start it unless it runs. Does not wait."""
        if self.process.alive():
            return
        port.require_free(self.port, self.name)
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "redis.conf"
        config.write_text(
            f"bind 127.0.0.1\nport {self.port}\ndir {self.directory}\n"
            'daemonize no\nsave ""\nappendonly no\nloglevel notice\n'
        )
        self.process.start([server_binary(), config])

    def wait_ready(self, seconds: float = _SECONDS_TO_START) -> None:
        """Wait until it answers PING."""
        self.process.wait_ready(self.ready, seconds)

    def ready(self) -> bool:
        """True if it answers PING."""
        try:
            return self._ask("PING") == "+PONG"
        except OSError:
            return False

    def info(self) -> dict[str, str]:
        """The fields of INFO. Raises OSError when it is away."""
        lines = self._ask("INFO").splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def stop(self) -> None:
        """End it; its content is gone."""
        self.process.stop()

    def _ask(self, command: str) -> str:
        with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
            connection.sendall(f"{command}\r\n".encode())
            with connection.makefile("rb") as answer:
                head = answer.readline().decode().rstrip()
                if not head.startswith("$"):
                    return head
                return answer.read(int(head[1:])).decode()
