"""One HTTP call at a time, for tests that look closely at an answer."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """Status, headers (names lower-case) and body of an answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def code(self) -> str | None:
        """The problem's code, None when it is no problem+json."""
        if self.headers.get("content-type", "").split(";")[0] != "application/problem+json":
            return None
        return str(self.json["code"])


def call(
    method: str,
    url: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30,
) -> Answer:
    """Send one request on a connection of its own. body: bytes as they are, anything else as JSON."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} if data is not None else {}
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, data, {**sent, **(headers or {})})
        response = connection.getresponse()
        text = response.read().decode()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
    finally:
        connection.close()


def metric(management_port: int, name: str, labels: str = "") -> float:
    """The value of one series on a program's /metrics, 0 where it is not there. labels as they are written."""
    series = f"{name}{{{labels}}}" if labels else name
    for line in call("GET", f"http://127.0.0.1:{management_port}/metrics").text.splitlines():
        if line.startswith(series + " "):
            return float(line.rsplit(" ", 1)[1])
    return 0
