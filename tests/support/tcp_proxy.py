"""A TCP proxy that can be told to misbehave while it runs: delay, narrow, hold, lose, reset, refuse, half-open.

In a test: start(), set the fields of up (client to server) and down (server to client), call the verbs, stop().
By hand: /usr/bin/python3 -m tests.support.tcp_proxy --listen 127.0.0.1:13307 --target 127.0.0.1:13306
and then type what --help lists, e.g. `down delay 0.5`, `cut`, `pass`."""

import argparse
import asyncio
import socket
import struct
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

_CHUNK = 65536
_CHUNKS_UNDER_WAY = 64
_SECONDS_BETWEEN_LOOKS = 0.01
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: close() sends RST


@dataclass
class Direction:
    """How bytes are carried one way. delay: seconds each of them takes; rate: bytes a second, None for all there are;
    hold: they wait, as while a network is parted, and arrive later; lose: they are read and thrown away."""

    delay: float = 0.0
    rate: float | None = None
    hold: bool = False
    lose: bool = False


@dataclass
class Trap:
    """Waits for bytes that a client sends. before: reset instead of passing them on; else pass them on and reset when
    the answer comes, which is lost. left: how often; sprung: how often it did."""

    marker: bytes
    left: int
    before: bool
    sprung: int = 0


# Gets (upwards, bytes); what it gives back goes on, and after ConnectionResetError nothing does any more.
Look = Callable[[bool, bytes], bytes]


