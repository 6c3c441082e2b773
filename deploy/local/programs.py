"""The project's programs as processes of a world: api-gateway and issue-worker."""

import http.client
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local import port
from deploy.local.errors import LocalError
from deploy.local.process import Process

_SECONDS_TO_START = 90


def http_status(port: int, path: str, timeout: float = 2) -> int | None:
    """Status code of GET http://127.0.0.1:port/path, None when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def overridden(usual: Sequence[str | Path], own: Sequence[str | Path]) -> list[str | Path]:
    """The usual flags, which are pairs of --name and value, without those that own names; then own. The
    programs refuse a flag that is given twice."""
    named = {str(flag).split("=", 1)[0] for flag in own}
    kept = [part for name, value in zip(usual[::2], usual[1::2]) if name not in named for part in (name, value)]
    return [*kept, *own]


class Program:
    """One instance of a program. Ready means that /readyz on its management port answers 200."""

    def __init__(
        self,
        data_dir: Path,
        name: str,
        binary: Path,
        flags: Sequence[str | Path],
        management_port: int,
        listen_port: int | None = None,
        environment: Mapping[str, str] | None = None,
        mode: str | None = None,
    ) -> None:
        self.name = name
        self.binary = binary
        self.flags = list(flags)
        self.mode = mode  # the word before the flags, such as relay
        self.management_port = management_port
        self.listen_port = listen_port
        self.environment = dict(environment or {})
        self.process = Process(data_dir, name)

    @property
    def port(self) -> int:
        """The port users know it by: the public one, or without one the management port."""
        return self.listen_port or self.management_port

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it unless it runs; environment is added to its own for this start. Does not wait."""
        if self.process.alive():
            return
        if not self.binary.exists():
            raise LocalError(f"no {self.binary}: run make")
        for number in filter(None, (self.listen_port, self.management_port)):
            port.require_free(number, self.name)
        words = [self.mode] if self.mode else []
        self.process.start([self.binary, *words, *self.flags], {**self.environment, **(environment or {})})

    def wait_ready(self, seconds: float = _SECONDS_TO_START) -> None:
        """Wait until it is ready. Raises LocalError with the end of its log when it dies before."""
        self.process.wait_ready(self.ready, seconds)

    def ready(self) -> bool:
        """True if /readyz answers 200."""
        return http_status(self.management_port, "/readyz") == 200

    def stop(self) -> None:
        """SIGTERM, and wait until it has finished its work."""
        self.process.stop()
