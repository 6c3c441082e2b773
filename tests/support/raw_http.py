"""HTTP by hand, byte for byte, for requests that no client library would send."""

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reply:
    """One answer on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str | None:
        """The problem's code; None when it is no problem+json."""
        if self.headers.get("content-type", "").split(";")[0] != "application/problem+json":
            return None
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["status"] == self.status, "the problem names another status"
        return str(problem["code"])


@dataclass(frozen=True)
class Exchange:
    """What came back. closed: the server closed the connection by itself."""

    replies: list[Reply]
    closed: bool


def connect(url: str, timeout: float = 10) -> socket.socket:
    """A connection to the listener of url."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout)


def talk(url: str, data: bytes, quiet_seconds: float = 0.3, wanted: int = 1, seconds: float = 10) -> Exchange:
    """Send data, collect answers until the server closes, or until the wanted number is there and a second
    answer to the same bytes has had its chance (quiet_seconds)."""
    with connect(url, seconds) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return collect(connection, quiet_seconds, wanted, seconds)


def collect(connection: socket.socket, quiet_seconds: float, wanted: int, seconds: float) -> Exchange:
    """The rest of talk() on a connection that was opened before."""
    buffer = bytearray()
    while True:
        replies = parse(bytes(buffer))
        connection.settimeout(quiet_seconds if len(replies) >= wanted else seconds)
        try:
            part = connection.recv(65536)
        except TimeoutError:
            return Exchange(replies, False)
        except ConnectionResetError:
            return Exchange(replies, True)
        if not part:
            return Exchange(replies, True)
        buffer += part


def parse(data: bytes) -> list[Reply]:
    """The whole answers in data; one that is not whole yet is left out."""
    replies = []
    while data:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if not separator:
            break
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            break
        if status != 100:
            replies.append(Reply(status, headers, rest[:length]))
        data = rest[length:]
    return replies