class _Connection:
    """A client and, unless half-open, its server."""

    def __init__(self, proxy: "TcpProxy", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy, self._client = proxy, (reader, writer)
        self._writers = [writer]
        self._pumps: list[asyncio.Task[None]] = []
        self._trap: Trap | None = None
        self._look = proxy.talk() if proxy.talk else proxy.look
        self.damaged = False  # bytes were lost: what follows makes no sense any more

    def reset(self) -> None:
        """RST at both ends."""
        for writer in self._writers:
            peer = writer.get_extra_info("socket")
            if peer is not None:
                try:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                except OSError:
                    pass
            writer.transport.abort()
        for pump in self._pumps:
            pump.cancel()

    async def carry(self) -> None:
        """Until both sides are done, or it is reset."""
        proxy = self._proxy
        try:
            while proxy.half_open:
                await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            reader, writer = await asyncio.open_connection(*proxy.target)
        except OSError:
            self.reset()
            return
        self._writers.append(writer)
        self._pumps = [
            asyncio.create_task(self._pump(self._client[0], writer, proxy.up, True)),
            asyncio.create_task(self._pump(reader, self._client[1], proxy.down, False)),
        ]
        try:
            await asyncio.gather(*self._pumps)
        except (OSError, asyncio.CancelledError):
            self.reset()
        finally:
            for open_writer in self._writers:
                open_writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction, upwards: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue(_CHUNKS_UNDER_WAY)

        async def read() -> None:
            chunk: bytes | None = None
            while chunk != b"":
                try:
                    chunk = await reader.read(_CHUNK)
                except OSError:
                    chunk = None
                await queue.put((loop.time(), chunk))
                if chunk is None:
                    return

        reading = asyncio.create_task(read())
        try:
            while await self._forward(*await queue.get(), writer, way, upwards):
                pass
        finally:
            reading.cancel()

    async def _forward(
        self, came: float, chunk: bytes | None, writer: asyncio.StreamWriter, way: Direction, upwards: bool
    ) -> bool:
        """One chunk: b"" the end, None a reset of the one who sends. False after the last."""
        loop = asyncio.get_running_loop()
        while way.hold or loop.time() < came + way.delay:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        if way.lose:
            self.damaged = True
            return bool(chunk)
        if chunk is None:
            self.reset()
            return False
        if way.rate:
            await asyncio.sleep(len(chunk) / way.rate)
        if not chunk:
            if writer.can_write_eof():
                writer.write_eof()
            return False
        if self._springs(chunk, upwards):
            self.reset()
            return False
        if self._look:
            try:
                chunk = self._look(upwards, chunk)
            except ConnectionResetError:
                self.reset()
                return False
        writer.write(chunk)
        await writer.drain()
        return True

    def _springs(self, chunk: bytes, upwards: bool) -> bool:
        """True if a trap says that this chunk never arrives."""
        if not upwards:
            if self._trap is None:
                return False
            self._trap.sprung += 1
            return True
        trap = self._proxy.trap
        if trap is None or trap.left <= 0 or trap.marker not in chunk:
            return False
        trap.left -= 1
        if trap.before:
            trap.sprung += 1
            return True
        self._trap = trap
        return False


class TcpProxy:
    """Listens on 127.0.0.1:port and carries to target. Its work is done on a thread of its own; all that is public
    may be used from any other."""

    def __init__(self, port: int, target: tuple[str, int], name: str = "proxy") -> None:
        self.name, self.port, self.target = name, port, target
        self.up, self.down = Direction(), Direction()
        self.half_open = False
        self.trap: Trap | None = None
        self.look: Look | None = None
        self.talk: Callable[[], Look] | None = None  # a look for each connection of its own, for those who follow what is said
        self.accepted = 0
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._thread.start()
        self._do(self._listen())

    def stop(self) -> None:
        """Close everything; not to be started again."""
        if not self._thread.is_alive():
            return
        self._do(self._close(reset=True))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Reset every connection that there is; new ones are served."""
        self._do(self._reset(damaged_only=False))

    def part(self, *ways: Direction) -> None:
        """A parted network: bytes in these directions (none given: both) wait until heal()."""
        for way in ways or (self.up, self.down):
            way.hold = True

    def half_opened(self) -> None:
        """New connections are accepted and never answered; those that are there are left alone."""
        self.half_open = True

    def refuse(self) -> None:
        """Nobody listens any more, and every connection is reset."""
        self._do(self._close(reset=True))

    def set_trap(self, marker: bytes, times: int, before: bool = False) -> Trap:
        """See Trap. It replaces the one before."""
        self.trap = Trap(marker, times, before)
        return self.trap

    def heal(self) -> None:
        """Carry as a plain proxy again. Connections that lost bytes are reset, those that waited go on. Nothing if it
        was never started."""
        if not self._thread.is_alive():
            return
        for way in (self.up, self.down):
            way.delay, way.rate, way.hold, way.lose = 0.0, None, False, False
        self.trap = None
        self._do(self._reset(damaged_only=True))
        self.half_open = False
        self._do(self._listen())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, backlog=1024)

    async def _close(self, reset: bool) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if reset:
            await self._reset(damaged_only=False)

    async def _reset(self, damaged_only: bool) -> None:
        for connection in list(self._connections):
            if connection.damaged or not damaged_only:
                connection.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        connection = _Connection(self, reader, writer)
        self._connections.add(connection)
        try:
            await connection.carry()
        except asyncio.CancelledError:
            pass
        finally:
            self._connections.discard(connection)


_COMMANDS = """commands, one a line:
  pass                       carry as a plain proxy again
  cut                        reset every connection
  refuse                     stop listening, reset every connection
  half-open                  accept and never answer
  up|down delay SECONDS      each byte takes so long
  up|down rate BYTES         so many bytes a second
  up|down hold               bytes wait until pass
  up|down lose               bytes are thrown away
  lose-answer TEXT           reset, once, when the answer to a chunk that contains TEXT comes"""


def obey(proxy: TcpProxy, line: str) -> None:
    """Do what a line of _COMMANDS says. Raises ValueError."""
    words = line.split()
    verbs = {"pass": proxy.heal, "cut": proxy.cut, "refuse": proxy.refuse, "half-open": proxy.half_opened}
    if len(words) == 1 and words[0] in verbs:
        verbs[words[0]]()
    elif len(words) == 2 and words[0] == "lose-answer":
        proxy.set_trap(words[1].encode(), 1)
    elif len(words) >= 2 and words[0] in ("up", "down"):
        way = proxy.up if words[0] == "up" else proxy.down
        if words[1] in ("hold", "lose") and len(words) == 2:
            setattr(way, words[1], True)
        elif words[1] in ("delay", "rate") and len(words) == 3:
            setattr(way, words[1], float(words[2]))
        else:
            raise ValueError(line)
    elif words:
        raise ValueError(line)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host or "127.0.0.1", int(port)


def main() -> int:
    """Listen, and obey standard input until it ends."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.support.tcp_proxy", description=__doc__, epilog=_COMMANDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--listen", type=_address, required=True, metavar="PORT", help="on 127.0.0.1")
    parser.add_argument("--target", type=_address, required=True, metavar="[HOST:]PORT", help="where it leads")
    options = parser.parse_args()
    proxy = TcpProxy(options.listen[1], options.target)
    try:
        proxy.start()
    except OSError as error:
        print(f"tcp_proxy: {error}", file=sys.stderr)
        return 1
    try:
        for line in sys.stdin:
            try:
                obey(proxy, line)
            except ValueError:
                print(f"not understood: {line.strip()}\n{_COMMANDS}", file=sys.stderr)
    except KeyboardInterrupt:
        pass
    proxy.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
