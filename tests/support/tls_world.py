"""A world whose programs reach Kafka, MySQL and Redis by TLS alone, through proxies that keep every byte."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.database import CLIENT_HOSTS, user_of
from deploy.local.ports import Ports
from deploy.local.process import Process
from deploy.local.world import World
from tests.support.certificates import Certificates
from tests.support.free_ports import free_ports
from tests.support.system import System
from tests.support.tcp_proxy import TcpProxy

# What would be seen of the programs' work if it were not encrypted: names of users, topics and channels, SQL.
CLEAR_WORDS = (b"coupon", b"SELECT", b"UPDATE", b"INSERT", b"requestId")
_MYSQL_TLS = 0x08  # in the second byte of the greeting's capabilities
Flags = list[str]


class Wire:
    """A proxy, and what clients sent through it."""

    def __init__(self, port: int, target: int, name: str) -> None:
        self.proxy = TcpProxy(port, ("127.0.0.1", target), name)
        self.proxy.look = self._keep
        self.sent = bytearray()
        self._stripping = False
        self.stripped = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.proxy.port

    def clear_words(self) -> list[bytes]:
        """Words that could be read on the way."""
        return [word for word in CLEAR_WORDS if word in self.sent]

    @contextmanager
    def stripping(self) -> Iterator[None]:
        """Meanwhile a MySQL server seems to have no TLS."""
        self._stripping = True
        try:
            yield
        finally:
            self._stripping = False

    def _keep(self, upwards: bool, chunk: bytes) -> bytes:
        if upwards:
            self.sent += chunk
            return chunk
        greeting = chunk[3:5] == b"\x00\x0a"
        if not (self._stripping and greeting):
            return chunk
        # Header, protocol, version, connection's number, eight bytes and a zero; then what the server can do.
        place = chunk.index(b"\x00", 5) + 1 + 4 + 8 + 1 + 1
        self.stripped += 1
        return chunk[:place] + bytes([chunk[place] & ~_MYSQL_TLS]) + chunk[place + 1 :]


class TlsWorld:
    """One gateway and one worker; the worker's database user must show a certificate, and so must all to Kafka.
    native_redis: the programs themselves have TLS for Redis; else stunnel has it for them."""

    def __init__(self, directory: Path, build: Path) -> None:
        self.certificates = Certificates(directory / "certificates")
        ports = free_ports()
        self._base = ports.kafka + 90
        linked = subprocess.run(["ldd", build / "bin" / "api-gateway"], capture_output=True, text=True, check=True)
        self.native_redis = "libhiredis_ssl" in linked.stdout
        self.expired_kafka = self._base + 1
        self._redis_tls = self._base + 2
        self.kafka = Wire(self._base + 4, self._base, "kafka-tls")
        self.mysql = Wire(self._base + 5, ports.mariadb, "mysql-tls")
        self.redis = Wire(self._base + 6, self._redis_tls, "redis-tls")
        flags = [*self.kafka_flags(), *self.mysql_flags(), *self.redis_flags()]
        self.world = World(
            directory / "world", ports, partitions=1, gateways=1, workers=1, bin_dir=build / "bin", buffer_pool="64M",
            gateway_flags=flags, worker_flags=flags, broker_properties=self._broker_properties(ports),
        )  # fmt: skip
        self.world.mariadb.settings = {
            "ssl-ca": self.certificates["ca.pem"], "ssl-cert": self.certificates["mysql.pem"],
            "ssl-key": self.certificates["mysql.key"],
        }  # fmt: skip
        self.world.redis.settings |= {
            "tls-port": str(self._redis_tls), "tls-ca-cert-file": self.certificates["ca.pem"],
            "tls-cert-file": self.certificates["server.pem"], "tls-key-file": self.certificates["server.key"],
            "tls-auth-clients": "optional",
        }  # fmt: skip
        self.system = System(self.world)
        self._stunnel = Process(self.world.data_dir, "stunnel")

    def up(self) -> None:
        """Start everything."""
        for wire in (self.kafka, self.mysql, self.redis):
            wire.proxy.start()
        self.world.up_servers()
        for program, how in (("gateway", "SSL"), ("worker", "X509"), ("expiry", "SSL")):
            for host in CLIENT_HOSTS:
                self.world.mariadb.root_query(f"ALTER USER '{user_of(program)}'@'{host}' REQUIRE {how}")
        if not self.native_redis:
            self._start_stunnel()
        for program in (*self.world.gateways, *self.world.workers):
            program.start()
        for program in (*self.world.gateways, *self.world.workers):
            program.wait_ready()

    def down(self) -> None:
        """End everything."""
        self._stunnel.stop()
        self.world.down()
        for wire in (self.kafka, self.mysql, self.redis):
            wire.proxy.stop()

    def kafka_flags(self, ca: str = "ca.pem", host: str = "127.0.0.1", port: int | None = None) -> Flags:
        """How to reach Kafka."""
        properties = {
            "security.protocol": "ssl", "ssl.ca.location": self.certificates[ca],
            "ssl.certificate.location": self.certificates["client.pem"],
            "ssl.key.location": self.certificates["client.key"],
        }  # fmt: skip
        flags = ["--kafka-brokers", f"{host}:{port or self.kafka.port}"]
        return [*flags, *(word for name, value in properties.items() for word in ("--kafka-property", f"{name}={value}"))]

    def mysql_flags(self, ca: str = "ca.pem", host: str = "127.0.0.1") -> Flags:
        """How to reach MySQL."""
        return [
            "--mysql-host", host, "--mysql-port", str(self.mysql.port), "--mysql-tls", "on",
            "--mysql-tls-ca", self.certificates[ca], "--mysql-tls-cert", self.certificates["client.pem"],
            "--mysql-tls-key", self.certificates["client.key"],
        ]  # fmt: skip

    def redis_flags(self, ca: str = "ca.pem", host: str = "127.0.0.1") -> Flags:
        """How to reach Redis."""
        if not self.native_redis:
            return ["--redis-host", "127.0.0.1", "--redis-port", str(self._base + 3)]
        return [
            "--redis-host", host, "--redis-port", str(self.redis.port), "--redis-tls", "on", "--redis-tls-ca",
            self.certificates[ca],
        ]  # fmt: skip

    def show_to_redis(self, name: str) -> None:
        """Redis shows this certificate from now on. (Kafka has a port of its own for the expired one.)"""
        self.world.redis.ask("CONFIG", "SET", "tls-cert-file", self.certificates[f"{name}.pem"], "tls-key-file",
                             self.certificates[f"{name}.key"])  # fmt: skip

    def show_to_mysql(self, name: str) -> None:
        """And MySQL, from the files that it began with."""
        for end in ("pem", "key"):
            Path(self.certificates[f"mysql.{end}"]).write_bytes(Path(self.certificates[f"{name}.{end}"]).read_bytes())
        self.world.mariadb.root_query("FLUSH SSL" if self.world.mariadb.is_mariadb() else "ALTER INSTANCE RELOAD TLS")

    def _start_stunnel(self) -> None:
        config = self.world.data_dir / "stunnel.conf"
        config.write_text(
            f"foreground = yes\npid =\nsyslog = no\n[redis]\nclient = yes\naccept = 127.0.0.1:{self._base + 3}\n"
            f"connect = 127.0.0.1:{self.redis.port}\nCAfile = {self.certificates['ca.pem']}\nverifyChain = yes\n"
            "checkIP = 127.0.0.1\n"
        )
        self._stunnel.start(["stunnel", config])

    def _broker_properties(self, ports: Ports) -> dict[str, str]:
        own, expired = self._base, self.expired_kafka
        properties = {
            "listeners": f"CLIENT://127.0.0.1:{ports.kafka},CONTROLLER://127.0.0.1:{ports.kafka_controller},"
            f"SECURE://127.0.0.1:{own},EXPIRED://127.0.0.1:{expired}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{ports.kafka},SECURE://127.0.0.1:{self.kafka.port},"
            f"EXPIRED://127.0.0.1:{expired}",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SSL,EXPIRED:SSL",
        }
        for listener, certificate in (("secure", "server"), ("expired", "expired")):
            for name, value in (
                ("keystore.type", "PEM"), ("keystore.location", self.certificates[f"{certificate}-both.pem"]),
                ("truststore.type", "PEM"), ("truststore.location", self.certificates["ca.pem"]),
                ("client.auth", "required"),
            ):  # fmt: skip
                properties[f"listener.name.{listener}.ssl.{name}"] = value
        return properties

