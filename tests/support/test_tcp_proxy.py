"""The proxy does to bytes and connections what it was told, and stops doing so when healed."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from deploy.local.condition import wait_until
from tests.support.tcp_proxy import TcpProxy, obey


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.request.sendall(data)


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    """In front of a server that sends back what it gets."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server, socket.socket() as probe:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        proxy = TcpProxy(port, server.server_address)
        proxy.start()
        yield proxy
        proxy.stop()
        server.shutdown()


def connect(proxy: TcpProxy) -> socket.socket:
    """A client that waits for nothing longer than five seconds."""
    return socket.create_connection(("127.0.0.1", proxy.port), 5)


def echo(client: socket.socket, data: bytes) -> bytes:
    """Send, and read as much again."""
    client.sendall(data)
    seen = b""
    while len(seen) < len(data):
        part = client.recv(65536)
        if not part:
            break
        seen += part
    return seen


def test_carries(proxy: TcpProxy) -> None:
    data = bytes(range(256)) * 4096
    with connect(proxy) as client:
        threading.Thread(target=client.sendall, args=[data], daemon=True).start()
        seen = b""
        while len(seen) < len(data):
            seen += client.recv(65536)
        assert seen == data
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def test_delays_each_way(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        echo(client, b"warm")
        proxy.up.delay = proxy.down.delay = 0.1
        began = time.monotonic()
        assert echo(client, b"slow") == b"slow"
        assert time.monotonic() - began >= 0.2


def test_narrows(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        proxy.down.rate = 10_000
        began = time.monotonic()
        assert echo(client, b"x" * 2000) == b"x" * 2000
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("way", ["up", "down"])
def test_held_bytes_arrive_when_healed(proxy: TcpProxy, way: str) -> None:
    with connect(proxy) as client:
        echo(client, b"warm")
        proxy.part(getattr(proxy, way))
        client.sendall(b"later")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(5)
        proxy.heal()
        client.settimeout(5)
        assert client.recv(5) == b"later"


def test_lost_bytes_never_arrive_and_healing_resets(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        echo(client, b"warm")
        proxy.down.lose = True
        client.sendall(b"lost")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(4)
        proxy.heal()
        client.settimeout(5)
        with pytest.raises(ConnectionResetError):
            client.recv(4)


def test_cut_resets_and_serves_new_ones(proxy: TcpProxy) -> None:
    with connect(proxy) as client:
        echo(client, b"warm")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with connect(proxy) as client:
        assert echo(client, b"again") == b"again"


def test_refuses(proxy: TcpProxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.heal()
    with connect(proxy) as client:
        assert echo(client, b"again") == b"again"


def test_half_open_accepts_and_never_answers(proxy: TcpProxy) -> None:
    proxy.half_opened()
    with connect(proxy) as client:
        client.sendall(b"anybody?")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert wait_until(lambda: proxy.accepted == 1, 5)
        proxy.heal()
        client.settimeout(5)
        assert client.recv(8) == b"anybody?"


@pytest.mark.parametrize("before", [False, True])
def test_trap_loses_the_answer_or_the_question(proxy: TcpProxy, before: bool) -> None:
    trap = proxy.set_trap(b"COMMIT", 1, before)
    with connect(proxy) as client:
        assert echo(client, b"SELECT 1") == b"SELECT 1"
        client.sendall(b"COMMIT")
        with pytest.raises(ConnectionResetError):
            client.recv(6)
    assert (trap.sprung, trap.left) == (1, 0)
    with connect(proxy) as client:
        assert echo(client, b"COMMIT") == b"COMMIT", "once only"


def test_obeys_words(proxy: TcpProxy) -> None:
    for line in ("up delay 0.5", "down rate 1000", "down hold", "up lose", "lose-answer COMMIT", ""):
        obey(proxy, line)
    assert (proxy.up.delay, proxy.down.rate, proxy.down.hold, proxy.up.lose) == (0.5, 1000, True, True)
    obey(proxy, "pass")
    assert (proxy.up.delay, proxy.down.rate, proxy.down.hold, proxy.up.lose) == (0, None, False, False)
    with pytest.raises(ValueError):
        obey(proxy, "explode")
