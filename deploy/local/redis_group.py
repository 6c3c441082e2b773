"""A primary, a replica and three Sentinels that watch them."""

from collections.abc import Sequence
from pathlib import Path

from deploy.local.condition import wait_until
from deploy.local.errors import LocalError
from deploy.local.redis import Redis, Sentinel

SENTINELS = 3
_SECONDS_TO_FIND_EACH_OTHER = 30


class RedisGroup:
    """first is the primary to begin with. The replica is on ports[0], the Sentinels on ports[1:4]."""

    def __init__(self, data_dir: Path, first: Redis, ports: Sequence[int]) -> None:
        self.servers = [first, Redis(data_dir, ports[0], "redis-replica")]
        self.sentinels = [
            Sentinel(data_dir, ports[1 + number], f"redis-sentinel-{number}", first.port) for number in range(SENTINELS)
        ]

    @property
    def flag(self) -> str:
        """For --redis-sentinels."""
        return ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)

    def up(self) -> None:
        """Start what is missing, resume what stands still, and wait until there is one primary, which all
        Sentinels name, and one replica in order. Raises LocalError."""
        for server in self.servers:
            server.process.resume()
            server.start()
        for server in self.servers:
            server.wait_ready()
        primary = self._settle_primary()
        for server in self.servers:
            if server is not primary and not _follows(server, primary):
                server.follow(primary.port)
        for sentinel in self.sentinels:
            sentinel.process.resume()
            sentinel.start()
        for sentinel in self.sentinels:
            sentinel.wait_ready()
        if not wait_until(lambda: self._agree(primary), _SECONDS_TO_FIND_EACH_OTHER):
            raise LocalError(f"the Sentinels do not agree on {primary.name} with a replica")

    def primary(self) -> Redis | None:
        """What most Sentinels name, None while they don't agree."""
        named = []
        for sentinel in self.sentinels:
            try:
                named.append(sentinel.primary())
            except OSError:
                pass
        ports = [server.port for server in self.servers if 2 * named.count(server.port) > SENTINELS]
        return next((server for server in self.servers if server.port in ports), None)

    def other(self, server: Redis) -> Redis:
        """The one of the two that is not it."""
        return next(each for each in self.servers if each is not server)

    def _settle_primary(self) -> Redis:
        if not any(sentinel.process.alive() for sentinel in self.sentinels):
            return self.servers[0]
        for sentinel in self.sentinels:
            sentinel.process.resume()
        found: list[Redis] = []

        def one_primary() -> bool:
            found[:] = [server for server in [self.primary()] if server and server.role() == "master"]
            return bool(found)

        if not wait_until(one_primary, _SECONDS_TO_FIND_EACH_OTHER):
            raise LocalError("the Sentinels name no primary")
        return found[0]

    def _agree(self, primary: Redis) -> bool:
        return self.primary() is primary and all(sentinel.sees(1, SENTINELS - 1) for sentinel in self.sentinels)


def _follows(server: Redis, primary: Redis) -> bool:
    role = server.ask("ROLE")
    return bool(role[0] == "slave" and int(role[2]) == primary.port)
